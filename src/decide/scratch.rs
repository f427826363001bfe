//! What one thread needs for deciding.

use super::bits::Bits;
use super::cache::{Cache, Place};
use super::resolved::{Grants, IntegrationEntries, ResolvedCheck, ResolvedEvent};
use super::rewrite::Rewrites;
use super::table::Table;
use crate::event::{Buffers, ConsentPart, Event, Name, Parts, Recorded, each_entry, each_preference};
use crate::model::{
    CheckAction, CheckResult, ConsentState, EventRole, IntegrationsState, LedgerCheck, Policy, StateNumber,
};
use std::sync::Arc;

/// What one thread needs for deciding: room, and what it remembers of texts that repeat. Give it back for the next event.
#[derive(Debug, Clone)]
pub struct Scratch {
    /// The policy whose numbers everything here is in.
    of: Arc<Policy>,
    /// For the reader.
    pub(super) buffers: Buffers,
    grants: Cache<Grants>,
    /// The place in `grants` of an event without preferences.
    unasked: Place,
    listed: Cache<IntegrationEntries>,
    /// What is recorded of the person of the last event that was checked.
    recorded: Grants,
    /// The destinations that are delivered.
    pub(super) deliver: Bits,
    /// For those who rewrite events.
    rewrites: Option<Box<Rewrites>>,
    /// The tables of the cases of inputs that came, with their room.
    cases: Vec<Case>,
}

/// The table that decides the events whose inputs have some states, and room for it.
#[derive(Debug, Clone)]
struct Case {
    states: Vec<StateNumber>,
    table: Table,
    scratch: Scratch,
}

/// The most cases that are kept. Traffic has few.
const MAX_CASES: usize = 64;

/// Where a scratch has the facts of an event.
#[derive(Clone, Copy)]
pub(super) struct ResolvedAt {
    consent: ConsentState,
    integrations: IntegrationsState,
    grants: Place,
    listed: Place,
    role: EventRole,
    dropped: Option<CheckResult>,
    uses_record: bool,
    check: Option<CheckAt>,
}

/// The check of an event, and what the event is stamped with.
#[derive(Clone, Copy)]
struct CheckAt {
    result: CheckResult,
    stamped: ConsentState,
    stamped_grants: Place,
}

impl ResolvedAt {
    /// Returns a consent state without anything else.
    #[inline]
    fn of(consent: ConsentState) -> Self {
        ResolvedAt {
            consent,
            integrations: IntegrationsState::None,
            grants: Place::NOTHING,
            listed: Place::NOTHING,
            role: EventRole::default(),
            dropped: None,
            uses_record: false,
            check: None,
        }
    }

    /// Checks the event against what is recorded of its person (section 6 of the semantics), where the policy asks for it: from then on
    /// it is decided with the consent that the policy says.
    #[inline]
    pub(super) fn check(self, table: &Table, recorded: Recorded<'_>, scratch: &mut Scratch) -> Self {
        match table.check {
            None => self,
            Some(check) => self.checked(table, check, recorded, scratch),
        }
    }

    fn checked(
        self,
        table: &Table,
        check: LedgerCheck,
        recorded: Recorded<'_>,
        scratch: &mut Scratch,
    ) -> Self {
        let ResolvedAt { consent: stamped, grants: stamped_grants, role, .. } = self;
        let has_preferences = matches!(stamped, ConsentState::Answered | ConsentState::Unanswered);
        let result = match recorded {
            _ if role.is_preference_event || role.is_recorded_identify && has_preferences => {
                CheckResult::Recording
            }
            Recorded::Unchecked => CheckResult::Unchecked,
            Recorded::Unknown => CheckResult::Unknown,
            Recorded::Unreachable => CheckResult::Unreachable,
            Recorded::Known(record) => {
                scratch.recorded.record(table, record, &check);
                let grants = scratch.grants.at(stamped_grants);
                match stamped {
                    ConsentState::Answered if grants.agree(&scratch.recorded, table) => CheckResult::Agrees,
                    ConsentState::Answered => CheckResult::Mismatch,
                    _ => CheckResult::Unstamped,
                }
            }
        };
        let at = ResolvedAt { check: Some(CheckAt { result, stamped, stamped_grants }), ..self };
        let consent = ConsentState::Answered;
        match check.action(result) {
            CheckAction::Drop => ResolvedAt { dropped: Some(result), ..at },
            // No result of the check delivers an event that its own row drops.
            _ if table.enforce(None, stamped, self.integrations).drop_reason().is_some() => at,
            CheckAction::UseStamped => at,
            CheckAction::UseRecorded if matches!(recorded, Recorded::Known(_)) => {
                ResolvedAt { consent, uses_record: true, ..at }
            }
            // Where there is no record, nothing is recorded as granted.
            CheckAction::UseRecorded | CheckAction::Refuse => {
                ResolvedAt { consent, grants: Place::NOTHING, ..at }
            }
        }
    }
}

impl Scratch {
    pub(super) fn new(table: &Table) -> Self {
        let mut grants = Grants::default();
        grants.work_out(table, None, |_| Some(()));
        grants.set(table, &[]);
        let mut listed = IntegrationEntries::default();
        listed.work_out(table, |_| Some(()));
        let bytes = |bits: &[&Bits]| bits.iter().map(|bits| size_of_val(bits.words())).sum();
        let grants_bytes = bytes(&[&grants.granted, &grants.withheld, &grants.passing]);
        let listed_bytes = bytes(&[&listed.on, &listed.off, &listed.seen_on, &listed.seen_off]);
        let recorded = grants.clone();
        let mut unasked = grants.clone();
        unasked.set(table, table.granted_unasked.words());
        let mut grants = Cache::new(grants, grants_bytes);
        Scratch {
            of: table.policy.clone(),
            buffers: Buffers::default(),
            recorded,
            unasked: grants.keep(unasked),
            grants,
            listed: Cache::new(listed, listed_bytes),
            deliver: table.enabled.clone(),
            rewrites: None,
            cases: Vec::new(),
        }
    }

    /// Returns the place of the table of a case. A case that came before is not compiled again.
    pub(super) fn case(&mut self, of: &Table, states: &[StateNumber]) -> usize {
        if let Some(known) = self.cases.iter().position(|case| case.states == states) {
            return known;
        }
        if self.cases.len() >= MAX_CASES {
            self.cases.clear();
        }
        let table = of.of_case(states);
        let room = table.scratch();
        let scratch = if self.grants.remembers() { room } else { room.without_memory() };
        self.cases.push(Case { states: states.to_vec(), table, scratch });
        self.cases.len() - 1
    }

    /// Returns the table of the case at a place, and its room; without a place, those of the policy itself.
    pub(super) fn at<'d>(&'d mut self, of: &'d Table, place: Option<usize>) -> (&'d Table, &'d mut Scratch) {
        match place {
            #[allow(clippy::indexing_slicing, reason = "there is a case at the place")]
            Some(place) if place < self.cases.len() => {
                let Case { table, scratch, .. } = &mut self.cases[place];
                (table, scratch)
            }
            _ => (of, self),
        }
    }

    /// The same room without memory for texts that repeat: for streams in which none does, or where up to some 12 MB a thread are
    /// too much. Decisions are the same.
    #[must_use]
    pub fn without_memory(mut self) -> Scratch {
        let unasked = self.grants.at(self.unasked).clone();
        self.grants = Cache::never(self.grants.at(Place::NOTHING).clone());
        self.unasked = self.grants.keep(unasked);
        self.listed = Cache::never(self.listed.at(Place::NOTHING).clone());
        self.rewrites = None;
        self.cases.clear();
        self
    }

    /// Forgets everything if it was worked out for another policy.
    #[inline]
    pub(super) fn serve(&mut self, table: &Table) {
        if !Arc::ptr_eq(&self.of, &table.policy) {
            let fresh = Scratch::new(table);
            *self = if self.grants.remembers() { fresh } else { fresh.without_memory() };
        }
    }

    /// Works out the facts of an event.
    pub(super) fn resolve(&mut self, table: &Table, event: &Event<'_>) -> ResolvedAt {
        let (mut grants, mut listed) = (Place::NOTHING, Place::NOTHING);
        let (preferences, entries) = (event.consent.preferences(), event.integrations.entries());
        let consent = event.consent.state();
        match consent {
            ConsentState::Missing | ConsentState::Empty => grants = self.unasked,
            ConsentState::Malformed => {}
            ConsentState::Unanswered | ConsentState::Answered => {
                self.grants
                    .spare()
                    .work_out(table, Some(&table.granted_unlisted), |add| add_each(preferences, add));
                grants = Place::SPARE;
            }
        }
        if !entries.is_empty() {
            self.listed.spare().work_out(table, |add| add_each(entries, add));
            listed = Place::SPARE;
        }
        let role = match &event.track {
            Some(track) => table.role(|name| *track == *name),
            None => table.role_without_name(event.is_identify),
        };
        let integrations = event.integrations.state();
        ResolvedAt { integrations, grants, listed, role, ..ResolvedAt::of(consent) }
    }

    /// Works out the facts of an event from its parts, or remembers them; `None` when a part is no JSON.
    #[inline]
    pub(super) fn recall(&mut self, table: &Table, parts: &Parts<'_>, role: EventRole) -> Option<ResolvedAt> {
        let mut listed = Place::NOTHING;
        let (consent, grants) = match parts.consent {
            ConsentPart::Missing => (ConsentState::Missing, self.unasked),
            ConsentPart::Empty => (ConsentState::Empty, self.unasked),
            ConsentPart::Preferences(text) => {
                let reading = table.policy().reading();
                let unlisted = Some(&table.granted_unlisted);
                let grants = self.grants.place(text, |grants| {
                    grants.work_out(table, unlisted, |add| each_preference(text, reading, add)).is_some()
                })?;
                let any = self.grants.at(grants).any;
                (if any { ConsentState::Answered } else { ConsentState::Unanswered }, grants)
            }
        };
        let mut integrations = IntegrationsState::None;
        if let Some(text) = parts.integrations {
            listed = self.listed.place(text, |listed| {
                listed.work_out(table, |add| each_entry(text, table.policy().reading(), add)).is_some()
            })?;
            if self.listed.at(listed).any {
                integrations = IntegrationsState::Present;
            }
        }
        Some(ResolvedAt { integrations, grants, listed, role, ..ResolvedAt::of(consent) })
    }

    /// Takes the granted categories as given, as bits in the order of the policy.
    pub(super) fn grant(&mut self, table: &Table, granted: &[u64]) -> ResolvedAt {
        let grants = self.grants.spare();
        // The caller names categories by their numbers.
        grants.any_declared = true;
        grants.set(table, granted);
        ResolvedAt { grants: Place::SPARE, ..ResolvedAt::of(ConsentState::Answered) }
    }

    /// What rewrites events, and room for what is delivered.
    pub(super) fn rewrites(&mut self, table: &Table) -> (&mut Rewrites, &Bits) {
        let remembers = self.grants.remembers();
        let rewrites = self.rewrites.get_or_insert_with(|| Box::new(Rewrites::new(table, remembers)));
        (rewrites, &self.deliver)
    }

    /// Returns the resolved event, and room for what is delivered.
    #[inline]
    pub(super) fn resolved(&mut self, at: ResolvedAt) -> (ResolvedEvent<'_>, &mut Bits) {
        let ResolvedAt { consent, integrations, listed, role, dropped, .. } = at;
        let grants = if at.uses_record { &self.recorded } else { self.grants.at(at.grants) };
        let check = at.check.map(|check| ResolvedCheck {
            result: check.result,
            stamped: check.stamped,
            stamped_grants: self.grants.at(check.stamped_grants),
            recorded: &self.recorded,
        });
        let listed = self.listed.at(listed);
        (ResolvedEvent { consent, integrations, grants, listed, role, dropped, check }, &mut self.deliver)
    }
}

fn add_each<T: Copy>(members: &[(Name<'_>, T)], add: &mut dyn FnMut(&[u8], T)) -> Option<()> {
    members.iter().for_each(|(name, value)| add(name.as_bytes(), *value));
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    #[test]
    fn room_without_memory_stays_so() {
        let table = |name: &str| {
            let text = format!("consentry 1 policy \"{name}\" include prelude \"segment\" category A");
            Table::new(Policy::parse(&text).unwrap())
        };
        let (one, other) = (table("one"), table("other"));
        for (mut scratch, remembers) in [(one.scratch(), true), (one.scratch().without_memory(), false)] {
            for table in [&one, &other, &one] {
                scratch.serve(table);
                assert!(Arc::ptr_eq(&scratch.of, &table.policy));
                assert_eq!((scratch.grants.remembers(), scratch.listed.remembers()), (remembers, remembers));
                assert_eq!(scratch.rewrites(table).0.remembers(), remembers);
            }
        }
    }
}
