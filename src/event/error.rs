//! Why bytes are not an event.

use std::fmt;

/// Why bytes are not an event, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventError {
    kind: EventErrorKind,
    /// The byte, from 0, at which the fault shows; for `line_too_long` the limit.
    offset: usize,
    item: Option<u32>,
    detail: Box<str>,
}

spelled! {
    /// The reasons, in the order in which they are tested: the first that holds is reported.
    #[non_exhaustive]
    EventErrorKind {
        /// The line is longer than [`Limits::bytes`](super::Limits::bytes).
        LineTooLong = "line_too_long",
        /// The line has nothing but white space.
        BlankLine = "blank_line",
        /// The line begins with a byte-order mark, which RFC 8259 forbids.
        ByteOrderMark = "byte_order_mark",
        /// The line is not UTF-8.
        NotUtf8 = "not_utf8",
        /// Objects and arrays are nested more deeply than [`Limits::nesting`](super::Limits::nesting).
        NestedTooDeep = "nested_too_deep",
        /// The line is not one JSON value by RFC 8259.
        NotJson = "not_json",
        /// The line is a JSON value, but no object.
        NotAnObject = "not_an_object",
        /// The line is a batch, and the caller reads one event, or the policy sets `batches reject`. [`Batch`](super::Batch) reads it.
        Batch = "batch",
        /// The line has a member `batch` and no `type`, and `batch` is no array, or there twice.
        MalformedBatch = "malformed_batch",
        /// An item of a batch is no event.
        InvalidItem = "invalid_item",
    }
}

#[cfg(feature = "ledger")]
impl EventErrorKind {
    /// Returns true for an error that only a batch has.
    pub(crate) fn is_of_batch(self) -> bool {
        matches!(self, EventErrorKind::Batch | EventErrorKind::MalformedBatch | EventErrorKind::InvalidItem)
    }
}

impl EventError {
    pub(super) fn new(kind: EventErrorKind, offset: usize, detail: impl Into<Box<str>>) -> Self {
        EventError { kind, offset, item: None, detail: detail.into() }
    }

    /// The error of an item of a batch that is no event.
    pub(super) fn in_item(item: usize, offset: usize, detail: &str) -> Self {
        let detail = format!("item {item} of the batch, at byte {offset}, {detail}");
        EventError {
            item: u32::try_from(item).ok(),
            ..EventError::new(EventErrorKind::InvalidItem, offset, detail)
        }
    }

    /// The error for a line of which only the first `limit` bytes were kept, because it is longer.
    pub fn line_too_long(limit: usize) -> Self {
        EventError::new(EventErrorKind::LineTooLong, limit, format!("the line is longer than {limit} bytes"))
    }

    /// The error for a batch that exceeds the limit once its envelope or the decisions are written into each item.
    pub(crate) fn batch_too_long(limit: usize) -> Self {
        let detail = format!(
            "the batch is longer than {limit} bytes once its envelope or the decisions are written into each item: unpack it first, or send smaller batches"
        );
        EventError::new(EventErrorKind::LineTooLong, limit, detail)
    }

    /// The reason.
    pub fn kind(&self) -> EventErrorKind {
        self.kind
    }

    /// Returns true for a line with nothing but white space. It holds no event, and streams skip it.
    pub fn is_blank(&self) -> bool {
        self.kind == EventErrorKind::BlankLine
    }

    /// Returns true for a batch of events, which [`Batch::read`](super::Batch::read) reads.
    pub fn is_batch(&self) -> bool {
        self.kind == EventErrorKind::Batch
    }

    /// Returns the number of the item at fault, counted from 0, if the line is a batch with an item that is no event.
    pub fn item(&self) -> Option<usize> {
        self.item.map(|item| item as usize)
    }

    /// The code that reports use.
    pub fn code(&self) -> &'static str {
        self.kind.as_str()
    }

    /// The byte of the line, counted from 0, at which the fault shows.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for EventError {}
