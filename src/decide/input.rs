//! What is decided about.

use crate::event::{Event, Limits, Recorded, Validation};

/// What is decided about: the bytes of an event, an event that is read already, or granted categories.
///
/// ```
/// use consentry::{Input, Policy, Table};
///
/// let text = r#"consentry 1 policy "p" include prelude "segment-strict" category Ads destination "X" needs Ads"#;
/// let table = Table::new(Policy::parse(text)?);
/// let mut scratch = table.scratch();
/// let delivered = |input| table.decide(input, &mut table.scratch()).map(|decision| decision.delivered().count());
///
/// let line = br#"{"context":{"consent":{"categoryPreferences":{"Ads":true}}}}"#;
/// assert_eq!(delivered(Input::line(line))?, 1);
/// // Another parser has accepted the bytes already.
/// assert_eq!(delivered(Input::line(line).trusted())?, 1);
/// // The first category is granted, and no other.
/// assert_eq!(delivered(Input::granted(&[0b1]))?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Input<'i> {
    pub(super) subject: Subject<'i>,
    pub(super) limits: Limits,
    pub(super) validation: Validation,
    pub(super) recorded: Recorded<'i>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'i> {
    Line(&'i [u8]),
    Event(&'i Event<'i>),
    Granted(&'i [u64]),
}

impl<'i> Input<'i> {
    #[inline]
    fn new(subject: Subject<'i>) -> Self {
        let recorded = Recorded::Unreachable;
        Input { subject, limits: Limits::default(), validation: Validation::Full, recorded }
    }

    /// The bytes of one event: one JSON object. A line may also be a [`Batch`](crate::event::Batch) of events, which is refused.
    #[inline]
    pub fn line(bytes: &'i [u8]) -> Self {
        Input::new(Subject::Line(bytes))
    }

    /// An event that was read as the table's policy asks, or built by the caller.
    ///
    /// A table that takes its place later may look for preferences elsewhere: an event that was read for another policy could be
    /// delivered as if it had none. [`Input::line`] is safe from that.
    #[inline]
    pub fn event(event: &'i Event<'i>) -> Self {
        Input::new(Subject::Event(event))
    }

    /// A person who grants these categories and no others, without an integrations object: category number `i` of the policy is bit
    /// `i % 64` of word `i / 64`. For callers who keep people's choices in this form; it is never checked against a ledger.
    #[inline]
    pub fn granted(words: &'i [u64]) -> Self {
        Input::new(Subject::Granted(words)).recorded(Recorded::Unchecked)
    }

    /// Sets what the ledger says of the person of the event. A policy that asks for no check ignores it. Where a caller sets
    /// nothing, a policy that does ask takes the ledger as unreachable.
    ///
    /// ```
    /// use consentry::event::{Record, Recorded, RecordedPreference};
    /// use consentry::{Input, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     r#"consentry 1 policy "p" include prelude "segment" category Ads destination "X" needs Ads override ledger mismatch drop"#
    /// )?);
    /// let line = br#"{"userId":"u","context":{"consent":{"categoryPreferences":{"Ads":true}}}}"#;
    /// let refused = Record { preferences: [("Ads".to_owned(), RecordedPreference::Refused)].into() };
    /// let mut scratch = table.scratch();
    /// let decision = table.decide(Input::line(line).recorded(Recorded::Known(&refused)), &mut scratch)?;
    /// assert_eq!(decision.drop_reason(), Some("Consent mismatch"));
    /// // An unreachable ledger refuses everything under this policy.
    /// assert_eq!(table.decide(Input::line(line), &mut scratch)?.delivered().count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn recorded(self, recorded: Recorded<'i>) -> Self {
        Input { recorded, ..self }
    }

    /// Sets how large the event may be.
    #[inline]
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Input { limits, ..self }
    }

    /// Skips the checks of JSON: the caller's own parser has accepted the bytes already; see [`Validation::Trusted`].
    #[inline]
    #[must_use]
    pub fn trusted(self) -> Self {
        self.validation(Validation::Trusted)
    }

    /// Sets how much of the bytes is checked.
    #[inline]
    #[must_use]
    pub fn validation(self, validation: Validation) -> Self {
        Input { validation, ..self }
    }
}
