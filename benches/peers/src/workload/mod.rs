//! A fixed-seed generator of events and of the policy that decides them.
//!
//! The same [`Shape`] gives the same bytes on every machine. Its default is the workload that all published numbers are of:
//! 50 destinations, 8 categories, events of about 1,268 bytes.

mod catalogue;
mod consents;
mod event;
mod integrations;
mod pretty;
#[cfg(test)]
mod tests;
mod texts;

pub use catalogue::{Catalogue, Destination};
pub use consents::{COMMON, NAMED};
pub use event::LAYOUTS;

use crate::random::Random;
use consents::Consents;
use integrations::Integrations;
use std::ops::Range;

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// How many destinations the policy has.
    pub destinations: usize,
    /// How many categories the policy has, at least eight.
    pub categories: usize,
    /// Whether consent strings repeat.
    pub consent: ConsentStrings,
    /// Whether the events are pretty-printed.
    pub form: Form,
    /// How many events there are.
    pub events: usize,
}

/// Whether consent strings repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentStrings {
    /// 120 of them by a Zipf law, and 3 % drawn uniformly.
    Repeated,
    /// Every one is different.
    Unique,
}

/// How the events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Without white space between tokens, one event a line.
    Compact,
    /// Every member on a line of its own.
    Pretty,
}

impl Default for Shape {
    fn default() -> Self {
        Shape {
            destinations: 50,
            categories: 8,
            consent: ConsentStrings::Repeated,
            form: Form::Compact,
            events: 20_000,
        }
    }
}

/// Events and their policy.
#[derive(Debug, Clone)]
pub struct Workload {
    /// What the policy declares.
    pub catalogue: Catalogue,
    /// The text of the policy.
    pub policy: String,
    /// All events, each followed by a line break.
    text: Vec<u8>,
    /// Where each event ends in the text.
    ends: Vec<usize>,
}

impl Workload {
    /// Generates a workload.
    pub fn new(shape: Shape) -> Self {
        let mut random = Random::new(0x00C0_FFEE);
        let catalogue = Catalogue::new(shape.categories, shape.destinations, &mut random);
        let mut consents = Consents::new(&catalogue.categories, shape.consent, &mut random);
        let integrations = Integrations::new(&catalogue, &mut random);
        let (mut text, mut ends) = (Vec::new(), Vec::new());
        for _ in 0..shape.events {
            let event = event::draw(&mut consents, &integrations, &mut random);
            match shape.form {
                Form::Compact => text.extend_from_slice(event.as_bytes()),
                Form::Pretty => text.extend_from_slice(pretty::pretty(&event).as_bytes()),
            }
            ends.push(text.len());
            text.push(b'\n');
        }
        Workload { policy: catalogue.policy(), catalogue, text, ends }
    }

    /// The events, without their line breaks.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.range(0..self.ends.len()).map(|event| &self.text[event])
    }

    /// One of so many parts of the events, all of about the same number.
    pub fn part(&self, part: usize, parts: usize) -> impl ExactSizeIterator<Item = &[u8]> {
        self.range(self.part_range(part, parts)).map(|event| &self.text[event])
    }

    /// The same part as one text, each event followed by a line break.
    pub fn part_text(&self, part: usize, parts: usize) -> &[u8] {
        let range = self.part_range(part, parts);
        &self.text[self.start(range.start)..self.start(range.end)]
    }

    fn part_range(&self, part: usize, parts: usize) -> Range<usize> {
        let bound = |part| self.ends.len() * part / parts;
        bound(part)..bound(part + 1)
    }

    /// Where the events of a range of numbers are.
    fn range(&self, numbers: Range<usize>) -> impl ExactSizeIterator<Item = Range<usize>> {
        numbers.map(|number| self.start(number)..self.ends[number])
    }

    /// Where the event of a number begins, or would begin.
    fn start(&self, number: usize) -> usize {
        if number == 0 { 0 } else { self.ends[number - 1] + 1 }
    }

    /// All events as one text, each followed by a line break.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many bytes an event has on average, its line break not counted.
    pub fn mean_bytes(&self) -> f64 {
        self.text.len() as f64 / self.ends.len() as f64 - 1.0
    }
}
