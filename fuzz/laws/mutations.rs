//! Real events, changed where it matters: the fast reader on every instruction set, the slow one and `serde_json` agree about them.
//!
//! A reader that finds parts of an event in blocks of 64 bytes goes wrong at single bytes and at single places of a block. Generated
//! events seldom have both. So these
//! laws change every byte of the keys that matter, and brackets and quotes. They close objects on the way to the consent early, at
//! each place of a block.

use super::{Readers, compile, events};
use arbitrary::{Result, Unstructured};
use consentry::model::Destination;
use consentry::{Limits, Table};
use serde::de::IgnoredAny;

const EVENTS: &str = include_str!("../../tests/data/events.ndjson");
const SHOP: &str = include_str!("../../policies/examples/shop.consent");

/// The keys of objects that a decision reads, and how an object may be closed at once, with its members left to a sibling.
const OBJECTS: [&str; 4] = ["context", "consent", "categoryPreferences", "integrations"];
const EARLY: [&str; 3] = ["},\"closed\":{", "\"v\":2},\"closed\":{", "\"v\":{}},\"closed\":{"];

/// The keys of values that a decision reads.
const VALUES: [&str; 4] = ["type", "event", "messageId", "All"];

/// The number of bytes in a block of the fast reader.
const BLOCK: usize = 64;

/// All readers agree about a real event that is changed in one place, at any place of a block.
pub fn mutated_events_read_alike(u: &mut Unstructured) -> Result<u64> {
    let table = compile(SHOP);
    let mut readers = Readers::new(&table);
    let lines: Vec<&str> = EVENTS.lines().collect();
    let line = u.choose(&lines)?;
    let mut compared = 0;
    for mutant in key_mutants(u, &table, line)?.into_iter().chain(structure_mutants(u, line)?) {
        let shift = u.int_in_range(0..=BLOCK - 1)?;
        compared += agree(&mut readers, &table, &shifted(&mutant, shift));
    }
    for mutant in early_mutants(u, line)? {
        for shift in 0..BLOCK {
            compared += agree(&mut readers, &table, &shifted(&mutant, shift));
        }
    }
    Ok(compared)
}

/// The event with each byte of each key that matters replaced by another one.
fn key_mutants(u: &mut Unstructured, table: &Table, line: &str) -> Result<Vec<Vec<u8>>> {
    let policy = table.policy();
    let wire_ids = policy.categories().iter().map(|category| category.wire_id());
    let names = policy.destinations().iter().flat_map(Destination::names);
    let mut mutants = Vec::new();
    for key in OBJECTS.into_iter().chain(VALUES).chain(wire_ids).chain(names) {
        for (start, quoted) in line.match_indices(&format!("\"{key}\":")) {
            for at in start + 1..start + quoted.len() - 2 {
                let mut mutant = line.as_bytes().to_vec();
                let other = *u.choose(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ _0")?;
                mutant[at] = if other == mutant[at] { other ^ 0x01 } else { other };
                mutants.push(mutant);
            }
        }
    }
    Ok(mutants)
}

/// The event with some of the bytes that JSON is made of taken out, doubled or replaced by another one of them.
fn structure_mutants(u: &mut Unstructured, line: &str) -> Result<Vec<Vec<u8>>> {
    const STRUCTURE: &[u8] = b"{}[]\",:\\";
    let mut mutants = Vec::new();
    for (at, byte) in line.bytes().enumerate().filter(|(_, byte)| STRUCTURE.contains(byte)) {
        if !u.ratio(1, 4)? {
            continue;
        }
        let mut mutant = line.as_bytes().to_vec();
        match u.int_in_range(0..=2)? {
            0 => drop(mutant.remove(at)),
            1 => mutant.insert(at, byte),
            _ => mutant[at] = *u.choose(STRUCTURE)?,
        }
        mutants.push(mutant);
    }
    Ok(mutants)
}

/// The event with each object that a decision reads closed early.
fn early_mutants(u: &mut Unstructured, line: &str) -> Result<Vec<Vec<u8>>> {
    let mut mutants = Vec::new();
    for key in OBJECTS {
        let opening = format!("\"{key}\":{{");
        for (start, opening) in line.match_indices(&opening) {
            let (before, behind) = line.split_at(start + opening.len());
            mutants.push(format!("{before}{}{behind}", u.choose(&EARLY)?).into_bytes());
        }
    }
    Ok(mutants)
}

/// The event with its bytes moved to other places of their blocks.
fn shifted(event: &[u8], shift: usize) -> Vec<u8> {
    [&event[..1], &vec![b' '; shift], &event[1..]].concat()
}

fn agree(readers: &mut Readers, table: &Table, bytes: &[u8]) -> u64 {
    let limits = Limits::default();
    let compared = readers.agree(bytes, &limits);
    let read = table.read(bytes, &limits);
    let text = String::from_utf8_lossy(bytes);
    let is_object = text.starts_with('{') && serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    assert_eq!(read.is_ok(), is_object, "{text}");
    if let (Ok(event), Ok(value)) = (read, serde_json::from_slice(bytes)) {
        // No key of these events is there twice, so that a `Value` holds all of it.
        events::compare(&event, &value, table.policy(), &text);
    }
    compared
}
