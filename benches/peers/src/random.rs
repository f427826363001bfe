//! Numbers that look random and are the same on every machine and in every run.

/// SplitMix64, by Steele, Lea and Flood: a counter and a mixing function.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `end`, which must not be 0. The bias of the multiplication is far below what a benchmark can see.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// Whether something happens that happens `per_mille` times in a thousand.
    pub fn chance(&mut self, per_mille: usize) -> bool {
        self.below(1000) < per_mille
    }

    /// One of several.
    pub fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    /// Puts elements in a random order.
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for end in (1..all.len()).rev() {
            all.swap(end, self.below(end + 1));
        }
    }
}

/// The mixing function: neighbouring numbers become unlike each other.
pub fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// A Zipf law: the element of rank `r`, from 1, is drawn in proportion to `1 / r`.
#[derive(Debug, Clone)]
pub struct Zipf {
    /// How often an element or one before it is drawn, out of 2⁵³.
    up_to: Vec<u64>,
}

impl Zipf {
    /// The law for as many elements.
    pub fn new(elements: usize) -> Self {
        let harmonic: f64 = (1..=elements).map(|rank| 1.0 / rank as f64).sum();
        let mut sum = 0.0;
        let up_to = (1..=elements).map(|rank| {
            sum += 1.0 / (rank as f64 * harmonic);
            (sum * (1u64 << 53) as f64) as u64
        });
        Zipf { up_to: up_to.collect() }
    }

    /// The index of an element.
    pub fn draw(&self, random: &mut Random) -> usize {
        let at = random.bits() >> 11;
        self.up_to.partition_point(|up_to| *up_to <= at).min(self.up_to.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut random = Random::new(1234567);
        let numbers = [random.bits(), random.bits(), random.bits()];
        assert_eq!(numbers, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    }

    #[test]
    fn the_first_of_120_is_drawn_about_186_times_in_a_thousand() {
        let (law, mut random) = (Zipf::new(120), Random::new(1));
        let firsts = (0..100_000).filter(|_| law.draw(&mut random) == 0).count();
        assert!((18_000..19_500).contains(&firsts), "{firsts}");
    }
}
