//! Names and words as people know them.

use crate::counts::Counts;
use crate::event::EventErrorKind;
use crate::model::{CheckAction, CheckResult, Policy};
use std::collections::BTreeSet;
use std::fmt::Display;

/// Returns the names of the categories that have these keys, in declaration order; behind them the keys that no category has.
pub(super) fn by_keys(policy: &Policy, keys: &[String]) -> Vec<String> {
    if keys.is_empty() {
        return Vec::new();
    }
    let mut left: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    let own = policy.categories().iter().filter(|category| left.remove(category.key()));
    let mut names: Vec<String> = own.map(|category| category.name().to_owned()).collect();
    names.extend(left.into_iter().map(str::to_owned));
    names
}

/// Returns a reason with the categories of a refusal: `refused: Advertising`.
pub(super) fn reason(reason: impl Display, refused: &[impl Display]) -> String {
    match refused {
        [] => reason.to_string(),
        names => format!("{reason}: {}", joined(names)),
    }
}

/// Joins words: `a, b`.
pub(super) fn joined(words: &[impl Display]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
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

/// Returns how many lines are not events, and why, and how many are blank: `2 not events (2 not_json), 1 blank line`.
pub(super) fn not_events(errors: &Counts<EventErrorKind>, blank: u64) -> String {
    format!("{} not events{}{}", errors.total(), in_brackets(&errors.occurring()), blank_lines(blank))
}

/// Returns the number of blank lines behind a comma, or nothing if there are none.
pub(super) fn blank_lines(count: u64) -> String {
    if count == 0 { String::new() } else { format!(", {}", counted(count, "blank line", "blank lines")) }
}

/// Returns what became of an event after its check against the ledger, with `_` for a space; `None` where nothing but the stamp can count.
pub(super) fn action(result: CheckResult, action: CheckAction) -> Option<String> {
    match result {
        CheckResult::Recording | CheckResult::Unchecked | CheckResult::Agrees => None,
        _ => Some(result.action_as_str(action).replace(' ', "_")),
    }
}
