//! Entries as stores keep them: packed, with a checksum over the id and the entry.
//!
//! ```text
//! entry    = format flags [base] [others] [future future] names links checksum
//! names    = count (name kind [granted] [refused] [named] [version])*
//! links    = count (id since)*
//! ```
//!
//! Numbers have seven bits in each byte, the lowest first, and the eighth bit where more follow. `base` is the latest time in the entry, in microseconds. All other times are so much
//! before it. A name is its number in the store's list of names, or 0 and the text. The checksum is the beginning of the SHA-256 of
//! the id as it is written, a zero byte, and the entry with all names as texts. So neither a changed id nor a changed list of names goes unnoticed.

use super::choices::{CategoryChoice, Choices, Grant};
use super::entry::{LedgerEntry, Links, MAX_LINKS};
use super::error::Cause;
use super::id::Id;
use super::timestamp::Timestamp;
use sha2::{Digest, Sha256};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::ops::Range;

/// The first byte of each entry.
const FORMAT: u8 = 1;

const CHECKSUM_BYTES: usize = 8;

mod flag {
    pub(super) const OTHERS: u8 = 1;
    pub(super) const FUTURE: u8 = 2;
    pub(super) const SHARED: u8 = 4;
    pub(super) const TOO_MANY_LINKS: u8 = 8;
    pub(super) const BASE: u8 = 16;
    pub(super) const ALL: u8 = 31;
}

/// The parts of a category that are there.
mod kind {
    pub(super) const GRANTED: u8 = 1;
    pub(super) const GRANT_HAS_TIME: u8 = 2;
    pub(super) const GRANT_IS_LATEST: u8 = 4;
    pub(super) const REFUSED: u8 = 8;
    pub(super) const REFUSAL_IS_LATEST: u8 = 16;
    pub(super) const NAMED: u8 = 32;
    pub(super) const VERSION: u8 = 64;
    pub(super) const ALL: u8 = 127;
}

/// The hash of an id with its entry: what a store adds up over all entries, and of which each entry keeps the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash([u8; 32]);

impl Hash {
    fn of(id: &Id, entry: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(id.prefix());
        hash.update(id.text());
        hash.update([0]);
        hash.update(entry);
        Hash(hash.finalize().into())
    }

    fn checksum(&self) -> [u8; CHECKSUM_BYTES] {
        let mut checksum = [0; CHECKSUM_BYTES];
        checksum.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        checksum
    }

    /// The second half as four numbers.
    pub(super) fn parts(&self) -> [u32; 4] {
        let mut parts = [0; 4];
        for (part, bytes) in parts.iter_mut().zip(self.0.chunks(4).skip(4)) {
            *part = bytes.iter().fold(0, |all, byte| all << 8 | u32::from(*byte));
        }
        parts
    }
}

/// The names that a store writes as numbers, in the order of their numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    texts: Vec<SmolStr>,
    numbers: BTreeMap<SmolStr, usize>,
}

#[cfg(feature = "ledger-file")]
impl Names {
    /// The most that there are: a number of one byte each.
    const MAX: usize = 126;

    /// Adds a name, as far as there is room.
    pub(super) fn add(&mut self, name: &str) {
        if self.texts.len() < Names::MAX && !self.numbers.contains_key(name) {
            self.numbers.insert(name.into(), self.texts.len());
            self.texts.push(name.into());
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(SmolStr::as_str)
    }
}

/// Packs an entry, with names as numbers as far as the store has them.
pub(super) fn encode(id: &Id, entry: &LedgerEntry, names: &Names) -> (Vec<u8>, Hash) {
    let (plain, numbers) = body(entry, names);
    let hash = Hash::of(id, &plain);
    let mut packed = with_numbers(plain, &numbers);
    packed.extend(hash.checksum());
    (packed, hash)
}

/// Unpacks the entry of an id.
pub(super) fn decode(id: &Id, packed: &[u8], names: &Names) -> Result<(LedgerEntry, Hash), Cause> {
    let damaged = || Cause::from(format!("the entry of `{id}` is damaged"));
    let (packed, checksum) = packed.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(damaged)?;
    if packed.first().is_some_and(|format| *format != FORMAT) {
        return Err(format!("the entry of `{id}` is damaged, or of another version").into());
    }
    let reader = Reader { packed, at: 0, names, plain: Vec::new(), copied: 0 };
    let (entry, plain) = reader.entry().ok_or_else(damaged)?;
    let hash = Hash::of(id, &plain);
    if hash.checksum() != *checksum {
        return Err(damaged());
    }
    Ok((entry, hash))
}

/// The place of a name's text in an entry with all names as texts, and the number of the name.
type Numbers = Vec<(Range<usize>, u8)>;

/// Returns an entry with numbers in the place of some names.
fn with_numbers(plain: Vec<u8>, numbers: &Numbers) -> Vec<u8> {
    if numbers.is_empty() {
        return plain;
    }
    let mut packed = Vec::with_capacity(plain.len());
    let mut copied = 0;
    for (range, number) in numbers {
        packed.extend(plain.get(copied..range.start).unwrap_or_default());
        packed.push(*number);
        copied = range.end;
    }
    packed.extend(plain.get(copied..).unwrap_or_default());
    packed
}

/// Returns the latest time of an entry.
fn base(entry: &LedgerEntry) -> Option<Timestamp> {
    let Choices { others_refused, named, future } = &entry.choices;
    let of_choice = |choice: &CategoryChoice| {
        let granted = choice.granted.as_ref().and_then(|grant| grant.at);
        granted.max(choice.refused).max(choice.named)
    };
    let said = named.iter().map(|(_, choice)| of_choice(choice)).max().flatten();
    let linked = entry.links.iter().map(|(_, since)| since).max();
    said.max(*others_refused).max(future.map(|(_, last)| last)).max(linked)
}

/// Writes an entry without its checksum and with all names as texts. Returns also which of them the store has numbers for.
fn body(entry: &LedgerEntry, names: &Names) -> (Vec<u8>, Numbers) {
    let Choices { others_refused, named, future } = &entry.choices;
    let base = base(entry);
    let mut to = Writer { bytes: Vec::with_capacity(128), base: base.unwrap_or(Timestamp::MAX) };
    let mut flags = 0;
    let mut set = |is_set: bool, flag: u8| flags |= if is_set { flag } else { 0 };
    set(base.is_some(), flag::BASE);
    set(others_refused.is_some(), flag::OTHERS);
    set(future.is_some(), flag::FUTURE);
    set(entry.shared, flag::SHARED);
    set(entry.links == Links::TooMany, flag::TOO_MANY_LINKS);
    to.bytes.extend([FORMAT, flags]);
    if let Some(base) = base {
        // Times before 1970 have odd numbers.
        let microseconds = base.microseconds();
        to.number((microseconds << 1 ^ microseconds >> 63) as u64);
    }
    others_refused.iter().for_each(|at| to.time(*at));
    future.iter().for_each(|(first, last)| [first, last].into_iter().for_each(|at| to.time(*at)));
    to.number(named.len() as u64);
    let mut numbers = Numbers::new();
    for (name, choice) in named {
        let start = to.bytes.len();
        to.number(0);
        to.text(name);
        let number = names.numbers.get(name).and_then(|number| u8::try_from(number + 1).ok());
        numbers.extend(number.map(|number| (start..to.bytes.len(), number)));
        to.choice(choice);
    }
    to.number(entry.links.iter().count() as u64);
    for (id, since) in entry.links.iter() {
        to.id(id);
        to.time(since);
    }
    (to.bytes, numbers)
}

fn write_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

struct Writer {
    bytes: Vec<u8>,
    base: Timestamp,
}

impl Writer {
    fn number(&mut self, number: u64) {
        write_number(&mut self.bytes, number);
    }

    fn time(&mut self, at: Timestamp) {
        self.number(self.base.microseconds().abs_diff(at.microseconds()));
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend(text.bytes());
    }

    fn id(&mut self, id: &Id) {
        let key = key(id);
        self.number(key.len() as u64);
        self.bytes.extend(key);
    }

    fn choice(&mut self, choice: &CategoryChoice) {
        let CategoryChoice { granted, refused, named } = choice;
        let granted_at = granted.as_ref().and_then(|grant| grant.at);
        let version = granted.as_ref().and_then(|grant| grant.version.as_ref());
        // Most categories are named by the write that says the last word on them.
        let last = granted_at.or(*refused);
        let mut kind = 0;
        let mut set = |is_set: bool, flag: u8| kind |= if is_set { flag } else { 0 };
        set(granted.is_some(), kind::GRANTED);
        set(granted_at.is_some(), kind::GRANT_HAS_TIME);
        set(granted_at == Some(self.base), kind::GRANT_IS_LATEST);
        set(refused.is_some(), kind::REFUSED);
        set(*refused == Some(self.base), kind::REFUSAL_IS_LATEST);
        set(named.is_some() && *named != last, kind::NAMED);
        set(version.is_some(), kind::VERSION);
        self.bytes.push(kind);
        let base = self.base;
        let other = [granted_at, *refused].into_iter().flatten().filter(|at| *at != base);
        let stated = other.chain(named.filter(|at| Some(*at) != last));
        stated.for_each(|at| self.time(at));
        version.into_iter().for_each(|version| self.text(version));
    }
}

struct Reader<'p> {
    packed: &'p [u8],
    /// What is read.
    at: usize,
    names: &'p Names,
    /// The part that is read and copied, with all names as texts.
    plain: Vec<u8>,
    copied: usize,
}

impl<'p> Reader<'p> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.packed.get(self.at)?;
        self.at += 1;
        Some(*byte)
    }

    /// Copies what is read since the last copy, up to a place.
    fn copy(&mut self, end: usize) -> Option<()> {
        self.plain.extend(self.packed.get(self.copied..end)?);
        self.copied = self.at;
        Some(())
    }

    /// Reads a name, which is a text or a number.
    fn name(&mut self) -> Option<SmolStr> {
        let start = self.at;
        match self.number()? {
            0 => self.text(),
            number => {
                let name = self.names.texts.get(usize::try_from(number).ok()? - 1)?;
                self.copy(start)?;
                self.plain.push(0);
                write_number(&mut self.plain, name.len() as u64);
                self.plain.extend(name.bytes());
                Some(name.clone())
            }
        }
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7F);
            number |= part << shift;
            if byte < 0x80 {
                return (number >> shift == part).then_some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'p [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        let bytes = self.packed.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(bytes)
    }

    fn text(&mut self) -> Option<SmolStr> {
        Some(std::str::from_utf8(self.bytes()?).ok()?.into())
    }

    fn time(&mut self, base: Option<Timestamp>) -> Option<Timestamp> {
        let before = i64::try_from(self.number()?).ok()?;
        Some(Timestamp::from_microseconds(base?.microseconds().checked_sub(before)?))
    }

    /// Returns also the entry with all names as texts.
    fn entry(mut self) -> Option<(LedgerEntry, Vec<u8>)> {
        let (_, flags) = (self.byte()?, self.byte()?);
        if flags > flag::ALL {
            return None;
        }
        let has = |flag: u8| flags & flag != 0;
        let base = match has(flag::BASE) {
            true => {
                let number = self.number()?;
                Some(Timestamp::from_microseconds((number >> 1) as i64 ^ -((number & 1) as i64)))
            }
            false => None,
        };
        let others_refused = if has(flag::OTHERS) { Some(self.time(base)?) } else { None };
        let future = if has(flag::FUTURE) { Some((self.time(base)?, self.time(base)?)) } else { None };
        let mut named: Vec<(SmolStr, CategoryChoice)> = Vec::new();
        for _ in 0..self.number()? {
            named.push((self.name()?, self.choice(base)?));
        }
        let mut links = BTreeMap::new();
        for _ in 0..self.number()? {
            let id = id(self.bytes()?)?;
            links.insert(id, self.time(base)?);
        }
        let links = match has(flag::TOO_MANY_LINKS) {
            true => Links::TooMany,
            false => Links::Known(links),
        };
        let is_sound = self.at == self.packed.len()
            && named.is_sorted_by(|(name, _), (other, _)| name < other)
            && links.iter().count() <= MAX_LINKS;
        self.copy(self.at)?;
        let choices = Choices { others_refused, named, future };
        is_sound.then_some((LedgerEntry { choices, links, shared: has(flag::SHARED) }, self.plain))
    }

    fn choice(&mut self, base: Option<Timestamp>) -> Option<CategoryChoice> {
        let kind = self.byte()?;
        if kind > kind::ALL {
            return None;
        }
        let has = |flag: u8| kind & flag != 0;
        let mut time = |is_there: u8, is_latest: u8| {
            Some(match (has(is_there), has(is_latest)) {
                (false, false) => None,
                (true, true) => Some(base?),
                (true, false) => Some(self.time(base)?),
                (false, true) => return None,
            })
        };
        let at = time(kind::GRANT_HAS_TIME, kind::GRANT_IS_LATEST)?;
        let refused = time(kind::REFUSED, kind::REFUSAL_IS_LATEST)?;
        let named = match has(kind::NAMED) {
            true => Some(self.time(base)?),
            false => at.or(refused),
        };
        let version = if has(kind::VERSION) { Some(self.text()?) } else { None };
        let granted = has(kind::GRANTED).then_some(Grant { at, version });
        Some(CategoryChoice { granted, refused, named })
    }
}

/// The key of an id in stores whose keys are bytes. Many ids are UUIDs, whose digits are packed.
pub(super) fn key(id: &Id) -> Vec<u8> {
    let is_known = u8::from(id.is_known());
    match uuid(id.text()) {
        Some(uuid) => [&[2 + is_known][..], &uuid].concat(),
        None => [&[is_known], id.text().as_bytes()].concat(),
    }
}

/// Reads the key of an id.
pub(super) fn id(key: &[u8]) -> Option<Id> {
    let (kind, rest) = key.split_first()?;
    let text = match kind {
        0 | 1 => {
            std::str::from_utf8(rest).ok().filter(|text| !text.is_empty() && uuid(text).is_none())?.to_owned()
        }
        2 | 3 => uuid_text(rest.try_into().ok()?),
        _ => return None,
    };
    Some(if kind & 1 == 1 { Id::User(text) } else { Id::Anonymous(text) })
}

/// After how many digits of a UUID a hyphen stands.
const HYPHENS: [usize; 4] = [8, 12, 16, 20];

/// The bytes of a UUID in its usual spelling, with small letters.
fn uuid(text: &str) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let mut digits = 0;
    for (at, char) in text.bytes().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if char != b'-' {
                return None;
            }
            continue;
        }
        let digit = match char {
            b'0'..=b'9' => char - b'0',
            b'a'..=b'f' => char - b'a' + 10,
            _ => return None,
        };
        let byte = bytes.get_mut(digits / 2)?;
        *byte = *byte << 4 | digit;
        digits += 1;
    }
    Some(bytes)
}

fn uuid_text(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.into_iter().enumerate() {
        if HYPHENS.contains(&(2 * at)) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_ids_again() {
        let uuid = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
        for text in [
            "u",
            "userId",
            uuid,
            "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f",
            "é",
        ] {
            for one in [Id::User(text.to_owned()), Id::Anonymous(text.to_owned())] {
                assert_eq!(id(&key(&one)), Some(one));
            }
        }
        assert_eq!(key(&Id::User(uuid.to_owned())).len(), 17);
        // A UUID has one key alone.
        assert_eq!(id(&[&[1], uuid.as_bytes()].concat()), None);
    }
}
