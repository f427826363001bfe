//! Events rewritten, so that a router that knows only the integrations object obeys the decision.
//!
//! The router takes a destination's own entry under the names that it knows, where off beats on; without one `All`, unless the
//! destination's kind ignores it; and otherwise delivers. The setting `router knows` says which names that are: at least one name of
//! each destination, or its own name and perhaps aliases. In the first case each integrations object is changed so.
//!
//! - every name of a blocked destination is `false`, also one that it shares with a delivered destination, or has no entry where
//!   `All` stops it for certain;
//! - every other name lets the delivered destinations through: an entry that would stop them becomes `true`, and a missing one is
//!   added where `All` would stop them. An entry that lets them through, an option object most of all, stays as it is.
//!
//! A router that knows own names needs no other entries than those. So in the second case:
//!
//! - the own name of a blocked destination is `false`, or has no entry where `All` stops it for certain. An entry under an alias
//!   becomes `false` if all destinations that have the alias are blocked;
//! - every name of a delivered destination lets it through, also one that it shares with a blocked destination. Only own names are
//!   added.
//!
//! In both cases
//!
//! - every entry is `false` where the whole event is dropped, and so is `All`, for the sake of destinations that the policy does not have.
//!
//! Where an event has several objects, the first and the last each have all of this, and no other contradicts it. So
//! it does not matter which one a router reads, or whether it reads all.
//! Everything else in the event stays byte for byte.

use super::bits::{Bits, ones};
use super::cache::Cache;
use super::resolved::ALL;
use super::router::Alias;
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

impl Outcome<'_> {
    fn blocks_some(&self, table: &Table) -> bool {
        let words = table.known.words().iter().zip(self.deliver.words());
        self.dropped || words.into_iter().any(|(known, deliver)| known & !deliver != 0)
    }
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
        // What an object becomes has each name once at the most, with a quote or two and a value.
        let destinations = table.policy().destinations();
        let names = destinations.iter().flat_map(Destination::names).map(|name| name.len() + 16);
        let cache = if remembers { Cache::new(nothing, names.sum()) } else { Cache::never(nothing) };
        Rewrites { cache, key: Vec::new() }
    }

    #[cfg(test)]
    pub(super) fn remembers(&self) -> bool {
        self.cache.remembers()
    }

    /// Appends the event that `line` is, rewritten. Its integrations objects are parts of the line.
    #[inline]
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
        let mut object = entry_texts(text);
        // An `All` that no router could read becomes on.
        let mut no_boolean = Vec::new();
        if table.policy().reading().all_is_boolean {
            let alls = object.iter_mut().flatten().filter(|entry| entry.name.as_bytes() == ALL);
            for all in alls.filter(|all| !all.is_boolean) {
                all.entry = Entry::On;
                no_boolean.push((all.place.clone(), true));
            }
        }
        let entries = object.as_deref().unwrap_or_default();
        let mut changes = Changes::new(table, outcome, position, entries);
        if !outcome.dropped {
            changes.values.append(&mut no_boolean);
            changes.values.sort_by_key(|(place, _)| place.start);
        }
        // A router that reads all objects may find that none counts if one of them is no object.
        let is_in_the_way = object.is_none() && position == Position::Inner && outcome.blocks_some(table);
        self.changed = !changes.values.is_empty() || !changes.added.is_empty() || is_in_the_way;
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
        let router = &table.router;
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

        let obeys_all = |id: &u32| !table.ignores_all.contains(*id as usize);
        // The names that have an entry, and those of them that let through; however often an event repeats them, they are looked
        // up once. And the destinations whose own name has an entry, or that one lets through which they share.
        let [mut is_present, mut is_through] = [table.destinations.numbers(); 2].map(Bits::new);
        let [mut own, mut let_through] = [count; 2].map(Bits::new);
        for entry in entries.iter().filter(|entry| entry.name.as_bytes() != ALL) {
            let (number, ids) = table.destinations.numbered(entry.name.as_bytes());
            let [first, ..] = ids else {
                // No destination receives a dropped event, also none that the policy does not have.
                if dropped && entry.entry != Entry::Off {
                    changes.values.push((entry.place.clone(), false));
                }
                continue;
            };
            if !is_present.contains(number) {
                is_present.insert(number);
                if router.is_let_through(ids, deliver) {
                    is_through.insert(number);
                    ids.iter().for_each(|id| let_through.insert(*id as usize));
                }
                let destination = table.policy().destination(DestinationId::new(*first as usize));
                if destination.is_some_and(|one| one.name().as_bytes() == entry.name.as_bytes()) {
                    own.insert(*first as usize);
                }
            }
            let through = is_through.contains(number);
            let contradicts = match entry.entry {
                Entry::On => !through,
                Entry::Off => through,
                // An invalid entry may count as none. Then it is in the way of those that need one.
                Entry::Invalid => !through || table.invalid_is_off || may_stop && ids.iter().any(obeys_all),
            };
            if contradicts {
                changes.values.push((entry.place.clone(), through));
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
            let surely_stopped = if does_stop { obeys_all & !let_through.word(at) } else { 0 };
            table.known.word(at) & !own.word(at) & (deliver & stopped | !deliver & !surely_stopped)
        });
        for id in ones(added).map(DestinationId::new) {
            let name = table.policy().destination(id).map(Destination::name);
            changes.added.extend(name.map(|name| (name, deliver.contains(id.index()))));
        }
        let missing = router.aliases.iter().filter(|alias| !is_present.contains(alias.number));
        for Alias { name, ids, .. } in missing {
            let through = router.is_let_through(ids, deliver);
            let is_needed = match through {
                true => may_stop && ids.iter().any(obeys_all),
                false => {
                    !does_stop || !ids.iter().filter(|id| !deliver.contains(**id as usize)).all(obeys_all)
                }
            };
            if is_needed {
                changes.added.push((name, through));
            }
        }
        changes
    }
}
