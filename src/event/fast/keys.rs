//! The keys that the fast reader looks for.

use super::simd::Set;
use crate::event::foreign::ForeignFilter;
use crate::event::parts::{ConsentPart, Parts};
use crate::model::{AbsentValue, DOCUMENTED_SPELLINGS, ForeignConsent, Reading};
use memchr::memchr2;

/// What the first bytes of a key may be, the quote behind it included.
pub(super) type Beginnings = [Set; 3];

/// The keys of an event that are looked for, in the form that is found fast.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// For each of the objects on the way to the preferences, the event being the first, the keys that matter there.
    levels: Vec<Vec<Wanted>>,
    /// `None` when a key may begin with anything.
    begins: Option<Beginnings>,
    /// The byte with which a value of the policy's shape begins.
    pub(super) first_byte: u8,
    /// The texts that count as no preferences, where the shape is a text.
    absent_texts: Vec<String>,
    /// True if the slow reader has to look: for something in an object that is not on the way to the preferences, or for two things under one key.
    pub(super) needs_slow_reader: bool,
    /// Where foreign consent counts, what finds out that there is none.
    foreign: Option<Box<ForeignFilter>>,
}

/// A key that is looked for.
#[derive(Debug, Clone)]
struct Wanted {
    what: Key,
    /// How many bytes it has.
    length: usize,
    /// The first eight bytes of the key with the quote behind it, or as many as there are.
    first: Word,
    /// The bytes behind these, eight by eight.
    more: Box<[Word]>,
}

/// Up to eight bytes as a number, and which bits of eight bytes these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    bytes: u64,
    mask: u64,
}

/// What a key of an event stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// The next object on the way to the preferences.
    Parent,
    /// The preferences, under a spelling that the policy accepts.
    Preferences,
    /// The preferences, under a documented spelling that the policy does not accept.
    WrongSpelling,
    Integrations,
    /// The events of a batch: the line may be no event.
    Batch,
    Type,
    Event,
    MessageId,
    /// The input of this number.
    Input(usize),
}

const INTEGRATIONS: (&str, Key) = ("integrations", Key::Integrations);
const EVENT: (&str, Key) = ("event", Key::Event);
const BATCH: (&str, Key) = ("batch", Key::Batch);

/// Those of an event's own members that an [`Event`](crate::Event) holds.
const WHOLE: [(&str, Key); 5] =
    [INTEGRATIONS, EVENT, BATCH, ("type", Key::Type), ("messageId", Key::MessageId)];

impl Keys {
    /// Those of everything that an [`Event`](crate::Event) holds.
    pub(crate) fn of_event(reading: &Reading) -> Self {
        Keys::new(reading, &WHOLE, reading.inputs.iter().map(|input| input.path.as_slice()))
    }

    /// Those of everything that an [`Event`](crate::Event) of a policy without inputs holds, and of the values at some paths.
    #[cfg(feature = "ledger")]
    pub(crate) fn of_person<'p>(reading: &Reading, paths: impl Iterator<Item = &'p [String]>) -> Self {
        Keys::new(reading, &WHOLE, paths)
    }

    /// Those that a decision depends on. What an event is called matters where events may be exempt; whether it is of the type that
    /// can be is worth looking for only in one of such a name. Inputs are, where decisions depend on them.
    pub(crate) fn of_decision(reading: &Reading, exempt_events: bool, has_conditions: bool) -> Self {
        let top: &[_] = if exempt_events { &[INTEGRATIONS, EVENT, BATCH] } else { &[INTEGRATIONS, BATCH] };
        let inputs = reading.inputs.iter().filter(|_| has_conditions);
        Keys::new(reading, top, inputs.map(|input| input.path.as_slice()))
    }

    fn new<'p>(reading: &Reading, top: &[(&str, Key)], paths: impl Iterator<Item = &'p [String]>) -> Self {
        let (parents, spellings) = (&reading.parents, &reading.spellings);
        // A key that JSON writes with an escape only is never found, and wherever one is, the reader doubts.
        let plain = |key: &&String| key.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\'));
        let accepted = spellings.iter().filter(plain).map(|key| Wanted::new(key, Key::Preferences));
        let refused = DOCUMENTED_SPELLINGS.iter().filter(|key| !reading.accepts(key));
        let refused = refused.map(|key| Wanted::new(key, Key::WrongSpelling));
        let mut levels: Vec<Vec<Wanted>> = parents
            .iter()
            .map(|key| Some(key).filter(plain).map(|key| Wanted::new(key, Key::Parent)).into_iter().collect())
            .collect();
        levels.push(accepted.chain(refused).collect());
        if let Some(first) = levels.first_mut() {
            first.extend(top.iter().map(|(key, what)| Wanted::new(key, *what)));
        }
        let mut needs_slow_reader = reading.places.is_some();
        for (number, path) in paths.enumerate() {
            let way = path.split_last().filter(|(_, objects)| parents.starts_with(objects));
            let level = way.and_then(|(_, objects)| levels.get_mut(objects.len()));
            match (way, level) {
                (Some((key, _)), Some(level)) => {
                    level.extend(Some(key).filter(plain).map(|key| Wanted::new(key, Key::Input(number))));
                }
                _ => needs_slow_reader = true,
            }
        }
        // Of two things under one key, the fast reader would find only the first.
        needs_slow_reader |= levels.iter().any(|level| {
            level
                .iter()
                .enumerate()
                .any(|(at, one)| level.iter().skip(at + 1).any(|other| one.has_key_of(other)))
        });
        let begins = beginnings(levels.iter().flatten());
        let first_byte = reading.first_byte();
        let absent_texts = reading.absent.iter().filter_map(AbsentValue::text).map(str::to_owned);
        let foreign = (reading.foreign == ForeignConsent::Malformed).then(Box::default);
        Keys { levels, begins, first_byte, absent_texts: absent_texts.collect(), needs_slow_reader, foreign }
    }

    /// Returns true if an event with these parts may have something foreign that makes a difference.
    #[inline(always)]
    pub(super) fn may_be_foreign(&self, event: &[u8], parts: &Parts<'_>) -> bool {
        self.foreign.as_ref().is_some_and(|filter| {
            let has_preferences = matches!(parts.consent, ConsentPart::Preferences(_));
            !has_preferences && filter.may_have_consent(event)
                || parts.integrations.is_none() && filter.may_have_integrations(event)
        })
    }

    /// Returns the text that a value begins with, quotes included; `None` where it has an escape, or counts as no preferences.
    pub(super) fn text_of<'t>(&self, value: &'t [u8]) -> Option<&'t [u8]> {
        let inner = value.get(1..)?;
        let end = memchr2(b'"', b'\\', inner)?;
        let is_absent = |text: &[u8]| self.absent_texts.iter().any(|absent| absent.as_bytes() == text);
        (inner.get(end) == Some(&b'"') && !is_absent(inner.get(..end)?)).then(|| value.get(..end + 2))?
    }

    pub(super) fn begins(&self) -> Option<&Beginnings> {
        self.begins.as_ref()
    }

    /// How many objects are on the way to the preferences.
    pub(super) fn parents(&self) -> usize {
        self.levels.len() - 1
    }

    /// The key that `rest` begins with, up to its closing quote, and its length; `level` parents are open.
    #[inline(always)]
    pub(super) fn at(&self, level: usize, rest: &[u8]) -> Option<(Key, usize)> {
        let first = word(rest, 0);
        let key = self.levels.get(level)?.iter().find(|key| key.first.is(first) && key.goes_on(rest))?;
        Some((key.what, key.length))
    }
}

/// The eight bytes at a place, or as many as there are.
#[inline(always)]
fn word(text: &[u8], at: usize) -> u64 {
    let text = text.get(at..).unwrap_or_default();
    text.first_chunk().map_or_else(|| few(text), |bytes| u64::from_le_bytes(*bytes))
}

impl Word {
    fn new(bytes: &[u8]) -> Self {
        Word { bytes: few(bytes), mask: few(&vec![0xFF; bytes.len()]) }
    }

    #[inline(always)]
    fn is(self, bytes: u64) -> bool {
        bytes & self.mask == self.bytes
    }
}

impl Wanted {
    fn new(key: &str, what: Key) -> Self {
        let quoted: Vec<u8> = key.bytes().chain([b'"']).collect();
        let (first, more) = quoted.split_at(quoted.len().min(8));
        Wanted {
            what,
            length: key.len(),
            first: Word::new(first),
            more: more.chunks(8).map(Word::new).collect(),
        }
    }

    /// Returns true if both have the same key.
    fn has_key_of(&self, other: &Wanted) -> bool {
        (self.length, self.first, &self.more) == (other.length, other.first, &other.more)
    }

    /// Whether a text that begins like the key goes on like it.
    #[inline(always)]
    fn goes_on(&self, text: &[u8]) -> bool {
        self.more.iter().zip(1..).all(|(more, number)| more.is(word(text, 8 * number)))
    }
}

/// Up to eight bytes as a number.
fn few(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The first three bytes of keys with the quotes behind them; `None` where one is shorter, or they do not make sets.
fn beginnings<'w>(keys: impl Iterator<Item = &'w Wanted> + Clone) -> Option<Beginnings> {
    if keys.clone().any(|key| key.length < 2) {
        return None;
    }
    let bytes = |shift: u32| keys.clone().map(move |key| (key.first.bytes >> shift) as u8);
    Some([Set::of(bytes(0))?, Set::of(bytes(8))?, Set::of(bytes(16))?])
}
