//! Table × event → [`Decision`]. Nothing here fails, and nothing allocates once the scratch has its size.
//!
//! [`facts`] resolves the event's names to bits; [`Table::decide`] combines the bits, 64 destinations at a time, as the
//! cell of the reconcile table says; [`Decision`] works out reasons on demand from the same bits. A [`memo`] keeps the facts of
//! texts that repeat, and [`rewrite`] writes an event so that a router obeys.

mod decision;
mod facts;
mod gate;
mod memo;
mod reasons;
mod rewrite;

pub use decision::Decision;
pub use facts::{Facts, Scratch};

use crate::event::{self, Event, EventError, Grade, Limits, Parts, Room};
use crate::model::{Enforce, EventRole, Steps};
#[cfg(feature = "ledger")]
use crate::table::Dropped;
use crate::table::{Bits, Table};
use decision::Seen;
use facts::FactsAt;
use rewrite::Outcome;

impl Table {
    /// Room for deciding with this table, so that deciding allocates nothing. Each thread has its own.
    pub fn scratch(&self) -> Scratch {
        Scratch::new(self)
    }

    /// Reads an event as this table's policy asks: [`Event::read`] with [`Policy::reading`](crate::Policy::reading),
    /// only faster.
    ///
    /// # Errors
    ///
    /// When the bytes are not an event.
    pub fn read<'e>(&self, bytes: &'e [u8], limits: &Limits) -> Result<Event<'e>, EventError> {
        let parts = event::find(
            bytes,
            &self.keys,
            limits,
            Grade::Validating,
            self.instructions,
            &mut Room::default(),
        );
        match parts.and_then(|parts| parts.event()) {
            Some(event) => Ok(event),
            None => Event::read(bytes, self.policy().reading(), limits),
        }
    }

    /// Reads and decides one event.
    ///
    /// ```
    /// use consentry::{Limits, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     "consentry 1 policy \"p\" include prelude \"segment-strict\" category Ads destination \"X\" needs Ads",
    /// )?);
    /// let decision = table.decide_bytes(b"{}", &Limits::default(), &mut table.scratch())?.delivered().count();
    /// assert_eq!(decision, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the bytes are not an event.
    pub fn decide_bytes<'d>(
        &'d self,
        bytes: &'d [u8],
        limits: &Limits,
        scratch: &'d mut Scratch,
    ) -> Result<Decision<'d>, EventError> {
        self.decide_graded(bytes, limits, Grade::Validating, scratch)
    }

    /// Reads and decides one event in the grade that the caller chooses.
    ///
    /// # Errors
    ///
    /// When the bytes are not an event; in the trusted grade, when that is seen.
    #[inline]
    pub fn decide_graded<'d>(
        &'d self,
        bytes: &'d [u8],
        limits: &Limits,
        grade: Grade,
        scratch: &'d mut Scratch,
    ) -> Result<Decision<'d>, EventError> {
        let (seen, at) = self.see(bytes, limits, grade, scratch)?;
        Ok(self.decide_facts(seen, at, scratch))
    }

    /// Reads and decides every line of a buffer, in order. A line that is not an event is an error of its own, and the others
    /// are decided all the same.
    ///
    /// Several threads may decide with one table, each with a scratch of its own.
    ///
    /// ```
    /// use consentry::{Grade, Limits, Policy, Table};
    ///
    /// let text = "consentry 1 policy \"p\" include prelude \"segment-strict\" category Ads destination \"X\" needs Ads";
    /// let table = Table::new(Policy::parse(text)?);
    /// let buffer = b"{\"context\":{\"consent\":{\"categoryPreferences\":{\"Ads\":true}}}}\n{}\nnonsense";
    /// let mut said = Vec::new();
    /// table.decide_lines(buffer, &Limits::default(), Grade::Validating, &mut table.scratch(), |_, decision| {
    ///     said.push(decision.map_or_else(|error| error.code(), |decision| ["blocked", "delivered"][decision.delivered().count()]));
    /// });
    /// assert_eq!(said, ["delivered", "blocked", "not_json"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide_lines<'b>(
        &self,
        buffer: &'b [u8],
        limits: &Limits,
        grade: Grade,
        scratch: &mut Scratch,
        mut each: impl FnMut(&'b [u8], Result<Decision<'_>, EventError>),
    ) {
        for (line, _) in event::lines(buffer) {
            each(line, self.decide_graded(line, limits, grade, scratch));
        }
    }

    /// Reads and decides one event, and appends it to `into` rewritten: so that a router which knows the integrations object
    /// alone obeys the decision. A blocked destination is stopped there, by a `false` of its own where need be, and a delivered
    /// one that would be stopped has `true`; everything else stays as it is, byte for byte, option objects of delivered destinations too.
    ///
    /// A dropped event blocks every destination of the policy, and `All` is `false` in it for the others.
    ///
    /// ```
    /// use consentry::{Grade, Limits, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     r#"consentry 1 policy "p" include prelude "segment" category Ads
    ///        destination "Google Ads" needs Ads destination "Braze" unmapped"#,
    /// )?);
    /// let line = br#"{"context":{"consent":{"categoryPreferences":{"Ads":false}}},"integrations":{"Braze":{"id":1}}}"#;
    /// let mut rewritten = Vec::new();
    /// table.rewrite(line, &Limits::default(), Grade::Validating, &mut table.scratch(), &mut rewritten)?;
    /// assert!(rewritten.ends_with(br#""integrations":{"Google Ads":false,"Braze":{"id":1}}}"#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the bytes are not an event; nothing is appended then.
    pub fn rewrite<'d>(
        &'d self,
        bytes: &'d [u8],
        limits: &Limits,
        grade: Grade,
        scratch: &'d mut Scratch,
        into: &mut Vec<u8>,
    ) -> Result<Decision<'d>, EventError> {
        let (seen, at) = self.see(bytes, limits, grade, scratch)?;
        Ok(self.rewrite_seen(seen, at, bytes, scratch, into))
    }

    fn rewrite_seen<'d>(
        &'d self,
        seen: Seen<'d>,
        at: FactsAt,
        bytes: &[u8],
        scratch: &'d mut Scratch,
        into: &mut Vec<u8>,
    ) -> Decision<'d> {
        let (facts, deliver) = scratch.facts(at);
        self.deliver(&facts, deliver);
        let dropped = matches!(facts.enforce(self), Enforce::Drop(_));
        let (rewrites, deliver) = scratch.rewrites(self);
        rewrites.rewrite(self, Outcome { deliver, dropped }, bytes, seen.integrations(), into);
        let (facts, deliver) = scratch.facts(at);
        Decision::new(self, seen, facts, deliver)
    }

    /// Reads an event and finds its facts.
    #[inline]
    fn see<'d>(
        &self,
        bytes: &'d [u8],
        limits: &Limits,
        grade: Grade,
        scratch: &mut Scratch,
    ) -> Result<(Seen<'d>, FactsAt), EventError> {
        scratch.serve(self);
        if let Some((parts, role)) = self.find(bytes, limits, grade, &mut scratch.room)
            && let Some(at) = scratch.recall(self, &parts, role)
        {
            return Ok((Seen::bytes(bytes, limits, parts.integrations), at));
        }
        let event = Event::read(bytes, self.policy().reading(), limits)?;
        let at = scratch.resolve(self, &event);
        Ok((Seen::Read(Box::new(event)), at))
    }

    /// Finds the parts of an event that a decision depends on, and what the policy makes of it by its name.
    #[inline]
    fn find<'d>(
        &self,
        bytes: &'d [u8],
        limits: &Limits,
        grade: Grade,
        room: &mut Room,
    ) -> Option<(Parts<'d>, EventRole)> {
        let parts = event::find(bytes, &self.deciding_keys, limits, grade, self.instructions, room)?;
        let role = self.role(|name| parts.is_called(name));
        if role == EventRole::default() {
            return Some((parts, role));
        }
        // Events of such a name are rare, so that of the others nobody asks the type.
        let all = event::find(bytes, &self.keys, limits, grade, self.instructions, room)?;
        Some((parts, if all.is_track() { role } else { EventRole::default() }))
    }

    /// Decides one event, for all destinations.
    ///
    /// The event must have been read as this table's policy asks: a table that is put in force later may look for
    /// preferences elsewhere, and an event that was read for another could be delivered as if it had none.
    /// [`Table::decide_bytes`] reads and decides in one step. A scratch of another table serves as well; it takes on
    /// this table's size.
    pub fn decide<'d>(&'d self, event: &'d Event<'d>, scratch: &'d mut Scratch) -> Decision<'d> {
        scratch.serve(self);
        let at = scratch.resolve(self, event);
        self.decide_facts(Seen::Event(event), at, scratch)
    }

    /// Decides one event that was checked against a ledger: whether its consent is `answered` whatever it has, and why it is dropped.
    #[cfg(feature = "ledger")]
    pub(crate) fn decide_checked<'d>(
        &'d self,
        event: &'d Event<'d>,
        is_answered: bool,
        dropped: Option<Dropped>,
        scratch: &'d mut Scratch,
    ) -> Decision<'d> {
        scratch.serve(self);
        let at = scratch.resolve(self, event).checked(is_answered, dropped);
        self.decide_facts(Seen::Event(event), at, scratch)
    }

    /// The same, and the event's line is rewritten.
    #[cfg(feature = "ledger")]
    pub(crate) fn rewrite_checked<'d>(
        &'d self,
        event: &'d Event<'d>,
        is_answered: bool,
        dropped: Option<Dropped>,
        line: &'d [u8],
        scratch: &'d mut Scratch,
        into: &mut Vec<u8>,
    ) -> Decision<'d> {
        scratch.serve(self);
        let at = scratch.resolve(self, event).checked(is_answered, dropped);
        self.rewrite_seen(Seen::Event(event), at, line, scratch, into)
    }

    /// Decides for a person who grants these categories and no others, without an integrations object: category number `i`
    /// of the policy is bit `i % 64` of word `i / 64`. For callers who keep people's choices in this form. There is no event, so
    /// that [`Decision::event`] is one without anything in it.
    pub fn decide_granted<'d>(&'d self, granted: &[u64], scratch: &'d mut Scratch) -> Decision<'d> {
        scratch.serve(self);
        let at = scratch.grant(self, granted);
        self.decide_facts(Seen::nothing(), at, scratch)
    }

    #[inline]
    fn decide_facts<'d>(&'d self, seen: Seen<'d>, at: FactsAt, scratch: &'d mut Scratch) -> Decision<'d> {
        let (facts, deliver) = scratch.facts(at);
        self.deliver(&facts, deliver);
        Decision::new(self, seen, facts, deliver)
    }

    /// Which destinations are delivered: 64 at a time, as the cell of the reconcile table says.
    #[inline]
    fn deliver(&self, facts: &Facts<'_>, deliver: &mut Bits) {
        let exempt = if facts.role.is_exempt { !0 } else { 0 };
        let enforce = facts.enforce(self);
        for (at, (word, enabled)) in deliver.words_mut().iter_mut().zip(self.enabled.words()).enumerate() {
            *word = enabled & enforce.fold(&mut Passing { table: self, facts, exempt, at });
        }
    }
}

/// Which of 64 destinations pass.
struct Passing<'p, 'd> {
    table: &'p Table,
    facts: &'p Facts<'d>,
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
        self.facts.choices.passing.word(self.at) | self.exempt
    }

    #[inline(always)]
    fn integrations(&mut self) -> u64 {
        let listed = self.facts.listed;
        let default = match listed.all_off {
            true => listed.on.word(self.at) | self.table.ignores_all.word(self.at),
            false => !0,
        };
        !listed.off.word(self.at) & default
    }

    #[inline(always)]
    fn listed(&mut self) -> u64 {
        self.facts.listed.on.word(self.at)
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
