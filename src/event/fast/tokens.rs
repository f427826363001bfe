//! The tokens of JSON in 64 bytes.

use super::simd::{Set, Simd};
use super::strings::StringBits;

/// The tokens of a block, as far as the grammar asks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tokens {
    /// The bytes of strings, each with its opening quote and without its closing one.
    pub(super) inside: u64,
    pub(super) opening: u64,
    pub(super) closing: u64,
    /// `{` and `[`, and `}` and `]`, outside strings.
    pub(super) opens: u64,
    pub(super) closes: u64,
    /// Of these, `{` and `}`.
    pub(super) braces: u64,
    pub(super) commas: u64,
    pub(super) colons: u64,
    pub(super) space: u64,
    /// Bytes of strings that must not be there.
    pub(super) wrong: u64,
    /// Each `u` behind a backslash.
    pub(super) unicode: u64,
}

impl Tokens {
    #[inline(always)]
    pub(super) fn find<S: Simd>(
        simd: S,
        bytes: S::Bytes,
        strings: StringBits,
        opens: u64,
        closes: u64,
    ) -> Self {
        let StringBits { inside, opening, closing, escaped, .. } = strings;
        let outside = !inside;
        let (mut wrong, mut unicode) = (simd.control(bytes) & inside, 0);
        if escaped != 0 {
            let others = simd.equal(bytes, b'"') | simd.equal(bytes, b'r');
            wrong |= simd.outside(bytes, &Set::ESCAPED, !0) & escaped & !others;
            unicode = simd.equal(bytes, b'u') & escaped;
        }
        Tokens {
            inside,
            opening,
            closing,
            opens,
            closes,
            braces: simd.bit_5(bytes) & (opens | closes),
            commas: simd.equal(bytes, b',') & outside,
            colons: simd.equal(bytes, b':') & outside,
            space: simd.space(bytes) & outside,
            wrong,
            unicode,
        }
    }
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
