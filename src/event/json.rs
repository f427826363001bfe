//! JSON members without loss: every key, duplicates included, and every value as the text it was written in.
//!
//! `serde_json` checks the whole text against RFC 8259 while it skips the values. What it does not check there, UTF-8 and
//! nesting, the reader checks before.

use super::content::Name;
use crate::diagnostic::escaped;
use crate::model::AbsentValue;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;

/// A JSON value as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<'a>(&'a str);

/// The type of a JSON value, as far as decisions tell types apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Type {
    True,
    False,
    Object,
    Other,
}

impl<'a> Json<'a> {
    /// A text that is one JSON value, or that [`Json::members`] and [`Json::read`] find to be none.
    pub(super) fn new(text: &'a str) -> Json<'a> {
        Json(text)
    }

    /// A whole text, which must be one JSON value.
    pub(super) fn parse(text: &'a str) -> Result<Json<'a>, serde_json::Error> {
        serde_json::from_str::<&RawValue>(text).map(|raw| Json(raw.get()))
    }

    /// The value as it was written.
    pub(super) fn text(self) -> &'a str {
        self.0
    }

    pub(super) fn json_type(self) -> Type {
        match self.0.bytes().next() {
            Some(b't') => Type::True,
            Some(b'f') => Type::False,
            Some(b'{') => Type::Object,
            _ => Type::Other,
        }
    }

    /// Whether it is `null`.
    pub(super) fn is_null(self) -> bool {
        self.0.trim_ascii() == "null"
    }

    /// Returns true for a value that counts as no value.
    pub(super) fn is_absent(self, absent: &[AbsentValue]) -> bool {
        absent.iter().any(|absent| match absent {
            AbsentValue::Null => self.is_null(),
            AbsentValue::Text(text) => self.read::<Name>().is_some_and(|name| name == **text),
        })
    }

    /// The members of an object, in order; `None` for a value of another type.
    pub(super) fn members(self) -> Option<Vec<(Name<'a>, Json<'a>)>> {
        self.collect(|value| value)
    }

    /// Calls `visit` with each member of an object, in order; `None` for a value of another type.
    pub(super) fn each_member(self, visit: impl FnMut(Name<'a>, Json<'a>)) -> Option<()> {
        let mut deserializer = serde_json::Deserializer::from_str(self.0);
        deserializer.deserialize_map(Each(visit)).and_then(|()| deserializer.end()).ok()
    }

    /// The members of an object, each by what the type of its value means; `None` for a value of another type.
    pub(super) fn typed_members<T: From<Type>>(self) -> Option<Vec<(Name<'a>, T)>> {
        self.collect(|value| value.json_type().into())
    }

    fn collect<T>(self, read: impl Fn(Json<'a>) -> T) -> Option<Vec<(Name<'a>, T)>> {
        let mut members = Vec::new();
        self.each_member(|name, value| members.push((name, read(value))))?;
        Some(members)
    }

    /// Where a value stands in the text that it was read from.
    pub(super) fn place_in(self, text: &[u8]) -> Range<usize> {
        let start = (self.0.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
        start..start.wrapping_add(self.0.len())
    }

    /// Returns the value as a text, or as a list of texts; `None` for a value of another type.
    pub(super) fn read<T: Deserialize<'a>>(self) -> Option<T> {
        serde_json::from_str(self.0).ok()
    }
}

struct Each<F>(F);

impl<'de, F: FnMut(Name<'de>, Json<'de>)> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<Name, &RawValue>()? {
            (self.0)(name, Json(value.get()));
        }
        Ok(())
    }
}

/// The members of an object, in order.
pub(super) type Members<'a> = [(Name<'a>, Json<'a>)];

/// Returns the values of a key, by its name after unescaping.
pub(super) fn values<'m, 'a>(members: &'m Members<'a>, key: &'m str) -> impl Iterator<Item = Json<'a>> + 'm {
    members.iter().filter(move |(name, _)| name == key).map(|(_, value)| *value)
}

/// A member that is written: its key and its value, as JSON.
pub(crate) type Member = (String, String);

/// Returns an object of members that are JSON already.
pub(super) fn object(members: &[Member]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Returns the first member of a path, holding the others, the last of which holds the value; `None` for an empty path.
pub(super) fn nest(path: &[&str], value: String) -> Option<Member> {
    let (first, rest) = path.split_first()?;
    let inner = rest.iter().rev().fold(value, |value, key| object(&[(text(key), value)]));
    Some((text(first), inner))
}

/// Returns a text as a JSON string, with harmful characters by their numbers: whatever prints an event shows it as it is, and nobody who copies
/// it copies another event.
pub(crate) fn text(text: &str) -> String {
    escaped(&serde_json::Value::from(text).to_string())
}

/// Returns a name as a JSON string. Lone surrogates, which are no text, are written as the escapes that they came from.
pub(super) fn name_text(name: &Name<'_>) -> String {
    let mut json = String::from("\"");
    let mut rest = name.as_bytes();
    while !rest.is_empty() {
        let valid = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let quoted = text(valid);
        json.push_str(quoted.get(1..quoted.len() - 1).unwrap_or_default());
        rest = rest.get(valid.len()..).unwrap_or_default();
        if let [0xED, middle, last, behind @ ..] = rest {
            let surrogate = 0xD000 | u32::from(middle & 0x3F) << 6 | u32::from(last & 0x3F);
            json.push_str(&format!("\\u{surrogate:04x}"));
            rest = behind;
        }
    }
    json.push('"');
    json
}

/// The text without the white space that it begins with.
#[inline]
pub(super) fn skip_space(text: &[u8]) -> &[u8] {
    if text.first().is_some_and(|byte| *byte > b' ') {
        return text;
    }
    let space = text.iter().take_while(|byte| is_space(**byte)).count();
    text.get(space..).unwrap_or_default()
}

/// Whether a byte is white space to JSON.
#[inline]
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
