//! Consent in a place or a shape that a policy does not read (section 1 of the semantics): an event with it is not the event of a person
//! whom nobody asked.
//!
//! The search is bounded. It looks at the members of the event, of `context` and of `options`, and at what is inside those that are called
//! like consent.

use super::content::Name;
use super::json::{Json, Members, Type, skip_space, values};
use crate::model::consent_keys::{self as keys, ConsentText, HOLDERS, INTEGRATIONS};
use crate::model::{AbsentValue, DOCUMENTED_SPELLINGS, ForeignConsent, Reading, path};
use memchr::{memchr, memmem};

/// Consent on an event that a policy does not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForeignValue {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// What it looks like.
    pub kind: ForeignKind,
}

spelled! {
    /// What consent looks like that a policy does not read.
    ForeignKind {
        /// An object of booleans.
        Booleans = "booleans",
        /// An object of objects, each with a boolean `consented`.
        Consented = "booleans in consented",
        /// An object with the words `granted` or `denied`.
        Words = "words",
        /// A list of the names that are granted.
        GrantedList = "granted list",
        /// A list of the names that are refused.
        RefusedList = "refused list",
        /// A text of the names that are granted.
        GrantedText = "granted text",
        /// A text of pairs.
        Pairs = "pairs",
        /// A string of IAB's Transparency and Consent Framework.
        Tcf = "TCF string",
        /// A string of IAB's Global Privacy Platform.
        Gpp = "GPP string",
        /// An integrations object in `context` or `options`.
        Integrations = "integrations",
    }
}

impl ForeignValue {
    /// Returns the path as a policy writes it.
    pub fn place(&self) -> String {
        path(self.path.iter().map(String::as_str))
    }

    /// Returns the statement that would read it; `None` where the language has none.
    pub fn statement(&self) -> Option<String> {
        self.kind.statement(&self.place())
    }
}

impl ForeignKind {
    /// Returns the statement that would read such a value at a place; `None` where the language has none.
    pub fn statement(self, place: &str) -> Option<String> {
        self.shape().map(|shape| format!("consent at {place}{shape}"))
    }

    /// Returns the words behind a path that read such a value.
    fn shape(self) -> Option<&'static str> {
        Some(match self {
            ForeignKind::Booleans => "",
            ForeignKind::Consented => " booleans in consented",
            ForeignKind::Words => r#" words granted "granted", "GRANTED" refused "denied", "DENIED""#,
            ForeignKind::GrantedList => " granted list unlisted refused",
            ForeignKind::RefusedList => " refused list unlisted granted",
            ForeignKind::GrantedText => r#" granted text by "," unlisted refused"#,
            ForeignKind::Pairs => r#" pairs by "," and ":" granted "1" refused "0" unlisted refused"#,
            ForeignKind::Tcf | ForeignKind::Gpp | ForeignKind::Integrations => return None,
        })
    }
}

/// The longest path.
const DEEPEST: usize = 4;

/// Parts of keys. A key outside consent is known only if it has one of them, so that an event without any of them has nothing foreign.
const PIECES: [&str; 12] = [
    "onsent",
    "ONSENT",
    "reference",
    "ptanon",
    "etrust",
    "eTrust",
    "String",
    "_string",
    "gpp",
    "GPP",
    "ctiveGroup",
    "ctive_group",
];

/// Letters in the keys of lists inside consent; those of refusals come first.
const LISTS: [&str; 12] = [
    "denied", "refused", "rejected", "declined", "granted", "allowed", "accepted", "consent", "categor",
    "purpose", "group", "scope",
];

/// How many of them refuse.
const REFUSING: usize = 4;

/// Returns what an event has at places and in shapes that a policy does not read: consent in the order of the event, then integrations.
pub(super) fn all(event: &Members<'_>, reading: &Reading) -> Vec<ForeignValue> {
    let place = |holder: &str| vec![holder.to_owned(), INTEGRATIONS.to_owned()];
    let misplaced = misplaced_integrations(event);
    let misplaced =
        misplaced.map(|holder| ForeignValue { path: place(holder), kind: ForeignKind::Integrations });
    consent(event, reading).into_iter().chain(misplaced).collect()
}

/// Returns true if an event has foreign consent, and the policy counts it.
pub(super) fn has_consent(event: &Members<'_>, reading: &Reading) -> bool {
    reading.foreign == ForeignConsent::Malformed && !consent(event, reading).is_empty()
}

/// Returns true if an event has no integrations but at a place that no decision reads, and the policy counts them.
pub(super) fn has_misplaced_integrations(event: &Members<'_>, reading: &Reading) -> bool {
    reading.foreign == ForeignConsent::Malformed && misplaced_integrations(event).is_some()
}

/// Returns the consent of an event that a policy does not read, in the order of the event.
pub(super) fn consent(event: &Members<'_>, reading: &Reading) -> Vec<ForeignValue> {
    let own = reading.each().iter().flat_map(|reading| {
        let spellings = reading.spellings.iter().map(String::as_str).chain(DOCUMENTED_SPELLINGS);
        let parents = reading.parents.iter().map(String::as_str);
        let paths = spellings.map(move |own| parents.clone().chain([own]).collect());
        paths.map(|path| (path, reading.absent.as_slice()))
    });
    let own = own.collect();
    // Where foreign consent counts, no input is an exception.
    let inputs = reading.inputs.iter().filter(|_| reading.foreign == ForeignConsent::Ignored);
    let inputs = inputs.map(|input| input.path.as_slice()).collect();
    let mut search = Search { own, inputs, path: Vec::new(), found: Vec::new() };
    search.look(event, false);
    search.found
}

/// Returns the object that holds integrations which no decision reads, of an event that has no others.
fn misplaced_integrations(event: &Members<'_>) -> Option<&'static str> {
    if values(event, INTEGRATIONS).next().is_some() {
        return None;
    }
    HOLDERS.into_iter().find(|holder| {
        let inner = values(event, holder).filter_map(Json::members);
        inner.into_iter().any(|inner| values(&inner, INTEGRATIONS).any(|one| one.json_type() == Type::Object))
    })
}

struct Search<'r> {
    /// The paths at which the policy reads consent, or finds a documented spelling that makes it malformed.
    own: Vec<(Vec<&'r str>, &'r [AbsentValue])>,
    /// The paths of inputs, which nobody has to be told of.
    inputs: Vec<&'r [String]>,
    path: Vec<String>,
    found: Vec<ForeignValue>,
}

impl Search<'_> {
    /// Looks at the members of an object, which is inside consent or is not.
    fn look(&mut self, members: &Members<'_>, is_inside: bool) {
        for (name, value) in members {
            let Ok(key) = std::str::from_utf8(name.as_bytes()) else { continue };
            self.path.push(key.to_owned());
            self.member(key, *value, is_inside);
            self.path.pop();
        }
    }

    /// Looks at the member at the path.
    fn member(&mut self, key: &str, value: Json<'_>, is_inside: bool) {
        let is_known = is_inside || PIECES.iter().any(|piece| key.contains(piece));
        let is_holder = !is_inside && self.path.len() <= 2 && HOLDERS.contains(&key);
        let is_own = || {
            let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
            self.own.iter().any(|(own, _)| *own == path)
        };
        if !is_known && !is_holder || is_own() || self.inputs.contains(&self.path.as_slice()) {
            return;
        }
        let letters = keys::letters(key);
        let is_consent = is_inside || is_known && keys::are_like_consent(&letters);
        let kind = match value.members() {
            Some(members) if is_consent => self.object(&members),
            Some(members) if is_holder => {
                self.look(&members, false);
                None
            }
            Some(_) => None,
            None => of_list(&letters, is_consent, value).or_else(|| of_text(&letters, is_inside, value)),
        };
        self.found.extend(kind.map(|kind| ForeignValue { path: self.path.clone(), kind }));
    }

    /// Returns what the object at the path looks like, which is called like consent, unless that is what it has inside.
    fn object(&mut self, members: &Members<'_>) -> Option<ForeignKind> {
        // What stands next to the policy's own value is no other consent.
        if self.holds_own(members) {
            return None;
        }
        let is_input = |name: &Name<'_>| {
            let split = self.inputs.iter().filter_map(|path| path.split_last());
            split.into_iter().any(|(last, parents)| parents == self.path && *name == *last.as_str())
        };
        let others: Vec<_> = members.iter().filter(|(name, _)| !is_input(name)).cloned().collect();
        let members = others.as_slice();
        let found = self.found.len();
        of_object(members).or_else(|| {
            if self.path.len() < DEEPEST {
                self.look(members, true);
            }
            // Booleans may also be flags next to something else.
            let has_boolean = members.iter().any(|(_, value)| is_boolean(*value));
            (has_boolean && self.found.len() == found).then_some(ForeignKind::Booleans)
        })
    }

    /// Returns true if these members, at the path, include the policy's own value.
    fn holds_own(&self, members: &Members<'_>) -> bool {
        self.own.iter().any(|(own, absent)| {
            own.split_last().is_some_and(|(last, parents)| {
                self.path.iter().map(String::as_str).eq(parents.iter().copied())
                    && values(members, last).any(|value| !value.is_absent(absent))
            })
        })
    }
}

fn is_boolean(value: Json<'_>) -> bool {
    matches!(value.json_type(), Type::True | Type::False)
}

/// Returns what an object that is called like consent looks like by its members other than booleans.
fn of_object(members: &Members<'_>) -> Option<ForeignKind> {
    let is_word = |value: Json<'_>| {
        let word: Option<Name<'_>> = value.read();
        let is = |other: &[u8]| word.as_ref().is_some_and(|word| word.as_bytes().eq_ignore_ascii_case(other));
        is(b"granted") || is(b"denied")
    };
    let is_consented = |value: Json<'_>| {
        let inner = value.members().unwrap_or_default();
        values(&inner, "consented").any(is_boolean)
    };
    let mut all = members.iter().map(|(_, value)| *value);
    match all.clone().any(is_word) {
        true => Some(ForeignKind::Words),
        false => all.any(is_consented).then_some(ForeignKind::Consented),
    }
}

/// Returns what a list of texts looks like. One that is empty counts only under RudderStack's keys: other empty lists may list anything.
fn of_list(letters: &str, is_consent: bool, value: Json<'_>) -> Option<ForeignKind> {
    let word = LISTS.iter().position(|word| letters.contains(word)).filter(|_| is_consent)?;
    let names: Vec<Name<'_>> = value.read()?;
    let is_refusing = word < REFUSING;
    let kind = if is_refusing { ForeignKind::RefusedList } else { ForeignKind::GrantedList };
    (!names.is_empty() || letters.contains("consentids")).then_some(kind)
}

/// Returns what a text looks like.
fn of_text(letters: &str, is_inside: bool, value: Json<'_>) -> Option<ForeignKind> {
    let meant = keys::text(letters, is_inside)?;
    let text: Name<'_> = value.read()?;
    let text = std::str::from_utf8(text.as_bytes()).ok()?;
    let is_string = |first: char| {
        let is_url_safe = |char: char| char.is_ascii_alphanumeric() || "-_.~".contains(char);
        text.len() >= 5 && text.starts_with(first) && text.chars().all(is_url_safe)
    };
    match meant {
        ConsentText::Tcf => is_string('C').then_some(ForeignKind::Tcf),
        ConsentText::Gpp => is_string('D').then_some(ForeignKind::Gpp),
        ConsentText::Groups if text.contains(":0") || text.contains(":1") => Some(ForeignKind::Pairs),
        ConsentText::Groups => Some(ForeignKind::GrantedText),
    }
}

/// Finds out fast that an event has no key under which something foreign is known, unless one is written with an escape.
#[derive(Debug, Clone)]
pub(crate) struct ForeignFilter {
    pieces: [memmem::Finder<'static>; PIECES.len()],
    integrations: memmem::Finder<'static>,
}

impl Default for ForeignFilter {
    fn default() -> Self {
        let (pieces, integrations) = (PIECES.map(memmem::Finder::new), memmem::Finder::new(INTEGRATIONS));
        ForeignFilter { pieces, integrations }
    }
}

impl ForeignFilter {
    /// Returns true if an event may have foreign consent.
    pub(crate) fn may_have_consent(&self, event: &[u8]) -> bool {
        self.pieces.iter().any(|piece| is_in_key(piece, event))
    }

    /// Returns true if an event without integrations of its own may have them elsewhere.
    pub(crate) fn may_have_integrations(&self, event: &[u8]) -> bool {
        is_in_key(&self.integrations, event)
    }
}

/// Returns true if a text is in a key of an event, in which no key has an escape.
fn is_in_key(text: &memmem::Finder<'static>, event: &[u8]) -> bool {
    let mut rest = event;
    // Behind each quote the search goes on, so that no byte is looked at twice.
    while let Some(found) = text.find(rest) {
        let Some(behind) = rest.get(found..).and_then(|found| found.get(memchr(b'"', found)? + 1..)) else {
            return false;
        };
        if skip_space(behind).first() == Some(&b':') {
            return true;
        }
        rest = behind;
    }
    false
}
