//! Preferences as one text: of names, `",C0001,C0002,"`, or of pairs of a name and a value, `"C0001:1,C0002:0"`.

use super::words::Words;
use crate::event::content::Name;
use crate::event::json::Json;
use crate::model::Preference;
use memchr::memmem;

/// Returns the names of a text, each with what being listed means; `None` for a value of another type. What is empty is no name.
pub(super) fn read<'a>(
    value: Json<'a>,
    separator: &str,
    listed: Preference,
) -> Option<Vec<(Name<'a>, Preference)>> {
    let text: Name<'a> = value.read()?;
    Some(parts(&text, separator).map(|name| (name, listed)).collect())
}

/// Returns the pairs of a text; `None` for a value of another type. A pair without a value, or with another one, is invalid.
pub(super) fn read_pairs<'a>(
    value: Json<'a>,
    between: &str,
    within: &str,
    words: Words<'_>,
) -> Option<Vec<(Name<'a>, Preference)>> {
    let text: Name<'a> = value.read()?;
    let pairs = parts(&text, between).map(|pair| match memmem::rfind(pair.as_bytes(), within.as_bytes()) {
        None => (pair, Preference::Invalid),
        Some(at) => {
            let value = pair.as_bytes().get(at + within.len()..).unwrap_or_default();
            let preference = words.preference(value);
            (pair.part(0..at), preference)
        }
    });
    Some(pairs.collect())
}

/// Returns what stands between the separators of a text, without what is empty.
fn parts<'a>(text: &Name<'a>, separator: &str) -> impl Iterator<Item = Name<'a>> {
    let bytes = text.as_bytes();
    let ends = memmem::find_iter(bytes, separator.as_bytes()).chain([bytes.len()]);
    let mut start = 0;
    let ranges: Vec<_> = ends
        .map(|end| {
            let range = start.min(end)..end;
            start = end + separator.len();
            range
        })
        .filter(|range| !range.is_empty())
        .collect();
    ranges.into_iter().map(|range| text.part(range))
}

/// Returns the text, which is no JSON yet, of the names that have this preference, in their order.
pub(super) fn write(preferences: &[(Name<'_>, Preference)], separator: &str, listed: Preference) -> Vec<u8> {
    let own = preferences.iter().filter(|(_, preference)| *preference == listed);
    joined(own.map(|(name, _)| name.as_bytes().to_vec()), separator)
}

/// Returns the text, which is no JSON yet, of the pairs, in their order. An invalid preference has a value that no pair has.
pub(super) fn write_pairs(
    preferences: &[(Name<'_>, Preference)],
    between: &str,
    within: &str,
    words: Words<'_>,
) -> Vec<u8> {
    let is_invalid = |value: &&str| {
        let has_separator = value.contains(between) || value.contains(within);
        !has_separator && words.preference(value.as_bytes()) == Preference::Invalid
    };
    let invalid = ["", "?", "x", "-"].into_iter().find(is_invalid).unwrap_or_default();
    let pairs = preferences.iter().map(|(name, preference)| {
        let value = words.word(*preference).unwrap_or(invalid);
        [name.as_bytes(), within.as_bytes(), value.as_bytes()].concat()
    });
    joined(pairs, between)
}

fn joined(parts: impl Iterator<Item = Vec<u8>>, separator: &str) -> Vec<u8> {
    parts.collect::<Vec<Vec<u8>>>().join(separator.as_bytes())
}
