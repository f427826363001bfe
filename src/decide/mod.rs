//! Table × event → [`Decision`]. Nothing here fails, and nothing allocates once the scratch has its size.
//!
//! [`facts`] resolves the event's names to bits; [`Table::decide`] combines the bits, 64 destinations at a time, as the
//! cell of the reconcile table says; [`Decision`] works out reasons on demand from the same bits.

mod decision;
mod facts;
mod rewrite;

pub use decision::Decision;
pub use facts::{Facts, Scratch};

use crate::event::{Event, EventError, Limits};
use crate::model::Enforce;
use crate::table::Table;
use std::borrow::Cow;

impl Table {
    /// Room for deciding with this table, so that deciding allocates nothing. Each thread has its own.
    pub fn scratch(&self) -> Scratch {
        let mut scratch = Scratch::default();
        scratch.facts.reset(self);
        scratch.passing.copy_from(&self.enabled);
        scratch.deliver.copy_from(&self.enabled);
        scratch
    }

    /// Reads an event as this table's policy asks: [`Event::read`] with [`Policy::reading`](crate::Policy::reading).
    ///
    /// # Errors
    ///
    /// When the bytes are not an event.
    pub fn read<'e>(&self, bytes: &'e [u8], limits: &Limits) -> Result<Event<'e>, EventError> {
        Event::read(bytes, self.policy().reading(), limits)
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
        Ok(self.decide_cow(Cow::Owned(self.read(bytes, limits)?), scratch))
    }

    /// Decides one event, for all destinations.
    ///
    /// The event must have been read as this table's policy asks: a table that is put in force later may look for
    /// preferences elsewhere, and an event that was read for another could be delivered as if it had none.
    /// [`Table::decide_bytes`] reads and decides in one step. A scratch of another table serves as well; it takes on
    /// this table's size.
    pub fn decide<'d>(&'d self, event: &'d Event<'d>, scratch: &'d mut Scratch) -> Decision<'d> {
        self.decide_cow(Cow::Borrowed(event), scratch)
    }

    fn decide_cow<'d>(&'d self, event: Cow<'d, Event<'d>>, scratch: &'d mut Scratch) -> Decision<'d> {
        scratch.facts.resolve(self, &event);
        let Scratch { facts, passing, deliver } = scratch;
        self.requirements.passing(&facts.granted, passing);
        let enforce = self.enforce(facts.consent, facts.integrations);
        deliver.copy_from(&self.enabled);
        for (at, deliver) in deliver.words_mut().iter_mut().enumerate() {
            let consent = if facts.exempt_event { !0 } else { passing.word(at) };
            let listed = facts.on.word(at);
            let default = if facts.all_off { listed | self.ignores_all.word(at) } else { !0 };
            let integrations = !facts.off.word(at) & default;
            *deliver &= match enforce {
                Enforce::Nothing => !0,
                Enforce::Integrations => integrations,
                Enforce::ListedIntegrations => listed,
                Enforce::Consent => consent,
                Enforce::ConsentThenIntegrations => consent & integrations,
                Enforce::ConsentOrIntegrations => consent | integrations,
                Enforce::ConsentOrListedThenIntegrations => (consent | listed) & integrations,
                Enforce::Drop(_) => 0,
            };
        }
        Decision::new(self, event, scratch)
    }
}
