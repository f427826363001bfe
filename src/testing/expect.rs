//! What a case expects of each destination, and how a decision differs from it.

use super::result::{Difference, StatedDrop, StatedVerdict};
use crate::decide::Decision;
use crate::diagnostic::{Span, Spanned};
use crate::event::{Event, Recorded};
use crate::model::{Checked, DestinationId, DestinationSet, Expected, Policy};
use crate::reason::Outcome;
use crate::reference;
use crate::verdict::Verdict;
use std::collections::HashSet;

/// What a case expects, in its order.
pub(super) struct Expectations<'t> {
    policy: &'t Policy,
    all: Vec<Spanned<Expectation<'t>>>,
}

/// The subject of the reference interpreter's decisions.
struct Reference<'e> {
    /// The event with the consent that it is decided with.
    event: &'e Event<'e>,
    /// The result of the check, if the policy has one.
    checked: Option<&'e Checked>,
}

enum Expectation<'t> {
    Destination(DestinationId, StatedVerdict<'t>),
    Drop(Option<&'t str>),
}

impl<'t> Expectations<'t> {
    pub(super) fn of(expectations: &'t [Spanned<Expected>], policy: &'t Policy) -> Self {
        let mut all = Vec::new();
        for said in expectations {
            match &said.value {
                Expected::Drop(reason) => {
                    all.push(Spanned::new(Expectation::Drop(reason.as_deref()), said.span))
                }
                Expected::Outcome { outcome, which, reason, refused } => {
                    let refused = refused.as_deref().map(|ids| policy.category_names(ids));
                    let wanted = StatedVerdict { outcome: *outcome, reason: *reason, refused };
                    all.extend(destinations(which, policy, wanted).map(|(id, expected)| {
                        Spanned::new(Expectation::Destination(id, expected), said.span)
                    }));
                }
            }
        }
        Expectations { policy, all }
    }

    /// Compares a decision with what is expected, and with the reference interpreter's decision of the event and the ledger's answer.
    pub(super) fn differences(
        &self,
        decision: &Decision<'_>,
        event: &Event<'_>,
        recorded: Recorded<'_>,
    ) -> Vec<Difference<'t>> {
        let checked = reference::check(self.policy, event, recorded);
        let (checked, event) = match &checked {
            Some((checked, used)) => (Some(checked), used),
            None => (None, event),
        };
        let by_table = decision.check();
        if by_table.as_ref() != checked {
            let [table, reference] = [by_table.as_ref(), checked].map(|checked| self.check(checked));
            return vec![Difference::Disagreement { destination: None, table, reference }];
        }
        let by = Reference { event, checked };
        let difference = |one: &Spanned<Expectation<'t>>| match &one.value {
            Expectation::Destination(id, expected) => {
                self.destination(*id, expected, one.span, decision, &by)
            }
            Expectation::Drop(reason) => self.drop(*reason, one.span, decision, &by),
        };
        self.all.iter().filter_map(difference).collect()
    }

    fn check(&self, checked: Option<&Checked>) -> String {
        checked.map_or("no check".to_owned(), |Checked { result, action, categories }| {
            format!("ledger {result}, {action}: {}", self.policy.category_names(categories).join(", "))
        })
    }

    fn destination(
        &self,
        id: DestinationId,
        expected: &StatedVerdict<'t>,
        expectation: Span,
        decision: &Decision<'_>,
        by: &Reference<'_>,
    ) -> Option<Difference<'t>> {
        let policy = self.policy;
        let explained = match by.checked {
            Some(checked) => reference::explain_checked(policy, by.event, checked, id),
            None => reference::explain(policy, by.event, id),
        };
        let stated = |verdict: &Verdict| StatedVerdict::of(policy, verdict);
        let table = decision.verdict(id);
        let reference = explained.as_ref().map(|explained| &explained.verdict);
        let destination = policy.destination_name(id);
        if table.as_ref() != reference {
            let text = |verdict: &Verdict| stated(verdict).to_string();
            let [table, reference] =
                [table.as_ref(), reference].map(|verdict| verdict.map_or("nothing".to_owned(), text));
            return Some(Difference::Disagreement { destination: Some(destination), table, reference });
        }
        Some(Difference::Destination {
            destination,
            actual: table.as_ref().map(stated).filter(|actual| !expected.is_met_by(actual))?,
            expectation: policy.locate(expectation),
            expected: expected.clone(),
            decided_by: explained
                .and_then(|explained| explained.decided_by())
                .map(|span| policy.locate(span)),
        })
    }

    fn drop(
        &self,
        expected: Option<&'t str>,
        expectation: Span,
        decision: &Decision<'_>,
        by: &Reference<'_>,
    ) -> Option<Difference<'t>> {
        let (reason, decided_by) = reference::drop_reason(self.policy, by.event, by.checked);
        let (table, actual) = (StatedDrop::of(decision.drop_reason()), StatedDrop::of(reason));
        if table != actual {
            let (table, reference) = (table.to_string(), actual.to_string());
            return Some(Difference::Disagreement { destination: None, table, reference });
        }
        let is_met = actual.drop && expected.is_none_or(|expected| actual.reason == Some(expected));
        (!is_met).then(|| Difference::Drop {
            expectation: self.policy.locate(expectation),
            expected: StatedDrop { drop: true, reason: expected },
            actual,
            decided_by: self.policy.locate(decided_by),
        })
    }
}

/// Each destination that is spoken of, and what is expected of it. Disabled ones belong to `all` and `only` as well.
fn destinations<'t>(
    which: &DestinationSet<DestinationId>,
    policy: &Policy,
    wanted: StatedVerdict<'t>,
) -> impl Iterator<Item = (DestinationId, StatedVerdict<'t>)> {
    let (ids, named): (Vec<DestinationId>, Option<HashSet<DestinationId>>) = match which {
        DestinationSet::All => (policy.destination_ids().collect(), None),
        DestinationSet::These(ids) => (ids.clone(), None),
        DestinationSet::Only(ids) => {
            (policy.destination_ids().collect(), Some(ids.iter().copied().collect()))
        }
    };
    let outcome = match wanted.outcome {
        Outcome::Deliver => Outcome::Block,
        Outcome::Block => Outcome::Deliver,
    };
    let other = StatedVerdict { outcome, reason: None, refused: None };
    ids.into_iter().map(move |id| {
        let is_meant = named.as_ref().is_none_or(|named| named.contains(&id));
        (id, if is_meant { wanted.clone() } else { other.clone() })
    })
}
