//! A line that is a batch: several events in one request body (section 1 of the semantics).
//!
//! `recognise` says which lines are batches, `merge` gives each item the parts of the envelope that count for it, and a [`Batch`] hands
//! out the items. Each is one event as JSON, so that everything which reads the line of an event reads an item too.

mod merge;
pub(super) mod recognise;

use super::error::{EventError, EventErrorKind};
use super::json::Json;
use super::read::{Limits, text};
use crate::model::{Batches, Policy};
use memchr::memmem;
use merge::Envelope;
use recognise::{Form, form};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A batch: a line with several events. It is `{"batch":[…]}` without a `type`, or an array of events.
///
/// Under `batches merged` each item has the envelope's consent and integrations merged into its own: the members of the line next to
/// `batch`.
///
/// ```
/// use consentry::event::Batch;
/// use consentry::{Input, Limits, Policy, Table};
///
/// let table = Table::new(Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment" category Ads destination "Google Ads" needs Ads"#,
/// )?);
/// let mut scratch = table.scratch();
/// let line = br#"{"batch":[{"type":"page"},{"type":"page","context":{"consent":{"categoryPreferences":{"Ads":true}}}}],
///                 "context":{"consent":{"categoryPreferences":{"Ads":false}}}}"#;
///
/// // One event is not what it is.
/// assert!(table.decide(Input::line(line), &mut scratch).unwrap_err().is_batch());
/// // The envelope refuses, and any refusal wins.
/// let batch = Batch::read(line, table.policy(), &Limits::default())?.unwrap();
/// for item in batch.items() {
///     let decision = table.decide(Input::line(item.bytes()), &mut scratch)?;
///     assert_eq!(decision.delivered().count(), 0, "item {}", item.number());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    text: &'a str,
    array: Json<'a>,
    items: Vec<&'a str>,
    /// Under `batches merged`.
    envelope: Option<Envelope<'a>>,
    limit: usize,
}

/// An event of a batch.
#[derive(Debug, Clone)]
pub struct BatchItem<'a> {
    number: usize,
    /// A part of the line, unless something is merged into it.
    text: Cow<'a, str>,
}

impl<'a> Batch<'a> {
    /// Reads a line as a policy asks. `None` for a line that is no batch: it is one event, or no event at all.
    ///
    /// # Errors
    ///
    /// - [`EventErrorKind::Batch`]: the policy sets `batches reject`.
    /// - [`EventErrorKind::MalformedBatch`]: there is `batch` and no `type`, and `batch` is no array, or there twice.
    /// - [`EventErrorKind::InvalidItem`]: an item is no event.
    /// - [`EventErrorKind::LineTooLong`]: the batch exceeds the limit once its envelope is merged into each item.
    pub fn read(line: &'a [u8], policy: &Policy, limits: &Limits) -> Result<Option<Self>, EventError> {
        if !may_be_batch(line) {
            return Ok(None);
        }
        // An error that has nothing to do with batches is for whoever reads the line as an event.
        let Ok(text) = text(line, limits) else { return Ok(None) };
        let (array, envelope) = match form(Json::new(text.trim_matches(is_space)), line) {
            Ok(Form::Batch { array, envelope }) => (array, envelope),
            Err(error) if error.kind() == EventErrorKind::MalformedBatch => return Err(error),
            Ok(Form::Event(_)) | Err(_) => return Ok(None),
        };
        // An array alone was not read to its end yet.
        let Some(items) = array.read::<Vec<&RawValue>>() else { return Ok(None) };
        let batches = policy.batches().value;
        if batches == Batches::Reject {
            let detail = "the line is a batch, and the policy sets `batches reject`: unpack it first, for example with \
                          `jq -c '(.batch? // .)[]'`";
            return Err(EventError::new(EventErrorKind::Batch, array.place_in(line).start, detail));
        }
        let items: Vec<&str> = items.into_iter().map(RawValue::get).collect();
        for (number, item) in items.iter().enumerate() {
            ensure_event(number, Json::new(item), line)?;
        }
        let envelope = (batches == Batches::Merged).then(|| Envelope::new(envelope, policy));
        let growth = envelope.as_ref().map_or(0, Envelope::growth).saturating_mul(items.len());
        if line.len().saturating_add(growth) > limits.bytes {
            return Err(EventError::batch_too_long(limits.bytes));
        }
        Ok(Some(Batch { text, array, items, envelope, limit: limits.bytes }))
    }

    /// Returns the events, in their order. An empty batch has none.
    pub fn items(&self) -> impl Iterator<Item = BatchItem<'a>> {
        (0..self.items.len()).filter_map(|number| self.item(number))
    }

    /// Returns the event of a number, counted from 0.
    pub fn item(&self, number: usize) -> Option<BatchItem<'a>> {
        let own = self.with_integrations(number)?;
        let merged = self.envelope.as_ref().and_then(|envelope| envelope.with_consent(&own));
        Some(BatchItem { number, text: merged.map_or(own, Cow::Owned) })
    }

    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns true if there is no event.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the longest line that may be made of the batch.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Returns an item with the integrations of the envelope, and without its consent.
    fn with_integrations(&self, number: usize) -> Option<Cow<'a, str>> {
        let own = *self.items.get(number)?;
        let merged = self.envelope.as_ref().and_then(|envelope| envelope.with_integrations(own));
        Some(merged.map_or(Cow::Borrowed(own), Cow::Owned))
    }

    /// Appends the batch, rewritten: `write` appends an item, and returns false to leave it out. It is given the event that decides, and the
    /// one to be rewritten, which has the integrations of the envelope and not its consent. The envelope keeps its consent, and loses the
    /// integrations. Everything else stays byte for byte.
    ///
    /// # Errors
    ///
    /// The first error of `write`; nothing is appended then.
    pub(crate) fn rewrite(
        &self,
        into: &mut Vec<u8>,
        mut write: impl FnMut(&BatchItem<'_>, &str, &mut Vec<u8>) -> Result<bool, EventError>,
    ) -> Result<(), EventError> {
        let line = self.text.as_bytes();
        if self.items.is_empty() {
            into.extend_from_slice(line);
            return Ok(());
        }
        let place = self.array.place_in(line);
        let text = |range: Option<&str>| range.unwrap_or_default().to_owned();
        let around = self.envelope.as_ref().and_then(|envelope| envelope.text_around(self.text, self.array));
        let around =
            around.unwrap_or_else(|| (text(self.text.get(..place.start)), text(self.text.get(place.end..))));
        let length = into.len();
        into.extend_from_slice(around.0.as_bytes());
        let (mut end, mut is_first) = (place.start, true);
        for item in self.items() {
            let own = Json::new(self.items.get(item.number).copied().unwrap_or_default()).place_in(line);
            let gap = self.text.get(end..own.start).unwrap_or_default();
            end = own.end;
            let before = into.len();
            // The first item that stays has the bracket in front of it, and no comma.
            into.extend_from_slice(if is_first { first_gap(self.text, place.start) } else { gap.as_bytes() });
            let text = self.with_integrations(item.number).unwrap_or_default();
            match write(&item, &text, into) {
                Ok(true) => is_first = false,
                Ok(false) => into.truncate(before),
                Err(error) => {
                    into.truncate(length);
                    return Err(error);
                }
            }
        }
        if is_first {
            into.push(b'[');
        }
        into.extend_from_slice(self.text.get(end..place.end).unwrap_or_default().as_bytes());
        into.extend_from_slice(around.1.as_bytes());
        Ok(())
    }
}

/// Returns the bracket that opens an array, with the white space behind it.
fn first_gap(text: &str, open: usize) -> &[u8] {
    let array = text.get(open..).unwrap_or_default();
    let inside = array.get(1..).unwrap_or_default();
    let space = inside.len() - inside.trim_ascii_start().len();
    array.as_bytes().get(..1 + space).unwrap_or_default()
}

impl<'a> BatchItem<'a> {
    /// Returns the number of the item, counted from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns the event with everything that is merged into it, as one JSON object: for [`Input::line`](crate::Input::line), and for
    /// everything else that reads the line of an event.
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Returns the same bytes, for callers that keep them: a part of the line, unless something is merged into it.
    pub fn into_bytes(self) -> Cow<'a, [u8]> {
        match self.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }
}

/// White space of JSON.
fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}

/// Returns false if a line is no batch for certain.
fn may_be_batch(line: &[u8]) -> bool {
    let has = |text: &str| memmem::find(line, text.as_bytes()).is_some();
    // A key may be written with escapes.
    line.trim_ascii_start().starts_with(b"[") || has("\"batch\"") || has("\\u")
}

/// Returns an error if an item is no event.
fn ensure_event(number: usize, item: Json<'_>, line: &[u8]) -> Result<(), EventError> {
    let error = |what: &str| Err(EventError::in_item(number, item.place_in(line).start, what));
    match form(item, line) {
        Ok(Form::Event(_)) => Ok(()),
        Ok(Form::Batch { .. }) => error("is a batch itself: batches do not nest"),
        Err(inner) if inner.kind() == EventErrorKind::MalformedBatch => {
            error("has `batch` and no `type`: it is neither an event nor a batch")
        }
        Err(_) => error("is JSON, but no object"),
    }
}
