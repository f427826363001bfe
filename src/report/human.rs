//! Decisions and explanations for people.

use super::Summary;
use super::json::entry_word;
use crate::decide::Decision;
use crate::diagnostic::visible;
use crate::event::EventError;
use crate::exact::{Certificate, Counterfactuals, Coverage, MAX_COUNTERFACTUALS};
use crate::fingerprint::TooLarge;
#[cfg(feature = "ledger")]
use crate::ledger::{Checked, Found};
use crate::model::{Mode, Policy};
use crate::reason::{Outcome, Reason};
use crate::reference::{Explanation, Step, StepKind, StepResult};
use crate::verdict::Verdict;
use std::io::{self, Write};

/// How many unknown names a line lists.
const MAX_UNKNOWN: usize = 10;

/// A short table for the event on line `line`.
///
/// # Errors
///
/// When the writer fails.
pub fn decision(to: &mut impl Write, line: u64, decision: &Decision<'_>) -> io::Result<()> {
    decision_table(to, line, decision, None)
}

/// The same for an event that was checked against a ledger.
///
/// # Errors
///
/// When the writer fails.
#[cfg(feature = "ledger")]
pub fn checked_decision(
    to: &mut impl Write,
    line: u64,
    decision: &Decision<'_>,
    checked: &Checked<'_>,
) -> io::Result<()> {
    let mut check = checked.found.word().replace('_', " ");
    if let Found::Mismatch(categories) = &checked.found {
        let names =
            categories.iter().filter_map(|id| decision.policy().category(*id)).map(|one| visible(one.name()));
        check = format!("{check}: {}", names.collect::<Vec<_>>().join(", "));
    }
    if let Some(then) = checked.then {
        check = format!("{check}; {}", checked.found.then_word(then).replace('_', " "));
    }
    decision_table(to, line, decision, Some(check))
}

fn decision_table(
    to: &mut impl Write,
    line: u64,
    decision: &Decision<'_>,
    check: Option<String>,
) -> io::Result<()> {
    let policy = decision.policy();
    let id = decision.event().id.as_ref().map_or("no id".into(), |id| visible(&id.to_text()));
    let (consent, integrations) = (decision.consent().word(), decision.integrations().word());
    writeln!(to, "line {line}  {id}  consent {consent}, integrations {integrations}")?;
    if let Some(check) = check {
        writeln!(to, "  ledger   {check}")?;
    }
    if let Some(reason) = decision.drop_reason() {
        writeln!(to, "  drop     {}", visible(reason))?;
    }
    let width = names_width(policy);
    for outcome in [Outcome::Deliver, Outcome::Block] {
        for (id, verdict) in decision.verdicts().filter(|(_, verdict)| verdict.outcome() == outcome) {
            let Some(destination) = policy.destination(id) else { continue };
            let name = visible(destination.name());
            let why = why(policy, &verdict, destination.mode());
            writeln!(to, "  {:<7}  {name:<width$}  {why}", outcome.word())?;
        }
    }
    for (what, names) in
        [("categories", decision.unknown_categories()), ("integrations", decision.unknown_integrations())]
    {
        if !names.is_empty() {
            let mut shown: Vec<String> =
                names.iter().take(MAX_UNKNOWN).map(|name| visible(&name.to_text())).collect();
            if names.len() > MAX_UNKNOWN {
                shown.push(format!("and {} more", names.len() - MAX_UNKNOWN));
            }
            writeln!(to, "  unknown {what}: {}", shown.join(", "))?;
        }
    }
    writeln!(to)
}

/// The reason, the categories of a refusal, and what a block of device-mode code is worth.
fn why(policy: &Policy, verdict: &Verdict, mode: Option<Mode>) -> String {
    let mut why = verdict.reason().word().to_owned();
    if verdict.reason() == Reason::Refused {
        let names: Vec<String> = verdict
            .refused()
            .iter()
            .filter_map(|id| policy.category(*id))
            .map(|category| visible(category.name()))
            .collect();
        why = format!("{why}: {}", names.join(", "));
    }
    if mode == Some(Mode::Device) && !verdict.delivers() {
        why.push_str(" (advisory: device mode)");
    }
    why
}

/// A line for a line that is not an event.
///
/// # Errors
///
/// When the writer fails.
pub fn event_error(to: &mut impl Write, line: u64, error: &EventError) -> io::Result<()> {
    writeln!(to, "line {line}  not an event ({}): {}\n", error.code(), visible(&error.to_string()))
}

/// The counts per destination and reason, and of the lines that are not events per code.
///
/// # Errors
///
/// When the writer fails.
pub fn summary(to: &mut impl Write, policy: &Policy, summary: &Summary) -> io::Result<()> {
    let errors: Vec<String> =
        summary.errors().map(|(kind, count)| format!("{count} {}", kind.code())).collect();
    let errors = if errors.is_empty() { String::new() } else { format!(" ({})", errors.join(", ")) };
    writeln!(
        to,
        "{} decided by \"{}\", {} dropped, {} not events{errors}",
        summary.decided(),
        visible(policy.name()),
        summary.dropped(),
        summary.not_events()
    )?;
    #[cfg(feature = "ledger")]
    if summary.checks().next().is_some() {
        let checks = summary.checks().map(|(found, then, count)| match then {
            Some(then) => format!("{count} {} ({})", found.replace('_', " "), then.replace('_', " ")),
            None => format!("{count} {}", found.replace('_', " ")),
        });
        writeln!(to, "against the ledger: {}", checks.collect::<Vec<_>>().join(", "))?;
    }
    let width = names_width(policy);
    for (name, reason, count) in summary.counts(policy) {
        let (name, outcome) = (visible(name), reason.outcome().word());
        writeln!(to, "  {name:<width$}  {outcome:<7}  {:<20}  {count:>9}", reason.word())?;
    }
    Ok(())
}

/// Every step of one destination's decision, with the line of the policy that decided it.
///
/// # Errors
///
/// When the writer fails.
pub fn explanation(
    to: &mut impl Write,
    policy: &Policy,
    destination: &str,
    explained: &Explanation,
) -> io::Result<()> {
    let mode = policy
        .destination_named(destination)
        .and_then(|id| policy.destination(id))
        .and_then(|one| one.mode());
    let verdict = &explained.verdict;
    let why = why(policy, verdict, mode);
    writeln!(to, "{}: {}, {why}", visible(destination), verdict.outcome().word())?;
    if let Some(code) = verdict.reason().discard_code() {
        writeln!(to, "discard code {code}")?;
    }
    writeln!(to, "consent {}, integrations {}\n", explained.consent.word(), explained.integrations.word())?;
    for (index, step) in explained.steps.iter().enumerate() {
        let found = found(policy, step);
        let result = match step.result {
            StepResult::Passes => "passes".to_owned(),
            StepResult::PassesAs(reason) => format!("passes as {reason}"),
            StepResult::Blocks(reason) => format!("blocks as {reason}"),
        };
        writeln!(to, "{}. {:<12}  {found}: {result}", index + 1, step.kind.word())?;
        match step.span {
            Some(span) => {
                let line = policy.line_at(span);
                writeln!(to, "   {}: {}", visible(&policy.files().place(span)), visible(&line))?;
            }
            None => writeln!(to, "   by the event itself")?,
        }
    }
    Ok(())
}

/// The smallest changes of the event that give it the other outcome, one set a line.
///
/// # Errors
///
/// When the writer fails.
pub fn flips(
    to: &mut impl Write,
    outcome: Outcome,
    flips: Result<&Counterfactuals, &TooLarge>,
) -> io::Result<()> {
    let other = match outcome {
        Outcome::Deliver => "blocked",
        Outcome::Block => "delivered",
    };
    match flips {
        Err(error) => writeln!(to, "\nwhat would have to change to be {other} is not said: {error}"),
        Ok(flips) if flips.list.is_empty() => writeln!(to, "\nno change of the event would make it {other}"),
        Ok(flips) => {
            writeln!(to, "\nto be {other}, one of")?;
            for flip in &flips.list {
                writeln!(to, "   {}", visible(&flip.to_string()))?;
            }
            match flips.more {
                true => writeln!(to, "   there may be more: at most {MAX_COUNTERFACTUALS} are listed"),
                false => Ok(()),
            }
        }
    }
}

/// What a step found.
fn found(policy: &Policy, step: &Step) -> String {
    match &step.kind {
        StepKind::Enabled if step.result == StepResult::Passes => "the destination is enabled".into(),
        StepKind::Enabled => "the destination is disabled".into(),
        StepKind::Reconcile(enforce) => format!("enforce {enforce}"),
        StepKind::Consent(preferences) if preferences.is_empty() => "the destination is unmapped".into(),
        StepKind::Consent(preferences) => {
            let said: Vec<String> = preferences
                .iter()
                .filter_map(|(id, preference)| {
                    let category = policy.category(*id)?;
                    let special = match (category.unenforced(), category.always()) {
                        (Some(_), _) => ", but unenforced",
                        (None, Some(_)) => ", but always granted",
                        (None, None) => "",
                    };
                    Some(format!("{} is {}{special}", visible(category.name()), preference.word()))
                })
                .collect();
            said.join("; ")
        }
        StepKind::Integrations { entry, all_off } => {
            let all = if *all_off { ", All is off" } else { "" };
            format!("own entry {}{all}", entry_word(*entry))
        }
        StepKind::Listed { entry } => format!("own entry {}", entry_word(*entry)),
    }
}

/// What was compared of table and reference, and what differed.
///
/// # Errors
///
/// When the writer fails.
pub fn certificate(to: &mut impl Write, policy: &Policy, certificate: &Certificate) -> io::Result<()> {
    let width = names_width(policy);
    for (id, coverage) in &certificate.coverage {
        let name = policy.destination(*id).map_or(String::new(), |destination| visible(destination.name()));
        let compared = match coverage {
            Coverage::Full(count) => format!("all {count} situations"),
            Coverage::Reduced(count) => format!("all {count} situations that can make a difference"),
            Coverage::Sampled { compared, of: Some(of) } => {
                format!("{compared} of {of} situations that can make a difference: a sample")
            }
            Coverage::Sampled { compared, of: None } => {
                format!("{compared} situations of too many to count: a sample")
            }
        };
        writeln!(to, "  {name:<width$}  {compared}")?;
    }
    for difference in &certificate.differences {
        let name = policy.destination(difference.destination).map_or("", |destination| destination.name());
        let say = |verdict: &Option<Verdict>| match verdict {
            Some(verdict) => format!("{}, {}", verdict.outcome().word(), why(policy, verdict, None)),
            None => "nothing".into(),
        };
        let (table, reference) = (say(&difference.table), say(&difference.reference));
        writeln!(to, "{}: the table says {table}; the reference says {reference}", visible(name))?;
        writeln!(to, "  {}", visible(&difference.event))?;
    }
    let found = match certificate.differences.len() {
        0 => "no difference".to_owned(),
        count => format!("{count} differences"),
    };
    writeln!(to, "\"{}\": {} comparisons, {found}", visible(policy.name()), certificate.comparisons())
}

/// How wide the column of names is. A name that is wider shifts its own line.
fn names_width(policy: &Policy) -> usize {
    const WIDEST: usize = 40;
    let widths = policy.destinations().iter().map(|destination| visible(destination.name()).chars().count());
    widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
}
