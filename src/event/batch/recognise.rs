//! Recognises a line that is a batch (section 1 of the semantics).

use crate::event::content::Name;
use crate::event::error::{EventError, EventErrorKind};
use crate::event::json::{Json, Members, values};

/// The form of a JSON value that is an event or a batch.
pub(in crate::event) enum Form<'a> {
    /// The members of one event.
    Event(Vec<(Name<'a>, Json<'a>)>),
    /// An array of events.
    Batch {
        array: Json<'a>,
        /// The members of the object that holds the array, which is one of them. None of an array alone.
        envelope: Vec<(Name<'a>, Json<'a>)>,
    },
}

/// Returns the form of a value, which is the text of a line or a part of it.
pub(in crate::event) fn form<'a>(json: Json<'a>, line: &[u8]) -> Result<Form<'a>, EventError> {
    match json.members() {
        None if holds_events(json) => Ok(Form::Batch { array: json, envelope: Vec::new() }),
        None => Err(EventError::new(EventErrorKind::NotAnObject, 0, "the line is JSON, but no object")),
        Some(members) => match batch(&members, line)? {
            Some(array) => Ok(Form::Batch { array, envelope: members }),
            None => Ok(Form::Event(members)),
        },
    }
}

/// Returns true for an array that begins with an object. Another array shows no sign of events.
fn holds_events(json: Json<'_>) -> bool {
    json.text()
        .trim_ascii_start()
        .strip_prefix('[')
        .is_some_and(|inside| inside.trim_ascii_start().starts_with('{'))
}

/// Returns the array of events, if the members are those of a batch: there is a `batch`, and no `type`, which every event of Segment has.
fn batch<'a>(members: &Members<'a>, line: &[u8]) -> Result<Option<Json<'a>>, EventError> {
    let mut found = values(members, "batch");
    let Some(array) = found.next() else { return Ok(None) };
    if values(members, "type").next().is_some() {
        return Ok(None);
    }
    let malformed = |value: Json<'_>, what: &str| {
        let at = value.place_in(line).start;
        let detail = format!(
            "{what} at byte {at}: a line with `batch` and without `type` is a batch, and has one array of events there"
        );
        Err(EventError::new(EventErrorKind::MalformedBatch, at, detail))
    };
    match found.next() {
        Some(other) => malformed(other, "there is a second `batch`"),
        None if !array.text().starts_with('[') => malformed(array, "`batch` is no array"),
        None => Ok(Some(array)),
    }
}
