//! `consentry prove`.

use super::{Failure, Format, PolicyArguments, Status, called, event_text};
use consentry::diagnostic::visible;
use consentry::exact::{Counterexample, Proof, prove};
use consentry::{Policy, Promise};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Decide what a policy promises, over every event that there can be.
///
/// A promise is proved, or an event shows that it is not kept; pipe it into `consentry explain`. Exit status: 0 all are kept,
/// 1 one is not, or cannot be decided, or nothing is promised, 2 a policy that does not compile.
#[derive(clap::Args)]
pub(super) struct Prove {
    #[command(flatten)]
    policy: PolicyArguments,
    /// How the answers are written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// A promise, and what is known of it.
type Answer<'p> = (&'p Promise, Result<Proof<'p>, consentry::TooLarge>);

impl Prove {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let policy = self.policy.load()?;
        let answers: Vec<Answer<'_>> =
            policy.promises().iter().map(|promise| (promise, prove(&policy, promise))).collect();
        match self.format {
            Format::Human => human(to, &policy, &answers)?,
            Format::Json => document(to, &policy, &answers)?,
        }
        Ok(if kept(&answers) == answers.len() && !answers.is_empty() {
            Status::Fine
        } else {
            Status::Findings
        })
    }
}

fn kept(answers: &[Answer<'_>]) -> usize {
    answers.iter().filter(|(_, answer)| answer.as_ref().is_ok_and(Proof::is_proved)).count()
}

/// What is known of a promise, in a few words.
pub(super) fn known(answer: &Result<Proof<'_>, consentry::TooLarge>) -> String {
    match answer {
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

fn name(policy: &Policy, one: &Counterexample) -> String {
    policy.destination(one.destination).map_or("", |destination| destination.name()).to_owned()
}

/// How people call the categories that a refusal names.
fn refused(policy: &Policy, one: &Counterexample) -> Vec<String> {
    one.refused.iter().map(|wire_id| called(wire_id, policy).to_owned()).collect()
}

fn human(to: &mut impl Write, policy: &Policy, answers: &[Answer<'_>]) -> io::Result<()> {
    for (promise, answer) in answers {
        let said = visible(&policy.line_at(promise.span));
        let place = visible(&policy.files().place(promise.span));
        let word = match answer {
            Ok(proof) if proof.is_proved() => "ok",
            Ok(_) => "BROKEN",
            Err(_) => "UNKNOWN",
        };
        writeln!(to, "{word:<7} {said}\n        {place}: {}", known(answer))?;
        for one in answer.iter().flat_map(|proof| &proof.counterexamples) {
            let mut why = one.reason.to_string();
            let refused = refused(policy, one);
            if !refused.is_empty() {
                why.push_str(&format!(": {}", refused.join(", ")));
            }
            let outcome = one.reason.outcome().word();
            writeln!(to, "        {}: {outcome}, {}", visible(&name(policy, one)), visible(&why))?;
            writeln!(to, "{}", event_text(&one.event))?;
        }
    }
    match answers.len() {
        0 => writeln!(to, "nothing is promised: see `never deliver` and `always deliver` in the language"),
        all => writeln!(to, "{} of {all} promises are kept", kept(answers)),
    }
}

fn document(to: &mut impl Write, policy: &Policy, answers: &[Answer<'_>]) -> io::Result<()> {
    let promises = answers.iter().map(|(promise, answer)| {
        let position = policy.files().position(promise.span);
        let counterexample = |one: &Counterexample| {
            json!({
                "destination": name(policy, one),
                "event": one.event,
                "outcome": one.reason.outcome().word(),
                "reason": one.reason.word(),
                "refused": refused(policy, one),
            })
        };
        let proof = answer.as_ref().ok();
        let counterexamples: Vec<Value> =
            proof.iter().flat_map(|proof| &proof.counterexamples).map(counterexample).collect();
        json!({
            "promise": policy.line_at(promise.span),
            "because": promise.because,
            "place": {
                "file": policy.files().name(promise.span.file),
                "line": position.line,
                "column": position.column,
            },
            // `null` where nobody knows.
            "kept": proof.map(Proof::is_proved),
            // As text: there may be more than a number in JSON can be relied on to hold.
            "situations": proof.and_then(|proof| proof.situations).map(|count| count.to_string()),
            "counterexamples": counterexamples,
        })
    });
    let document = json!({
        "v": 1,
        "policy": policy.name(),
        "edition": policy.edition(),
        "kept": kept(answers),
        "promises": promises.collect::<Vec<_>>(),
    });
    serde_json::to_writer(&mut *to, &document)?;
    writeln!(to)
}
