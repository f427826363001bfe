//! What is seen of some blocks of an event, before anything is made of it.
//!
//! What a block's bytes are is known some time after they were asked for. So all is asked for first, in a loop that does
//! little else, and nothing depends on it until it is there: a processor that guessed wrong has then lost little.

use super::grammar::Tokens;
use super::keys::Beginnings;
use super::simd::{BLOCK, Simd};
use super::strings::Strings;

/// How many blocks are looked at together.
const BLOCKS: usize = 32;

/// How many bytes these are.
pub(super) const CHUNK: usize = BLOCKS * BLOCK;

/// Room for what is seen of some blocks that follow each other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks {
    blocks: [Block; BLOCKS],
    tokens: [Tokens; BLOCKS],
}

/// What is seen of a block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block {
    /// The opening quotes of strings that may be keys.
    pub(super) candidates: u64,
    /// `{` and `[` outside strings.
    pub(super) opens: u64,
    /// `}` and `]` outside strings.
    pub(super) closes: u64,
    /// The closing quotes of strings that have an escape.
    pub(super) closing_escaped: u64,
}

/// What was seen of all blocks up to now.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) strings: Strings,
    /// Not 0 when a string has had an escape.
    pub(super) escapes: u64,
    /// Not 0 when a byte was beyond ASCII.
    pub(super) beyond_ascii: u64,
}

impl Blocks {
    /// What was seen of each block; behind those of the last look there are others, which mean nothing.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Block, &Tokens)> {
        self.blocks.iter().zip(&self.tokens)
    }
}

impl Seen {
    /// Looks at up to [`CHUNK`] bytes, which are the next ones.
    #[inline(always)]
    pub(super) fn look<S: Simd, const VALIDATING: bool>(
        &mut self,
        simd: S,
        bytes: &[u8],
        begins: Option<&Beginnings>,
        into: &mut Blocks,
    ) {
        let mut seen = *self;
        let (whole, rest) = bytes.as_chunks();
        let mut places = into.blocks.iter_mut().zip(&mut into.tokens);
        for (bytes, (block, tokens)) in whole.iter().zip(&mut places) {
            seen.block::<S, VALIDATING>(simd, simd.load(bytes), begins, block, tokens);
        }
        if let (false, Some((block, tokens))) = (rest.is_empty(), places.next()) {
            // White space behind the event changes nothing.
            seen.block::<S, VALIDATING>(simd, simd.load_rest(rest), begins, block, tokens);
        }
        *self = seen;
    }

    #[inline(always)]
    fn block<S: Simd, const VALIDATING: bool>(
        &mut self,
        simd: S,
        bytes: S::Bytes,
        begins: Option<&Beginnings>,
        block: &mut Block,
        tokens: &mut Tokens,
    ) {
        let strings = self.strings.block(simd, bytes);
        let opens = simd.equal_but_bit_5(bytes, b'{') & !strings.inside;
        let closes = simd.equal_but_bit_5(bytes, b'}') & !strings.inside;
        let candidates = match begins {
            Some(begins) => candidates(simd, bytes, strings.opening, begins),
            None => strings.opening,
        };
        *block = Block { candidates, opens, closes, closing_escaped: strings.closing_escaped };
        self.escapes |= strings.closing_escaped;
        if VALIDATING {
            self.beyond_ascii |= simd.beyond_ascii(bytes);
            *tokens = Tokens::find(simd, bytes, strings, opens, closes);
        }
    }
}

/// The opening quotes of strings that begin like a key; where the block ends too soon to tell, it is one.
#[inline(always)]
fn candidates<S: Simd>(simd: S, bytes: S::Bytes, opening: u64, begins: &Beginnings) -> u64 {
    let [first, second, third] = begins;
    let first = simd.outside(bytes, first, opening << 1) >> 1;
    let second = simd.outside(bytes, second, (opening & !first) << 2) >> 2;
    let third = simd.outside(bytes, third, (opening & !first & !second) << 3) >> 3;
    opening & !(first | second | third)
}

/// The places of the bits that are set.
#[inline(always)]
pub(super) fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (at < 64).then_some(at)
    })
}
