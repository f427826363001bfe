//! What can become of each destination, asked of the compiled policy.
//!
//! A decision depends on a person's preferences only through whether the destination's requirement is satisfied, and granting
//! more never unsatisfies it. So the two ends, nothing granted and everything granted, show all that can happen, and
//! destinations whose requirements can both be satisfied and not are alike here. One destination of each class is asked.

use crate::decide::{Scratch, Table};
use crate::event::{Entry, Preference};
use crate::exact::equivalence::EquivalenceClass;
use crate::exact::{Cases, Situation, Space};
use crate::model::{Category, ConsentState, DestinationId, IntegrationsState, Policy, ReconcileRow};
use crate::reason::{Outcome, Reason};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

/// The outcomes for all destinations of a policy.
pub(super) struct Outcomes<'p> {
    pub(super) classes: Vec<DestinationClass<'p>>,
    /// By destination, of which classes it is: of one for each case of the inputs that it depends on.
    classes_of: Vec<Vec<usize>>,
}

/// Destinations of which everything that follows is true alike.
pub(super) struct DestinationClass<'p> {
    /// The policy as it decides the events of a case of the inputs.
    pub(super) policy: Rc<Cow<'p, Policy>>,
    /// One of them, in whose words events are shown.
    pub(super) example: DestinationId,
    pub(super) cases: Vec<Case>,
}

/// A situation and what becomes of the destination in it.
pub(super) struct Case {
    pub(super) situation: Situation,
    pub(super) reason: Reason,
    /// True if a list without any of the categories is decided in the same way.
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

impl<'p> Outcomes<'p> {
    pub(super) fn new(policy: &'p Policy) -> Self {
        let mut of_inputs = Cases::new(&[policy]);
        let mut tables: HashMap<usize, (Table, Scratch)> = HashMap::new();
        let mut known: HashMap<(usize, EquivalenceClass<Option<bool>>), usize> = HashMap::new();
        let (mut classes, mut classes_of) = (Vec::new(), Vec::new());
        for id in policy.destination_ids() {
            let mut own = Vec::new();
            // A destination with too many cases has no outcomes, and the rules say nothing about it.
            for case in of_inputs.of(Some(&[&[id]]), &[]).unwrap_or_default() {
                let Some(given) = case.policies.first().cloned() else { continue };
                let Some(destination) = given.destination(id) else { continue };
                let class = (case.key(), EquivalenceClass::by_outcomes(&given, destination));
                own.push(*known.entry(class).or_insert_with(|| {
                    let (table, scratch) = tables.entry(case.key()).or_insert_with(|| {
                        let table = Table::new(Policy::clone(&given));
                        let scratch = table.scratch();
                        (table, scratch)
                    });
                    let cases = cases(table, scratch, id);
                    classes.push(DestinationClass { policy: given.clone(), example: id, cases });
                    classes.len() - 1
                }));
            }
            classes_of.push(own);
        }
        Outcomes { classes, classes_of }
    }

    /// What can become of a destination.
    pub(super) fn of(&self, destination: DestinationId) -> Vec<&Case> {
        let classes = self.classes_of.get(destination.index()).into_iter().flatten();
        classes.filter_map(|class| self.classes.get(*class)).flat_map(|class| &class.cases).collect()
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
