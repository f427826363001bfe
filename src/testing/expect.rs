//! What a case expects of each destination, and how a decision differs from it.

use super::result::{Difference, ExpectedVerdict};
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
    Destination(DestinationId, ExpectedVerdict),
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
                    let wanted =
                        ExpectedVerdict { outcome: *outcome, reason: *reason, refused: refused.clone() };
                    all.extend(destinations(which, policy, wanted).map(|(id, expected)| {
                        Spanned::new(Expectation::Destination(id, expected), said.span)
                    }));
                }
            }
        }
        Expectations { policy, all }
    }

    pub(super) fn differences(&self, decision: &Decision<'_>, event: &Event<'_>) -> Vec<Difference> {
        let difference = |one: &Spanned<Expectation<'_>>| match &one.value {
            Expectation::Destination(id, expected) => {
                self.destination(*id, expected, one.span, decision, event)
            }
            Expectation::Drop(expected) => self.drop(*expected, one.span, decision, event),
        };
        self.all.iter().filter_map(difference).collect()
    }

    fn destination(
        &self,
        destination: DestinationId,
        expected: &ExpectedVerdict,
        expectation: Span,
        decision: &Decision<'_>,
        event: &Event<'_>,
    ) -> Option<Difference> {
        let explained = reference::explain(self.policy, event, destination);
        let table = decision.verdict(destination);
        let reference = explained.as_ref().map(|explained| &explained.verdict);
        if table.as_ref() != reference {
            let phrase = |verdict: Option<&Verdict>| verdict.map_or("nothing".into(), phrase);
            let (table, reference) = (phrase(table.as_ref()), phrase(reference));
            return Some(Difference::Disagreement { destination: Some(destination), table, reference });
        }
        let actual = table.filter(|actual| !expected.is_met_by(actual))?;
        let decided_by = explained.and_then(|explained| explained.decided_by());
        Some(Difference::Destination {
            destination,
            expectation,
            expected: expected.clone(),
            actual,
            decided_by,
        })
    }

    fn drop(
        &self,
        expected: Option<&str>,
        expectation: Span,
        decision: &Decision<'_>,
        event: &Event<'_>,
    ) -> Option<Difference> {
        let row = self.policy.reconcile().row(event.consent.state(), event.integrations.state());
        let reference = row.drop_reason();
        let actual = decision.drop_reason();
        if actual != reference {
            let phrase = |reason: Option<&str>| match reason {
                Some(reason) => format!("drop {reason:?}"),
                None => "no drop".to_owned(),
            };
            let (table, reference) = (phrase(actual), phrase(reference));
            return Some(Difference::Disagreement { destination: None, table, reference });
        }
        let is_met = actual.is_some_and(|actual| expected.is_none_or(|expected| expected == actual));
        let owned = |reason: &str| reason.to_owned();
        (!is_met).then(|| Difference::Drop {
            expectation,
            expected: expected.map(owned),
            actual: actual.map(owned),
            decided_by: row.span,
        })
    }
}

/// Each destination that is spoken of, and what is expected of it. Disabled ones belong to `all` and `only` as well.
fn destinations(
    which: &DestinationSet<DestinationId>,
    policy: &Policy,
    wanted: ExpectedVerdict,
) -> impl Iterator<Item = (DestinationId, ExpectedVerdict)> {
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
    let other = ExpectedVerdict { outcome, reason: None, refused: None };
    ids.into_iter().map(move |id| {
        let is_meant = named.as_ref().is_none_or(|named| named.contains(&id));
        (id, if is_meant { wanted.clone() } else { other.clone() })
    })
}

impl ExpectedVerdict {
    /// Returns true if a verdict is as expected.
    fn is_met_by(&self, verdict: &Verdict) -> bool {
        self.outcome == verdict.outcome()
            && self.reason.is_none_or(|reason| reason == verdict.reason())
            && self.refused.as_ref().is_none_or(|refused| refused == verdict.refused())
    }
}

/// What a verdict says, for a disagreement that nobody should ever see.
fn phrase(verdict: &Verdict) -> String {
    let refused: Vec<String> = verdict.refused().iter().map(|id| id.index().to_string()).collect();
    format!("{}, {} [{}]", verdict.outcome(), verdict.reason(), refused.join(", "))
}
