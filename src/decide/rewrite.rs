//! Events rewritten, so that a router which knows the integrations object alone obeys the decision.
//!
//! The router takes a destination's own entry, under any of its names, where off beats on; without one `All`, unless the
//! destination's kind ignores it; and otherwise delivers. So in each integrations object
//!
//! - every entry that only blocked destinations claim becomes `false`, and every entry that a delivered one claims and that
//!   would stop it becomes `true`; an entry that lets it through, an option object most of all, stays as it is;
//! - a blocked destination that would be let through all the same, and a delivered one that would be stopped, gets an
//!   entry under its own name;
//! - `All` becomes `false` where the whole event is dropped, for the sake of destinations that the policy does not have.
//!
//! Where an event has several objects, the first and the last each say all of this, and none of the others says otherwise, so
//! that it does not matter which one a router reads, or whether it reads all.
//! Whatever else the event has stays byte for byte.

use super::bits::{Bits, ones};
use super::cache::Cache;
use super::resolved::ALL;
use super::table::Table;
use crate::event::{Entry, EntryText, entry_texts};
use crate::model::{Destination, DestinationId};
use std::ops::Range;

/// What integrations objects become, as far as it is remembered.
#[derive(Debug, Clone)]
pub(super) struct Rewrites {
    cache: Cache<Rewritten>,
    /// The text that something is remembered under: who is delivered, and the object.
    key: Vec<u8>,
}

/// What an integrations object becomes; nothing when it stays as it is.
#[derive(Debug, Clone, Default)]
struct Rewritten {
    text: Vec<u8>,
    changed: bool,
}

/// Who is delivered, and whether the event is dropped.
#[derive(Clone, Copy)]
pub(super) struct Outcome<'d> {
    pub(super) deliver: &'d Bits,
    pub(super) dropped: bool,
}

/// Where among the integrations objects of an event one stands.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    /// There is no other.
    Alone,
    /// It is the first or the last of several, and what `All` says may stand in another.
    Outer,
    /// It is another of several: entries are changed and none are added, so that an event grows little.
    Inner,
}

impl Rewrites {
    pub(super) fn new(table: &Table, remembers: bool) -> Self {
        let nothing = Rewritten::default();
        // What an object becomes has each destination's name once at the most, with a quote or two and a value.
        let names = table.policy().destinations().iter().map(|destination| destination.name().len() + 16);
        let cache = if remembers { Cache::new(nothing, names.sum()) } else { Cache::never(nothing) };
        Rewrites { cache, key: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn remembers(&self) -> bool {
        self.cache.remembers()
    }

    /// Appends the event that `line` is, rewritten. Its integrations objects are parts of the line.
    pub(super) fn rewrite(
        &mut self,
        table: &Table,
        outcome: Outcome<'_>,
        line: &[u8],
        texts: &[&[u8]],
        into: &mut Vec<u8>,
    ) {
        if texts.is_empty() {
            return self.insert(table, outcome, line, into);
        }
        let mut copied = 0;
        for (number, text) in texts.iter().enumerate() {
            let position = match number {
                0 if texts.len() == 1 => Position::Alone,
                _ if number == 0 || number + 1 == texts.len() => Position::Outer,
                _ => Position::Inner,
            };
            let start = (text.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
            let rewritten = self.object(table, outcome, position, text);
            if let (true, Some(before)) = (rewritten.changed, line.get(copied..start)) {
                into.extend_from_slice(before);
                into.extend_from_slice(&rewritten.text);
                copied = start + text.len();
            }
        }
        into.extend_from_slice(line.get(copied..).unwrap_or_default());
    }

    /// Appends an event that has no integrations object, with one if it needs it.
    fn insert(&mut self, table: &Table, outcome: Outcome<'_>, line: &[u8], into: &mut Vec<u8>) {
        let rewritten = self.object(table, outcome, Position::Alone, b"");
        let open = line.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
        let (before, behind) = line.split_at_checked(open).unwrap_or_default();
        into.extend_from_slice(before);
        if rewritten.changed {
            into.extend_from_slice(b"\"integrations\":");
            into.extend_from_slice(&rewritten.text);
            if !behind.trim_ascii_start().starts_with(b"}") {
                into.push(b',');
            }
        }
        into.extend_from_slice(behind);
    }

    /// What an integrations object becomes; an empty text stands for one that is not there.
    fn object(&mut self, table: &Table, outcome: Outcome<'_>, position: Position, text: &[u8]) -> &Rewritten {
        self.key.clear();
        self.key.extend([u8::from(outcome.dropped), position as u8]);
        outcome.deliver.words().iter().for_each(|word| self.key.extend_from_slice(&word.to_le_bytes()));
        self.key.extend_from_slice(text);
        let place = self.cache.place(&self.key, |rewritten| {
            rewritten.work_out(table, outcome, position, text);
            true
        });
        self.cache.at(place.unwrap_or_default())
    }
}

impl Rewritten {
    fn work_out(&mut self, table: &Table, outcome: Outcome<'_>, position: Position, text: &[u8]) {
        // Whatever is no object lists nothing, and an object takes its place if one is needed.
        let object = entry_texts(text);
        let entries = object.as_deref().unwrap_or_default();
        let changes = Changes::new(table, outcome, position, entries);
        self.changed = !changes.values.is_empty() || !changes.added.is_empty();
        self.text.clear();
        self.text.push(b'{');
        for (number, (name, value)) in changes.added.iter().enumerate() {
            if number > 0 {
                self.text.push(b',');
            }
            // A string can always be written, and so can a vector.
            let _ = serde_json::to_writer(&mut self.text, name);
            self.text.push(b':');
            self.text.extend_from_slice(word(*value));
        }
        let mut rest = if object.is_some() { 1 } else { text.len() };
        if object.is_none() {
            self.text.push(b'}');
        } else if !entries.is_empty() && !changes.added.is_empty() {
            self.text.push(b',');
        }
        for (place, value) in changes.values {
            self.text.extend_from_slice(text.get(rest..place.start).unwrap_or_default());
            self.text.extend_from_slice(word(value));
            rest = place.end;
        }
        self.text.extend_from_slice(text.get(rest..).unwrap_or_default());
    }
}

fn word(value: bool) -> &'static [u8] {
    if value { b"true" } else { b"false" }
}

/// What has to be changed in an integrations object.
#[derive(Default)]
struct Changes<'n> {
    /// Values that become others, by their places in the text, in order.
    values: Vec<(Range<usize>, bool)>,
    /// Entries that are added.
    added: Vec<(&'n str, bool)>,
}

impl<'n> Changes<'n> {
    fn new(table: &'n Table, outcome: Outcome<'_>, position: Position, entries: &[EntryText<'_>]) -> Self {
        let Outcome { deliver, dropped } = outcome;
        let mut changes = Changes::default();
        let count = table.policy().destinations().len();
        let is_off = |entry| entry == Entry::Off || entry == Entry::Invalid && table.invalid_is_off;

        // Whether `All` may stop those that have no entry, by the policy's reading; and whether it does by any.
        let alls = || entries.iter().filter(|entry| entry.name.as_bytes() == ALL);
        let may_stop = dropped || position != Position::Alone || alls().any(|all| is_off(all.entry));
        let does_stop = dropped
            || position == Position::Alone
                && alls().next().is_some()
                && alls().all(|all| all.entry == Entry::Off);
        if dropped {
            let kept = alls().filter(|all| all.entry != Entry::Off);
            changes.values.extend(kept.map(|all| (all.place.clone(), false)));
            if alls().next().is_none() {
                changes.added.push(("All", false));
            }
        }

        // Who has an entry that stops it for certain; one that lets it through; one that it shares with who is delivered.
        let [mut off, mut on, mut claimed] = [count; 3].map(Bits::new);
        // Names are spread over those who share them once, however often an event repeats them.
        let [mut is_on, mut is_claimed, mut is_blocked] = [table.destinations.numbers(); 3].map(Bits::new);
        let spread = |named: &[u32], over: &mut Bits| named.iter().for_each(|id| over.insert(*id as usize));
        let stopped = |id: usize| may_stop && !table.ignores_all.contains(id);
        for entry in entries.iter().filter(|entry| entry.name.as_bytes() != ALL) {
            let (number, named) = table.destinations.numbered(entry.name.as_bytes());
            if named.is_empty() {
                continue;
            }
            if !is_claimed.contains(number) && !is_blocked.contains(number) {
                if named.iter().any(|id| deliver.contains(*id as usize)) {
                    is_claimed.insert(number);
                    spread(named, &mut claimed);
                } else {
                    is_blocked.insert(number);
                    spread(named, &mut off);
                }
            }
            if is_blocked.contains(number) {
                if entry.entry != Entry::Off {
                    changes.values.push((entry.place.clone(), false));
                }
                continue;
            }
            let stops = match entry.entry {
                Entry::On => false,
                Entry::Off => true,
                // Where it counts as none, it is in the way of those alone that need one.
                Entry::Invalid => table.invalid_is_off || named.iter().any(|id| stopped(*id as usize)),
            };
            if stops {
                changes.values.push((entry.place.clone(), true));
            }
            if (stops || entry.entry == Entry::On) && !is_on.contains(number) {
                is_on.insert(number);
                spread(named, &mut on);
            }
        }
        changes.values.sort_by_key(|(place, _)| place.start);
        if position == Position::Inner {
            changes.added.clear();
            return changes;
        }
        let added = (0..table.known.words().len()).map(|at| {
            let (deliver, obeys_all) = (deliver.word(at), !table.ignores_all.word(at));
            let stopped = if may_stop { obeys_all } else { 0 };
            let surely_stopped = if does_stop { obeys_all & !claimed.word(at) } else { 0 };
            let (off, on) = (off.word(at), on.word(at));
            table.known.word(at) & (deliver & stopped & !on | !deliver & !off & !surely_stopped)
        });
        for id in ones(added).map(DestinationId::new) {
            let name = table.policy().destination(id).map(Destination::name);
            changes.added.extend(name.map(|name| (name, deliver.contains(id.index()))));
        }
        changes
    }
}
