//! Which bytes of a block are inside strings, and which strings have escapes.

use super::simd::Simd;

/// What is carried from block to block.
#[derive(Clone, Copy, Default)]
pub(super) struct Strings {
    /// All bits set while a string is open.
    inside: u64,
    /// 1 when the next byte is escaped.
    escaped: u64,
    /// 1 when the open string has an escape.
    has_escape: u64,
}

/// The strings of one block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StringBits {
    /// The bytes of strings, each with its opening quote and without its closing one.
    pub(super) inside: u64,
    /// The quotes that open strings.
    pub(super) opening: u64,
    /// The quotes that close strings.
    pub(super) closing: u64,
    /// The bytes behind the backslashes that begin an escape.
    pub(super) escaped: u64,
    /// The closing quotes of strings that have an escape.
    pub(super) closing_escaped: u64,
}

impl Strings {
    #[inline(always)]
    pub(super) fn block<S: Simd>(&mut self, simd: S, bytes: S::Bytes) -> StringBits {
        let backslashes = simd.equal(bytes, b'\\');
        let quotes = simd.equal(bytes, b'"');
        if backslashes | self.escaped | self.has_escape != 0 {
            return self.block_with_escapes(simd, backslashes, quotes);
        }
        let inside = self.inside(simd, quotes);
        StringBits { inside, opening: quotes & inside, closing: quotes & !inside, ..StringBits::default() }
    }

    /// The same, where there is an escape or an open string has one.
    #[inline(always)]
    fn block_with_escapes<S: Simd>(&mut self, simd: S, backslashes: u64, quotes: u64) -> StringBits {
        let escaped = self.escaped(backslashes);
        let quotes = quotes & !escaped;
        let inside = self.inside(simd, quotes);
        let closing = quotes & !inside;
        // A bit that is added to a run of ones carries to the first zero behind the run: the closing quote.
        let (sum, open) = (backslashes & inside | self.has_escape).overflowing_add(inside);
        self.has_escape = u64::from(open);
        StringBits { inside, opening: quotes & inside, closing, escaped, closing_escaped: sum & closing }
    }

    /// The bytes of strings, between quotes that are not escaped.
    #[inline(always)]
    fn inside<S: Simd>(&mut self, simd: S, quotes: u64) -> u64 {
        let inside = simd.prefix_xor(quotes) ^ self.inside;
        // The sign bit says whether a string is open behind the block's last byte.
        self.inside = (inside as i64 >> 63) as u64;
        inside
    }

    /// Whether a string is open, or a byte that is escaped is missing.
    pub(super) fn open(self) -> bool {
        self.inside | self.escaped != 0
    }

    /// The bytes that are escaped: in a run of backslashes every other one escapes the byte behind it.
    ///
    /// A subtraction finds where runs that begin at an even place end, as in simdjson's scanner.
    #[inline(always)]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        let may_escape = backslashes & !self.escaped;
        let escaping_or_last = (may_escape << 1 | ODD).wrapping_sub(may_escape) ^ ODD;
        let escaped = escaping_or_last ^ (backslashes | self.escaped);
        self.escaped = (escaping_or_last & backslashes) >> 63;
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{BLOCK, InstructionSet, Kernel};
    use super::*;

    struct All<'t>(&'t [u8]);

    impl Kernel for All<'_> {
        type Output = (Vec<StringBits>, bool);

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let mut strings = Strings::default();
            let blocks = self.0.as_chunks::<BLOCK>().0.iter();
            (blocks.map(|block| strings.block(simd, simd.load(block))).collect(), strings.open())
        }
    }

    /// Runs of backslashes of every length, at every place and across blocks, against a loop over bytes.
    #[test]
    fn strings_are_found() {
        for run in 0..70usize {
            for before in 0..66usize {
                let mut text = vec![b' '; before];
                text.push(b'"');
                text.extend(std::iter::repeat_n(b'\\', run));
                text.extend(b"\"a\"\"b\":\"\\\"\" ");
                text.resize(text.len().next_multiple_of(BLOCK), b'.');
                let (mut open, mut escaped, mut has_escape) = (false, false, false);
                let mut expected = vec![[0u64; 5]; text.len() / BLOCK];
                for (at, byte) in text.iter().enumerate() {
                    let [inside, opening, closing, is_escaped, closing_escaped] = &mut expected[at / BLOCK];
                    let bit = 1 << (at % BLOCK);
                    match byte {
                        _ if escaped => {
                            *is_escaped |= bit;
                            escaped = false;
                        }
                        b'\\' => (escaped, has_escape) = (true, true),
                        b'"' => {
                            open = !open;
                            *(if open { &mut *opening } else { &mut *closing }) |= bit;
                            *closing_escaped |= if !open && has_escape { bit } else { 0 };
                            has_escape = false;
                        }
                        _ => {}
                    }
                    *inside |= if open { bit } else { 0 };
                }
                for instructions in InstructionSet::available() {
                    let (found, found_open) = instructions.run(All(&text));
                    assert_eq!(found_open, open || escaped);
                    for (found, expected) in found.iter().zip(&expected) {
                        let StringBits { inside, opening, closing, escaped, closing_escaped } = *found;
                        assert_eq!(
                            [inside, opening, closing, escaped, closing_escaped],
                            *expected,
                            "{run} {before}"
                        );
                    }
                }
            }
        }
    }
}
