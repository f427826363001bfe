//! What a case expects of each destination, and how a decision differs from it.

use super::result::{Difference, StatedDrop, StatedVerdict};
use crate::decide::Decision;
use crate::diagnostic::{Span, Spanned};
use crate::event::Event;
use crate::model::{DestinationId, DestinationSet, Expected, Policy};
use crate::reason::Outcome;
use crate::reference;
use crate::verdict::Verdict;
use std::collections::HashSet;

/// What a case expects, in its order.
pub(super) struct Expectations<'t> {
    policy: &'t Policy,
    all: Vec<Spanned<Expectation<'t>>>,
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

    pub(super) fn differences(&self, decision: &Decision<'_>, event: &Event<'_>) -> Vec<Difference<'t>> {
        let difference = |one: &Spanned<Expectation<'t>>| match &one.value {
            Expectation::Destination(id, expected) => {
                self.destination(*id, expected, one.span, decision, event)
            }
            Expectation::Drop(reason) => self.drop(*reason, one.span, decision, event),
        };
        self.all.iter().filter_map(difference).collect()
    }

    fn destination(
        &self,
        id: DestinationId,
        expected: &StatedVerdict<'t>,
        expectation: Span,
        decision: &Decision<'_>,
        event: &Event<'_>,
    ) -> Option<Difference<'t>> {
        let policy = self.policy;
        let explained = reference::explain(policy, event, id);
        let stated = |verdict: &Verdict| StatedVerdict::of(policy, verdict);
        let table = decision.verdict(id).as_ref().map(stated);
        let reference = explained.as_ref().map(|explained| stated(&explained.verdict));
        let destination = policy.destination_name(id);
        if table != reference {
            let [table, reference] = [table, reference]
                .map(|stated| stated.map_or("nothing".to_owned(), |stated| stated.to_string()));
            return Some(Difference::Disagreement { destination: Some(destination), table, reference });
        }
        Some(Difference::Destination {
            destination,
            actual: table.filter(|actual| !expected.is_met_by(actual))?,
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
        event: &Event<'_>,
    ) -> Option<Difference<'t>> {
        let row = self.policy.reconcile().row(event.consent.state(), event.integrations.state());
        let (table, actual) = (StatedDrop::of(decision.drop_reason()), StatedDrop::of(row.drop_reason()));
        if table != actual {
            let (table, reference) = (table.to_string(), actual.to_string());
            return Some(Difference::Disagreement { destination: None, table, reference });
        }
        let is_met = actual.drop && expected.is_none_or(|expected| actual.reason == Some(expected));
        (!is_met).then(|| Difference::Drop {
            expectation: self.policy.locate(expectation),
            expected: StatedDrop { drop: true, reason: expected },
            actual,
            decided_by: self.policy.locate(row.span),
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
