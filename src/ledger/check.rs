//! The check: what an event is stamped with, against what is recorded of its person.

use super::ledger_event::LedgerEvent;
use super::people::granted;
use super::record::{Record, RecordedPreference};
use crate::decide::{CheckedEvent, Input, LedgerDrop};
use crate::event::{Consent, Event, Name, Preference};
use crate::model::{CategoryId, CheckAction, Conflict, LedgerCheck, Policy};
use std::borrow::Cow;

/// What a ledger says of the person of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded<'r> {
    /// What is recorded.
    Known(&'r Record),
    /// Nothing is, or the event names nobody.
    Unknown,
    /// It did not answer, or too late.
    Unreachable,
}

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// Nothing: the event writes to the ledger, or the policy asks for no check.
    NotChecked,
    /// The stamped grants are the recorded ones.
    Agrees,
    /// They are not, in these categories.
    Mismatch(Vec<CategoryId>),
    /// The event is stamped with no preferences.
    Unstamped,
    /// Nothing is recorded of the person.
    Unknown,
    /// The ledger did not answer.
    Unreachable,
}

impl CheckResult {
    /// The word for it in reports.
    pub fn as_str(&self) -> &'static str {
        match self {
            CheckResult::NotChecked => "not_checked",
            CheckResult::Agrees => "agrees",
            CheckResult::Mismatch(_) => "mismatch",
            CheckResult::Unstamped => "unstamped",
            CheckResult::Unknown => "unknown",
            CheckResult::Unreachable => "unreachable",
        }
    }

    /// The word of the language for what becomes of the event, with `_` for a space.
    pub fn action_as_str(&self, then: CheckAction) -> &'static str {
        match (self, then) {
            (_, CheckAction::Drop) => "drop",
            (_, CheckAction::UseRecorded) => "use_recorded",
            (CheckResult::Mismatch(_), CheckAction::UseStamped) => "report",
            (_, CheckAction::UseStamped) => "use_stamped",
            (_, CheckAction::Refuse) => "refuse",
        }
    }
}

/// An event that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<'e> {
    /// The event, with the preferences that it is decided with.
    pub event: Cow<'e, Event<'e>>,
    /// What was found.
    pub found: CheckResult,
    /// What becomes of the event; nothing where it is decided as if there were no check.
    pub then: Option<CheckAction>,
}

/// Checks an event against what is recorded of its person. "A preference event is recorded, never checked."
///
/// ```
/// use consentry::ledger::{CheckResult, LedgerEvent, Recorded, Record, RecordedPreference, Timestamp, check};
/// use consentry::{Limits, Policy, Table};
///
/// let table = Table::new(Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment" category Ads destination "X" needs Ads override ledger mismatch drop"#
/// )?);
/// let line = br#"{"userId":"u","context":{"consent":{"categoryPreferences":{"Ads":true}}}}"#;
/// let notice = LedgerEvent::read(line, table.policy(), &Limits::default())?;
/// let refused = Record {
///     at: Timestamp::parse("2026-10-01T00:00:00Z").unwrap(),
///     preferences: [("Ads".to_owned(), RecordedPreference::Refused)].into(),
/// };
/// let checked = check(table.policy(), &notice, Recorded::Known(&refused));
/// assert!(matches!(checked.found, CheckResult::Mismatch(_)));
/// let mut scratch = table.scratch();
/// let decision = table.decide(checked.input(line), &mut scratch)?;
/// assert_eq!(decision.drop_reason(), Some("Consent mismatch"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check<'e>(policy: &Policy, notice: &'e LedgerEvent<'e>, recorded: Recorded<'_>) -> Checked<'e> {
    let as_it_is = |found| Checked { event: Cow::Borrowed(&notice.event), found, then: None };
    let Some(actions) = policy.ledger_check().filter(|_| !notice.kind.writes()) else {
        return as_it_is(CheckResult::NotChecked);
    };
    let stamped = match &notice.event.consent {
        Consent::Preferences(preferences) if !preferences.is_empty() => Some(preferences),
        _ => None,
    };
    let (found, then) = match (recorded, stamped) {
        (Recorded::Unreachable, _) => (CheckResult::Unreachable, actions.unreachable),
        (Recorded::Unknown, _) => (CheckResult::Unknown, actions.unknown),
        (Recorded::Known(_), None) => (CheckResult::Unstamped, actions.unstamped),
        (Recorded::Known(record), Some(stamped)) => {
            let stamped = granted(stamped);
            let differs = policy.category_ids().zip(policy.categories()).filter(|(_, category)| {
                let stamped = stamped.get(category.wire_id()).copied().unwrap_or(false);
                // A grant to everybody, or to nobody, cannot differ.
                category.is_free() && stamped != is_granted(record.preference(category.wire_id()), &actions)
            });
            match differs.map(|(id, _)| id).collect::<Vec<_>>() {
                none if none.is_empty() => return as_it_is(CheckResult::Agrees),
                categories => (CheckResult::Mismatch(categories), actions.mismatch),
            }
        }
    };
    let preference = |wire_id: &str, granted| {
        let preference = if granted { Preference::Granted } else { Preference::Refused };
        (Name::from(wire_id).into_owned(), preference)
    };
    let preferences = match (then, recorded) {
        (CheckAction::UseRecorded, Recorded::Known(record)) => {
            let recorded = record.preferences.iter();
            Some(recorded.map(|(wire_id, one)| preference(wire_id, is_granted(*one, &actions))).collect())
        }
        // The language has no such statement.
        (CheckAction::UseRecorded, Recorded::Unknown | Recorded::Unreachable) => Some(Vec::new()),
        (CheckAction::Refuse, _) => {
            Some(policy.categories().iter().map(|one| preference(one.wire_id(), false)).collect())
        }
        (CheckAction::UseStamped | CheckAction::Drop, _) => None,
    };
    let event = match preferences.map(Consent::Preferences) {
        Some(consent) => Cow::Owned(Event { consent, ..notice.event.clone() }),
        None => Cow::Borrowed(&notice.event),
    };
    Checked { event, found, then: Some(then) }
}

/// "`conflict` … counts as refused unless the policy says otherwise".
fn is_granted(preference: RecordedPreference, actions: &LedgerCheck) -> bool {
    preference == RecordedPreference::Granted
        || preference == RecordedPreference::Conflict && actions.conflict == Conflict::Grant
}

impl Checked<'_> {
    /// Returns the event as the check says, for [`Table::decide`](crate::Table::decide) and
    /// [`Table::rewrite`](crate::Table::rewrite). `line` is what it was read from; its consent object stays as it is.
    pub fn input<'i>(&'i self, line: &'i [u8]) -> Input<'i> {
        // "The state becomes `answered`", also where the policy has no category that could be named.
        let is_answered = matches!(self.then, Some(CheckAction::UseRecorded | CheckAction::Refuse));
        Input::checked(CheckedEvent { event: &self.event, line, is_answered, drop: self.dropped() })
    }

    fn dropped(&self) -> Option<LedgerDrop> {
        if self.then != Some(CheckAction::Drop) {
            return None;
        }
        match self.found {
            CheckResult::Mismatch(_) => Some(LedgerDrop::Mismatch),
            CheckResult::Unstamped => Some(LedgerDrop::Unstamped),
            CheckResult::Unknown => Some(LedgerDrop::Unknown),
            CheckResult::Unreachable => Some(LedgerDrop::Unreachable),
            CheckResult::NotChecked | CheckResult::Agrees => None,
        }
    }
}
