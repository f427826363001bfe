//! The validating reader: bytes → [`Event`], by section 1 of the semantics.

use super::batch::recognise::{self, Form};
use super::consent;
use super::content::{Entry, Event, Integrations, Name};
use super::error::{EventError, EventErrorKind};
use super::foreign::{self, ForeignValue};
use super::inputs;
use super::json::{Json, Members, Type, is_space, values};
#[cfg(feature = "ledger")]
use super::person::PersonMembers;
#[cfg(feature = "ledger")]
use super::unread::{self, UnreadValue};
use crate::model::Reading;

/// How large an event may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line, in bytes.
    pub bytes: usize,
    /// The deepest nesting of objects and arrays; the event itself is the first level.
    pub nesting: usize,
}

impl Default for Limits {
    /// 16 MiB, 128 levels. The platform itself refuses events of more than 32 KiB.
    fn default() -> Self {
        Limits { bytes: 16 << 20, nesting: 128 }
    }
}

impl<'a> Event<'a> {
    /// Reads one event: one JSON object by RFC 8259 in UTF-8. `reading` is the policy's.
    ///
    /// ```
    /// use consentry::{Event, Limits, Policy};
    ///
    /// let policy = Policy::parse("consentry 1 policy \"p\" include prelude \"segment\"")?;
    /// let line = br#"{"context":{"consent":{"categoryPreferences":{}}}}"#;
    /// let event = Event::read(line, policy.reading(), &Limits::default())?;
    /// assert_eq!(event.consent.state().as_str(), "unanswered");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EventError`], with a code for each [reason](EventErrorKind): it never becomes a decision. A line with several events is one of
    /// them, for [`Batch::read`](super::Batch::read).
    pub fn read(bytes: &'a [u8], reading: &Reading, limits: &Limits) -> Result<Event<'a>, EventError> {
        Ok(event(&members(bytes, limits)?, reading))
    }
}

fn event<'a>(members: &Members<'a>, reading: &Reading) -> Event<'a> {
    Event {
        id: string(members, "messageId"),
        consent: consent::read(members, reading),
        inputs: inputs::read(members, reading),
        integrations: integrations(members, reading),
        is_identify: string(members, "type").is_some_and(|kind| kind == *"identify"),
        track: track(string(members, "type"), string(members, "event")),
    }
}

/// Returns what an event has at places and in shapes that a policy does not read. One of the readers has accepted the bytes.
pub(crate) fn find_foreign(bytes: &[u8], reading: &Reading) -> Vec<ForeignValue> {
    let text = simdutf8::basic::from_utf8(bytes).ok();
    let event = text.and_then(|text| Json::new(text).members());
    event.map_or(Vec::new(), |event| foreign::all(&event, reading))
}

/// An event with what a ledger, and an audit, read of it.
#[cfg(feature = "ledger")]
pub(crate) struct Whole<'a> {
    pub(crate) event: Event<'a>,
    pub(crate) person: PersonMembers<'a>,
    members: Vec<(Name<'a>, Json<'a>)>,
}

/// The other parts of an event that an audit looks at.
#[cfg(feature = "ledger")]
pub(crate) struct Stamping<'a> {
    /// `type`, if there is exactly one and it is a string.
    pub(crate) event_type: Option<Name<'a>>,
    /// The members of `context.library`: `name` and `version`.
    pub(crate) library: [Option<Name<'a>>; 2],
    /// A documented spelling of the preferences key that the consent object has, and the policy does not accept.
    pub(crate) wrong_spelling: Option<&'static str>,
    pub(crate) unread: Vec<UnreadValue<'a>>,
}

#[cfg(feature = "ledger")]
pub(crate) fn read_whole<'a>(
    bytes: &'a [u8],
    reading: &Reading,
    version: &[String],
    limits: &Limits,
) -> Result<Whole<'a>, EventError> {
    let members = members(bytes, limits)?;
    Ok(Whole { event: event(&members, reading), person: PersonMembers::read(&members, version), members })
}

#[cfg(feature = "ledger")]
impl<'a> Whole<'a> {
    pub(crate) fn stamping(&self, reading: &Reading) -> Stamping<'a> {
        let members = &self.members;
        let context = values(members, "context").next().and_then(Json::members).unwrap_or_default();
        let library = values(&context, "library").next().and_then(Json::members).unwrap_or_default();
        let is_malformed = self.event.consent == super::content::Consent::Malformed;
        Stamping {
            event_type: string(members, "type"),
            library: [string(&library, "name"), string(&library, "version")],
            wrong_spelling: is_malformed.then(|| consent::wrong_spelling(members, reading)).flatten(),
            unread: unread::read(members, reading, &self.event),
        }
    }
}

/// The members of the event, once it is certain that the line is one JSON object, and no batch.
fn members<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Vec<(Name<'a>, Json<'a>)>, EventError> {
    let json = json(bytes, limits)?;
    match recognise::form(json, bytes)? {
        Form::Event(members) => Ok(members),
        Form::Batch { array, .. } => {
            let detail = "the line is a batch of events, and not one event: read it with `event::Batch`, or unpack it first, for \
                          example with `jq -c '(.batch? // .)[]'`";
            Err(EventError::new(EventErrorKind::Batch, array.place_in(bytes).start, detail))
        }
    }
}

/// The JSON value that a line is.
fn json<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Json<'a>, EventError> {
    let text = text(bytes, limits)?;
    Json::parse(text).map_err(|error| not_json(text, &error))
}

/// The text of a line within the limits. It may be no JSON.
pub(super) fn text<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, EventError> {
    if bytes.len() > limits.bytes {
        return Err(EventError::line_too_long(limits.bytes));
    }
    if bytes.iter().all(|byte| is_space(*byte)) {
        return Err(EventError::new(EventErrorKind::BlankLine, 0, "the line is blank"));
    }
    if bytes.starts_with("\u{FEFF}".as_bytes()) {
        let detail = "the line begins with a byte-order mark (3 bytes), which is not JSON; at the start of a file `tail -c +4` cuts it off";
        return Err(EventError::new(EventErrorKind::ByteOrderMark, 0, detail));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        EventError::new(EventErrorKind::NotUtf8, at, format!("byte {at} is not UTF-8"))
    })?;
    if let Some(at) = too_deep(bytes, limits.nesting) {
        let detail = format!("objects and arrays are nested more than {} deep at byte {at}", limits.nesting);
        return Err(EventError::new(EventErrorKind::NestedTooDeep, at, detail));
    }
    Ok(text)
}

/// The byte that opens one level too many. In a text that is not JSON it may be another byte than a parser would name,
/// and that text is refused all the same.
fn too_deep(bytes: &[u8], limit: usize) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'"' => in_string = !in_string,
            b'\\' => escaped = in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > limit {
                    return Some(at);
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn not_json(text: &str, error: &serde_json::Error) -> EventError {
    // The parser counts lines and columns from 1; an event is usually one line, but need not be.
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = (before + error.column().saturating_sub(1)).min(text.len());
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or(&message);
    EventError::new(EventErrorKind::NotJson, offset, format!("not JSON: {reason} at byte {offset}"))
}

/// The value of a key that occurs exactly once, if it is a string.
fn string<'a>(members: &Members<'a>, key: &str) -> Option<Name<'a>> {
    let mut values = values(members, key);
    let value = values.next()?;
    values.next().is_none().then_some(value)?.read()
}

/// All integrations objects are read as one; if one of them is no object, none is read. Where there is none, one at another place may
/// count as malformed.
pub(super) fn integrations<'a>(event: &Members<'a>, reading: &Reading) -> Integrations<'a> {
    if foreign::has_misplaced_integrations(event, reading) {
        return Integrations::Malformed;
    }
    let mut entries = Vec::new();
    for object in values(event, "integrations") {
        let Some(members) = object.members().filter(|members| !has_invalid_all(members, reading)) else {
            return Integrations::Malformed;
        };
        entries.extend(members.into_iter().map(|(name, value)| (name, value.json_type().into())));
    }
    Integrations::Entries(entries)
}

/// Returns true if the members of an integrations object make it malformed, by an entry `All` that is no boolean.
pub(super) fn has_invalid_all(members: &Members<'_>, reading: &Reading) -> bool {
    let is_invalid = |(name, value): &(Name<'_>, Json<'_>)| {
        *name == *"All" && !matches!(value.json_type(), Type::True | Type::False)
    };
    reading.all_is_boolean && members.iter().any(is_invalid)
}

impl From<Type> for Entry {
    fn from(json_type: Type) -> Self {
        match json_type {
            Type::True | Type::Object => Entry::On,
            Type::False => Entry::Off,
            Type::Other => Entry::Invalid,
        }
    }
}

/// The name of a track event, from its type and its name.
pub(super) fn track<'a>(kind: Option<Name<'a>>, name: Option<Name<'a>>) -> Option<Name<'a>> {
    if kind? == *"track" { name } else { None }
}
