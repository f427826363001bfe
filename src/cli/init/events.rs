//! What a stream of events shows: which categories and destinations there are, and how often.
//!
//! It never shows what a destination needs: who received an event, and whether rightly, is not in it.

use super::Undone;
use super::facts::{Destination, Facts};
use crate::cli::Failure;
use crate::cli::input::{Block, Blocks};
use consentry::diagnostic::visible;
use consentry::syntax::MAX_FILE_BYTES;
use consentry::{
    ConsentState, Entry, Event, EventErrorKind, Limits, MAX_CATEGORIES, MAX_DESTINATIONS, Name, Preference,
    Reading,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What was seen of a stream of events.
#[derive(Default)]
pub(super) struct Seen {
    events: u64,
    not_events: BTreeMap<&'static str, u64>,
    /// The first line that is not an event.
    first_wrong: Option<u64>,
    consent: BTreeMap<&'static str, u64>,
    integrations: BTreeMap<&'static str, u64>,
    categories: BTreeMap<String, Choices>,
    entries: BTreeMap<String, Switches>,
    /// Keys that no policy can name: empty ones, and those with lone surrogates.
    unnameable: u64,
    /// Where else something like consent stands, in events whose consent is not read.
    elsewhere: BTreeMap<String, u64>,
    /// How long all keys are together.
    length: usize,
}

/// How often a category was granted and refused.
#[derive(Default, Clone, Copy)]
struct Choices {
    granted: u64,
    refused: u64,
    invalid: u64,
}

/// How often an integrations entry was on and off.
#[derive(Default, Clone, Copy)]
struct Switches {
    on: u64,
    off: u64,
    invalid: u64,
}

/// How many places with something like consent are told.
const MAX_ELSEWHERE: usize = 20;

/// How deeply they are looked for.
const DEEPEST: usize = 4;

impl Seen {
    /// Reads a file; `-` is standard input. Memory stays bounded, whatever is in it.
    pub(super) fn read(path: &Path, reading: &Reading) -> Result<Seen, Failure> {
        let limits = Limits::default();
        let mut blocks = Blocks::open(Some(path), &limits)?;
        let mut block = Block::default();
        let mut seen = Seen::default();
        let mut number = 0;
        while blocks.next(&mut block)? {
            if block.piece().is_some_and(|piece| piece.first) {
                number += 1;
                seen.not_an_event(number, EventErrorKind::LineTooLong);
            }
            for (line, _) in block.lines() {
                number += 1;
                match Event::read(line, reading, &limits) {
                    Ok(event) => seen.event(&event, line, reading).map_err(|undone| undone.of(path))?,
                    Err(error) => seen.not_an_event(number, error.kind()),
                }
            }
        }
        if seen.events == 0 {
            let counts = counts(&seen.not_events);
            let what =
                if counts.is_empty() { "it is empty".to_owned() } else { format!("its lines: {counts}") };
            return Err(Undone::new(format!(
                "no line is an event: {what}; one JSON object a line is needed"
            ))
            .of(path));
        }
        Ok(seen)
    }

    fn not_an_event(&mut self, number: u64, kind: EventErrorKind) {
        *self.not_events.entry(kind.code()).or_default() += 1;
        self.first_wrong.get_or_insert(number);
    }

    fn event(&mut self, event: &Event<'_>, line: &[u8], reading: &Reading) -> Result<(), Undone> {
        self.events += 1;
        let state = event.consent.state();
        *self.consent.entry(state.word()).or_default() += 1;
        *self.integrations.entry(event.integrations.state().word()).or_default() += 1;

        // Of a key that is there twice a refusal counts, as in a decision.
        let mut preferences: BTreeMap<&Name<'_>, Preference> = BTreeMap::new();
        for (name, preference) in event.consent.preferences() {
            let worst = preferences.entry(name).or_insert(*preference);
            *worst = (*worst).max(*preference);
        }
        for (name, preference) in preferences {
            let Some(key) = self.key(name) else { continue };
            let choices = seen(&mut self.categories, &mut self.length, key, MAX_CATEGORIES, "preferences")?;
            *match preference {
                Preference::Granted => &mut choices.granted,
                Preference::Refused => &mut choices.refused,
                Preference::Invalid | Preference::Unasked => &mut choices.invalid,
            } += 1;
        }
        let mut entries: BTreeMap<&Name<'_>, Entry> = BTreeMap::new();
        for (name, entry) in event.integrations.entries() {
            let worst = entries.entry(name).or_insert(*entry);
            *worst = (*worst).max(*entry);
        }
        for (name, entry) in entries {
            let Some(key) = self.key(name) else { continue };
            // One more for `All`, which is no destination.
            let switches =
                seen(&mut self.entries, &mut self.length, key, MAX_DESTINATIONS + 1, "integrations")?;
            *match entry {
                Entry::On => &mut switches.on,
                Entry::Off => &mut switches.off,
                Entry::Invalid => &mut switches.invalid,
            } += 1;
        }
        if matches!(state, ConsentState::Missing | ConsentState::Empty | ConsentState::Malformed)
            && let Ok(event) = serde_json::from_slice(line)
        {
            self.look_elsewhere(&event, &mut Vec::new(), reading);
        }
        Ok(())
    }

    /// The text of a key that a policy can name.
    fn key(&mut self, name: &Name<'_>) -> Option<String> {
        let key = std::str::from_utf8(name.as_bytes()).ok().filter(|key| !key.is_empty());
        if key.is_none() {
            self.unnameable += 1;
        }
        key.map(str::to_owned)
    }

    /// Notes objects that are called like consent and do not stand where the policy looks.
    fn look_elsewhere<'v>(&mut self, value: &'v Value, path: &mut Vec<&'v str>, reading: &Reading) {
        let Value::Object(members) = value else { return };
        if path.len() == DEEPEST {
            return;
        }
        for (key, value) in members.iter().filter(|(_, value)| value.is_object()) {
            path.push(key);
            let letters: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
            let is_like_consent =
                ["consent", "consents", "categorypreferences", "categorypreference", "consentpreferences"]
                    .contains(&letters.to_ascii_lowercase().as_str());
            if is_like_consent && !is_read(path, reading) {
                let place = visible(&path.join("."));
                if self.elsewhere.len() < MAX_ELSEWHERE || self.elsewhere.contains_key(&place) {
                    *self.elsewhere.entry(place).or_default() += 1;
                }
            } else {
                self.look_elsewhere(value, path, reading);
            }
            path.pop();
        }
    }

    /// Adds what was seen to the facts: each wire id a category, each entry but `All` a destination.
    pub(super) fn add_to(&self, facts: &mut Facts, name: &str) -> Result<(), Undone> {
        facts.origins.push(format!(
            "{name}: {} events; consent {}; integrations {}",
            self.events,
            counts(&self.consent),
            counts(&self.integrations)
        ));
        let answered = self.consent.get(ConsentState::Answered.word()).copied().unwrap_or(0);
        for (wire_id, Choices { granted, refused, invalid }) in &self.categories {
            let unasked = answered - granted - refused - invalid;
            let all =
                [("granted", *granted), ("refused", *refused), ("invalid", *invalid), ("unasked", unasked)];
            facts.saw_category(wire_id, counted(&all))?;
        }
        for (name, Switches { on, off, invalid }) in self.entries.iter().filter(|(name, _)| *name != "All") {
            let note = Some(counted(&[("on", *on), ("off", *off), ("invalid", *invalid)]));
            facts.destination(Destination { name: name.clone(), note, ..Destination::default() })?;
        }
        Ok(())
    }

    /// Whether every line is an event.
    pub(super) fn is_clean(&self) -> bool {
        self.not_events.is_empty()
    }

    /// What a person should know of it, a line each.
    pub(super) fn remarks(&self, reading: &Reading) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(first) = self.first_wrong {
            let count: u64 = self.not_events.values().sum();
            remarks.push(format!(
                "{count} {} not an event and {} for nothing ({}); the first is line {first}",
                if count == 1 { "line is" } else { "lines are" },
                if count == 1 { "counts" } else { "count" },
                counts(&self.not_events)
            ));
        }
        for (place, count) in &self.elsewhere {
            remarks.push(format!(
                "{count} events whose consent is not read have `{place}`; this policy reads {}: if people's choices are there, say so with `override consent at`",
                place_of(reading)
            ));
        }
        if self.unnameable > 0 {
            remarks.push(format!("{} keys are empty or no text: no policy can name them", self.unnameable));
        }
        let malformed = self.consent.get(ConsentState::Malformed.word()).copied().unwrap_or(0);
        if malformed > 0 {
            remarks.push(format!("the consent object of {malformed} events is malformed"));
        }
        let is_invalid = |choices: &&Choices| choices.invalid > 0;
        let invalid = self.categories.values().filter(is_invalid).count();
        if invalid > 0 {
            remarks.push(format!(
                "of {} some values are neither true nor false: these grant nothing",
                if invalid == 1 { "one category".to_owned() } else { format!("{invalid} categories") }
            ));
        }
        if let Some(all) = self.entries.get("All") {
            remarks.push(format!(
                "`All` was {}",
                counted(&[("on", all.on), ("off", all.off), ("invalid", all.invalid)])
            ));
        }
        remarks
    }
}

/// The count of a key, unless there are too many keys.
fn seen<'m, T: Default>(
    keys: &'m mut BTreeMap<String, T>,
    length: &mut usize,
    key: String,
    most: usize,
    object: &str,
) -> Result<&'m mut T, Undone> {
    if !keys.contains_key(&key) {
        *length += key.len();
        if keys.len() >= most || *length > MAX_FILE_BYTES {
            return Err(Undone::new(format!(
                "the {object} have too many different keys for a policy ({} are counted): are they ids of people or events?",
                keys.len()
            )));
        }
    }
    Ok(keys.entry(key).or_default())
}

/// Whether a decision reads this place, or goes through it.
fn is_read(path: &[&str], reading: &Reading) -> bool {
    reading.paths().any(|own| path.starts_with(&own) || own.starts_with(path))
}

fn place_of(reading: &Reading) -> String {
    format!("`{}`", visible(&reading.paths().next().unwrap_or_default().join(".")))
}

/// Counts by word, without what was never seen.
fn counted(counts: &[(&str, u64)]) -> String {
    let seen = counts.iter().filter(|(_, count)| *count > 0);
    seen.map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
}

fn counts(counts: &BTreeMap<&str, u64>) -> String {
    counted(&counts.iter().map(|(word, count)| (*word, *count)).collect::<Vec<_>>())
}
