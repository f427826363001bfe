//! Names as people know them.

use crate::model::{DestinationId, Policy};

/// Returns the name of a destination.
pub(super) fn destination(policy: &Policy, id: DestinationId) -> &str {
    policy.destination(id).map_or("", |destination| destination.name())
}

/// Returns the names of the categories that have these wire ids; the wire id where no category has it.
pub(super) fn categories<'a>(policy: &'a Policy, wire_ids: &'a [String]) -> Vec<&'a str> {
    let named = |wire_id: &'a String| {
        let category = policy.categories().iter().find(|category| category.wire_id() == wire_id);
        category.map_or(wire_id.as_str(), |category| category.name())
    };
    wire_ids.iter().map(named).collect()
}

/// Joins words: `a, b or c`.
pub(super) fn any_of(words: &[impl AsRef<str>]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
