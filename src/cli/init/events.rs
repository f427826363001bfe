//! A stream of events: its categories and destinations, counted as `audit` counts them.
//!
//! It never shows what a destination needs: who received an event, and whether rightly, is not in it.

use super::draft::{Destination, Draft};
use crate::cli::input::{ArchiveArguments, Chunks, EventLines};
use crate::cli::shared::Result;
use consentry::event::{Consent, Entry, EventErrorKind, ForeignKind, Name, Preference};
use consentry::ledger::{Audit, AuditEvent, Counts, Finding, MAX_VALUE_BYTES, UnknownNames};
use consentry::model::{ConsentState, IntegrationsState, MAX_CATEGORIES, MAX_DESTINATIONS};
use consentry::{Limits, Policy};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The counts of a stream of events.
pub(super) struct Stream {
    audit: Audit,
    /// The first line that is not an event.
    first_error: Option<u64>,
    /// The paths of objects that look like consent, in events whose consent is not read.
    elsewhere: BTreeMap<String, u64>,
}

/// The most paths that are kept.
const MAX_ELSEWHERE: usize = 20;

/// The longest path.
const DEEPEST: usize = 4;

impl Stream {
    /// Reads a file; `-` is standard input. Memory stays bounded, whatever is in it.
    pub(super) fn read(path: &Path, archives: &ArchiveArguments, rules: &Policy) -> Result<Self> {
        let limits = Limits::default();
        let audit = Audit::new(rules).with_room(MAX_CATEGORIES, MAX_DESTINATIONS);
        let mut stream = Stream { audit, first_error: None, elsewhere: BTreeMap::new() };
        let mut number = 0;
        for chunk in Chunks::open(Some(path), archives)? {
            let chunk = chunk?;
            let lines = EventLines::of(&chunk, rules, &mut number);
            stream.audit.add_batches(lines.batches);
            for event in &lines.events {
                match event.text().and_then(|text| Ok((text, AuditEvent::read(text, rules, &limits)?))) {
                    Ok((text, read)) => stream.add(text, &read, rules),
                    Err(error) => {
                        stream.audit.add_error(&error);
                        if !error.is_blank() {
                            stream.first_error.get_or_insert(event.line);
                        }
                    }
                }
            }
        }
        stream.check().map_err(|error| format!("`{}`: {error}", path.display()))?;
        Ok(stream)
    }

    fn check(&self) -> Result<(), String> {
        if self.audit.all.events == 0 {
            let errors = match self.audit.not_events() {
                0 => "it is empty".to_owned(),
                _ => format!("its lines: {}", self.errors()),
            };
            return Err(format!("no line is an event: {errors}; one JSON object a line is needed"));
        }
        ensure_few("preferences", &self.audit.unknown_categories)?;
        ensure_few("integrations", &self.audit.unknown_integrations)
    }

    fn add(&mut self, line: &[u8], event: &AuditEvent<'_>, rules: &Policy) {
        self.audit.add(event, None);
        if !matches!(event.notice.event.consent, Consent::Preferences(_))
            && let Ok(event) = serde_json::from_slice(line)
        {
            let read: Vec<_> = rules.reading().paths().collect();
            self.look_elsewhere(&event, &mut Vec::new(), &read);
        }
    }

    /// Notes objects that are called like consent and are not at the paths that the policy reads.
    fn look_elsewhere<'v>(&mut self, value: &'v Value, path: &mut Vec<&'v str>, read: &[Vec<&str>]) {
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
            let is_read = || read.iter().any(|read| read.starts_with(path) || path.starts_with(read));
            if is_like_consent && !is_read() {
                let path = path.join(".");
                if self.elsewhere.len() < MAX_ELSEWHERE || self.elsewhere.contains_key(&path) {
                    *self.elsewhere.entry(path).or_default() += 1;
                }
            } else {
                self.look_elsewhere(value, path, read);
            }
            path.pop();
        }
    }

    /// Adds each wire id as a category, and each name but `All` as a destination; returns remarks for people.
    pub(super) fn add_to(&self, draft: &mut Draft, file: &str) -> Result<Vec<String>, String> {
        let audit = &self.audit;
        let consent = ConsentState::ALL.map(|state| (state.as_str(), audit.states.of(state)));
        let integrations = IntegrationsState::ALL.map(|state| (state.as_str(), audit.integrations.of(state)));
        draft.sources.push(format!(
            "From {file}: {} events{}; consent {}; integrations {}",
            audit.all.events,
            in_batches(audit.batches),
            by_word(consent),
            by_word(integrations)
        ));
        let answered = audit.states.of(ConsentState::Answered);
        for (wire_id, counts) in nameable(&audit.unknown_categories) {
            let values = [
                ("granted", counts.of(Preference::Granted)),
                ("refused", counts.of(Preference::Refused)),
                ("invalid", counts.of(Preference::Invalid)),
                ("unasked", answered - counts.total()),
            ];
            draft.add_counts(wire_id, listed(values))?;
        }
        for (name, counts) in nameable(&audit.unknown_integrations) {
            let counts = format!("seen {}", switches(counts));
            draft.add_destination(Destination { name: name.to_owned(), counts, ..Destination::default() });
        }
        Ok(self.remarks(&draft.rules))
    }

    /// Returns true if every line is an event.
    pub(super) fn is_clean(&self) -> bool {
        self.audit.not_events() == 0
    }

    fn errors(&self) -> String {
        by_word(EventErrorKind::ALL.map(|kind| (kind.as_str(), self.audit.errors.of(kind))))
    }

    /// Returns what a person should know of it, a line each.
    fn remarks(&self, rules: &Policy) -> Vec<String> {
        let audit = &self.audit;
        let mut remarks = Vec::new();
        if let Some(first) = self.first_error {
            let count = audit.not_events();
            let (lines, verb) = if count == 1 { ("line is", "counts") } else { ("lines are", "count") };
            remarks.push(format!(
                "{count} {lines} not an event and {verb} for nothing ({}); the first is line {first}",
                self.errors()
            ));
        }
        let foreign = audit.unread_values.get(&Finding::ForeignConsent);
        remarks.extend(
            foreign.iter().flat_map(|foreign| foreign.rows()).filter_map(foreign_remark).take(MAX_ELSEWHERE),
        );
        let place = rules.reading().paths().next().unwrap_or_default().join(".");
        let is_known = |path: &String| {
            let mut rows = foreign.iter().flat_map(|foreign| foreign.rows());
            rows.any(|(value, _)| matches!(value, [Some(place), _] if place.to_text() == *path))
        };
        let elsewhere = self.elsewhere.iter().filter(|(path, _)| !is_known(path));
        remarks.extend(elsewhere.map(|(path, count)| {
            format!(
                "{count} events whose consent is not read have `{path}`; this policy reads `{place}`: if people's choices are there, say so with `override consent at`",
            )
        }));
        let unnameable = unnameable(&audit.unknown_categories) + unnameable(&audit.unknown_integrations);
        if unnameable > 0 {
            remarks.push(format!("{unnameable} keys are empty or no text: no policy can name them"));
        }
        let malformed = audit.states.of(ConsentState::Malformed);
        if malformed > 0 {
            remarks.push(format!("the consent object of {malformed} events is malformed"));
        }
        let categories = nameable(&audit.unknown_categories);
        let invalid = categories.filter(|(_, counts)| counts.of(Preference::Invalid) > 0).count();
        if invalid > 0 {
            remarks.push(format!(
                "of {} some values are neither true nor false: these grant nothing",
                if invalid == 1 { "one category".to_owned() } else { format!("{invalid} categories") }
            ));
        }
        if audit.all_entries.total() > 0 {
            remarks.push(format!("`All` was {}", switches(&audit.all_entries)));
        }
        remarks
    }
}

/// Returns what a person should know of consent that the policy does not read.
fn foreign_remark((value, count): (&[Option<Name<'static>>], &u64)) -> Option<String> {
    let [Some(place), Some(kind)] = value else { return None };
    let (place, kind) = (place.to_text(), kind.to_text());
    let statement = ForeignKind::ALL.into_iter().find(|one| one.as_str() == kind)?.statement(&place);
    let statement = statement.map(|statement| format!("; `override {statement}` reads it"));
    Some(format!(
        "{count} events have consent that this policy does not read: `{place}` ({kind}){}",
        statement.unwrap_or_default()
    ))
}

/// Returns how many batches there were, if any.
fn in_batches(batches: u64) -> String {
    match batches {
        0 => String::new(),
        1 => " (1 line is a batch)".to_owned(),
        _ => format!(" ({batches} lines are batches)"),
    }
}

/// Returns an error if some names were not counted one by one.
fn ensure_few<Key: Ord + Copy>(object: &str, names: &UnknownNames<Key>) -> Result<(), String> {
    match names.other() {
        0 => Ok(()),
        _ => Err(format!(
            "the {object} have too many different keys for a policy ({} are counted), or one of more than {MAX_VALUE_BYTES} bytes: are they ids of people or events?",
            names.rows().count()
        )),
    }
}

/// Returns a name as a policy can have it: as text that is not empty.
fn text<'n>(name: &'n Name<'_>) -> Option<&'n str> {
    let text = std::str::from_utf8(name.as_bytes()).ok()?;
    (!text.is_empty()).then_some(text)
}

fn nameable<Key>(names: &UnknownNames<Key>) -> impl Iterator<Item = (&str, &Counts<Key>)>
where
    Key: Ord + Copy,
{
    names.rows().filter_map(|(name, counts)| Some((text(name)?, counts)))
}

fn unnameable<Key: Ord + Copy>(names: &UnknownNames<Key>) -> u64 {
    names.rows().filter(|(name, _)| text(name).is_none()).map(|(_, counts)| counts.total()).sum()
}

fn switches(counts: &Counts<Entry>) -> String {
    listed([Entry::On, Entry::Off, Entry::Invalid].map(|entry| (entry.as_str(), counts.of(entry))))
}

/// Lists counts by word, without those that are zero.
fn listed(counts: impl IntoIterator<Item = (&'static str, u64)>) -> String {
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    counts.map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
}

/// Lists counts in the order of the words.
fn by_word(counts: impl IntoIterator<Item = (&'static str, u64)>) -> String {
    listed(counts.into_iter().collect::<BTreeMap<_, _>>())
}
