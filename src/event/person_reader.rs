//! A reader of what a ledger needs of an event. The slow reader is the definition; the fast one finds the same.

use super::content::Event;
use super::error::EventError;
use super::fast::{Buffers, InstructionSet, Keys, Validation, find};
use super::json::skip_space;
use super::person::{KEYS, PersonMembers};
use super::read::{Limits, read_whole};
use crate::model::Reading;

/// A reader of events with the members that a ledger reads: it looks fast, and slowly where that leaves a doubt.
#[derive(Debug)]
pub(crate) struct PersonReader {
    reading: Reading,
    version: Vec<String>,
    keys: Keys,
    instructions: InstructionSet,
    buffers: Buffers,
}

impl PersonReader {
    pub(crate) fn new(reading: &Reading, version: Vec<String>) -> Self {
        let top = KEYS.map(|key| vec![key.to_owned()]);
        let paths: Vec<&[String]> = top.iter().map(Vec::as_slice).chain([version.as_slice()]).collect();
        PersonReader {
            keys: Keys::of_person(reading, paths.iter().copied().filter(|path| !path.is_empty())),
            reading: reading.clone(),
            version,
            instructions: InstructionSet::fastest(),
            buffers: Buffers::default(),
        }
    }

    /// Reads an event, and whose it is.
    pub(crate) fn read<'a>(
        &mut self,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<(Event<'a>, PersonMembers<'a>), EventError> {
        if let Some(found) = self.find(bytes, limits) {
            return Ok(found);
        }
        let whole = read_whole(bytes, &self.reading, &self.version, limits)?;
        Ok((whole.event, whole.person))
    }

    fn find<'a>(&mut self, bytes: &'a [u8], limits: &Limits) -> Option<(Event<'a>, PersonMembers<'a>)> {
        let PersonReader { reading, keys, instructions, buffers, .. } = self;
        // The slow reader reads inputs.
        if !reading.inputs.is_empty() {
            return None;
        }
        let parts = find(bytes, keys, limits, Validation::Full, *instructions, buffers)?;
        let person = PersonMembers::of(parts.is_alias(), skip_space(bytes), buffers.found())?;
        Some((parts.event(reading)?, person))
    }
}
