//! Proofs of promises.

use super::json::VERSION;
use super::names;
use super::page::{Cell, Column, Document, Grid, Page, PageBlock};
use crate::diagnostic::Place;
use crate::event::LedgerAnswer;
use crate::exact::Proof;
use crate::fingerprint::TooLargeError;
use crate::model::{CheckResult, Policy, Promise};
use crate::reason::{Outcome, Reason};
use serde::Serialize;

/// The most destinations that the answer about a promise names. The document has all of them.
const MAX_NAMES: usize = 20;

/// The answer about a promise that covers none.
const NONE_COVERED: &str = "covers no destination of this policy";

/// The result of `prove`: for each promise of a policy whether it is kept.
#[derive(Debug, Serialize)]
pub struct ProveReport<'a> {
    edition: u32,
    /// The file, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    kept: usize,
    policy: &'a str,
    pub(super) promises: Vec<PromiseProof<'a>>,
    /// The destinations without a kind that no promise covers; left out where no promise is about kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    uncovered_destinations: Option<Vec<&'a str>>,
    /// The results of the ledger check that no promise covers; left out where the policy asks for no check.
    #[serde(skip_serializing_if = "Option::is_none")]
    uncovered_results: Option<[CheckResult; 1]>,
    v: u32,
}

/// The proof of a promise.
#[derive(Debug, Serialize)]
pub(super) struct PromiseProof<'a> {
    because: Option<&'a str>,
    counterexamples: Vec<Counterexample<'a>>,
    /// The destinations that the promise covers; left out where the promise itself names them, or is too large to be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<Vec<&'a str>>,
    /// `None` if the promise is too large to be decided.
    kept: Option<bool>,
    place: Place<'a>,
    promise: String,
    /// Text, as a JSON number cannot be relied on to hold a count of this size.
    situations: Option<String>,
    #[serde(skip)]
    answer: String,
}

#[derive(Debug, Serialize)]
struct Counterexample<'a> {
    destination: &'a str,
    event: String,
    outcome: Outcome,
    reason: Reason,
    /// What the ledger says of the person, where the event is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<LedgerAnswer>,
    refused: Vec<String>,
}

impl<'a> ProveReport<'a> {
    /// Creates the report from the proof of each promise of a policy, in their order.
    pub fn new(
        policy: &'a Policy,
        proofs: impl IntoIterator<Item = Result<Proof<'a>, TooLargeError>>,
    ) -> Self {
        let promises: Vec<_> = policy
            .promises()
            .iter()
            .zip(proofs)
            .map(|(promise, proof)| PromiseProof::new(policy, promise, proof))
            .collect();
        let kept = promises.iter().filter(|promise| promise.kept == Some(true)).count();
        ProveReport {
            edition: policy.edition(),
            file: None,
            kept,
            policy: policy.name(),
            promises,
            uncovered_destinations: uncovered(policy),
            uncovered_results: policy.ledger_check().map(|_| [CheckResult::Unchecked]),
            v: VERSION,
        }
    }

    /// Adds the file, which tells one report of several from the others.
    pub fn with_file(self, file: String) -> Self {
        ProveReport { file: Some(file), ..self }
    }

    /// Returns true if there are promises and all are kept.
    pub fn is_kept(&self) -> bool {
        !self.promises.is_empty() && self.kept == self.promises.len()
    }
}

/// Returns the destinations without a kind that no promise covers; `None` if no promise is about kinds.
fn uncovered(policy: &Policy) -> Option<Vec<&str>> {
    policy.promises().iter().any(Promise::is_general).then(|| {
        let mut is_covered = vec![false; policy.destinations().len()];
        for id in policy.promises().iter().flat_map(|promise| policy.covered_by(promise)) {
            is_covered.get_mut(id.index()).into_iter().for_each(|one| *one = true);
        }
        let all = policy.destinations().iter().zip(is_covered);
        let uncovered = all.filter(|(destination, is_covered)| destination.kind.is_none() && !is_covered);
        uncovered.map(|(destination, _)| destination.name()).collect()
    })
}

impl<'a> PromiseProof<'a> {
    fn new(policy: &'a Policy, promise: &'a Promise, proof: Result<Proof<'a>, TooLargeError>) -> Self {
        let covered = || policy.destination_names(policy.covered_by(promise));
        let destinations = (promise.is_general() && proof.is_ok()).then(covered);
        let is_idle = proof.as_ref().is_ok_and(|proof| proof.asks_no_ledger);
        let answer = match &destinations {
            Some(names) if names.is_empty() => NONE_COVERED.to_owned(),
            Some(names) if !is_idle => {
                let shown = names::first(MAX_NAMES, names, names.len());
                format!("{}; it covers {shown}", answer(&proof))
            }
            _ => answer(&proof),
        };
        let proof = proof.ok();
        PromiseProof {
            because: promise.because.as_deref(),
            kept: proof.as_ref().map(|proof| proof.is_proved()),
            place: policy.files().locate(promise.span),
            promise: policy.line_at(promise.span),
            situations: proof.as_ref().and_then(|proof| proof.situations).map(|count| count.to_string()),
            counterexamples: proof
                .into_iter()
                .flat_map(|proof| proof.counterexamples)
                .map(|one| Counterexample {
                    destination: policy.destination_name(one.destination),
                    outcome: one.reason.outcome(),
                    reason: one.reason,
                    recorded: one.recorded,
                    refused: names::by_keys(policy, &one.refused),
                    event: one.event,
                })
                .collect(),
            destinations,
            answer,
        }
    }

    /// Returns true if the policy has no destination that the promise covers.
    fn covers_none(&self) -> bool {
        self.destinations.as_ref().is_some_and(Vec::is_empty)
    }
}

impl PromiseProof<'_> {
    /// Returns the promise, why it is given, and whether it is kept.
    pub(super) fn cells(&self) -> [&str; 3] {
        [&self.promise, self.because.unwrap_or_default(), &self.answer]
    }
}

/// Returns in a few words whether a promise is kept.
fn answer(proof: &Result<Proof<'_>, TooLargeError>) -> String {
    match proof {
        Ok(proof) if proof.asks_no_ledger => {
            "speaks of no event: the policy asks for no check against a ledger".to_owned()
        }
        Ok(proof) if !proof.is_proved() => "not kept".to_owned(),
        Ok(proof) => match proof.situations {
            Some(0) => "speaks of no event".to_owned(),
            Some(1) => "proved over 1 situation".to_owned(),
            Some(count) => format!("proved over {count} situations"),
            None => "proved over more situations than can be counted".to_owned(),
        },
        Err(error) => error.to_string(),
    }
}

impl Document for ProveReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let row = |word: &str, lines| Grid {
            indent: 0,
            ..Grid::new([Column::wide(6), "".into()]).with([[word.into(), Cell(lines)]])
        };
        if let Some(file) = &self.file {
            page.heading(1, format!("{file}: {}", self.policy));
        }
        for one in &self.promises {
            let word = match one.kept {
                Some(true) => "ok",
                Some(false) => "BROKEN",
                None => "UNKNOWN",
            };
            let place = format!("{}: {}", one.place, one.answer);
            page.table(row(word, vec![one.promise.clone(), place]));
            for shown in &one.counterexamples {
                let why = names::reason(shown.reason, &shown.refused);
                let line = format!("{}: {}, {why}", shown.destination, shown.outcome);
                page.table(row("", vec![line]));
                page.0.push(PageBlock::Event(shown.event.clone()));
                if let Some(recorded) = &shown.recorded {
                    page.table(row("", vec![format!("where the ledger says {}", recorded.to_json())]));
                }
            }
        }
        page.paragraph(match self.promises.len() {
            0 => "nothing is promised: see `never deliver` and `always deliver` in the language".to_owned(),
            all => {
                let idle = self.promises.iter().filter(|one| one.covers_none()).count();
                let note = match idle {
                    0 => String::new(),
                    1 => format!("; 1 of them {NONE_COVERED}"),
                    idle => format!("; {idle} of them cover no destination of this policy"),
                };
                format!("{} of {all} promises are kept{note}", self.kept)
            }
        });
        if let Some(names @ [_, ..]) = self.uncovered_destinations.as_deref() {
            let shown = names::first(MAX_NAMES, names, names.len());
            page.paragraph(format!("no promise covers these destinations, which have no kind: {shown}"));
        }
        if self.uncovered_results.is_some() {
            page.paragraph("A promise covers every answer of the ledger; it does not cover events that are decided with --unchecked.");
        }
    }
}
