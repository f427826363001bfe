//! Sixty-four bytes at a time: which of them are a quote, a bracket, one of a set. The only module with `unsafe`.
//!
//! A [`Kernel`] is code that is compiled once for each instruction set, and [`InstructionSet::run`] picks one of them
//! when it runs. A value of [`x86::Avx512`] or [`x86::Avx2`] is the proof that the processor has these instructions:
//! nothing but [`InstructionSet::available`] makes one, and only after asking the processor.

/// How many bytes a step looks at.
pub(super) const BLOCK: usize = 64;

/// A set of ASCII bytes of which no two have the same lower half: a byte is in the set when it equals the entry of its
/// lower half.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set([u8; 16]);

impl Set {
    /// The white space of JSON.
    pub(super) const SPACE: Set =
        Set([b' ', 255, 255, 255, 255, 255, 255, 255, 255, b'\t', b'\n', 255, 255, b'\r', 255, 255]);

    /// What may be escaped in a JSON string, but for `"` and `r`, which have the lower half of `b`.
    pub(super) const ESCAPED: Set =
        Set([255, 255, b'b', 255, b't', b'u', b'f', 255, 255, 255, 255, 255, b'\\', 255, b'n', b'/']);

    /// The set of some bytes; `None` when two of them have the same lower half, or one is no ASCII.
    pub(super) fn of(bytes: impl Iterator<Item = u8>) -> Option<Set> {
        // A byte that is no ASCII is in no set.
        let mut set = Set([0xFF; 16]);
        for byte in bytes {
            let entry = set.0.get_mut(usize::from(byte & 15))?;
            if !byte.is_ascii() || ![0xFF, byte].contains(entry) {
                return None;
            }
            *entry = byte;
        }
        Some(set)
    }

    fn contains(&self, byte: u8) -> bool {
        byte.is_ascii() && self.0.get(usize::from(byte & 15)) == Some(&byte)
    }
}

/// What an instruction set does with 64 bytes. In each mask, bit `i` speaks of byte `i`.
pub(super) trait Simd: Copy {
    /// 64 bytes where the instruction set wants them.
    type Bytes: Copy;

    fn load(self, block: &[u8; BLOCK]) -> Self::Bytes;
    /// Fewer bytes than a block, and white space behind them.
    #[inline(always)]
    fn load_rest(self, rest: &[u8]) -> Self::Bytes {
        let mut block = [b' '; BLOCK];
        block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.load(&block)
    }
    /// The bytes that equal `byte`.
    fn equal(self, bytes: Self::Bytes, byte: u8) -> u64;
    /// The bytes that equal `byte` once their bit 5 is set: `{` and `[` for `{`, `}` and `]` for `}`.
    fn equal_but_bit_5(self, bytes: Self::Bytes, byte: u8) -> u64;
    /// The bytes that have their bit 5 set: of brackets `{` and `}`.
    fn bit_5(self, bytes: Self::Bytes) -> u64;
    /// The bytes below 32: the control characters that JSON strings must escape.
    fn control(self, bytes: Self::Bytes) -> u64;
    /// The bytes beyond ASCII.
    fn beyond_ascii(self, bytes: Self::Bytes) -> u64;
    /// The bytes that are not in a set; of those that `among` leaves out it may say anything.
    fn outside(self, bytes: Self::Bytes, set: &Set, among: u64) -> u64;
    /// The white space of JSON.
    #[inline(always)]
    fn space(self, bytes: Self::Bytes) -> u64 {
        !self.outside(bytes, &Set::SPACE, !0)
    }
    /// Bit `i` is the exclusive or of the bits up to `i`: what lies between pairs of bits, the first of each included.
    fn prefix_xor(self, bits: u64) -> u64;
}

/// Code that runs on any instruction set. `run` is to be `#[inline(always)]`, so that it is compiled for each.
pub(super) trait Kernel {
    type Output;

    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Instructions that the fast reader can use. All give the same answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstructionSet(Proof);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    #[cfg(target_arch = "x86_64")]
    Avx512(x86::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86::Avx2),
    Portable,
}

impl InstructionSet {
    /// Those that this processor has, the fastest first. The last one, `portable`, is there on every processor.
    pub fn available() -> impl Iterator<Item = InstructionSet> {
        #[cfg(target_arch = "x86_64")]
        let fast = [x86::Avx512::detect().map(Proof::Avx512), x86::Avx2::detect().map(Proof::Avx2)];
        #[cfg(not(target_arch = "x86_64"))]
        let fast: [Option<Proof>; 0] = [];
        fast.into_iter().flatten().chain([Proof::Portable]).map(InstructionSet)
    }

    /// The fastest that this processor has.
    pub fn fastest() -> InstructionSet {
        InstructionSet::available().next().unwrap_or(InstructionSet(Proof::Portable))
    }

    /// `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Proof::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Proof::Avx2(_) => "avx2",
            Proof::Portable => "portable",
        }
    }

    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Proof::Avx512(simd) => simd.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Proof::Avx2(simd) => simd.run(kernel),
            Proof::Portable => kernel.run(Portable),
        }
    }
}

/// Eight bytes at a time in an ordinary register.
#[derive(Clone, Copy)]
pub(super) struct Portable;

const HIGHEST: u64 = 0x8080_8080_8080_8080;

impl Portable {
    /// A bit for each byte of the eight words of which `marks` sets the highest bit.
    #[inline(always)]
    fn gather(bytes: [u64; 8], marks: impl Fn(u64) -> u64) -> u64 {
        bytes.iter().rev().fold(0, |mask, word| {
            let marks = (marks(*word) & HIGHEST) >> 7;
            // The product moves each of the eight bits into the highest byte, to its own place.
            mask << 8 | marks.wrapping_mul(0x0102_0408_1020_4080) >> 56
        })
    }

    /// Eight times the same byte.
    #[inline(always)]
    fn each(byte: u8) -> u64 {
        u64::from(byte) * 0x0101_0101_0101_0101
    }

    /// The highest bit of each byte that is zero.
    #[inline(always)]
    fn zero(word: u64) -> u64 {
        !(((word & !HIGHEST) + !HIGHEST) | word)
    }
}

impl Simd for Portable {
    type Bytes = [u64; 8];

    #[inline(always)]
    fn load(self, block: &[u8; BLOCK]) -> [u64; 8] {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        words
    }

    #[inline(always)]
    fn equal(self, bytes: [u64; 8], byte: u8) -> u64 {
        Self::gather(bytes, |word| Self::zero(word ^ Self::each(byte)))
    }

    #[inline(always)]
    fn equal_but_bit_5(self, bytes: [u64; 8], byte: u8) -> u64 {
        Self::gather(bytes, |word| Self::zero((word | Self::each(0x20)) ^ Self::each(byte)))
    }

    #[inline(always)]
    fn bit_5(self, bytes: [u64; 8]) -> u64 {
        Self::gather(bytes, |word| word << 2)
    }

    #[inline(always)]
    fn control(self, bytes: [u64; 8]) -> u64 {
        Self::gather(bytes, |word| Self::zero(word & Self::each(0xE0)))
    }

    #[inline(always)]
    fn beyond_ascii(self, bytes: [u64; 8]) -> u64 {
        Self::gather(bytes, |word| word)
    }

    #[inline(always)]
    fn outside(self, bytes: [u64; 8], set: &Set, among: u64) -> u64 {
        let (mut left, mut outside) = (among, 0);
        while left != 0 {
            let at = left.trailing_zeros();
            let word = bytes.get(at as usize / 8).copied().unwrap_or(0);
            outside |= u64::from(!set.contains((word >> (at % 8 * 8)) as u8)) << at;
            left &= left - 1;
        }
        outside
    }

    #[inline(always)]
    fn space(self, bytes: [u64; 8]) -> u64 {
        b" \t\n\r".iter().fold(0, |mask, byte| mask | self.equal(bytes, *byte))
    }

    #[inline(always)]
    fn prefix_xor(self, bits: u64) -> u64 {
        [1, 2, 4, 8, 16, 32].into_iter().fold(bits, |bits, shift| bits ^ bits << shift)
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #![allow(unsafe_code, reason = "intrinsics; each block states its argument")]

    use super::{BLOCK, Kernel, Set, Simd};
    use std::arch::x86_64::*;

    /// The proof that the processor has the instructions that [`Avx512::run`] is compiled for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Avx512(());

    /// The proof that the processor has the instructions that [`Avx2::run`] is compiled for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Avx2(());

    impl Avx512 {
        pub(super) fn detect() -> Option<Self> {
            let has = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && Avx2::detect().is_some();
            has.then_some(Avx512(()))
        }

        #[inline]
        pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
            #[target_feature(enable = "avx512f,avx512bw,avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
            fn compiled<K: Kernel>(kernel: K, simd: Avx512) -> K::Output {
                kernel.run(simd)
            }
            // SAFETY: the processor has all the features that `compiled` enables, because `self` exists.
            unsafe { compiled(kernel, self) }
        }
    }

    impl Avx2 {
        pub(super) fn detect() -> Option<Self> {
            let has = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("pclmulqdq")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("popcnt")
                && is_x86_feature_detected!("lzcnt");
            has.then_some(Avx2(()))
        }

        #[inline]
        pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
            #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,popcnt,lzcnt")]
            fn compiled<K: Kernel>(kernel: K, simd: Avx2) -> K::Output {
                kernel.run(simd)
            }
            // SAFETY: the processor has all the features that `compiled` enables, because `self` exists.
            unsafe { compiled(kernel, self) }
        }

        #[inline(always)]
        fn mask([low, high]: [__m256i; 2]) -> u64 {
            // SAFETY: the callers have a value of `Avx2`, so the processor has AVX2.
            let (low, high) =
                unsafe { (_mm256_movemask_epi8(low) as u32, _mm256_movemask_epi8(high) as u32) };
            u64::from(high) << 32 | u64::from(low)
        }
    }

    #[inline(always)]
    fn prefix_xor(bits: u64) -> u64 {
        // SAFETY: the callers have a value of `Avx512` or `Avx2`, so the processor has PCLMULQDQ (and SSE2).
        unsafe {
            let product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(bits as i64), _mm_set1_epi8(-1), 0);
            _mm_cvtsi128_si64(product) as u64
        }
    }

    impl Simd for Avx512 {
        type Bytes = __m512i;

        #[inline(always)]
        fn load(self, block: &[u8; BLOCK]) -> __m512i {
            // SAFETY: `self` exists, so the processor has AVX-512; the reference is good for 64 bytes, and the load
            // asks for no alignment.
            unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
        }

        #[inline(always)]
        fn load_rest(self, rest: &[u8]) -> __m512i {
            let mask = !(!0u64).checked_shl(rest.len() as u32).unwrap_or(0);
            // SAFETY: `self` exists, so the processor has AVX-512BW; the load touches the bytes of the mask alone, which are
            // no more than `rest` has, and asks for no alignment.
            unsafe { _mm512_mask_loadu_epi8(_mm512_set1_epi8(b' ' as i8), mask, rest.as_ptr().cast()) }
        }

        #[inline(always)]
        fn equal(self, bytes: __m512i, byte: u8) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX-512BW.
            unsafe { _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8)) }
        }

        #[inline(always)]
        fn equal_but_bit_5(self, bytes: __m512i, byte: u8) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX-512F.
            self.equal(unsafe { _mm512_or_si512(bytes, _mm512_set1_epi8(0x20)) }, byte)
        }

        #[inline(always)]
        fn bit_5(self, bytes: __m512i) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX-512BW.
            unsafe { _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(0x20)) }
        }

        #[inline(always)]
        fn control(self, bytes: __m512i) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX-512BW.
            unsafe { _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20)) }
        }

        #[inline(always)]
        fn beyond_ascii(self, bytes: __m512i) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX-512BW.
            unsafe { _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(-128)) }
        }

        #[inline(always)]
        fn outside(self, bytes: __m512i, set: &Set, _: u64) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX-512BW; the set is good for 16 bytes, and the load asks for no
            // alignment. The shuffle gives 0 for a byte beyond ASCII, which that byte does not equal.
            unsafe {
                let entries = _mm512_broadcast_i32x4(_mm_loadu_si128(set.0.as_ptr().cast()));
                _mm512_cmpneq_epi8_mask(_mm512_shuffle_epi8(entries, bytes), bytes)
            }
        }

        #[inline(always)]
        fn prefix_xor(self, bits: u64) -> u64 {
            prefix_xor(bits)
        }
    }

    impl Simd for Avx2 {
        type Bytes = [__m256i; 2];

        #[inline(always)]
        fn load(self, block: &[u8; BLOCK]) -> [__m256i; 2] {
            let start = block.as_ptr().cast::<__m256i>();
            // SAFETY: `self` exists, so the processor has AVX2; the reference is good for two times 32 bytes, and the
            // loads ask for no alignment.
            unsafe { [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))] }
        }

        #[inline(always)]
        fn equal(self, [low, high]: [__m256i; 2], byte: u8) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX2.
            Self::mask(unsafe {
                let byte = _mm256_set1_epi8(byte as i8);
                [_mm256_cmpeq_epi8(low, byte), _mm256_cmpeq_epi8(high, byte)]
            })
        }

        #[inline(always)]
        fn equal_but_bit_5(self, [low, high]: [__m256i; 2], byte: u8) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX2.
            let bytes = unsafe {
                let bit = _mm256_set1_epi8(0x20);
                [_mm256_or_si256(low, bit), _mm256_or_si256(high, bit)]
            };
            self.equal(bytes, byte)
        }

        #[inline(always)]
        fn bit_5(self, [low, high]: [__m256i; 2]) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX2.
            Self::mask(unsafe { [_mm256_slli_epi16(low, 2), _mm256_slli_epi16(high, 2)] })
        }

        #[inline(always)]
        fn control(self, [low, high]: [__m256i; 2]) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX2.
            Self::mask(unsafe {
                let most = _mm256_set1_epi8(0x1F);
                let (low_most, high_most) = (_mm256_min_epu8(low, most), _mm256_min_epu8(high, most));
                [_mm256_cmpeq_epi8(low_most, low), _mm256_cmpeq_epi8(high_most, high)]
            })
        }

        #[inline(always)]
        fn beyond_ascii(self, bytes: [__m256i; 2]) -> u64 {
            Self::mask(bytes)
        }

        #[inline(always)]
        fn outside(self, [low, high]: [__m256i; 2], set: &Set, _: u64) -> u64 {
            // SAFETY: `self` exists, so the processor has AVX2; the set is good for 16 bytes, and the load asks for no
            // alignment. The shuffle gives 0 for a byte beyond ASCII, which that byte does not equal.
            !Self::mask(unsafe {
                let entries = _mm256_broadcastsi128_si256(_mm_loadu_si128(set.0.as_ptr().cast()));
                let (low_entry, high_entry) =
                    (_mm256_shuffle_epi8(entries, low), _mm256_shuffle_epi8(entries, high));
                [_mm256_cmpeq_epi8(low_entry, low), _mm256_cmpeq_epi8(high_entry, high)]
            })
        }

        #[inline(always)]
        fn prefix_xor(self, bits: u64) -> u64 {
            prefix_xor(bits)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    struct Masks<'b>(&'b [u8; BLOCK], &'b Set);

    impl Kernel for Masks<'_> {
        type Output = (Vec<u64>, u64);

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let bytes = simd.load(self.0);
            let quotes = simd.equal(bytes, b'"');
            let masks = vec![
                quotes,
                simd.equal_but_bit_5(bytes, b'{'),
                simd.equal_but_bit_5(bytes, b'}'),
                simd.bit_5(bytes),
                simd.control(bytes),
                simd.beyond_ascii(bytes),
                simd.space(bytes),
                !simd.outside(bytes, self.1, !0),
                !simd.outside(bytes, self.1, 0xF0F0) & 0xF0F0,
            ];
            (masks, simd.prefix_xor(quotes))
        }
    }

    struct Rest<'b>(&'b [u8]);

    impl Kernel for Rest<'_> {
        type Output = [u64; 3];

        #[inline(always)]
        fn run<S: Simd>(self, simd: S) -> Self::Output {
            let bytes = simd.load_rest(self.0);
            [simd.equal(bytes, b'a'), simd.equal(bytes, b' '), simd.equal(bytes, b'b')]
        }
    }

    #[test]
    fn each_instruction_set_has_a_name_and_the_last_is_portable() {
        let names: Vec<&str> = InstructionSet::available().map(InstructionSet::name).collect();
        let all = ["avx512", "avx2", "portable"];
        // A processor with the faster ones has the slower ones too.
        assert_eq!(names, all[all.len() - names.len()..]);
        assert_eq!(InstructionSet::fastest().name(), names[0]);
    }

    #[test]
    fn a_rest_has_white_space_behind_it() {
        let text = [b"a".repeat(64), b"b".repeat(64)].concat();
        for instructions in InstructionSet::available() {
            for length in 0..=64 {
                let some = (!0u64).checked_shr(64 - length).unwrap_or(0);
                let rest = &text[64 - length as usize..64];
                assert_eq!(instructions.run(Rest(rest)), [some, !some, 0], "{instructions:?} {length}");
            }
        }
    }

    /// Every byte at every place, on every instruction set, against the definition of each mask.
    #[test]
    fn masks_are_what_they_say() {
        let set = Set::of(b"ci\"\0\x7F".iter().copied()).unwrap();
        assert!(Set::of(b"cs".iter().copied()).is_none() && Set::of([128].into_iter()).is_none());
        let in_set = |byte: u8| b"ci\"\0\x7F".contains(&byte);
        for round in 0..=255u8 {
            let block: [u8; BLOCK] = std::array::from_fn(|at| round.wrapping_add((at as u8).wrapping_mul(7)));
            let mask = |holds: &dyn Fn(u8) -> bool| {
                block.iter().rev().fold(0u64, |mask, byte| mask << 1 | u64::from(holds(*byte)))
            };
            let quotes = mask(&|byte| byte == b'"');
            let expected = vec![
                quotes,
                mask(&|byte| byte == b'{' || byte == b'['),
                mask(&|byte| byte == b'}' || byte == b']'),
                mask(&|byte| byte & 32 != 0),
                mask(&|byte| byte < 32),
                mask(&|byte| byte >= 128),
                mask(&|byte| b" \t\r\n".contains(&byte)),
                mask(&in_set),
                mask(&in_set) & 0xF0F0,
            ];
            let inside = (0..64).fold(0u64, |inside, at| {
                inside | u64::from((quotes & (!0 >> (63 - at))).count_ones() % 2) << at
            });
            for instructions in InstructionSet::available() {
                let (masks, between) = instructions.run(Masks(&block, &set));
                assert_eq!(masks, expected, "{instructions:?} {block:?}");
                assert_eq!(between, inside, "{instructions:?}");
            }
        }
    }
}
