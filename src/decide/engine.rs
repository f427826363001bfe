//! [`Table`] × [`Input`] → [`Decision`]. Only bytes can fail, and nothing allocates once the scratch has its size.

use super::bits::Bits;
use super::decision::{Decision, Origin};
use super::input::{Input, Subject};
use super::resolved::ResolvedEvent;
use super::rewrite::Outcome;
use super::scratch::{ResolvedAt, Scratch};
use super::table::Table;
use crate::event::{self, Buffers, Event, EventError, Limits, Parts, Recorded, Validation};
use crate::model::{EventRole, Steps};

impl Table {
    /// Returns room for deciding with this table, so that deciding allocates nothing. Each thread has its own.
    pub fn scratch(&self) -> Scratch {
        Scratch::new(self)
    }

    /// Decides one event, for all destinations. A scratch of another table serves as well; it takes on this table's size.
    ///
    /// ```
    /// use consentry::{Input, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     "consentry 1 policy \"p\" include prelude \"segment-strict\" category Ads destination \"X\" needs Ads",
    /// )?);
    /// let decision = table.decide(Input::line(b"{}"), &mut table.scratch())?.delivered().count();
    /// assert_eq!(decision, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the bytes are not an event; if they are trusted, when that is seen. A [`Batch`](crate::event::Batch) is several events, and
    /// no event. Other inputs are always decided.
    #[inline]
    pub fn decide<'d>(
        &'d self,
        input: Input<'d>,
        scratch: &'d mut Scratch,
    ) -> Result<Decision<'d>, EventError> {
        let (origin, at) = self.resolve(input, scratch)?;
        Ok(self.decide_at(origin, at, scratch))
    }

    /// Decides one event, and appends it to `into` rewritten, so that a router that knows only the integrations object obeys the
    /// decision (section 8 of the semantics). A blocked destination is stopped under each of its names, by a `false` where need be. A
    /// delivered one that would be stopped has `true`, under each name that no blocked destination has. Everything else stays as it is,
    /// byte for byte, option objects of delivered destinations too.
    ///
    /// Under `router knows own names` a blocked destination is stopped under its own name, and a shared alias stops nobody while one of
    /// its destinations is delivered. A dropped event blocks every destination: each of its entries is `false`, and so is `All`. An
    /// input without bytes is written as the smallest event of its kind.
    ///
    /// ```
    /// use consentry::{Input, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     r#"consentry 1 policy "p" include prelude "segment" category Ads
    ///        destination "Google Ads" needs Ads destination "Braze" unmapped"#,
    /// )?);
    /// let line = br#"{"context":{"consent":{"categoryPreferences":{"Ads":false}}},"integrations":{"Braze":{"id":1}}}"#;
    /// let mut rewritten = Vec::new();
    /// table.rewrite(Input::line(line), &mut table.scratch(), &mut rewritten)?;
    /// assert!(rewritten.ends_with(br#""integrations":{"Google Ads":false,"Braze":{"id":1}}}"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the bytes are not an event; nothing is appended then. [`Table::rewrite_batch`] rewrites a batch.
    pub fn rewrite<'d>(
        &'d self,
        input: Input<'d>,
        scratch: &'d mut Scratch,
        into: &mut Vec<u8>,
    ) -> Result<Decision<'d>, EventError> {
        let (origin, at) = self.resolve(input, scratch)?;
        let written;
        let line = match input.subject {
            Subject::Line(bytes) => bytes,
            Subject::Event(event) => {
                written = event.to_json(self.policy().reading());
                written.as_bytes()
            }
            Subject::Granted(_) => b"{}",
        };
        let several;
        let objects: &[&[u8]] = match &origin {
            Origin::Bytes { integrations, .. } => integrations.as_slice(),
            Origin::Event(_) | Origin::Read { .. } => {
                several = event::integrations_texts(line);
                &several
            }
        };
        self.rewrite_as(at, line, objects, scratch, into);
        let (event, deliver) = scratch.resolved(at);
        Ok(Decision::new(self, origin, event, deliver))
    }

    /// Decides an event, and appends the text of one rewritten, with these integrations objects: that of the event itself, or of one
    /// that a router reads in its place.
    #[inline]
    pub(super) fn rewrite_as(
        &self,
        at: ResolvedAt,
        line: &[u8],
        objects: &[&[u8]],
        scratch: &mut Scratch,
        into: &mut Vec<u8>,
    ) {
        let (event, deliver) = scratch.resolved(at);
        self.deliver(&event, deliver);
        let dropped = event.enforce(self).drop_reason().is_some();
        let (rewrites, deliver) = scratch.rewrites(self);
        rewrites.rewrite(self, Outcome { deliver, dropped }, line, objects, into);
    }

    /// Reads an event as this table's policy asks: [`Event::read`] with [`Policy::reading`](crate::Policy::reading), only faster.
    ///
    /// # Errors
    ///
    /// When the bytes are not an event. [`Batch::read`](crate::event::Batch::read) reads a batch.
    pub fn read<'e>(&self, bytes: &'e [u8], limits: &Limits) -> Result<Event<'e>, EventError> {
        let mut buffers = Buffers::default();
        let parts = event::find(bytes, &self.keys, limits, Validation::Full, self.instructions, &mut buffers);
        match parts.and_then(|parts| parts.event(self.policy().reading())) {
            Some(event) => Ok(event),
            None => Event::read(bytes, self.policy().reading(), limits),
        }
    }

    /// Decides an event that is read already.
    pub(crate) fn decide_event<'d>(&'d self, event: &'d Event<'d>, scratch: &'d mut Scratch) -> Decision<'d> {
        scratch.serve(self);
        let at = scratch.resolve(self, event).check(self, Recorded::Unchecked, scratch);
        self.decide_at(Origin::Event(event), at, scratch)
    }

    /// Resolves what is decided about to the policy's own numbers, and checks it against what is recorded.
    #[inline]
    pub(super) fn resolve<'d>(
        &self,
        input: Input<'d>,
        scratch: &mut Scratch,
    ) -> Result<(Origin<'d>, ResolvedAt), EventError> {
        scratch.serve(self);
        let (origin, at) = match input.subject {
            Subject::Line(bytes) => self.read_and_resolve(bytes, &input.limits, input.validation, scratch)?,
            Subject::Event(event) => (Origin::Event(event), scratch.resolve(self, event)),
            Subject::Granted(granted) => {
                (Origin::bytes(b"", &input.limits, None), scratch.grant(self, granted))
            }
        };
        Ok((origin, at.check(self, input.recorded, scratch)))
    }

    #[inline]
    fn read_and_resolve<'d>(
        &self,
        bytes: &'d [u8],
        limits: &Limits,
        validation: Validation,
        scratch: &mut Scratch,
    ) -> Result<(Origin<'d>, ResolvedAt), EventError> {
        if let Some((parts, role)) = self.find(bytes, limits, validation, &mut scratch.buffers)
            && let Some(at) = scratch.recall(self, &parts, role)
        {
            return Ok((Origin::bytes(bytes, limits, parts.integrations), at));
        }
        let event = Event::read(bytes, self.policy().reading(), limits)?;
        let at = scratch.resolve(self, &event);
        Ok((Origin::Read { bytes, event: Box::new(event) }, at))
    }

    /// Finds the parts of an event that a decision depends on, and the role that its name gives it.
    #[inline]
    fn find<'d>(
        &self,
        bytes: &'d [u8],
        limits: &Limits,
        validation: Validation,
        buffers: &mut Buffers,
    ) -> Option<(Parts<'d>, EventRole)> {
        let parts = event::find(bytes, &self.deciding_keys, limits, validation, self.instructions, buffers)?;
        let role = self.role(|name| parts.is_called(name));
        let all = match self.records_identify {
            true => parts,
            false if role == EventRole::default() => return Some((parts, role)),
            // Events of such a name are rare, so that the type of the others is not read.
            false => event::find(bytes, &self.keys, limits, validation, self.instructions, buffers)?,
        };
        let is_track = all.is_track();
        Some((parts, if is_track { role } else { self.role_without_name(all.is_identify()) }))
    }

    #[inline]
    fn decide_at<'d>(&'d self, origin: Origin<'d>, at: ResolvedAt, scratch: &'d mut Scratch) -> Decision<'d> {
        let (event, deliver) = scratch.resolved(at);
        self.deliver(&event, deliver);
        Decision::new(self, origin, event, deliver)
    }

    /// Finds out which destinations receive the event, 64 at a time.
    #[inline]
    pub(super) fn deliver(&self, event: &ResolvedEvent<'_>, deliver: &mut Bits) {
        let exempt = if event.role.is_exempt { !0 } else { 0 };
        let enforce = event.enforce(self);
        for (at, (word, enabled)) in deliver.words_mut().iter_mut().zip(self.enabled.words()).enumerate() {
            *word = enabled & enforce.fold(&mut Passing { table: self, event, exempt, at });
        }
    }
}

/// Which of 64 destinations pass.
struct Passing<'p, 'd> {
    table: &'p Table,
    event: &'p ResolvedEvent<'d>,
    exempt: u64,
    at: usize,
}

impl Steps for Passing<'_, '_> {
    type Value = u64;

    #[inline(always)]
    fn nothing(&mut self) -> u64 {
        !0
    }

    #[inline(always)]
    fn drop(&mut self) -> u64 {
        0
    }

    #[inline(always)]
    fn consent(&mut self) -> u64 {
        self.event.grants.passing.word(self.at) | self.exempt
    }

    #[inline(always)]
    fn integrations(&mut self) -> u64 {
        let listed = self.event.listed;
        let default = match listed.all_off {
            true => listed.on.word(self.at) | self.table.ignores_all.word(self.at),
            false => !0,
        };
        !listed.off.word(self.at) & default
    }

    #[inline(always)]
    fn listed(&mut self) -> u64 {
        self.event.listed.on.word(self.at)
    }

    #[inline(always)]
    fn then(&mut self, first: u64, second: u64) -> u64 {
        first & second
    }

    #[inline(always)]
    fn or(&mut self, first: u64, second: u64) -> u64 {
        first | second
    }
}
