//! A row that delivers to destinations which need consent although the event grants nothing.

use crate::diagnostic::{Code, Diagnostic};
use crate::lint::Subject;
use crate::model::{ConsentState, DestinationId};
use crate::reason::Reason;
use std::collections::BTreeMap;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    // By place of the row: what is delivered there, and in which states.
    let mut rows: BTreeMap<_, (DestinationId, Vec<ConsentState>)> = BTreeMap::new();
    for sort in subject.answers.sorts() {
        let is_mapped = policy.destination(sort.example).is_some_and(|one| one.requirement().is_some());
        for case in
            sort.cases.iter().filter(|case| is_mapped && case.situation.consent != ConsentState::Given)
        {
            let (consent, integrations) = (case.situation.consent, case.situation.integrations);
            let row = policy.reconcile().row(consent, integrations);
            // Where an entry must say so, or an author says why, it is no accident.
            if case.reason == Reason::NotEnforced && row.because.is_none() {
                let (_, states) = rows.entry(row.span).or_insert((sort.example, Vec::new()));
                if !states.contains(&consent) {
                    states.push(consent);
                }
            }
        }
    }
    for (span, (example, mut states)) in rows {
        states.sort_unstable();
        let states: Vec<&str> = states.into_iter().map(ConsentState::phrase).collect();
        let example = policy.destination(example).map(|one| one.name()).unwrap_or_default();
        let message = format!("where consent is {}, nobody's consent is asked for", states.join(" or "));
        found.push(
            Diagnostic::new(Code::FailsOpen, message)
                .at(span, format!("delivers to `{example}`, which needs consent"))
                .help("write `consent`, or include \"segment-strict\"; if it is meant, say why at the end of the row: `because \"...\"`"),
        );
    }
}
