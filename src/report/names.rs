//! Names and words as people know them.

use crate::event::Entry;
use crate::model::{CategoryId, CheckAction, CheckResult, DestinationId, Policy};
use std::fmt::Display;

/// Returns the name of a destination.
pub(super) fn destination(policy: &Policy, id: DestinationId) -> &str {
    policy.destination(id).map_or("", |destination| destination.name())
}

/// Returns the names of categories.
pub(super) fn categories<'a>(policy: &'a Policy, ids: &[CategoryId]) -> Vec<&'a str> {
    ids.iter().filter_map(|id| policy.category(*id)).map(|category| category.name()).collect()
}

/// Returns the names of the categories that have these wire ids; the wire id where no category has it.
pub(super) fn by_wire_ids(policy: &Policy, wire_ids: &[String]) -> Vec<String> {
    let named = |wire_id: &String| {
        let category = policy.categories().iter().find(|category| category.wire_id() == wire_id);
        category.map_or(wire_id.as_str(), |category| category.name()).to_owned()
    };
    wire_ids.iter().map(named).collect()
}

/// Returns a reason with the categories of a refusal: `refused: Advertising`.
pub(super) fn reason(reason: impl Display, refused: &[impl Display]) -> String {
    match refused {
        [] => reason.to_string(),
        names => format!("{reason}: {}", joined(names)),
    }
}

/// Returns the word for an entry.
pub(super) fn entry(entry: Option<Entry>) -> &'static str {
    entry.map_or("unlisted", Entry::as_str)
}

/// Joins words: `a, b`.
pub(super) fn joined(words: &[impl Display]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Joins words: `a, b or c`.
pub(super) fn any_of(words: &[impl Display]) -> String {
    match words.split_last() {
        Some((last, rest @ [_, ..])) => format!("{} or {last}", joined(rest)),
        _ => joined(words),
    }
}

/// Returns a word of the language as prose: `use recorded` for `use_recorded`.
pub(super) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// Returns ` (a, b)`, or nothing for no words.
pub(super) fn in_brackets(words: &[impl Display]) -> String {
    if words.is_empty() { String::new() } else { format!(" ({})", joined(words)) }
}

/// Returns the first `most` of `all` words: `a, b, and 3 more`.
pub(super) fn first(most: usize, words: &[impl Display], all: usize) -> String {
    let shown = joined(words.get(..most).unwrap_or(words));
    if all > most { format!("{shown}, and {} more", all - most) } else { shown }
}

/// Returns a number with its noun: `1 case`, `2 cases`.
pub(super) fn counted(count: impl Display, one: &str, more: &str) -> String {
    let count = count.to_string();
    format!("{count} {}", if count == "1" { one } else { more })
}

/// Returns what became of an event after its check against the ledger, with `_` for a space; `None` where nothing but the stamp can count.
pub(super) fn action(result: CheckResult, action: CheckAction) -> Option<String> {
    match result {
        CheckResult::Recording | CheckResult::Unchecked | CheckResult::Agrees => None,
        _ => Some(result.action_as_str(action).replace(' ', "_")),
    }
}
