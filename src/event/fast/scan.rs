//! One pass over an event's bytes.

use super::Doubt;
use super::grammar::{Grammar, Tokens};
use super::keys::Keys;
use super::locate::{Locator, skip_space};
use super::simd::{BLOCK, Kernel, Set, Simd};
use super::strings::Strings;
use crate::event::parts::Parts;

/// Finds the parts of the event that is `text`. With `VALIDATING` it accepts nothing that is not JSON, UTF-8 aside.
pub(super) struct Scan<'k, 't, const VALIDATING: bool> {
    pub(super) keys: &'k Keys,
    /// An event without white space around it: it begins with `{`.
    pub(super) text: &'t [u8],
    /// The deepest nesting.
    pub(super) nesting: u32,
}

/// What a scan found, and whether any byte was beyond ASCII.
pub(super) struct Scanned<'t> {
    pub(super) parts: Parts<'t>,
    pub(super) beyond_ascii: bool,
}

impl<'t, const VALIDATING: bool> Kernel for Scan<'_, 't, VALIDATING> {
    type Output = Result<Scanned<'t>, Doubt>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Scan { keys, text, nesting } = self;
        let mut strings = Strings::default();
        let mut grammar = Grammar::default();
        let mut locator = Locator::new(keys, text);
        let mut beyond_ascii = 0;
        let mut last = [b' '; BLOCK];
        let mut base = 0;
        while let Some(rest) = text.get(base..).filter(|rest| !rest.is_empty()) {
            let block = rest.first_chunk().unwrap_or_else(|| {
                // White space behind the event changes nothing.
                last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                &last
            });
            let bytes = simd.load(block);
            let found = strings.block(simd, bytes);
            let opens = simd.equal_but_bit_5(bytes, b'{') & !found.inside;
            let closes = simd.equal_but_bit_5(bytes, b'}') & !found.inside;
            if locator.depth() + opens.count_ones() > nesting {
                return Err(Doubt);
            }
            if found.closing_escaped != 0 {
                no_key(found.closing_escaped, rest)?;
            }
            let candidates = match keys.begins() {
                Some(begins) => candidates(simd, bytes, found.opening, begins),
                None => found.opening,
            };
            locator.block(candidates, opens, closes, base)?;
            if VALIDATING {
                beyond_ascii |= simd.beyond_ascii(bytes);
                grammar.block(simd, bytes, &Tokens { strings: found, opens, closes }, text, base)?;
            }
            base += BLOCK;
        }
        if strings.open() {
            return Err(Doubt);
        }
        Ok(Scanned { parts: locator.finish()?, beyond_ascii: beyond_ascii != 0 })
    }
}

/// The opening quotes of strings that begin like a key; where the block ends too soon to tell, it is one.
#[inline(always)]
fn candidates<S: Simd>(simd: S, bytes: S::Bytes, opening: u64, begins: &[Set; 2]) -> u64 {
    let [first, second] = begins;
    let opening = simd.within(bytes, first, opening << 1) >> 1 | opening & 1 << 63;
    simd.within(bytes, second, opening << 2) >> 2 | opening & 3 << 62
}

/// Doubts keys that have an escape: any may be one that is looked for. The strings end at the bits of `closing`.
#[cold]
fn no_key(mut closing: u64, rest: &[u8]) -> Result<(), Doubt> {
    while closing != 0 {
        let behind = rest.get(closing.trailing_zeros() as usize + 1..).unwrap_or_default();
        if skip_space(behind).first() == Some(&b':') {
            return Err(Doubt);
        }
        closing &= closing - 1;
    }
    Ok(())
}
