//! Promises that are not kept, or that nothing could break. Each is decided over every event.

use super::{Code, Diagnostic, Subject};
use crate::exact::prove_all;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    for (promise, proof) in policy.promises().iter().zip(prove_all(policy)) {
        let proof = match proof {
            Ok(proof) => proof,
            Err(error) => {
                // What is not known to be kept is not kept.
                found.push(
                    Diagnostic::new(
                        Code::BrokenPromise,
                        format!("nobody knows whether the promise is kept: {error}"),
                    )
                    .at(promise.span, "cannot be decided")
                    .help("promise less, or map the destination to fewer categories"),
                );
                continue;
            }
        };
        if proof.situations == Some(0) && promise.is_general() && policy.covered_by(promise).is_empty() {
            // A shared promise waits for destinations that other policies have.
            if policy.files().first().is_some_and(|own| own.file == promise.span.file) {
                found.push(
                    Diagnostic::new(Code::PromiseNeverApplies, "the promise covers no destination")
                        .at(promise.span, "the policy has none of these")
                        .help("give a destination the kind that is meant, or move the promise to a file that several policies include"),
                );
            }
        } else if proof.situations == Some(0) {
            found.push(
                Diagnostic::new(Code::PromiseNeverApplies, "the promise speaks of no event")
                    .at(promise.span, "holds whatever the policy does")
                    .help("what stands behind `when` never holds all at once: see which of it was meant"),
            );
        }
        if proof.asks_no_ledger {
            found.push(
                Diagnostic::new(Code::BrokenPromise, "the promise is not kept: no event is checked")
                    .at(promise.span, "is about a ledger, and the policy asks for no check against one")
                    .help("ask for a check, with `override ledger mismatch drop` or the like, or leave the promise out"),
            );
        }
        let Some(first) = proof.counterexamples.first() else { continue };
        let name = policy.destination(first.destination).map_or("", |one| one.name());
        let others = match proof.counterexamples.len() - 1 {
            0 => String::new(),
            1 => ", and 1 more destination breaks it".to_owned(),
            count => format!(", and {count} more destinations break it"),
        };
        let (outcome, reason) = (first.reason.outcome(), first.reason);
        let recorded = first.recorded.as_ref();
        let recorded = recorded
            .map(|answer| format!(", where the ledger says {}", answer.to_json()))
            .unwrap_or_default();
        found.push(
            Diagnostic::new(Code::BrokenPromise, format!("the promise is not kept: `{name}`{others}"))
                .at(promise.span, format!("`{name}`: {outcome}, {reason}, with {}{recorded}", first.event))
                .help("fix the policy, or limit the promise to some events with `when`; `consentry prove` shows an event for each destination"),
        );
    }
}
