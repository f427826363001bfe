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
//! Where an event has several objects, each alone says all of this, so that it matters little which one a router reads.
//! Whatever else the event has stays byte for byte.

use super::facts::ALL;
use super::memo::Memo;
use crate::event::{Entry, EntryText, entry_texts, integrations_texts};
use crate::table::{Bits, Table};
use std::ops::Range;

/// What integrations objects become, as far as it is remembered.
#[derive(Debug, Clone)]
pub(super) struct Rewrites {
    memo: Memo<Rewritten>,
    /// The text that something is remembered under: who is delivered, and the object.
    key: Vec<u8>,
}

/// What an integrations object becomes; nothing when it stays as it is.
#[derive(Debug, Clone, Default)]
struct Rewritten {
    text: Vec<u8>,
    changed: bool,
}

/// The integrations objects of an event, as far as they were found already.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'t> {
    /// There is this one, or none.
    One(Option<&'t [u8]>),
    /// They are to be looked for.
    Unknown,
}

/// Who is delivered, and whether the event is dropped.
#[derive(Clone, Copy)]
pub(super) struct Outcome<'d> {
    pub(super) deliver: &'d Bits,
    pub(super) dropped: bool,
}

impl Rewrites {
    pub(super) fn new(table: &Table) -> Self {
        // What an object becomes has each destination's name once at the most, with a quote or two and a value.
        let names = table.policy().destinations().iter().map(|destination| destination.name().len() + 16);
        Rewrites { memo: Memo::new(Rewritten::default(), names.sum()), key: Vec::new() }
    }

    /// Appends the event that `line` is, rewritten.
    pub(super) fn rewrite(
        &mut self,
        table: &Table,
        outcome: Outcome<'_>,
        line: &[u8],
        found: Found<'_>,
        into: &mut Vec<u8>,
    ) {
        let several;
        let one;
        let texts: &[&[u8]] = match found {
            Found::One(text) => {
                one = text;
                one.as_slice()
            }
            Found::Unknown => {
                several = integrations_texts(line);
                &several
            }
        };
        if texts.is_empty() {
            return self.insert(table, outcome, line, into);
        }
        let mut copied = 0;
        for text in texts {
            // Each is a part of the line.
            let start = (text.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
            let rewritten = self.object(table, outcome, text);
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
        let rewritten = self.object(table, outcome, b"");
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
    fn object(&mut self, table: &Table, outcome: Outcome<'_>, text: &[u8]) -> &Rewritten {
        self.key.clear();
        self.key.push(u8::from(outcome.dropped));
        outcome.deliver.words().iter().for_each(|word| self.key.extend_from_slice(&word.to_le_bytes()));
        self.key.extend_from_slice(text);
        let place = self.memo.place(&self.key, |rewritten| {
            rewritten.work_out(table, outcome, text);
            true
        });
        self.memo.at(place.unwrap_or_default())
    }
}

impl Rewritten {
    fn work_out(&mut self, table: &Table, outcome: Outcome<'_>, text: &[u8]) {
        // Whatever is no object lists nothing, and an object takes its place if one is needed.
        let object = entry_texts(text);
        let entries = object.as_deref().unwrap_or_default();
        let changes = Changes::new(table, outcome, entries);
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
        match (object.is_some(), entries.is_empty() || changes.added.is_empty()) {
            (false, _) => self.text.push(b'}'),
            (true, false) => self.text.push(b','),
            (true, true) => {}
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
#[derive(Debug, Default)]
struct Changes<'n> {
    /// Values that become others, by their places in the text, in order.
    values: Vec<(Range<usize>, bool)>,
    /// Entries that are added.
    added: Vec<(&'n str, bool)>,
}

impl<'n> Changes<'n> {
    fn new(table: &'n Table, outcome: Outcome<'_>, entries: &[EntryText<'_>]) -> Self {
        let Outcome { deliver, dropped } = outcome;
        let mut changes = Changes::default();
        let count = table.policy().destinations().len();
        // Who has an entry that stops it for certain; one that lets it through; one that lets others through.
        let (mut off, mut on, mut claimed) = (Bits::new(count), Bits::new(count), Bits::new(count));
        // Whether `All` stops those that have no entry, by the policy's reading, and by any.
        let (mut all_stops, mut all_is_false) = (dropped, dropped);
        let is_off = |entry| entry == Entry::Off || entry == Entry::Unreadable && table.unreadable_is_off;
        let mut alls = entries.iter().filter(|entry| entry.name.as_bytes() == ALL).peekable();
        if alls.peek().is_some() {
            all_is_false |= alls.clone().all(|all| all.entry == Entry::Off);
            all_stops |= alls.clone().any(|all| is_off(all.entry));
        } else if dropped {
            changes.added.push(("All", false));
        }
        changes.values.extend(
            alls.filter(|all| dropped && all.entry != Entry::Off).map(|all| (all.place.clone(), false)),
        );
        let named = |entry: &EntryText<'_>| {
            let ids = table.destinations.ids(entry.name.as_bytes()).iter();
            ids.map(|id| *id as usize).collect::<Vec<_>>()
        };
        let own = entries.iter().filter(|entry| entry.name.as_bytes() != ALL);
        let stopped = |id: usize| all_stops && !table.ignores_all.contains(id);
        for (entry, named) in own.map(|entry| (entry, named(entry))).filter(|(_, named)| !named.is_empty()) {
            let delivered = || named.iter().copied().filter(|id| deliver.contains(*id));
            if delivered().next().is_none() {
                if entry.entry != Entry::Off {
                    changes.values.push((entry.place.clone(), false));
                }
                named.iter().for_each(|id| off.insert(*id));
                continue;
            }
            named.iter().for_each(|id| claimed.insert(*id));
            let stops = match entry.entry {
                Entry::On => false,
                Entry::Off => true,
                // Where it counts as none, it is in the way of those alone that need one.
                Entry::Unreadable => table.unreadable_is_off || delivered().any(stopped),
            };
            if stops {
                changes.values.push((entry.place.clone(), true));
            }
            if stops || entry.entry == Entry::On {
                named.iter().for_each(|id| on.insert(*id));
            }
        }
        changes.values.sort_by_key(|(place, _)| place.start);
        for (id, destination) in table.policy().destinations().iter().enumerate() {
            let ignores_all = table.ignores_all.contains(id);
            let added = if deliver.contains(id) {
                stopped(id) && !on.contains(id)
            } else {
                !off.contains(id) && (claimed.contains(id) || ignores_all || !all_is_false)
            };
            if added {
                changes.added.push((destination.name(), deliver.contains(id)));
            }
        }
        changes
    }
}
