//! The parts of an event that a decision reads, still as text.

use super::consent;
use super::content::{Consent, Entry, Event, Integrations, Name};
use super::json::{Json, Type, skip_space};
use super::read::{self, has_invalid_all};
use crate::model::{Preference, Reading};
use memchr::{memchr, memchr2};
use std::borrow::Cow;
use std::ops::Range;

/// The parts of an event that a decision reads, as the bytes that they were written in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Parts<'t> {
    pub(crate) consent: ConsentPart<'t>,
    /// The integrations object.
    pub(crate) integrations: Option<&'t [u8]>,
    /// `type`, `event` and `messageId`: the event from where the value begins.
    pub(super) kind: Option<&'t [u8]>,
    pub(super) event: Option<&'t [u8]>,
    pub(super) id: Option<&'t [u8]>,
}

/// What an event says of its person's choices, as text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum ConsentPart<'t> {
    #[default]
    Missing,
    Empty,
    /// The value that lists the preferences.
    Preferences(&'t [u8]),
}

impl<'t> Parts<'t> {
    /// The event; `None` when a part is no JSON after all, which only a trusted caller can bring about.
    pub(crate) fn event(&self, reading: &Reading) -> Option<Event<'t>> {
        // The slow reader reads inputs.
        if !reading.inputs.is_empty() {
            return None;
        }
        let consent = match self.consent {
            ConsentPart::Missing => Consent::Missing,
            ConsentPart::Empty => Consent::Empty,
            ConsentPart::Preferences(text) => {
                Consent::Preferences(consent::preferences(object(text)?, reading)?)
            }
        };
        let entries = match self.integrations {
            None => Vec::new(),
            Some(text) => {
                let members = object(text)?.members().filter(|members| !has_invalid_all(members, reading))?;
                members.into_iter().map(|(name, value)| (name, value.json_type().into())).collect()
            }
        };
        let name = |value: Option<&'t [u8]>| value.and_then(string);
        Some(Event {
            id: name(self.id),
            consent,
            inputs: Vec::new(),
            integrations: Integrations::Entries(entries),
            is_identify: self.is_identify(),
            track: read::track(name(self.kind), name(self.event)),
        })
    }

    /// Whether the event is called by one of these names.
    #[inline]
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.event.is_some_and(|event| is(event, name))
    }

    /// Whether this is a track event; only looked for with the keys of a whole event.
    pub(crate) fn is_track(&self) -> bool {
        self.kind.is_some_and(|kind| is(kind, "track"))
    }

    /// Returns true for an alias event; only looked for with the keys of a whole event.
    #[cfg(feature = "ledger")]
    pub(crate) fn is_alias(&self) -> bool {
        self.kind.is_some_and(|kind| is(kind, "alias"))
    }

    /// Whether this is an identify event; only looked for with the keys of a whole event.
    pub(crate) fn is_identify(&self) -> bool {
        self.kind.is_some_and(|kind| is(kind, "identify"))
    }
}

/// Each preference of a value that lists them, in order; `None` when the value is not of the reading's shape, at the end or in the midst
/// of it.
pub(crate) fn each_preference(
    text: &[u8],
    reading: &Reading,
    add: &mut dyn FnMut(&[u8], Preference),
) -> Option<()> {
    if reading.is_plain() {
        return each_member(text, |name, value, _| add(name.as_bytes(), value.into()));
    }
    let listed = consent::preferences(object(text)?, reading)?;
    listed.iter().for_each(|(name, preference)| add(name.as_bytes(), *preference));
    Some(())
}

/// Each member of an integrations object, in order; `None` when it is malformed, at the end or in the midst of it.
pub(crate) fn each_entry(text: &[u8], reading: &Reading, add: &mut dyn FnMut(&[u8], Entry)) -> Option<()> {
    if !reading.all_is_boolean {
        return each_member(text, |name, value, _| add(name.as_bytes(), value.into()));
    }
    let mut is_readable = true;
    each_member(text, |name, value, _| {
        is_readable &= name.as_bytes() != b"All" || matches!(value, Type::True | Type::False);
        add(name.as_bytes(), value.into());
    })?;
    is_readable.then_some(())
}

/// An entry of an integrations object as it was written.
pub(crate) struct EntryText<'t> {
    pub(crate) name: Name<'t>,
    pub(crate) entry: Entry,
    pub(crate) is_boolean: bool,
    /// Where its value stands in the text of the object.
    pub(crate) place: Range<usize>,
}

/// The entries of an integrations object; `None` when the text is no object.
pub(crate) fn entry_texts(text: &[u8]) -> Option<Vec<EntryText<'_>>> {
    let mut entries = Vec::new();
    each_member(text, |name, value, place| {
        let is_boolean = matches!(value, Type::True | Type::False);
        entries.push(EntryText { name, entry: value.into(), is_boolean, place });
    })?;
    Some(entries)
}

/// The values of `integrations` in an event, each a part of the line.
pub(crate) fn integrations_texts(line: &[u8]) -> Vec<&[u8]> {
    let members = object(line).and_then(Json::members).unwrap_or_default();
    let values = members.into_iter().filter(|(name, _)| *name == *"integrations");
    values.map(|(_, value)| line.get(value.place_in(line)).unwrap_or_default()).collect()
}

/// Each member of an object that a scan has found: its name, the type of its value, and where that stands in the text.
fn each_member<'t>(text: &'t [u8], mut visit: impl FnMut(Name<'t>, Type, Range<usize>)) -> Option<()> {
    if memchr(b'\\', text).is_some() {
        return object(text)?.each_member(|name, value| visit(name, value.json_type(), value.place_in(text)));
    }
    // Without backslashes a string ends with the next quote.
    let mut rest = skip_space(text.strip_prefix(b"{")?);
    if let Some(rest) = rest.strip_prefix(b"}") {
        return rest.is_empty().then_some(());
    }
    loop {
        let name = rest.strip_prefix(b"\"")?;
        let (name, behind) = name.split_at_checked(memchr(b'"', name)?)?;
        let value = skip_space(skip_space(behind.get(1..)?).strip_prefix(b":")?);
        let (json_type, behind) = skip_value(value)?;
        let place = text.len() - value.len()..text.len() - behind.len();
        visit(Name::from_bytes(Cow::Borrowed(name)), json_type, place);
        rest = match skip_space(behind) {
            [b',', rest @ ..] => skip_space(rest),
            rest => return (rest == b"}").then_some(()),
        };
    }
}

/// The type of the value that a text without backslashes begins with, and what is behind it.
fn skip_value(text: &[u8]) -> Option<(Type, &[u8])> {
    match text {
        [b't', b'r', b'u', b'e', rest @ ..] => Some((Type::True, rest)),
        [b'f', b'a', b'l', b's', b'e', rest @ ..] => Some((Type::False, rest)),
        [b'"', string @ ..] => Some((Type::Other, string.get(memchr(b'"', string)? + 1..)?)),
        [open @ (b'{' | b'['), ..] => {
            let json_type = if *open == b'{' { Type::Object } else { Type::Other };
            let (mut depth, mut in_string) = (0usize, false);
            let end = text.iter().position(|byte| {
                match byte {
                    b'"' => in_string = !in_string,
                    b'{' | b'[' if !in_string => depth += 1,
                    b'}' | b']' if !in_string => depth -= 1,
                    _ => {}
                }
                depth == 0
            })?;
            Some((json_type, text.get(end + 1..)?))
        }
        _ => {
            let length = text.iter().take_while(|byte| !b",}] \t\r\n".contains(byte)).count();
            (length > 0).then_some((Type::Other, text.get(length..)?))
        }
    }
}

fn object(text: &[u8]) -> Option<Json<'_>> {
    std::str::from_utf8(text).ok().map(Json::new)
}

/// The string that a value is; `None` for a value of another type.
fn string(value: &[u8]) -> Option<Name<'_>> {
    let inner = value.strip_prefix(b"\"")?;
    let mut length = 0;
    loop {
        let rest = inner.get(length..)?;
        let stop = memchr2(b'"', b'\\', rest)?;
        if rest.get(stop) == Some(&b'"') {
            let text = value.get(..length + stop + 2)?;
            return Json::new(std::str::from_utf8(text).ok()?).read();
        }
        length += stop + 2;
    }
}

/// Whether a value is the string `text`.
fn is(value: &[u8], text: &str) -> bool {
    let Some(inner) = value.strip_prefix(b"\"") else { return false };
    // Up to the first quote or backslash a string is written as what it is.
    let same = |(one, other): &(&u8, &u8)| one == other && !matches!(one, b'"' | b'\\');
    let common = inner.iter().zip(text.as_bytes()).take_while(same).count();
    match inner.get(common) {
        Some(b'"') => common == text.len(),
        // Six bytes write one of the string's at the most, so that no more have to be looked at.
        Some(b'\\') => {
            let most = value.len().min(6 * text.len() + 2);
            value.get(..most).and_then(string).is_some_and(|name| name == *text)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A string is the same however it is written, and nothing else is.
    #[test]
    fn strings_are_compared_as_what_they_say() {
        for (text, all_escaped) in
            [("track", false), ("track", true), ("Ünïcode \u{1F36A}", true), ("a\"b\\c", true), ("", false)]
        {
            let escaped =
                |text: &str| -> String { text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect() };
            let written = if all_escaped { escaped(text) } else { text.to_owned() };
            for behind in ["", ",\"event\":1}", "\"", &"x".repeat(100)] {
                let value = format!("\"{written}\"{behind}");
                assert!(is(value.as_bytes(), text), "{value}");
                assert!(!is(value.as_bytes(), &format!("{text}x")), "{value}");
                assert!(!is(value.as_bytes(), &format!("x{text}")), "{value}");
            }
            assert!(!is(format!("\"{written}x\"").as_bytes(), text));
            assert!(!is(format!("\"{written}").as_bytes(), text));
            assert!(!is(written.as_bytes(), text) || written.is_empty());
        }
        for value in [r#""t\u0072ack""#, r#""\u0074rack""#, r#""trac\u006B""#] {
            assert!(is(value.as_bytes(), "track"), "{value}");
            assert!(!is(value.as_bytes(), "trick") && !is(value.as_bytes(), "tracks"), "{value}");
        }
        assert!(!is(br#""trick""#, "track") && !is(br#""track""#, "trick"));
        assert!(!is(br#""track\n""#, "track") && !is(br#""trac\k""#, "track") && !is(b"track", "track"));
    }

    /// The quick walker finds the members that the JSON reader finds, and no members where that finds no object.
    #[test]
    fn members_are_those_of_the_object() {
        for text in [
            "{}",
            "{ }",
            r#"{"a":true,"b":false,"c":null,"d":-1.5e3,"e":"x","":{}}"#,
            r#"{"a" : true , "a": [ ] }"#,
            "{\n\"a\"\t:\r{ \"b\" : [1, {\"c\": \"}]\"}] } ,\"d\":true }",
            r#"{"a":{"b":"}","c":"{"},"d":["]","[{"],"e":"{[,:]}","f":[[{}],"",{"g":[]}],"h":false}"#,
            r#"{"\u0061":true,"b":"\"}"}"#,
            r#"{"a":,"b":1}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a" 1}"#,
            r#"{"a":{"b":1}"#,
            r#"{"a":"b}"#,
            r#"{"a":1}}"#,
            r#"{"a":1} {}"#,
            r#"["a"]"#,
            "null",
            "",
        ] {
            let value = |place: Range<usize>| text.get(place).unwrap_or_default();
            let (mut quick, mut json) = (Vec::new(), Vec::new());
            let quick_end = each_member(text.as_bytes(), |name, json_type, place| {
                quick.push((name, json_type, value(place)));
            });
            let json_end = Json::new(text).each_member(|name, found| {
                json.push((name, found.json_type(), value(found.place_in(text.as_bytes()))));
            });
            let (quick, json) = (quick_end.map(|()| quick), json_end.map(|()| json));
            assert_eq!(quick, json, "{text}");
        }
    }
}
