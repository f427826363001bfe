//! What can become of each destination, asked of the compiled policy.
//!
//! A decision depends on a person's preferences only through whether the destination's requirement is satisfied, and granting
//! more never unsatisfies it. So the two ends, nothing granted and everything granted, show all that can happen, and
//! destinations whose requirements can both be satisfied and not are alike here. One destination of each class is asked.

use crate::decide::{Scratch, Table};
use crate::event::{Entry, Preference};
use crate::exact::equivalence::EquivalenceClass;
use crate::exact::{Situation, Space};
use crate::model::{Category, ConsentState, DestinationId, IntegrationsState, Policy, ReconcileRow};
use crate::reason::{Outcome, Reason};
use std::collections::HashMap;

/// The outcomes for all destinations of a policy.
pub(super) struct Outcomes {
    pub(super) classes: Vec<DestinationClass>,
    /// By destination, which class it is of.
    class_of: Vec<usize>,
}

/// Destinations of which everything that follows is true alike.
pub(super) struct DestinationClass {
    /// One of them, in whose words events are shown.
    pub(super) example: DestinationId,
    pub(super) cases: Vec<Case>,
}

/// A situation and what becomes of the destination in it.
pub(super) struct Case {
    pub(super) situation: Situation,
    pub(super) reason: Reason,
    /// Whether a list that has none of the categories decides like this one.
    pub(super) lists_nothing: bool,
}

impl Case {
    /// Returns the row that decides it.
    pub(super) fn row<'p>(&self, policy: &'p Policy) -> &'p ReconcileRow {
        policy.reconcile().row(self.situation.consent, self.situation.integrations)
    }

    pub(super) fn delivers(&self) -> bool {
        self.reason.outcome() == Outcome::Deliver
    }
}

impl Outcomes {
    pub(super) fn new(policy: &Policy) -> Self {
        let table = Table::new(policy.clone());
        let mut scratch = table.scratch();
        let mut known: HashMap<EquivalenceClass<bool>, usize> = HashMap::new();
        let (mut classes, mut class_of) = (Vec::new(), Vec::new());
        for (id, destination) in policy.destination_ids().zip(policy.destinations()) {
            let class = EquivalenceClass::by_outcomes(policy, destination);
            class_of.push(*known.entry(class).or_insert_with(|| {
                classes.push(DestinationClass { example: id, cases: cases(&table, &mut scratch, id) });
                classes.len() - 1
            }));
        }
        Outcomes { classes, class_of }
    }

    /// What can become of a destination.
    pub(super) fn of(&self, destination: DestinationId) -> &[Case] {
        let class = self.class_of.get(destination.index()).and_then(|class| self.classes.get(*class));
        class.map_or(&[], |class| &class.cases)
    }
}

/// Every combination of states, entries and the two ends of the preferences, as the table decides it.
fn cases(table: &Table, scratch: &mut Scratch, destination: DestinationId) -> Vec<Case> {
    let Some(space) = Space::full(table.policy(), destination) else { return Vec::new() };
    let mut cases = Vec::new();
    let ends = Ends::of(table.policy(), &space);
    for situation in situations(&space, &ends) {
        let event = space.event(&situation);
        let decision = table.decide_event(&event, scratch);
        if let Some(verdict) = decision.verdict(destination) {
            let lists_nothing =
                situation.consent == ConsentState::Answered && situation.preferences == ends.unlisted;
            cases.push(Case { reason: verdict.reason(), situation, lists_nothing });
        }
    }
    cases
}

/// The preferences of the categories of a space that grant nothing, that grant everything, and that decide as if nothing is listed.
struct Ends {
    nothing: Vec<Preference>,
    everything: Vec<Preference>,
    unlisted: Vec<Preference>,
}

impl Ends {
    fn of(policy: &Policy, space: &Space) -> Self {
        let values = policy.reading().values();
        let order = [Preference::Refused, Preference::Granted, Preference::Unasked, Preference::Invalid];
        let every = |grants: &dyn Fn(&Category) -> bool| {
            let categories = space.categories().iter().filter_map(|id| policy.category(*id));
            let first = categories.map(|category| {
                let mut possible = order.into_iter().filter(|value| values.contains(value));
                let is_such = |value: &Preference| category.is_granted_by(*value) == grants(category);
                possible.clone().find(is_such).or(possible.next()).unwrap_or(Preference::Refused)
            });
            first.collect()
        };
        Ends {
            nothing: every(&|_| false),
            everything: every(&|_| true),
            unlisted: every(&|category| category.is_granted_by(policy.reading().unlisted())),
        }
    }
}

fn situations(space: &Space, ends: &Ends) -> Vec<Situation> {
    let mut situations = Vec::new();
    for consent in ConsentState::ALL {
        for preferences in [&Vec::new(), &ends.nothing, &ends.everything, &ends.unlisted] {
            for integrations in
                [IntegrationsState::None, IntegrationsState::Malformed, IntegrationsState::Present]
            {
                for entry in [None, Some(Entry::On), Some(Entry::Off), Some(Entry::Invalid)] {
                    for (all, exempt_event) in
                        [(None, false), (None, true), (Some(Entry::Off), false), (Some(Entry::Off), true)]
                    {
                        let preferences = preferences.clone();
                        let situation =
                            Situation { consent, preferences, integrations, entry, all, exempt_event };
                        if space.contains(&situation) && !situations.contains(&situation) {
                            situations.push(situation);
                        }
                    }
                }
            }
        }
    }
    situations
}
