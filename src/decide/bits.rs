//! A fixed number of bits, a machine word at a time.

/// A set of small numbers: of categories, or of destinations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

/// How many bits a word has.
const WORD: usize = 64;

impl Bits {
    /// No bit set, with room for `count` of them.
    pub(crate) fn new(count: usize) -> Self {
        Bits { words: vec![0; count.div_ceil(WORD)] }
    }

    /// These bits, with room for `count` of them.
    pub(crate) fn of(count: usize, set: impl Iterator<Item = usize>) -> Self {
        let mut bits = Bits::new(count);
        set.for_each(|bit| bits.insert(bit));
        bits
    }

    /// Room for `count` bits, all of them clear. Allocates only when there was less room before.
    pub(crate) fn reset(&mut self, count: usize) {
        self.words.clear();
        self.words.resize(count.div_ceil(WORD), 0);
    }

    /// Sets a bit; one that there is no room for is ignored.
    pub(crate) fn insert(&mut self, bit: usize) {
        if let Some(word) = self.words.get_mut(bit / WORD) {
            *word |= 1 << (bit % WORD);
        }
    }

    pub(crate) fn remove(&mut self, bit: usize) {
        if let Some(word) = self.words.get_mut(bit / WORD) {
            *word &= !(1 << (bit % WORD));
        }
    }

    pub(super) fn remove_all(&mut self, bits: &[u32]) {
        bits.iter().for_each(|bit| self.remove(*bit as usize));
    }

    /// Whether a bit is set; one that there is no room for is not.
    pub(crate) fn contains(&self, bit: usize) -> bool {
        self.word(bit / WORD) >> (bit % WORD) & 1 == 1
    }

    /// Whether a bit is set in both.
    pub(crate) fn meets(&self, other: &Bits) -> bool {
        self.words.iter().zip(&other.words).any(|(one, other)| one & other != 0)
    }

    /// The word at a place; 0 where there is none.
    pub(crate) fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or(0)
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Eight bits, beginning with number `8 * at`.
    pub(crate) fn byte(&self, at: usize) -> usize {
        (self.word(at / 8) >> (at % 8 * 8) & 0xFF) as usize
    }

    /// Becomes equal to `other`, allocating only when there was less room before.
    pub(crate) fn copy_from(&mut self, other: &Bits) {
        self.words.clone_from(&other.words);
    }

    /// Takes on the bits of `words`, as far as there is room for them.
    pub(crate) fn fill(&mut self, words: &[u64]) {
        for (at, word) in self.words.iter_mut().enumerate() {
            *word = words.get(at).copied().unwrap_or(0);
        }
    }

    /// The bits that are set, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        ones(self.words.iter().copied())
    }
}

/// The bits that are set in a sequence of words, in order.
pub(crate) fn ones(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.enumerate().flat_map(|(at, mut word)| {
        std::iter::from_fn(move || {
            let bit = word.trailing_zeros() as usize;
            word &= word.wrapping_sub(1);
            (bit < WORD).then_some(at * WORD + bit)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_kept_and_listed() {
        let mut bits = Bits::new(130);
        for bit in [0, 63, 64, 129, 5000] {
            bits.insert(bit);
        }
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 63, 64, 129]);
        bits.remove(63);
        assert!(bits.contains(64) && !bits.contains(63) && !bits.contains(5000));
        assert_eq!((bits.byte(0), bits.byte(8), bits.byte(16)), (1, 1, 2));
        bits.reset(10);
        assert_eq!(bits.iter().count(), 0);
        assert_eq!(Bits::of(90, [80, 82].into_iter()).byte(10), 0b101);
    }
}
