//! The laws of section 3 of the semantics that a policy may break: decided for every destination, over all that can happen.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::Span;
use crate::event::{Entry, Event, Integrations};
use crate::exact::{Situation, Space};
use crate::lint::outcomes::Case;
use crate::model::{ConsentState, DestinationId, IntegrationsState, Policy};
use crate::reason::Reason;
use std::collections::HashSet;

/// "Adding a `false` entry, `All` included, to the integrations object never turns a block into a deliver."
pub(super) fn off_entry_delivers(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let breaks = |_: &Policy, before: &Case, after: &Case| {
        !before.delivers() && after.delivers() && adds_false(&before.situation, &after.situation)
    };
    let message = "one more `false` in the integrations object delivers what was blocked";
    report(subject, Code::OffEntryDelivers, message, breaks, found);
}

/// "Preferences with only unknown keys decide like `{}`."
pub(super) fn undeclared_category_decides(subject: &Subject, found: &mut Vec<Diagnostic>) {
    // Rows may drop an event for reasons that differ.
    let decides_alike = |policy: &Policy, before: &Case, after: &Case| {
        let enforce = |case: &Case| &case.row(policy).enforce.value;
        before.reason == after.reason
            && (before.reason != Reason::Dropped || enforce(before) == enforce(after))
    };
    let breaks = |policy: &Policy, before: &Case, after: &Case| {
        before.situation.consent == ConsentState::Unanswered
            && after.lists_nothing
            && same_objects(&before.situation, &after.situation)
            && !decides_alike(policy, before, after)
    };
    let message = "a preference that no category claims changes the decision";
    report(subject, Code::UndeclaredCategoryDecides, message, breaks, found);
}

/// "Crossing from `missing` or `empty` to `answered` never blocks."
pub(super) fn preferences_block(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let breaks = |_: &Policy, before: &Case, after: &Case| {
        matches!(before.situation.consent, ConsentState::Missing | ConsentState::Empty)
            && after.situation.consent == ConsentState::Answered
            && same_objects(&before.situation, &after.situation)
            && before.delivers()
            && !after.delivers()
    };
    let message = "an event without preferences is delivered where the same event with some is not";
    report(subject, Code::PreferencesBlock, message, breaks, found);
}

/// Reports every two rows that break a law, each with the first two cases that show it. Rows of a prelude count as one: what the
/// author can change is its include.
fn report(
    subject: &Subject,
    code: Code,
    message: &str,
    breaks: impl Fn(&Policy, &Case, &Case) -> bool,
    found: &mut Vec<Diagnostic>,
) {
    let place = |policy: &Policy, case: &Case| {
        let row = case.row(policy).span;
        if policy.files().is_prelude(row.file) { Span::new(row.file, 0, 0) } else { row }
    };
    let mut reported = HashSet::new();
    for class in &subject.outcomes.classes {
        let policy = &**class.policy;
        for before in &class.cases {
            for after in class.cases.iter().filter(|after| breaks(policy, before, after)) {
                if reported.insert([place(policy, before), place(policy, after)]) {
                    found.push(breach(policy, code, message, class.example, [before, after]));
                }
            }
        }
    }
}

/// Returns true if an event of the second situation is one of the first with a `false` more in its integrations object.
fn adds_false(before: &Situation, after: &Situation) -> bool {
    let same_consent = before.consent == after.consent
        && before.preferences == after.preferences
        && before.exempt_event == after.exempt_event;
    let was_readable = before.integrations != IntegrationsState::Malformed;
    let adds = |before: Option<Entry>, after: Option<Entry>| before == after || after == Some(Entry::Off);
    same_consent
        && was_readable
        && after.integrations == IntegrationsState::Present
        && adds(before.entry, after.entry)
        && adds(before.all, after.all)
        // One more entry, not two.
        && (before.entry == after.entry || before.all == after.all)
}

fn same_objects(before: &Situation, after: &Situation) -> bool {
    before.integrations == after.integrations
        && before.entry == after.entry
        && before.all == after.all
        && before.exempt_event == after.exempt_event
}

/// The event of a case, in which an entry that stands for any other one is `false`: it decides as little, and it is what the first
/// law speaks of.
fn refused<'e>(mut event: Event<'e>, case: &Case) -> Event<'e> {
    if let (Integrations::Entries(entries), None, None) =
        (&mut event.integrations, case.situation.entry, case.situation.all)
    {
        entries.iter_mut().for_each(|(_, entry)| *entry = Entry::Off);
    }
    event
}

/// A law that is broken, with the two events that show it and the rows that decide them.
fn breach(
    policy: &Policy,
    code: Code,
    message: &str,
    example: DestinationId,
    [before, after]: [&Case; 2],
) -> Diagnostic {
    let name = policy.destination(example).map(|one| one.name()).unwrap_or_default();
    let space = Space::full(policy, example);
    let unchecked = if policy.ledger_check().is_some() { " without the ledger check" } else { "" };
    let shown = |case: &Case| {
        let event = space.as_ref().map(|space| refused(space.event(&case.situation), case));
        let event = event.map(|event| event.to_json(policy.reading())).unwrap_or_default();
        format!("`{name}`: {}{unchecked}, with {event}", case.reason.outcome())
    };
    let code_name = code.name();
    Diagnostic::new(code, message)
        .at(after.row(policy).span, shown(after))
        .at(before.row(policy).span, shown(before))
        .help(format!(
            "let both rows enforce the same, or say why it is meant: `lint {code_name} off because \"...\"`"
        ))
}
