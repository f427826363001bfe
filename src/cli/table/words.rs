//! What a sheet says, in the words of the semantics.

use super::Sheet;
use consentry::analysis::{self, Block, Row};
use consentry::{
    ConsentState, Destination, Entry, IntegrationsState, InvalidEntries, Mode, Policy, Promise, Reason,
    Requirement,
};
use std::collections::BTreeSet;

/// The cells of a row, in the order of the titles. An empty one does not matter.
pub(super) fn cells(block: &Block, row: &Row) -> [String; 8] {
    let entries = |values: &Option<Vec<Option<Entry>>>, none: &[&str]| {
        let words = |entry: &Option<Entry>| entry.as_ref().map_or(none.to_vec(), |entry| vec![entry.word()]);
        let words = values.iter().flatten().flat_map(words).map(str::to_owned);
        any_of(words.collect())
    };
    let consent = block.consent.iter().map(|state| state.word().to_owned());
    let integrations = block.integrations.iter().map(|state| state.word().to_owned());
    let choice = |value: Option<bool>, yes: &str, no: &str| match value {
        Some(true) => yes.to_owned(),
        Some(false) => no.to_owned(),
        None => String::new(),
    };
    let reason = match &row.drop_reason {
        Some(why) => format!("{}: {why:?}", row.reason),
        None => row.reason.to_string(),
    };
    [
        any_of(consent.collect()),
        any_of(integrations.collect()),
        choice(row.exempt_event, "exempt", "not exempt"),
        choice(row.need, "granted", "not granted"),
        entries(&row.entry, &["unlisted"]),
        entries(&row.all, &["unlisted", "on"]),
        row.reason.outcome().word().to_owned(),
        reason,
    ]
}

/// What is said of a destination above its table, in the order of the titles.
pub(super) fn destination(policy: &Policy, destination: &Destination) -> [String; 5] {
    let further: Vec<&str> = destination.aliases().iter().map(|name| name.value.as_str()).collect();
    let mode = match destination.mode() {
        Some(Mode::Device) => "device: enforcement is advisory",
        Some(Mode::Cloud) => "cloud",
        None => "",
    };
    let kind = policy.kind_of(destination).map(|kind| match kind.ignores_all() {
        Some(_) => format!("{}: ignores All", kind.name()),
        None => kind.name().to_owned(),
    });
    [
        destination.name().to_owned(),
        further.join(", "),
        mapping(policy, destination),
        kind.unwrap_or_default(),
        mode.to_owned(),
    ]
}

/// What a destination needs, and what is said of it beside that.
fn mapping(policy: &Policy, destination: &Destination) -> String {
    let mut parts = Vec::new();
    if destination.disabled().is_some() {
        parts.push("disabled".to_owned());
    }
    match (destination.exempt(), destination.exempt_because()) {
        (Some(_), Some(why)) => parts.push(format!("exempt because {:?}", why.value)),
        (Some(_), None) => parts.push("exempt".to_owned()),
        (None, _) => {}
    }
    match destination.requirement() {
        Some(requirement) => parts.push(needed(policy, requirement, false)),
        None if destination.exempt().is_none() => parts.push("unmapped".to_owned()),
        None => {}
    }
    parts.join("; ")
}

/// A requirement: `Advertising and (Analytics or Personalization)`.
fn needed(policy: &Policy, requirement: &Requirement, inner: bool) -> String {
    let (elements, word) = match requirement {
        Requirement::Category(id) => {
            let Some(category) = policy.category(*id) else { return String::new() };
            let note = match (category.unenforced(), category.always()) {
                (Some(_), _) => " (unenforced: not asked for)",
                (None, Some(_)) => " (always granted)",
                (None, None) => "",
            };
            return format!("{}{note}", category.name());
        }
        Requirement::AllOf(elements) => (elements, " and "),
        Requirement::AnyOf(elements) => (elements, " or "),
    };
    let words: Vec<String> = elements.iter().map(|element| needed(policy, element, true)).collect();
    let words = words.join(word);
    if inner && elements.len() > 1 { format!("({words})") } else { words }
}

/// The titles of what is said of a category.
pub(super) const CATEGORY_TITLES: [&str; 4] = ["category", "wire id", "description", ""];

/// Each category: its name, its wire id, its description, and what is special about it.
pub(super) fn categories(policy: &Policy) -> impl Iterator<Item = [String; 4]> {
    policy.categories().iter().map(|category| {
        let note = match (category.unenforced(), category.always()) {
            (Some(_), _) => "unenforced: not asked for",
            (None, Some(_)) => "always granted",
            (None, None) => "",
        };
        let label = category.label().map(|label| label.value.clone()).unwrap_or_default();
        [category.name().to_owned(), category.wire_id().to_owned(), label, note.to_owned()]
    })
}

/// The titles of what is said of a promise.
pub(super) const PROMISE_TITLES: [&str; 3] = ["promise", "because", "is it kept"];

/// Each promise, why it is given, and what is known of it.
pub(super) fn promises(policy: &Policy) -> Vec<[String; 3]> {
    let promise = |one: &Promise| {
        let because = one.because.clone().unwrap_or_default();
        [policy.line_at(one.span), because, known(&analysis::prove(policy, one))]
    };
    policy.promises().iter().map(promise).collect()
}

/// What the words of the tables mean under this policy: a word and its meaning each.
pub(super) fn meanings(sheet: &Sheet<'_>) -> Vec<(String, String)> {
    let policy = sheet.policy;
    let paths: Vec<String> = policy.reading().paths().map(|keys| keys.join(".")).collect();
    let invalid = match policy.invalid_entries().value {
        InvalidEntries::Off => "off",
        InvalidEntries::Unlisted => "unlisted",
    };
    let all_invalid = if invalid == "off" { "off" } else { "on" };
    let exempt: Vec<String> =
        policy.exempt_events().value.iter().map(|name| format!("{:?}", name.value)).collect();
    let exempt = match exempt.is_empty() {
        true => "no event is exempt".to_owned(),
        false => format!("a track event named {}, which passes the consent step", any_of(exempt)),
    };
    let mut meanings: Vec<(String, String)> = vec![
        ("a blank cell".into(), "it does not matter".into()),
        ("consent object".into(), format!("the preferences are at {}; it is missing, empty (no preferences object), unanswered (a preferences object without members), answered (with one at least), or malformed (of another type, or under another spelling)", any_of(paths))),
        ("integrations object".into(), "none (missing, or without an entry), present (with one at least), or malformed (of another type)".into()),
        ("exempt".into(), exempt),
        ("what it needs".into(), "is granted by categories whose preference is `true`; nothing else grants. In every other state than answered, only categories that are always granted count".into()),
        ("own entry".into(), format!("what the integrations object has under the destination's names: on (`true`, or an object), off (`false`), unlisted (nothing), or invalid (of another type), which counts as {invalid}. Among several off wins, then on")),
        ("All".into(), format!("the entry for destinations that are not listed; invalid it counts as {all_invalid}")),
    ];
    let shown: BTreeSet<Reason> = sheet
        .tables
        .iter()
        .flat_map(|table| &table.blocks)
        .flat_map(|block| &block.rows)
        .map(|row| row.reason)
        .collect();
    let reasons = Reason::ALL.into_iter().filter(|reason| shown.contains(reason));
    meanings.extend(reasons.map(|reason| (reason.word().to_owned(), meaning(reason).to_owned())));
    meanings
}

fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::NotEnforced => "no consent is asked for in these states, and nothing else stops the event",
        Reason::Consented => "what the destination needs is granted",
        Reason::Unmapped => "no category stands for the destination, and such destinations are delivered",
        Reason::Exempt => "the destination or the event is exempt from consent",
        Reason::Unenforced => "all categories of the destination are unenforced",
        Reason::IntegrationGranted => "the integrations object grants what consent does not",
        Reason::Disabled => "the destination is disabled",
        Reason::Dropped => "the whole event is dropped",
        Reason::Refused => {
            "what the destination needs is not granted: refused, or never asked for. The decision names the categories that are not granted, of the groups that are not satisfied"
        }
        Reason::UnmappedDenied => "no category stands for the destination, and such destinations are blocked",
        Reason::IntegrationOff => "the destination's own entry is off",
        Reason::IntegrationAllOff => "the destination is not listed, and `All` is off",
        Reason::IntegrationUnlisted => {
            "the destination is not listed, and only listed ones receive the event"
        }
        _ => "",
    }
}

/// In which states whole events are dropped, and why; a sentence each.
pub(super) fn drops(policy: &Policy) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    // Where the event itself holds the preferences, no event is without a place for them.
    let is_event = policy.reading().paths().next().is_some_and(|keys| keys.len() == 1);
    for consent in ConsentState::ALL.into_iter().filter(|state| !is_event || *state != ConsentState::Missing)
    {
        let of = |integrations| policy.reconcile().row(consent, integrations).drop_reason();
        let found: Vec<Option<&str>> = IntegrationsState::ALL.into_iter().map(of).collect();
        for reason in found.iter().flatten().collect::<BTreeSet<_>>() {
            let own =
                IntegrationsState::ALL.into_iter().zip(&found).filter(|(_, one)| **one == Some(*reason));
            let words: Vec<String> = own.map(|(state, _)| state.word().to_owned()).collect();
            let states = match words.len() == found.len() {
                true => format!("consent {}", consent.word()),
                false => format!("consent {} with integrations {}", consent.word(), any_of(words)),
            };
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, all)) => all.push(states),
                None => reasons.push((reason, vec![states])),
            }
        }
    }
    let sentence = |(reason, states): (&str, Vec<String>)| format!("{reason:?}: {}", states.join("; "));
    reasons.into_iter().map(sentence).collect()
}

/// `a, b or c`.
fn any_of(mut words: Vec<String>) -> String {
    match words.pop() {
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
        None => String::new(),
    }
}

fn known(answer: &Result<analysis::Proof<'_>, consentry::TooLarge>) -> String {
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
