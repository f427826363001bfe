//! The members of an event that a ledger reads besides its consent: the ids of the person, and the times.

use super::content::Name;
use super::json::{Json, Members, is_space, values};
use std::borrow::Cow;

/// The longest id, in bytes; no platform makes longer ones.
const MAX_ID_BYTES: usize = 1_024;

/// The id of a person, as an event has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IdMember<'a> {
    /// It is not there, `null`, or has no characters.
    Absent,
    /// A text.
    Text(Name<'a>),
    /// A number without a fraction and an exponent, as it is written.
    Integer(&'a str),
    /// It has another type, is there twice, or is no text.
    Invalid,
}

/// The ids of an event's person, and its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonMembers<'a> {
    pub(crate) user_id: IdMember<'a>,
    pub(crate) anonymous_id: IdMember<'a>,
    pub(crate) previous_id: IdMember<'a>,
    /// True for an alias event: exactly one `type`, the string `alias`.
    pub(crate) is_alias: bool,
    /// `timestamp`, and `receivedAt`: each a text, or an integer as it is written.
    pub(crate) timestamp: Option<Cow<'a, str>>,
    pub(crate) received_at: Option<Cow<'a, str>>,
    /// The version of the consent text, in the same form.
    pub(crate) version: Option<Cow<'a, str>>,
}

/// The members that the fast reader finds, by the numbers of their keys.
pub(super) const KEYS: [&str; 5] = ["userId", "anonymousId", "previousId", "timestamp", "receivedAt"];

impl<'a> PersonMembers<'a> {
    /// Reads the members of an event. The version is at a path, which may be empty.
    pub(super) fn read(members: &Members<'a>, version: &[String]) -> Self {
        let id = |key| match once(members, key) {
            Ok(value) => value.map_or(IdMember::Absent, id),
            Err(Twice) => IdMember::Invalid,
        };
        let text = |key| once(members, key).ok().flatten().and_then(text_or_integer);
        let is_alias = once(members, "type").ok().flatten().and_then(Json::read::<Name>);
        PersonMembers {
            user_id: id("userId"),
            anonymous_id: id("anonymousId"),
            previous_id: id("previousId"),
            is_alias: is_alias.is_some_and(|kind| kind == *"alias"),
            timestamp: text("timestamp"),
            received_at: text("receivedAt"),
            version: text_at(members, version),
        }
    }

    /// Reads what the fast reader has found: of each key, where its value begins in the event.
    pub(super) fn of(is_alias: bool, text: &'a [u8], found: &[(usize, usize)]) -> Option<Self> {
        let value = |number: usize| {
            let start = found.iter().find(|(found, _)| *found == number).map(|(_, start)| *start);
            start.map_or(Some(None), |start| scalar(text.get(start..)?).map(Some))
        };
        let id = |number| {
            Some(value(number)?.map_or(IdMember::Absent, |value| value.map_or(IdMember::Invalid, id)))
        };
        let text = |number| Some(value(number)?.flatten().and_then(text_or_integer));
        let [user, anonymous, previous, timestamp, received] = [0, 1, 2, 3, 4];
        Some(PersonMembers {
            user_id: id(user)?,
            anonymous_id: id(anonymous)?,
            previous_id: id(previous)?,
            is_alias,
            timestamp: text(timestamp)?,
            received_at: text(received)?,
            version: text(KEYS.len())?,
        })
    }
}

/// A key is there more than once.
struct Twice;

fn once<'a>(members: &Members<'a>, key: &str) -> Result<Option<Json<'a>>, Twice> {
    let mut found = values(members, key);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Twice),
        (value, None) => Ok(value),
    }
}

fn id(value: Json<'_>) -> IdMember<'_> {
    // A lone surrogate is no text: two such ids would look the same.
    let is_text = |text: &[u8]| text.len() <= MAX_ID_BYTES && std::str::from_utf8(text).is_ok();
    match value.read::<Name>() {
        None if value.is_null() => IdMember::Absent,
        Some(text) if text.as_bytes().is_empty() => IdMember::Absent,
        Some(text) if is_text(text.as_bytes()) => IdMember::Text(text),
        Some(_) => IdMember::Invalid,
        None => {
            let short = integer(value).filter(|text| text.len() <= MAX_ID_BYTES);
            short.map_or(IdMember::Invalid, IdMember::Integer)
        }
    }
}

/// An integer as it is written.
fn integer(value: Json<'_>) -> Option<&str> {
    let text = value.text();
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// A string, or an integer as it is written.
fn text_or_integer(value: Json<'_>) -> Option<Cow<'_, str>> {
    integer(value).map(Cow::Borrowed).or_else(|| value.read::<Name>().map(Name::into_text))
}

/// The text or the integer at a path, if each key is there once.
fn text_at<'a>(members: &Members<'a>, path: &[String]) -> Option<Cow<'a, str>> {
    let (last, parents) = path.split_last()?;
    let mut members = Cow::Borrowed(members);
    for key in parents {
        let object = once(&members, key).ok()??.members()?;
        members = Cow::Owned(object);
    }
    once(&members, last).ok().flatten().and_then(text_or_integer)
}

/// The scalar that a value begins with; `Some(None)` for an object or an array, `None` for bytes that are no value.
fn scalar(value: &[u8]) -> Option<Option<Json<'_>>> {
    let end = match value.first()? {
        b'{' | b'[' => return Some(None),
        b'"' => 1 + string_end(value.get(1..)?)?,
        _ => value.iter().position(|byte| is_space(*byte) || matches!(byte, b',' | b'}' | b']'))?,
    };
    Some(Some(Json::new(std::str::from_utf8(value.get(..end)?).ok()?)))
}

/// Returns the end of a string, from behind its first quote: behind the last one.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}
