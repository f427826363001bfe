//! Everything that calls consentry.

use consentry::event::{Consent, InstructionSet, Preference};
use consentry::{Decision, DestinationId, Event, Policy, Scratch, Table};
pub use consentry::{Input, Validation};

/// A compiled policy, ready to be measured.
#[derive(Debug, Clone)]
pub struct Ours {
    table: Table,
    /// What is looked at of each decision, so that it is made.
    last: DestinationId,
}

/// The room of one thread.
pub type Room = Scratch;

/// An event whose names a caller has extracted already.
pub type Extracted = Event<'static>;

impl Ours {
    /// Compiles the policy.
    pub fn new(policy: &str) -> Self {
        let table = compile(policy);
        let last = table.policy().destination_ids().last().expect("the policy has destinations");
        Ours { table, last }
    }

    /// The same with each set of instructions that this processor has, the fastest first, and its name.
    pub fn with_each_instruction_set(&self) -> Vec<(&'static str, Ours)> {
        let with = |set: InstructionSet| {
            (set.name(), Ours { table: self.table.clone().with_instructions(set), ..self.clone() })
        };
        InstructionSet::available().map(with).collect()
    }

    /// Room for one thread, which remembers nothing yet.
    pub fn room(&self) -> Room {
        self.table.scratch()
    }

    /// Room for one thread, which never remembers anything.
    pub fn room_without_memory(&self) -> Room {
        self.table.scratch().without_memory()
    }

    /// Decides an event, every byte of which is checked.
    #[inline]
    pub fn validating(&self, event: &[u8], room: &mut Room) -> u64 {
        self.look(&self.table.decide(Input::line(event), room).expect("events are JSON"))
    }

    /// Decides an event that the caller's own parser has accepted.
    #[inline]
    pub fn trusted(&self, event: &[u8], room: &mut Room) -> u64 {
        self.look(&self.table.decide(Input::line(event).trusted(), room).expect("events are JSON"))
    }

    /// Decides for a person of whom the granted categories are known as bits.
    #[inline]
    pub fn from_mask(&self, granted: &[u64], room: &mut Room) -> u64 {
        self.look(&self.table.decide(Input::granted(granted), room).expect("grants are decided"))
    }

    /// Decides an event whose names have been extracted.
    #[inline]
    pub fn from_names(&self, event: &Extracted, room: &mut Room) -> u64 {
        self.look(&self.table.decide(Input::event(event), room).expect("events are decided"))
    }

    /// Decides every line of a buffer.
    pub fn lines(&self, validation: Validation, buffer: &[u8], room: &mut Room) -> u64 {
        let mut sum = 0;
        for (line, _) in consentry::event::lines(buffer) {
            let decision = self.table.decide(Input::line(line).validation(validation), room);
            sum += self.look(&decision.expect("events are JSON"));
        }
        sum
    }

    /// Decides an event and appends it with the decision in its `integrations`.
    #[inline]
    pub fn rewrite(&self, validation: Validation, event: &[u8], room: &mut Room, into: &mut Vec<u8>) {
        let decision = self.table.rewrite(Input::line(event).validation(validation), room, into);
        self.look(&decision.expect("events are JSON"));
    }

    /// The destinations that receive an event, as bits.
    pub fn delivered(&self, input: Input<'_>, room: &mut Room) -> Vec<u64> {
        let decision = self.table.decide(input, room);
        let mut bits = vec![0; self.table.policy().destinations().len().div_ceil(64)];
        let delivered = decision.expect("events are JSON").delivered();
        delivered.for_each(|id| bits[id.index() / 64] |= 1 << (id.index() % 64));
        bits
    }

    /// An event with these preferences and no integrations object.
    pub fn extracted(&self, granted: u64) -> Extracted {
        let categories = self.table.policy().categories().iter().enumerate();
        let preferences = categories.map(|(number, category)| {
            let preference =
                if granted >> number & 1 == 1 { Preference::Granted } else { Preference::Refused };
            (category.wire_id().to_owned().into(), preference)
        });
        Event { consent: Consent::Preferences(preferences.collect()), ..Event::default() }
    }

    /// The decision is made when its value exists; looking at one destination keeps the compiler from leaving it out.
    #[inline]
    fn look(&self, decision: &Decision<'_>) -> u64 {
        u64::from(decision.delivers(self.last))
    }
}

/// Policy text to table.
pub fn compile(policy: &str) -> Table {
    Table::new(Policy::parse(policy).expect("the policy compiles"))
}
