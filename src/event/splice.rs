//! Edits of a JSON object's text. Everything that is not edited stays byte for byte.

use super::json::{Json, Members, nest, object};
use std::ops::Range;

/// Returns a text with another one in some place of it.
pub(super) fn replaced(text: &str, place: Range<usize>, by: &str) -> String {
    let (before, behind) = (text.get(..place.start), text.get(place.end..));
    [before.unwrap_or_default(), by, behind.unwrap_or_default()].concat()
}

/// Returns an object with other members, as JSON, in front of its own.
pub(crate) fn with_first(text: &str, members: &str) -> String {
    let open = text.find('{').map_or(0, |at| at + 1);
    let (before, behind) = text.split_at_checked(open).unwrap_or_default();
    let comma = if behind.trim_ascii_start().starts_with('}') { "" } else { "," };
    format!("{before}{members}{comma}{behind}")
}

/// Returns an object with a value, as JSON, at a path: in the place of the value that is there, or in front of the other members. The
/// values on the path must be objects.
pub(super) fn set(text: &str, path: &[&str], value: String) -> String {
    let Some((first, rest)) = path.split_first() else { return value };
    let members = Json::new(text).members().unwrap_or_default();
    match members.iter().find(|(name, _)| *name == **first) {
        Some((_, old)) => {
            let new = set(old.text(), rest, value);
            replaced(text, old.place_in(text.as_bytes()), &new)
        }
        None => match nest(path, value) {
            Some((key, value)) => with_first(text, &format!("{key}:{value}")),
            None => object(&[]),
        },
    }
}

/// Returns the text of an object with a value at a path. Where something that is no object stands on the way, a second member of its name holds
/// the value: nothing else of the object changes.
pub(super) fn add(text: &str, path: &[&str], value: String) -> String {
    let Some((first, rest)) = path.split_first() else { return value };
    let members = Json::new(text).members().unwrap_or_default();
    let can_hold = |json: Json<'_>| rest.is_empty() || json.members().is_some();
    match members.iter().find(|(name, old)| *name == **first && can_hold(*old)) {
        Some((_, old)) => replaced(text, old.place_in(text.as_bytes()), &add(old.text(), rest, value)),
        None => match nest(path, value) {
            Some((key, value)) => with_first(text, &format!("{key}:{value}")),
            None => object(&[]),
        },
    }
}

/// Returns an object's text without the members that `is_left_out` returns true for, cut in two at the place of a value that stays.
pub(super) fn without<'a>(
    text: &str,
    members: &Members<'a>,
    cut: Json<'a>,
    is_left_out: impl Fn(&str) -> bool,
) -> (String, String) {
    let open = text.find('{').map_or(0, |at| at + 1);
    let (mut before, mut behind) = (text.get(..open).unwrap_or_default().to_owned(), String::new());
    let (mut end, mut has_member, mut is_cut) = (open, false, false);
    for (name, value) in members {
        let place = value.place_in(text.as_bytes());
        let gap = text.get(end..place.start).unwrap_or_default();
        end = place.end;
        if is_left_out(&name.to_text()) {
            continue;
        }
        // The first member that stays has no comma in front of it.
        let gap = gap.trim_ascii_start().strip_prefix(',').filter(|_| !has_member).unwrap_or(gap);
        has_member = true;
        let to = if is_cut { &mut behind } else { &mut before };
        to.push_str(gap);
        match place == cut.place_in(text.as_bytes()) {
            true => is_cut = true,
            false => to.push_str(value.text()),
        }
    }
    behind.push_str(text.get(end..).unwrap_or_default());
    (before, behind)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    #[test]
    fn a_value_is_set_in_its_place_or_in_front() {
        for (text, expected) in [
            ("{}", r#"{"a":{"b":1}}"#),
            (" { } ", r#" {"a":{"b":1} } "#),
            (r#"{"c":2}"#, r#"{"a":{"b":1},"c":2}"#),
            (r#"{"c":2, "a" : {} }"#, r#"{"c":2, "a" : {"b":1} }"#),
            (r#"{"\u0061":{"c":"}","b":[2,{}]}}"#, r#"{"\u0061":{"c":"}","b":1}}"#),
        ] {
            assert_eq!(set(text, &["a", "b"], "1".to_owned()), expected);
        }
    }

    #[test]
    fn members_are_left_out_with_their_commas() {
        for (text, expected) in [
            (r#"{"x":1,"b":[],"c":2}"#, (r#"{"b":"#, r#","c":2}"#)),
            (r#"{ "x" : 1 , "b" : [] , "x" : 2 }"#, (r#"{ "b" : "#, r#" }"#)),
            (r#"{"a":0,"x":1,"b":[],"x":2,"c":3,"x":4}"#, (r#"{"a":0,"b":"#, r#","c":3}"#)),
            (r#"{ "a":0, "b":[]}"#, (r#"{ "a":0, "b":"#, "}")),
            (r#"{"b":[]}"#, (r#"{"b":"#, "}")),
        ] {
            let members = Json::new(text).members().unwrap();
            let cut = members.iter().find(|(name, _)| *name == *"b").unwrap().1;
            let (before, behind) = without(text, &members, cut, |name| name == "x");
            assert_eq!((before.as_str(), behind.as_str()), expected, "{text}");
        }
    }
}
