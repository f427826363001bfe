//! Decisions for people.

use super::Summary;
use crate::decide::Decision;
use crate::diagnostic::visible;
use crate::event::EventError;
#[cfg(feature = "ledger")]
use crate::ledger::{Checked, Found};
use crate::model::{Mode, Policy};
use crate::reason::{Outcome, Reason};
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

/// How wide the column of names is. A name that is wider shifts its own line.
fn names_width(policy: &Policy) -> usize {
    const WIDEST: usize = 40;
    let widths = policy.destinations().iter().map(|destination| visible(destination.name()).chars().count());
    widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
}
