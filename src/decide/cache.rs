//! Texts that repeat are worked out once.
//!
//! People's grants repeat: millions of events have a few hundred different consent objects between them. What a text means
//! for a table is remembered under the text itself, and believed only where every byte is the same. A text is remembered
//! when it comes for the second time, so that a stream in which none repeats costs little more than without memory and
//! drives nothing out. Memory is bounded.

use std::hash::{BuildHasher, Hasher};

/// How many places a text may stand in.
const WAYS: usize = 4;

/// How many texts are remembered at most; fewer where what they mean is large.
const MAX_TEXTS: usize = 1024;

/// How many bytes they take at most, about.
const MAX_BYTES: usize = 4 << 20;

/// The longest text that is remembered, in bytes.
const MAX_TEXT: usize = 2048;

/// What texts mean, as far as it is remembered.
#[derive(Debug, Clone)]
pub(super) struct Cache<T> {
    nothing: T,
    spare: T,
    /// The texts that are remembered.
    entries: Vec<Entry<T>>,
    /// As many as a power of two, or none.
    sets: Vec<Set>,
    /// Parts of hashes of texts that came once; at the place that another part gives.
    seen: Vec<u32>,
    turn: usize,
    hasher: foldhash::fast::FixedState,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    text: Vec<u8>,
    value: T,
}

/// The places of texts whose hashes are alike; [`Place::NOTHING`] where nothing is.
#[derive(Debug, Clone, Copy, Default)]
struct Set {
    hashes: [u32; WAYS],
    places: [Place; WAYS],
}

/// Where a [`Cache`] has what a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place(u32);

impl Place {
    /// What no text at all means.
    pub(super) const NOTHING: Place = Place(0);
    /// What was worked out last and is not remembered.
    pub(super) const SPARE: Place = Place(1);

    /// The place of an entry.
    fn of(index: usize) -> Option<Place> {
        u32::try_from(index + 2).ok().map(Place)
    }

    /// The entry of a place that is neither of the two.
    fn index(self) -> usize {
        (self.0 as usize).wrapping_sub(2)
    }
}

impl<T: Clone> Cache<T> {
    /// Remembers nothing yet. `nothing` is what no text at all means; it takes `bytes` of memory, as all others will.
    pub(super) fn new(nothing: T, bytes: usize) -> Self {
        let texts = (MAX_BYTES / (bytes + MAX_TEXT)).clamp(WAYS, MAX_TEXTS);
        let sets = (texts / WAYS).next_power_of_two();
        Cache {
            spare: nothing.clone(),
            nothing,
            entries: Vec::new(),
            sets: vec![Set::default(); sets],
            seen: vec![0; 4 * WAYS * sets],
            turn: 0,
            hasher: foldhash::fast::FixedState::default(),
        }
    }

    /// Remembers nothing ever.
    pub(super) fn never(nothing: T) -> Self {
        Cache { sets: Vec::new(), seen: Vec::new(), ..Cache::new(nothing, MAX_BYTES) }
    }

    /// Whether texts are remembered.
    pub(super) fn remembers(&self) -> bool {
        !self.sets.is_empty()
    }

    /// What is in a place.
    #[inline]
    pub(super) fn at(&self, place: Place) -> &T {
        match place {
            Place::SPARE => &self.spare,
            _ => self.entries.get(place.index()).map_or(&self.nothing, |entry| &entry.value),
        }
    }

    /// Keeps something that no text means. It is never forgotten.
    pub(super) fn keep(&mut self, value: T) -> Place {
        let place = Place::of(self.entries.len()).unwrap_or(Place::NOTHING);
        self.entries.push(Entry { text: Vec::new(), value });
        place
    }

    /// Room to work something out in that is not remembered: [`Place::SPARE`].
    pub(super) fn spare(&mut self) -> &mut T {
        &mut self.spare
    }

    /// The place of what `text` means; `work_out` finds it out where it is not remembered, or says that it means nothing:
    /// then there is no place.
    #[inline]
    pub(super) fn place(&mut self, text: &[u8], work_out: impl FnOnce(&mut T) -> bool) -> Option<Place> {
        if !self.remembers() {
            return work_out(&mut self.spare).then_some(Place::SPARE);
        }
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text);
        let hash = hasher.finish();
        let tag = (hash >> 32) as u32;
        let set = self.sets.get(hash as usize & (self.sets.len() - 1))?;
        for (known, place) in set.hashes.iter().zip(&set.places) {
            let known =
                *known == tag && self.entries.get(place.index()).is_some_and(|entry| entry.text == text);
            if known {
                return Some(*place);
            }
        }
        self.work_out(text, hash, work_out)
    }

    fn work_out(&mut self, text: &[u8], hash: u64, work_out: impl FnOnce(&mut T) -> bool) -> Option<Place> {
        let tag = (hash >> 32) as u32;
        let at = (hash >> 12) as usize & (self.seen.len() - 1);
        // Four places, taken in turn, so that a few texts which meet there do not keep each other out for ever.
        let first = at & !3;
        let seen = self.seen.get(first..first + 4)?.contains(&tag);
        if !seen || text.len() > MAX_TEXT {
            self.turn = (self.turn + 1) % 4;
            *self.seen.get_mut(first + self.turn)? = tag;
            return work_out(&mut self.spare).then_some(Place::SPARE);
        }
        let place = self.room(hash)?;
        let entry = self.entries.get_mut(place.index())?;
        // No text is empty, so this one is not found until it means something.
        entry.text.clear();
        if !work_out(&mut entry.value) {
            return None;
        }
        entry.text.extend_from_slice(text);
        Some(place)
    }

    /// A place for a text of this hash: a new one, or that of a text which is forgotten.
    fn room(&mut self, hash: u64) -> Option<Place> {
        let at = hash as usize & (self.sets.len() - 1);
        let set = self.sets.get_mut(at)?;
        let free = set.places.iter().position(|place| *place == Place::NOTHING);
        // Which one is forgotten is left to the hash.
        let way = free.unwrap_or((hash >> 30) as usize % WAYS);
        *set.hashes.get_mut(way)? = (hash >> 32) as u32;
        let place = set.places.get_mut(way)?;
        if free.is_some() {
            *place = Place::of(self.entries.len())?;
            self.entries.push(Entry { text: Vec::new(), value: self.nothing.clone() });
        }
        Some(*place)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    fn length(cache: &mut Cache<usize>, text: &str, worked_out: &mut usize) -> Option<usize> {
        let place = cache.place(text.as_bytes(), |value| {
            *worked_out += 1;
            *value = text.len();
            !text.contains('!')
        });
        place.map(|place| *cache.at(place))
    }

    #[test]
    fn what_repeats_is_worked_out_twice_and_what_means_nothing_every_time() {
        let mut cache = Cache::new(0, 0);
        let (longest, too_long) = ("l".repeat(MAX_TEXT), "l".repeat(MAX_TEXT + 1));
        for (text, expected) in [("a", 2), ("bc", 2), ("no!", 10), (&longest, 2), (&too_long, 10)] {
            let mut worked_out = 0;
            for _ in 0..10 {
                let found = length(&mut cache, text, &mut worked_out);
                assert_eq!(found, (!text.contains('!')).then_some(text.len()));
            }
            assert_eq!(worked_out, expected, "{text}");
        }
        assert_eq!(cache.at(Place::NOTHING), &0);
    }

    #[test]
    fn without_memory_everything_is_worked_out_every_time() {
        let mut cache = Cache::never(0);
        let mut worked_out = 0;
        for text in ["a", "bc", "a", "a", "no!"] {
            assert_eq!(length(&mut cache, text, &mut worked_out), (text != "no!").then_some(text.len()));
        }
        assert_eq!((worked_out, cache.entries.len(), cache.seen.len(), cache.remembers()), (5, 0, 0, false));
    }

    /// Texts that come in turn, as those of real traffic do, do not keep each other out.
    #[test]
    fn some_hundred_texts_are_remembered_together() {
        let mut cache = Cache::new(0, 0);
        let texts: Vec<String> = (0..200).map(|number| format!("{{\"C{number}\":true}}")).collect();
        let mut pass = || {
            let mut worked_out = 0;
            for text in &texts {
                assert_eq!(length(&mut cache, text, &mut worked_out), Some(text.len()));
            }
            worked_out
        };
        let passes: [usize; 4] = std::array::from_fn(|_| pass());
        let [.., again] = passes;
        assert!(again <= 4, "{again} of 200 are worked out again and again");
    }

    /// However many texts come, each means what it means, and memory stays bounded.
    #[test]
    fn memory_is_bounded() {
        let mut cache = Cache::new(0, 0);
        let mut worked_out = 0;
        for round in 0..4 {
            for number in 0..5_000usize {
                let text = "x".repeat(number % 97) + &number.to_string();
                assert_eq!(length(&mut cache, &text, &mut worked_out), Some(text.len()), "{round}");
            }
        }
        assert!(cache.entries.len() <= MAX_TEXTS, "{}", cache.entries.len());
        // A text that takes the place of another one leaves nothing of it.
        assert!(cache.entries.iter().all(|entry| entry.text.len() <= 96 + 4));
        let large = Cache::<usize>::new(0, 1 << 20);
        assert_eq!(large.sets.len() * WAYS, WAYS);
    }

    /// Texts whose hashes are the same are told apart by their bytes.
    #[test]
    fn a_hash_alone_is_never_believed() {
        let mut cache = Cache::new(0, 0);
        let mut worked_out = 0;
        (0..2).for_each(|_| assert_eq!(length(&mut cache, "abc", &mut worked_out), Some(3)));
        cache.entries.last_mut().unwrap().text = b"abd".to_vec();
        cache.entries.last_mut().unwrap().value = 77;
        assert_eq!(length(&mut cache, "abc", &mut worked_out), Some(3));
    }
}
