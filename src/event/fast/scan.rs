//! One pass over an event's bytes.

use super::Doubt;
use super::blocks::{Blocks, CHUNK, Seen, ones};
use super::grammar::Grammar;
use super::keys::Keys;
use super::locate::Locator;
use super::simd::{BLOCK, Kernel, Simd};
use crate::event::json::skip_space;
use crate::event::parts::Parts;

/// Finds the parts of the event that is `text`. With `VALIDATING` it accepts nothing that is not JSON, UTF-8 aside.
pub(super) struct Scan<'k, 't, 'r, const VALIDATING: bool> {
    pub(super) keys: &'k Keys,
    /// An event without white space in front of it: it begins with `{`.
    pub(super) text: &'t [u8],
    /// The deepest nesting.
    pub(super) nesting: u32,
    pub(super) room: &'r mut Blocks,
}

/// What a scan found, and whether any byte was beyond ASCII.
pub(super) struct Scanned<'t> {
    pub(super) parts: Parts<'t>,
    pub(super) beyond_ascii: bool,
}

impl<'t, const VALIDATING: bool> Kernel for Scan<'_, 't, '_, VALIDATING> {
    type Output = Result<Scanned<'t>, Doubt>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Scan { keys, text, nesting, room: blocks } = self;
        let mut seen = Seen::default();
        let mut grammar = Grammar::default();
        let mut locator = Locator::new(keys, text, nesting);
        for (chunk, bytes) in text.chunks(CHUNK).enumerate() {
            let start = chunk * CHUNK;
            seen.look::<S, VALIDATING>(simd, bytes, keys.begins(), blocks);
            let bases = (start..start + bytes.len()).step_by(BLOCK);
            for (base, (block, _)) in bases.clone().zip(blocks.iter()) {
                locator.block(block.candidates, block.opens, block.closes, base)?;
            }
            if VALIDATING {
                for (base, (_, tokens)) in bases.clone().zip(blocks.iter()) {
                    grammar.block(tokens, text, base)?;
                }
            }
            if seen.escapes != 0 {
                for (base, (block, _)) in bases.zip(blocks.iter()) {
                    no_key(block.closing_escaped, text.get(base..).unwrap_or_default())?;
                }
            }
        }
        if seen.strings.open() {
            return Err(Doubt);
        }
        Ok(Scanned { parts: locator.finish()?, beyond_ascii: seen.beyond_ascii != 0 })
    }
}

/// Doubts keys that have an escape: any may be one that is looked for. The strings end at the bits of `closing`.
fn no_key(closing: u64, rest: &[u8]) -> Result<(), Doubt> {
    let is_key = |at: usize| {
        let behind = rest.get(at + 1..).unwrap_or_default();
        skip_space(behind).first() == Some(&b':')
    };
    if ones(closing).any(is_key) { Err(Doubt) } else { Ok(()) }
}
