//! That all stores hold the same of people.

use super::contender::{Answer, Contender};
use super::history::History;
use consentry::ledger::Id;

/// How many people are compared.
const SAMPLE: usize = 20_000;

/// What the first store said of some people.
pub(super) struct Agreement {
    /// People of whom only their own events say something.
    apart: (Vec<Id>, Option<Vec<Answer>>),
    /// Anybody; who does not merge as we do says something else of some.
    anybody: (Vec<Id>, Option<Vec<Answer>>),
}

impl Agreement {
    /// Nobody has said anything yet.
    pub(super) fn new(history: &History) -> Self {
        Agreement { apart: (history.some_apart(SAMPLE), None), anybody: (history.some(SAMPLE), None) }
    }

    /// Compares what a store says with what the first one said.
    ///
    /// # Panics
    ///
    /// At the first difference, and where nothing is recorded of somebody.
    pub(super) fn check(&mut self, store: &mut dyn Contender) {
        let merges = store.merges();
        for (people, expected) in [&mut self.apart].into_iter().chain(merges.then_some(&mut self.anybody)) {
            let answers = store.answers(people);
            let expected = expected.get_or_insert_with(|| answers.clone());
            for (id, (expected, answer)) in people.iter().zip(expected.iter().zip(&answers)) {
                assert!(answer.is_some(), "{} has forgotten {id}", store.name());
                assert_eq!(expected, answer, "{} says something else of {id}", store.name());
            }
        }
    }
}
