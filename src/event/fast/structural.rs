//! What is seen of an event, 64 bytes after 64 bytes, before anything is made of it.
//!
//! What a block's bytes are is known some time after they were asked for, and a processor that guesses wrong what comes next
//! loses more time than a block takes. So many blocks are looked at first, in a loop that does little else and in which next to
//! nothing depends on what is found.

use super::keys::Beginnings;
use super::simd::{BLOCK, Simd};
use super::strings::Strings;
use super::tokens::Tokens;

/// How many blocks are looked at together: as many as a word has bits.
pub(super) const BLOCKS: usize = 64;

/// How many bytes these are.
pub(super) const CHUNK: usize = BLOCKS * BLOCK;

/// What is seen of a block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Block {
    /// `{` and `[` outside strings.
    pub(super) opens: u64,
    /// `}` and `]` outside strings.
    pub(super) closes: u64,
    /// The opening quotes of strings that may be keys.
    pub(super) candidates: u64,
    /// The closing quotes of strings that have an escape.
    pub(super) closing_escaped: u64,
    /// How many objects and arrays are open where the block begins, if brackets never close more than is open.
    pub(super) depth: u32,
}

/// What was seen of all blocks up to now.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    pub(super) strings: Strings,
    /// How many brackets open and close.
    pub(super) opened: u32,
    pub(super) closed: u32,
}

/// A bit for each block of a look.
#[derive(Default)]
pub(super) struct Found {
    /// Those that are to be seen more closely.
    pub(super) to_see: u64,
    /// Those that have a byte beyond ASCII.
    pub(super) beyond_ascii: u64,
}

impl Seen {
    /// Looks at the next bytes, up to [`CHUNK`] of them. `tokens` is filled and
    /// bytes beyond ASCII are looked for when `VALIDATING`.
    #[inline(always)]
    pub(super) fn look<S: Simd, const VALIDATING: bool>(
        &mut self,
        simd: S,
        bytes: &[u8],
        begins: Option<&Beginnings>,
        blocks: &mut [Block],
        tokens: &mut [Tokens; BLOCKS],
    ) -> Found {
        let mut seen = *self;
        let (whole, rest) = bytes.as_chunks();
        let mut found = Found::default();
        for (at, ((bytes, block), tokens)) in whole.iter().zip(&mut *blocks).zip(&mut *tokens).enumerate() {
            let bytes = simd.load(bytes);
            seen.block::<S, VALIDATING>(simd, bytes, begins, block, tokens);
            found.add::<S, VALIDATING>(simd, bytes, at, block);
        }
        let at = whole.len();
        if let (false, Some((block, tokens))) = (rest.is_empty(), blocks.get_mut(at).zip(tokens.get_mut(at)))
        {
            // White space behind the event changes nothing.
            let bytes = simd.load_rest(rest);
            seen.block::<S, VALIDATING>(simd, bytes, begins, block, tokens);
            found.add::<S, VALIDATING>(simd, bytes, at, block);
        }
        *self = seen;
        found
    }

    /// Looks at the next block.
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
        let closing_escaped = strings.closing_escaped;
        let depth = self.opened.wrapping_sub(self.closed);
        *block = Block { opens, closes, candidates, closing_escaped, depth };
        self.opened = self.opened.wrapping_add(opens.count_ones());
        self.closed = self.closed.wrapping_add(closes.count_ones());
        if VALIDATING {
            *tokens = Tokens::find(simd, bytes, strings, opens, closes);
        }
    }
}

impl Found {
    #[inline(always)]
    fn add<S: Simd, const VALIDATING: bool>(&mut self, simd: S, bytes: S::Bytes, at: usize, block: &Block) {
        self.to_see |= u64::from(block.is_to_see()) << at;
        if VALIDATING {
            self.beyond_ascii |= u64::from(simd.beyond_ascii(bytes) != 0) << at;
        }
    }
}

impl Block {
    /// Whether as many objects and arrays are open in the block, or fewer; it is not when more was closed before it than was open.
    pub(super) fn is_within(&self, nesting: u32) -> bool {
        self.depth <= nesting && self.depth + self.opens.count_ones() <= nesting
    }

    /// Whether there is any string in it that may be a key which is looked for.
    #[inline(always)]
    fn is_to_see(&self) -> bool {
        self.candidates | self.closing_escaped != 0
    }

    /// How many objects and arrays are open before the byte at a place of the block.
    #[inline(always)]
    pub(super) fn depth_before(&self, at: usize) -> u32 {
        let before = !(!0 << at);
        let opened = self.depth.wrapping_add((self.opens & before).count_ones());
        opened.wrapping_sub((self.closes & before).count_ones())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::super::simd::{InstructionSet, Kernel, Set};
    use super::*;

    struct Candidates<'b>(&'b [u8; BLOCK], u64, &'b Beginnings);

    impl Kernel for Candidates<'_> {
        type Output = u64;

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> u64 {
            let Candidates(block, opening, begins) = self;
            candidates(simd, simd.load(block), opening, begins)
        }
    }

    /// Keys begin with the first of `ab`, `cd` and `ef`; every combination at every place, and what is no quote is no candidate.
    #[test]
    fn candidates_begin_like_keys() {
        let sets = [&b"ab"[..], b"cd", b"ef"];
        let begins = sets.map(|set| Set::of(set.iter().copied()).unwrap());
        for round in 0..27 * 4usize {
            let choose = |set: usize, choice: usize| [sets[set][0], sets[set][1], b'x'][choice % 3];
            let letters = [choose(0, round), choose(1, round / 3), choose(2, round / 9)];
            let block: [u8; BLOCK] = std::array::from_fn(|at| match (at + round / 27) % 4 {
                0 => b'"',
                number => letters[number - 1],
            });
            let quotes = (0..BLOCK).filter(|at| block[*at] == b'"');
            let opening = quotes.clone().fold(0u64, |mask, at| mask | 1 << at);
            let begins_like_key = |at: &usize| {
                (0..3).all(|set| block.get(at + 1 + set).is_none_or(|byte| sets[set].contains(byte)))
            };
            for kept in [!0, 0x0F0F_0F0F_0F0F_0F0F] {
                let opening = opening & kept;
                let like = quotes.clone().filter(|at| opening >> at & 1 == 1).filter(begins_like_key);
                let expected = like.fold(0, |mask, at| mask | 1 << at);
                for instructions in InstructionSet::available() {
                    let found = instructions.run(Candidates(&block, opening, &begins));
                    assert_eq!(found, expected, "{} {letters:?}", instructions.name());
                }
            }
        }
    }

    #[test]
    fn blocks_know_their_depth() {
        let block = |opens, depth| Block { opens, depth, ..Block::default() };
        assert!(block(0b111, 1).is_within(4) && !block(0b111, 1).is_within(3));
        assert!(block(0, 4).is_within(4) && !block(0, 5).is_within(4) && !block(0, u32::MAX).is_within(4));
        let block = Block { opens: 0b1001, closes: 0b0110, depth: 2, ..Block::default() };
        assert_eq!([0, 1, 2, 3, 4].map(|at| block.depth_before(at)), [2, 3, 2, 1, 2]);
    }
}
