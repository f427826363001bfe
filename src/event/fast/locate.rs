//! The way to the parts of an event, once its brackets are known.

use super::keys::{Key, Keys};
use super::simd::BLOCK;
use super::structural::{BLOCKS, Block};
use super::tokens::ones;
use super::uncertain::Uncertain;
use crate::event::json::skip_space;
use crate::event::parts::{ConsentPart, Parts};

/// Follows the way to the preferences and to the integrations object.
pub(super) struct Locator<'k, 'r, 't> {
    keys: &'k Keys,
    text: &'t [u8],
    blocks: &'r [Block],
    /// The objects on the way to the preferences that were there, the outermost first; the event itself is not among them.
    way: &'r mut Vec<Container>,
    /// Where the values of inputs begin, with the number of each input.
    inputs: &'r mut Vec<(usize, usize)>,
    found: Parts<'t>,
}

/// An object of the event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container {
    /// How many objects and arrays are open inside it, itself included.
    depth: u32,
    /// Where it is opened.
    open: usize,
    /// Where it is closed, once that is known; before this block it is not.
    closed: Option<usize>,
    block: usize,
}

impl<'k, 'r, 't> Locator<'k, 'r, 't> {
    /// `text` is an event of these blocks; `way` is buffers.
    pub(super) fn new(
        keys: &'k Keys,
        text: &'t [u8],
        blocks: &'r [Block],
        way: &'r mut Vec<Container>,
        inputs: &'r mut Vec<(usize, usize)>,
    ) -> Self {
        way.clear();
        inputs.clear();
        let consent = if keys.parents() == 0 { ConsentPart::Empty } else { ConsentPart::Missing };
        Locator { keys, text, blocks, way, inputs, found: Parts { consent, ..Parts::default() } }
    }

    /// What there is. `to_see` has a bit for each block that is to be seen more closely.
    #[inline(always)]
    pub(super) fn find(mut self, to_see: &[u64]) -> Result<Parts<'t>, Uncertain> {
        for (chunk, to_see) in to_see.iter().enumerate() {
            for number in ones(*to_see).map(|bit| chunk * BLOCKS + bit) {
                let block = self.blocks.get(number).ok_or(Uncertain)?;
                for at in ones(block.closing_escaped) {
                    self.no_key(number * BLOCK + at)?;
                }
                for at in ones(block.candidates) {
                    // A member of an object on the way, or of another one as deep.
                    let level = block.depth_before(at).wrapping_sub(1) as usize;
                    if level <= self.way.len() {
                        self.string(level, number * BLOCK + at)?;
                    }
                }
            }
        }
        Ok(self.found)
    }

    /// Doubts a key with an escape, at its closing quote: it may be any that is looked for.
    fn no_key(&self, closing: usize) -> Result<(), Uncertain> {
        let behind = self.text.get(closing + 1..).unwrap_or_default();
        if skip_space(behind).first() == Some(&b':') { Err(Uncertain) } else { Ok(()) }
    }

    /// A string at its opening quote. Besides the event, `level` objects and arrays are open.
    #[inline(always)]
    fn string(&mut self, level: usize, at: usize) -> Result<(), Uncertain> {
        let rest = self.text.get(at + 1..).ok_or(Uncertain)?;
        let Some((key, length)) = self.keys.at(level, rest) else { return Ok(()) };
        let behind = skip_space(rest.get(length + 1..).unwrap_or_default());
        // A string that no colon follows is a value.
        let Some(value) = behind.strip_prefix(b":") else { return Ok(()) };
        let around = level.checked_sub(1).and_then(|level| self.way.get_mut(level));
        if around.is_some_and(|around| around.closing(self.blocks, at).is_some()) {
            return Ok(());
        }
        let value = skip_space(value);
        let start = self.text.len() - value.len();
        let first_byte = value.first();
        let is_object = first_byte == Some(&b'{');
        let mut object =
            Container { depth: level as u32 + 2, open: start, closed: None, block: start / BLOCK };
        match key {
            Key::Parent if is_object && level == self.way.len() => {
                self.way.push(object);
                if self.way.len() == self.keys.parents() {
                    self.found.consent = ConsentPart::Empty;
                }
            }
            Key::Preferences
                if first_byte == Some(&self.keys.first_byte)
                    && matches!(self.found.consent, ConsentPart::Empty) =>
            {
                let text = match self.keys.first_byte {
                    b'"' => self.keys.text_of(value),
                    _ => object.text(self.blocks, self.text),
                };
                let text = text.ok_or(Uncertain)?;
                self.found.consent = ConsentPart::Preferences(text);
            }
            Key::Integrations if is_object && self.found.integrations.is_none() => {
                self.found.integrations = Some(object.text(self.blocks, self.text).ok_or(Uncertain)?);
            }
            Key::Type => once(&mut self.found.kind, value)?,
            Key::Event => once(&mut self.found.event, value)?,
            Key::MessageId => once(&mut self.found.id, value)?,
            Key::Input(number) if self.inputs.iter().all(|(known, _)| *known != number) => {
                self.inputs.push((number, start));
            }
            // Malformed, there for the second time, or perhaps no event at all: the slow reader knows what that means.
            Key::Parent
            | Key::Preferences
            | Key::WrongSpelling
            | Key::Integrations
            | Key::Batch
            | Key::Input(_) => {
                return Err(Uncertain);
            }
        }
        Ok(())
    }
}

impl Container {
    /// Where it is closed, if it is before `until`. However often it is asked, it looks at each block once.
    #[inline(always)]
    fn closing(&mut self, blocks: &[Block], until: usize) -> Option<usize> {
        while self.closed.is_none() && self.block * BLOCK < until {
            let block = blocks.get(self.block)?;
            let start = self.block * BLOCK;
            if block.depth < self.depth + block.closes.count_ones() {
                let closing = |at: &usize| start + at > self.open && block.depth_before(*at) == self.depth;
                self.closed = ones(block.closes).find(closing).map(|at| start + at);
            }
            self.block += 1;
        }
        self.closed.filter(|closed| *closed < until)
    }

    /// Its text.
    #[inline(always)]
    fn text<'t>(&mut self, blocks: &[Block], text: &'t [u8]) -> Option<&'t [u8]> {
        let closed = self.closing(blocks, text.len())?;
        text.get(self.open..=closed)
    }
}

fn once<'t>(found: &mut Option<&'t [u8]>, value: &'t [u8]) -> Result<(), Uncertain> {
    match found.replace(value) {
        None => Ok(()),
        Some(_) => Err(Uncertain),
    }
}
