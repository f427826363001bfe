//! One pass over an event's bytes, and what is made of it.

use super::grammar::Grammar;
use super::keys::Keys;
use super::locate::{Container, Locator};
use super::simd::{BLOCK, Kernel, Simd};
use super::structural::{BLOCKS, Block, CHUNK, Seen};
use super::tokens::Tokens;
use super::uncertain::Uncertain;
use crate::event::json::is_space;
use crate::event::parts::Parts;

/// Finds the parts of the event that is `text`. With `VALIDATING` it accepts nothing that is not JSON, UTF-8 aside.
pub(super) struct Scan<'k, 't, 'r, const VALIDATING: bool> {
    pub(super) keys: &'k Keys,
    /// An event without white space in front of it: it begins with `{`.
    pub(super) text: &'t [u8],
    /// The deepest nesting.
    pub(super) nesting: u32,
    pub(super) buffers: &'r mut Buffers,
}

/// What a scan found, and where bytes beyond ASCII begin and end.
pub(super) struct Scanned<'t> {
    pub(super) parts: Parts<'t>,
    pub(super) beyond_ascii: &'t [u8],
}

/// Buffers for what is seen of an event, kept from event to event so that none asks for memory.
#[derive(Debug, Clone)]
pub(crate) struct Buffers {
    blocks: Vec<Block>,
    /// A bit for each block that is to be seen more closely.
    to_see: Vec<u64>,
    tokens: [Tokens; BLOCKS],
    /// The objects on the way to the preferences.
    way: Vec<Container>,
    /// Where the values of inputs begin in the event, with the number of each input.
    pub(super) inputs: Vec<(usize, usize)>,
}

impl Default for Buffers {
    fn default() -> Self {
        Buffers {
            blocks: Vec::new(),
            to_see: Vec::new(),
            tokens: [Tokens::default(); BLOCKS],
            way: Vec::new(),
            inputs: Vec::new(),
        }
    }
}

impl Buffers {
    /// Makes buffers for an event of so many bytes.
    #[inline]
    fn begin(&mut self, length: usize) {
        if self.blocks.len() * BLOCK < length {
            self.blocks.resize(length.div_ceil(BLOCK), Block::default());
        }
        self.to_see.clear();
    }
}

impl<'t, const VALIDATING: bool> Kernel for Scan<'_, 't, '_, VALIDATING> {
    type Output = Result<Scanned<'t>, Uncertain>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Scan { keys, text, nesting, buffers } = self;
        buffers.begin(text.len());
        let Buffers { blocks, to_see, tokens, way, inputs } = buffers;
        let mut seen = Seen::default();
        let mut grammar = Grammar::default();
        let mut beyond_ascii = text.len()..text.len();
        for (chunk, bytes) in text.chunks(CHUNK).enumerate() {
            let start = chunk * CHUNK;
            let blocks = blocks.get_mut(chunk * BLOCKS..).unwrap_or_default();
            let found = seen.look::<S, VALIDATING>(simd, bytes, keys.begins(), blocks, tokens);
            to_see.push(found.to_see);
            if found.beyond_ascii != 0 {
                let first = start + found.beyond_ascii.trailing_zeros() as usize * BLOCK;
                let behind = start + (u64::BITS - found.beyond_ascii.leading_zeros()) as usize * BLOCK;
                beyond_ascii = beyond_ascii.start.min(first)..behind.min(text.len());
            }
            if VALIDATING {
                for (base, tokens) in (start..start + bytes.len()).step_by(BLOCK).zip(&*tokens) {
                    grammar.block(tokens, text, base)?;
                }
            }
        }
        let blocks = blocks.get(..text.len().div_ceil(BLOCK)).unwrap_or_default();
        let last = text.iter().rev().find(|byte| !is_space(**byte));
        let whole = last == Some(&b'}') && seen.opened == seen.closed && !seen.strings.open();
        let flat = seen.opened <= nesting || blocks.iter().all(|block| block.is_within(nesting));
        if !whole || !flat {
            return Err(Uncertain);
        }
        let parts = Locator::new(keys, text, blocks, way, inputs).find(to_see)?;
        Ok(Scanned { parts, beyond_ascii: text.get(beyond_ascii).unwrap_or_default() })
    }
}
