//! The reference interpreter: the semantics read clause by clause, one destination at a time.
//!
//! It is slow and obvious on purpose, and shares nothing with [`Table`](crate::Table) but the checked policy and the
//! event. The tests compare the two. Because it takes the steps one by one, it is also what explains a decision.

mod check;

pub use check::check;

use crate::diagnostic::Span;
use crate::event::{Consent, Entry, Event, Preference, Recorded};
use crate::model::{
    ArmNeeds, CategoryId, CheckAction, Checked, ConsentState, Destination, DestinationId, Enforce,
    InputState, IntegrationsState, InvalidEntries, Policy, ReconcileRow, Requirement, UnmappedDestinations,
};
use crate::reason::{Outcome, Reason};
use crate::verdict::Verdict;
use std::collections::HashSet;

/// Why one destination receives an event or not, step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The consent state that the event is decided with.
    pub consent: ConsentState,
    /// The state of the event's integrations object.
    pub integrations: IntegrationsState,
    /// The states of the policy's inputs on the event, as [`Event::inputs`] has them.
    pub inputs: Vec<InputState>,
    /// Every step that was taken, in the order of section 3 of the semantics.
    pub steps: Vec<Step>,
    /// Why the whole event is dropped, if it is.
    pub drop_reason: Option<String>,
    /// What came of them.
    pub verdict: Verdict,
}

impl Explanation {
    /// The place in the policy that decided: that of the step whose reason is the verdict's, or else the row of the reconcile
    /// table, which said what is asked for.
    pub fn decided_by(&self) -> Option<Span> {
        let reason = self.verdict.reason();
        let is_reason = |step: &&Step| match step.result {
            StepResult::Passes => false,
            StepResult::PassesAs(found) | StepResult::Blocks(found) => found == reason,
        };
        let row = || self.steps.iter().find(|step| matches!(step.kind, StepKind::Reconcile(_)));
        let span = |step: &Step| step.span;
        self.steps.iter().find(is_reason).and_then(span).or_else(|| row().and_then(span))
    }
}

/// One step and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which step.
    pub kind: StepKind,
    /// What came of it.
    pub result: StepResult,
    /// The place in the policy that decided it; `None` where the event alone did.
    pub span: Option<Span>,
    /// Other places that matter: the condition that chooses what is needed, the strategy, and the inputs that refuse a category.
    pub also: Vec<Span>,
}

impl Step {
    fn new(kind: StepKind, result: StepResult, span: Option<Span>) -> Self {
        Step { kind, result, span, also: Vec::new() }
    }
}

/// The steps of section 3, with what they looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepKind {
    /// Step 0: the check against the ledger (section 6), where the policy asks for it.
    Check(Checked),
    /// Step 1: is the destination enabled?
    Enabled,
    /// The reconcile table's row for the two states, and step 2: is the event dropped?
    Reconcile(Enforce),
    /// Step 3, consent: the categories of the destination's requirement, in declaration order, and what the event says
    /// of them.
    Consent(Vec<(CategoryId, Preference)>),
    /// Step 4, integrations.
    Integrations {
        /// The destination's own entry: on, off, or unlisted.
        entry: Option<Entry>,
        /// Whether `All` is off.
        all_off: bool,
    },
    /// In place of step 4, whether the destination's own entry is on.
    Listed {
        /// The destination's own entry: on, off, or unlisted.
        entry: Option<Entry>,
    },
}

impl StepKind {
    /// The step as reports spell it.
    pub fn as_str(&self) -> &'static str {
        match self {
            StepKind::Check(_) => "check",
            StepKind::Enabled => "enabled",
            StepKind::Reconcile(_) => "reconcile",
            StepKind::Consent(_) => "consent",
            StepKind::Integrations { .. } => "integrations",
            StepKind::Listed { .. } => "listed",
        }
    }
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepResult {
    /// It passes.
    Passes,
    /// It passes, for a reason of its own.
    PassesAs(Reason),
    /// It blocks, for this reason.
    Blocks(Reason),
}

/// Decides one event for one destination, as it is stamped, and says how; `None` for a destination that the policy does not have.
pub fn explain(policy: &Policy, event: &Event<'_>, destination: DestinationId) -> Option<Explanation> {
    Interpreter::new(policy, event, destination)?.explain(None)
}

/// Decides one event for one destination, after the check against what is recorded of its person, and says how; `None` for a
/// destination that the policy does not have.
pub fn explain_recorded(
    policy: &Policy,
    event: &Event<'_>,
    recorded: Recorded<'_>,
    destination: DestinationId,
) -> Option<Explanation> {
    match check(policy, event, recorded) {
        Some((checked, used)) => explain_checked(policy, &used, &checked, destination),
        None => explain(policy, event, destination),
    }
}

/// Decides an event that was checked, with the consent that it is decided with, for one destination, and says how.
pub(crate) fn explain_checked(
    policy: &Policy,
    used: &Event<'_>,
    checked: &Checked,
    destination: DestinationId,
) -> Option<Explanation> {
    Interpreter::new(policy, used, destination)?.explain(Some(checked))
}

/// Returns why a whole event is dropped, if it is, and the place in the policy that decides that. `used` is the event with the consent
/// that it is decided with.
pub(crate) fn drop_reason<'p>(
    policy: &'p Policy,
    used: &Event<'_>,
    checked: Option<&Checked>,
) -> (Option<&'p str>, Span) {
    if let Some(Checked { result, action: CheckAction::Drop, .. }) = checked
        && let Some(span) = policy.ledger_span(*result)
    {
        return (Some(result.drop_reason()), span);
    }
    let row = row(policy, used, used.consent.state());
    (row.drop_reason(), row.span)
}

/// §2: the row for the two states and the states of the inputs.
fn row<'p>(policy: &'p Policy, event: &Event<'_>, consent: ConsentState) -> &'p ReconcileRow {
    let inputs = event.input_numbers(&policy.reading().inputs);
    policy.reconcile().row_at(consent, event.integrations.state(), &inputs)
}

/// Returns where the policy says that an input of the event refuses a category, if it does (section 1 of the semantics).
pub fn refused_by_input(policy: &Policy, event: &Event<'_>, category: CategoryId) -> Option<Span> {
    let category = policy.category(category)?;
    let inputs = event.input_numbers(&policy.reading().inputs);
    let held = category.refused_when.iter().find(|(when, _)| when.holds(&inputs));
    // With the inputs fixed, no condition is left.
    held.map(|(_, span)| *span).or(category.refused.filter(|_| category.refused_when.is_empty()))
}

struct Interpreter<'a> {
    policy: &'a Policy,
    event: &'a Event<'a>,
    destination: &'a Destination,
    /// The destination's names, if there are so many that no entry can be compared with each of them.
    names: Option<HashSet<&'a str>>,
}

/// The most pairs of an entry and a name that are compared.
const MAX_PAIRS: usize = 10_000_000;

/// What a requirement comes to.
enum Satisfaction {
    /// All of its categories are unenforced.
    Vanished,
    Satisfied,
    /// With the categories that are not granted in the unsatisfied groups.
    Unsatisfied(Vec<CategoryId>),
}

impl<'a> Interpreter<'a> {
    fn new(policy: &'a Policy, event: &'a Event<'a>, destination: DestinationId) -> Option<Self> {
        let destination = policy.destination(destination)?;
        let is_large = event.integrations.entries().len() * destination.aliases.len() > MAX_PAIRS;
        let names = is_large.then(|| destination.names().collect());
        Some(Interpreter { policy, event, destination, names })
    }

    /// Returns true for a name of the destination.
    fn is_own(&self, name: &str) -> bool {
        match &self.names {
            Some(names) => names.contains(name),
            None => self.destination.names().any(|own| own == name),
        }
    }
}

impl Interpreter<'_> {
    fn explain(&self, checked: Option<&Checked>) -> Option<Explanation> {
        let consent = self.event.consent.state();
        let integrations = self.event.integrations.state();
        let row = row(self.policy, self.event, consent);
        let (drop_reason, _) = drop_reason(self.policy, self.event, checked);
        let mut steps = Vec::new();
        let mut reason = None;
        if let Some(checked) = checked {
            let is_dropped = checked.action == CheckAction::Drop;
            if is_dropped {
                reason = Some(Reason::Dropped).filter(|_| self.destination.disabled.is_none());
            }
            let result = if is_dropped { StepResult::Blocks(Reason::Dropped) } else { StepResult::Passes };
            let span = self.policy.ledger_span(checked.result);
            steps.push(Step::new(StepKind::Check(checked.clone()), result, span));
        }
        let reason = reason.unwrap_or_else(|| self.decide(row, &mut steps));
        let verdict = Verdict::new(reason, self.refused(reason));
        Some(Explanation {
            consent,
            integrations,
            inputs: self.event.inputs.clone(),
            steps,
            drop_reason: drop_reason.map(str::to_owned),
            verdict,
        })
    }

    /// §3: "First 1 and 2, then the steps that the cell of §2 names, combined as its word says."
    fn decide(&self, row: &ReconcileRow, steps: &mut Vec<Step>) -> Reason {
        let mut take = |kind, result, span| steps.push(Step::new(kind, result, span));

        // 1. "`disabled` destination → block."
        if let Some(disabled) = self.destination.disabled {
            take(StepKind::Enabled, StepResult::Blocks(Reason::Disabled), Some(disabled));
            return Reason::Disabled;
        }
        take(StepKind::Enabled, StepResult::Passes, Some(self.destination.span()));

        // 2. "event dropped (§2, §6) → block (`dropped`); the quoted text is the reason of the event alone."
        let result = match row.enforce.value {
            Enforce::Drop(_) => StepResult::Blocks(Reason::Dropped),
            _ => StepResult::Passes,
        };
        take(StepKind::Reconcile(row.enforce.value.clone()), result, Some(row.span));

        let mut consent_step = || {
            let (reason, span, also) = self.consent_step();
            let result = match reason.outcome() {
                Outcome::Deliver => StepResult::PassesAs(reason),
                Outcome::Block => StepResult::Blocks(reason),
            };
            let kind = StepKind::Consent(self.preferences());
            steps.push(Step { also, ..Step::new(kind, result, span) });
            reason
        };
        let passes = |reason: Reason| reason.outcome() == Outcome::Deliver;

        match row.enforce.value {
            // "always (unless disabled)"
            Enforce::Nothing => Reason::NotEnforced,
            // "the integrations step passes"
            Enforce::Integrations => match self.integrations_step(steps) {
                Some(block) => block,
                None => Reason::NotEnforced,
            },
            // "its own entry is `on` (reason of the block otherwise: `integration_off` or `integration_unlisted`)"
            Enforce::ListedIntegrations => match self.listed_step(steps) {
                Some(block) => block,
                None => Reason::NotEnforced,
            },
            // "the consent step passes"
            Enforce::Consent => consent_step(),
            // "both pass"; "joined by `then`, the first block decides"
            Enforce::ConsentThenIntegrations => {
                let consent = consent_step();
                let integrations = self.integrations_step(steps);
                match integrations {
                    Some(block) if passes(consent) => block,
                    _ => consent,
                }
            }
            // "at least one passes (only integrations: `integration_granted`; neither: `refused` or `unmapped_denied`)"
            Enforce::ConsentOrIntegrations => {
                let consent = consent_step();
                let integrations = self.integrations_step(steps);
                if !passes(consent) && integrations.is_none() { Reason::IntegrationGranted } else { consent }
            }
            // "the consent step passes or its own entry is `on` (`integration_granted`), and then the integrations step
            // passes"
            Enforce::ConsentOrListedThenIntegrations => {
                let consent = consent_step();
                let listed = self.listed_step(steps).is_none();
                let first = if !passes(consent) && listed { Reason::IntegrationGranted } else { consent };
                match self.integrations_step(steps) {
                    Some(block) if passes(first) => block,
                    _ => first,
                }
            }
            // "the whole event is dropped"
            Enforce::Drop(_) => Reason::Dropped,
        }
    }

    /// §3, step 3: the reason for which the consent step passes or blocks, the line of the policy that decides it, and other lines that matter.
    fn consent_step(&self) -> (Reason, Option<Span>, Vec<Span>) {
        // "exempt destination …, or exempt event …: passes this step as `exempt`, not the next."
        if let Some(exempt) = self.destination.exempt {
            return (Reason::Exempt, Some(exempt), Vec::new());
        }
        if self.exempt_event() {
            return (Reason::Exempt, Some(self.policy.exempt_events().span), Vec::new());
        }
        let (requirement, span, strategy) = self.requirement();
        let Some(requirement) = &requirement else {
            // "unmapped → the unmapped default: passes (`unmapped`) or blocks (`unmapped_denied`)."
            let unmapped = self.policy.unmapped_destinations();
            let reason = match unmapped.value {
                UnmappedDestinations::Deliver => Reason::Unmapped,
                UnmappedDestinations::Block => Reason::UnmappedDenied,
            };
            return (reason, Some(unmapped.span), span.into_iter().collect());
        };
        // "mapped → its requirement … Satisfied: passes (`consented`). Not: blocks (`refused`) … If nothing remains of
        // a requirement, it passes as `unenforced`."
        let reason = match self.evaluate(requirement) {
            Satisfaction::Vanished => Reason::Unenforced,
            Satisfaction::Satisfied => Reason::Consented,
            Satisfaction::Unsatisfied(_) => Reason::Refused,
        };
        let refused = self.preferences();
        let refused = refused.iter().filter_map(|(id, _)| refused_by_input(self.policy, self.event, *id));
        (reason, span, strategy.into_iter().chain(refused).collect())
    }

    /// §3: "The first `needs when` that holds is the requirement; otherwise what `otherwise` says." It also returns
    /// their places: that of the requirement, and that of the strategy if it matters.
    fn requirement(&self) -> (Option<Requirement>, Option<Span>, Option<Span>) {
        let inputs = self.event.input_numbers(&self.policy.reading().inputs);
        match self.destination.arms.iter().find(|arm| arm.when.holds(&inputs)) {
            Some(arm) => {
                let strategy = self.policy.strategy_span();
                let strategy = strategy.filter(|_| matches!(arm.needs, ArmNeeds::ByStrategy(_)));
                (arm.needs.requirement(self.policy.strategy_at(&inputs)), Some(arm.span), strategy)
            }
            None => (self.destination.requirement().cloned(), self.destination.requirement_span(), None),
        }
    }

    /// §3, step 4: the reason of the block, or `None` when it passes.
    fn integrations_step(&self, steps: &mut Vec<Step>) -> Option<Reason> {
        let is_own = |name: &str| self.is_own(name);
        let is_all = |name: &str| name == "All";
        let entry = self.entry(is_own);
        let all_off = self.entry(is_all) == Some(Entry::Off);
        let kind = StepKind::Integrations { entry, all_off };
        let ignores_all = self.policy.kind_of(self.destination).and_then(|kind| kind.ignores_all);
        let (block, span) = match entry {
            // "`off` → block (`integration_off`)"
            Some(Entry::Off) => (Some(Reason::IntegrationOff), self.decided_by_setting(is_own)),
            // "`unlisted` with `All: false` → block (`integration_all_off`) unless the destination's kind is declared to
            // ignore `All`"
            None if all_off && ignores_all.is_none() => {
                (Some(Reason::IntegrationAllOff), self.decided_by_setting(is_all))
            }
            None if all_off => (None, ignores_all),
            _ => (None, None),
        };
        let result = block.map_or(StepResult::Passes, StepResult::Blocks);
        steps.push(Step::new(kind, result, span));
        block
    }

    /// §2, `listed`: the reason of the block, or `None` when the destination's own entry is `on`.
    fn listed_step(&self, steps: &mut Vec<Step>) -> Option<Reason> {
        let entry = self.entry(|name| self.is_own(name));
        let block = match entry {
            Some(Entry::On) => None,
            Some(Entry::Off) => Some(Reason::IntegrationOff),
            _ => Some(Reason::IntegrationUnlisted),
        };
        let result = block.map_or(StepResult::Passes, StepResult::Blocks);
        steps.push(Step::new(StepKind::Listed { entry }, result, None));
        block
    }

    /// §3: "An event has a name only if it has exactly one `type` member, the string `track`, and exactly one `event` member, a
    /// string. It is exempt if that name is among `exempt events`." The reader has seen to the former.
    fn exempt_event(&self) -> bool {
        let Some(name) = &self.event.track else { return false };
        self.policy.exempt_events().value.iter().any(|exempt| name.as_bytes() == exempt.value.as_bytes())
    }

    /// The setting that makes an invalid entry count as off, where it decided: no readable entry of these names is off.
    fn decided_by_setting(&self, is_meant: impl Fn(&str) -> bool) -> Option<Span> {
        let off = self.event.integrations.entries().iter().any(|(name, entry)| {
            *entry == Entry::Off && std::str::from_utf8(name.as_bytes()).is_ok_and(&is_meant)
        });
        (!off).then(|| self.policy.invalid_entries().span)
    }

    /// §1: the entry for a name, on or off; `None` for unlisted. "Among duplicate keys and among the names of one
    /// destination `off` wins, then `on`."
    fn entry(&self, is_meant: impl Fn(&str) -> bool) -> Option<Entry> {
        let mut found = None;
        for (name, entry) in self.event.integrations.entries() {
            // A name that is no text, because of a lone surrogate, matches nothing.
            let Ok(name) = std::str::from_utf8(name.as_bytes()) else { continue };
            if !is_meant(name) {
                continue;
            }
            // "A value of another type is a setting: `unlisted` … or `off`."
            let entry = match (entry, self.policy.invalid_entries().value) {
                (Entry::Invalid, InvalidEntries::Off) => Entry::Off,
                (Entry::Invalid, InvalidEntries::Unlisted) => continue,
                (entry, _) => *entry,
            };
            found = match (found, entry) {
                (Some(Entry::Off), _) | (_, Entry::Off) => Some(Entry::Off),
                _ => Some(Entry::On),
            };
        }
        found
    }

    /// §3: "`always` categories are granted whatever the event says"
    fn is_granted(&self, category: CategoryId) -> bool {
        let always = self.policy.category(category).is_some_and(|category| category.always.is_some());
        always || satisfies(self.policy, self.event, category)
    }

    /// §3: "An unenforced category is removed from every requirement, and groups left empty with it." "`unenforced` beats
    /// `always`."
    fn evaluate(&self, requirement: &Requirement) -> Satisfaction {
        let (elements, all) = match requirement {
            Requirement::Category(id) => {
                let unenforced =
                    self.policy.category(*id).is_some_and(|category| category.unenforced.is_some());
                return match self.is_granted(*id) {
                    _ if unenforced => Satisfaction::Vanished,
                    true => Satisfaction::Satisfied,
                    false => Satisfaction::Unsatisfied(vec![*id]),
                };
            }
            Requirement::AllOf(elements) => (elements, true),
            Requirement::AnyOf(elements) => (elements, false),
        };
        let left: Vec<Satisfaction> = elements
            .iter()
            .map(|element| self.evaluate(element))
            .filter(|element| !matches!(element, Satisfaction::Vanished))
            .collect();
        let is_satisfied = |element: &Satisfaction| matches!(element, Satisfaction::Satisfied);
        if left.is_empty() {
            return Satisfaction::Vanished;
        }
        let holds = if all { left.iter().all(is_satisfied) } else { left.iter().any(is_satisfied) };
        if holds {
            return Satisfaction::Satisfied;
        }
        let refused = left.into_iter().filter_map(|element| match element {
            Satisfaction::Unsatisfied(categories) => Some(categories),
            _ => None,
        });
        Satisfaction::Unsatisfied(refused.flatten().collect())
    }

    /// "naming the categories that are not granted in the unsatisfied groups, in declaration order"
    fn refused(&self, reason: Reason) -> Vec<CategoryId> {
        match (reason, self.requirement().0.map(|requirement| self.evaluate(&requirement))) {
            (Reason::Refused, Some(Satisfaction::Unsatisfied(mut categories))) => {
                categories.sort_unstable();
                categories.dedup();
                categories
            }
            _ => Vec::new(),
        }
    }

    /// The categories of the requirement, in declaration order, with what the event says of each.
    fn preferences(&self) -> Vec<(CategoryId, Preference)> {
        let requirement = self.requirement().0;
        let mut categories: Vec<CategoryId> = requirement.iter().flat_map(Requirement::categories).collect();
        categories.sort_unstable();
        categories.dedup();
        categories
            .into_iter()
            .map(|category| (category, preference(self.policy, self.event, category)))
            .collect()
    }
}

/// §1: "Only `granted` satisfies a requirement; `unasked` does where the category has `unasked granted`."
fn satisfies(policy: &Policy, event: &Event<'_>, category: CategoryId) -> bool {
    let counts_unasked = policy.category(category).is_some_and(|category| category.unasked_granted.is_some());
    match preference(policy, event, category) {
        Preference::Granted => true,
        Preference::Unasked => counts_unasked,
        Preference::Refused | Preference::Invalid => false,
    }
}

/// §1: the preference of a category. "Among duplicates and among several wire ids a refusal wins, then an invalid value, then a grant."
fn preference(policy: &Policy, event: &Event<'_>, category: CategoryId) -> Preference {
    // §1: "`refused when` refuses whatever the event lists."
    if refused_by_input(policy, event, category).is_some() {
        return Preference::Refused;
    }
    let Some(category) = policy.category(category) else { return Preference::Unasked };
    // §1: "In the state `malformed` every preference is `invalid`."
    if event.consent == Consent::Malformed {
        return Preference::Invalid;
    }
    // §1: "In the states `missing` and `empty` every preference is `unasked`."
    let Consent::Preferences(listed) = &event.consent else { return Preference::Unasked };
    let mut found = None;
    for (name, preference) in listed {
        if !category.wire_ids().any(|wire_id| name.as_bytes() == wire_id.as_bytes()) {
            continue;
        }
        found = Some(match (found.unwrap_or(*preference), preference) {
            (Preference::Refused, _) | (_, Preference::Refused) => Preference::Refused,
            (Preference::Invalid, _) | (_, Preference::Invalid) => Preference::Invalid,
            (Preference::Granted, _) | (_, Preference::Granted) => Preference::Granted,
            (Preference::Unasked, Preference::Unasked) => Preference::Unasked,
        });
    }
    // §1: "A category that is not listed has the preference that `unlisted` says."
    found.unwrap_or(policy.reading().unlisted())
}
