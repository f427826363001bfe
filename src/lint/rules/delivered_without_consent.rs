//! Rows that deliver to destinations which need consent although the event grants nothing.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::{FileId, Span};
use crate::model::{ConsentState, DestinationId};
use crate::reason::Reason;
use std::collections::{BTreeMap, BTreeSet};

/// What is delivered by a row, or by the rows of a prelude: there the author can change no single one.
#[derive(Default)]
struct Delivered {
    states: BTreeSet<ConsentState>,
    /// Each row with a destination that it delivers to.
    rows: BTreeMap<Span, DestinationId>,
}

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let mut delivered: BTreeMap<(FileId, Option<Span>), Delivered> = BTreeMap::new();
    for class in &subject.outcomes.classes {
        let given = &class.policy;
        let is_mapped = given.destination(class.example).is_some_and(|one| one.requirement().is_some());
        for case in class.cases.iter().filter(|case| is_mapped && case.reason == Reason::NotEnforced) {
            let (consent, row) = (case.situation.consent, case.row(given));
            // Where the author says why, it is no accident.
            if consent != ConsentState::Answered && row.because.is_none() {
                let file = row.span.file;
                let own = (!policy.files().is_prelude(file)).then_some(row.span);
                let delivered = delivered.entry((file, own)).or_default();
                delivered.states.insert(consent);
                delivered.rows.entry(row.span).or_insert(class.example);
            }
        }
    }
    for ((file, _), delivered) in delivered {
        let states: Vec<&str> = delivered.states.into_iter().map(ConsentState::as_str).collect();
        // The ledger check may put other consent in the place of what the event carries.
        let consent = if policy.ledger_check().is_some() { "the consent used" } else { "consent" };
        let message = format!("where {consent} is {}, nobody's consent is asked for", states.join(" or "));
        let help = match policy.files().is_prelude(file) {
            true => {
                "include \"segment-strict\" instead, or say why it is meant: `// allow delivered-without-consent because \"...\"`"
            }
            false => "write `consent`, or say at the end of the row why it is meant: `because \"...\"`",
        };
        let mut finding = Diagnostic::new(Code::DeliveredWithoutConsent, message).help(help);
        for (row, example) in delivered.rows {
            let name = policy.destination(example).map(|one| one.name()).unwrap_or_default();
            finding = finding.at(row, format!("delivers to `{name}`, which needs consent"));
        }
        found.push(finding);
    }
}
