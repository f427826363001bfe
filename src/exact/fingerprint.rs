//! The fingerprint of a policy (section 7 of the semantics): the same for two policies exactly when they decide every event
//! alike, with the same states, reasons, named categories, drop reasons and unknown names, and with the same gate and check.
//!
//! It is made of what decides and of nothing else: categories by wire id and destinations by name, both sorted, and each
//! destination's decision as a diagram, of which there is one for each function. Labels, comments, names of categories, the
//! order of lines, files and tests leave no trace in it.

use super::diagram::{Diagram, Diagrams, TooLarge};
use super::function::{function, reason};
use super::gate::{Gate, Open};
use super::inputs::{ALL, ENTRIES, Input, Inputs};
use crate::event::Entry;
use crate::model::{ConsentState, Destination, DestinationId, IntegrationsState, Policy, Reading};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// The fingerprint of a policy. Written, it names its version and its hash: `consentry-2-sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// What is in front of the digits. A change of what is hashed changes the number.
const VERSION: &str = "consentry-2-sha256:";

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VERSION)?;
        let digits: String = self
            .0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xF])
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect();
        f.write_str(&digits)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The fingerprint of a policy.
///
/// # Errors
///
/// [`TooLarge`] for a requirement whose decision has no diagram of reasonable size, such as one that is over thousands of categories.
///
/// ```
/// use consentry::{Policy, analysis::fingerprint};
///
/// let one = Policy::parse(r#"
///     consentry 1
///     policy "acme web"
///     include prelude "segment"
///     category Advertising = "C0004"  "Ads"
///     category Analytics = "C0002"
///     destination "Braze" needs all of Advertising, Analytics
/// "#)?;
/// let other = Policy::parse(r#"
///     consentry 1
///     policy "the same in other words"
///     include prelude "segment"
///     destination "Braze" needs B, A
///     category B = "C0002"
///     category A = "C0004"
/// "#)?;
/// assert_eq!(fingerprint(&one).unwrap(), fingerprint(&other).unwrap());
/// # Ok::<(), consentry::PolicyError>(())
/// ```
pub fn fingerprint(policy: &Policy) -> Result<Fingerprint, TooLarge> {
    let mut hash = Hash::new("policy");
    reading(&mut hash, policy);
    let wire_ids: BTreeSet<&str> = policy.categories().iter().map(|category| category.wire_id()).collect();
    hash.list("claimed categories", wire_ids);
    let names: BTreeSet<&str> = policy.destinations().iter().flat_map(Destination::names).collect();
    hash.list("claimed integrations", names);
    drops(&mut hash, policy);
    gate(&mut hash, policy);
    match super::check(policy) {
        Some(check) => hash.list("check", check.texts()),
        None => hash.text("no check"),
    }
    let by_name: BTreeMap<&str, DestinationId> =
        policy.destination_ids().zip(policy.destinations()).map(|(id, one)| (one.name(), id)).collect();
    // Destinations that are decided alike are hashed once.
    let mut known: HashMap<Key, (bool, [u8; 32])> = HashMap::new();
    for (name, id) in by_name {
        let Some(destination) = policy.destination(id) else { continue };
        let key = Key::of(destination);
        let (has_entries, digest) = match known.get(&key) {
            Some(known) => *known,
            None => {
                let decision = decision(policy, id, destination)?;
                known.insert(key, decision);
                decision
            }
        };
        hash.text(name);
        // Whose a name is matters only where its entry does.
        if has_entries {
            hash.list("names", destination.names().collect::<BTreeSet<_>>());
        }
        hash.bytes(&digest);
    }
    Ok(Fingerprint(hash.finish()))
}

/// What makes two destinations of one policy alike but for their names.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    requirement: Option<crate::model::Requirement>,
    flags: [bool; 2],
    kind: Option<crate::model::KindId>,
    names: usize,
}

impl Key {
    fn of(destination: &Destination) -> Self {
        Key {
            requirement: destination.requirement().cloned(),
            flags: [destination.exempt().is_some(), destination.disabled().is_some()],
            kind: destination.kind().map(|kind| kind.value),
            names: destination.names().collect::<BTreeSet<_>>().len(),
        }
    }
}

/// Where preferences are read. The order of spellings says nothing.
fn reading(hash: &mut Hash, policy: &Policy) {
    let Reading::Preferences { parents, spellings } = policy.reading();
    hash.text("preferences");
    hash.list("parents", parents.iter().map(String::as_str));
    hash.list("spellings", spellings.iter().map(String::as_str).collect::<BTreeSet<_>>());
}

/// Which events pass the gate.
fn gate(hash: &mut Hash, policy: &Policy) {
    match super::gate(policy) {
        Gate::None => hash.text("no gate"),
        // Which events these are follows from the decisions.
        Gate::Exact => hash.text("gate of decisions"),
        Gate::Grants { without_consent, open } => {
            hash.text("gate of grants");
            hash.text(match without_consent {
                Some(true) => "open without consent",
                Some(false) => "closed without consent",
                None => "never without consent",
            });
            match &open {
                Open::Always => hash.text("always open"),
                Open::Any(wire_ids) => hash.list("any of", wire_ids.iter().map(String::as_str)),
            }
        }
    }
}

/// What the event says of its drop, in each pair of states that an event can have.
fn drops(hash: &mut Hash, policy: &Policy) {
    let Reading::Preferences { parents, .. } = policy.reading();
    for consent in ConsentState::ALL {
        // Where the event itself holds the preferences, no event is without a place for them.
        if consent == ConsentState::Missing && parents.is_empty() {
            continue;
        }
        for integrations in IntegrationsState::ALL {
            match policy.reconcile().row(consent, integrations).drop_reason() {
                Some(reason) => {
                    hash.text("drop");
                    hash.text(reason);
                }
                None => hash.text("no drop"),
            }
        }
    }
}

/// Whether the decision for a destination depends on its entries, and the decision, whatever the destination is called.
fn decision(
    policy: &Policy,
    id: DestinationId,
    destination: &Destination,
) -> Result<(bool, [u8; 32]), TooLarge> {
    let inputs = Inputs::of(&[(policy, id)]);
    let mut diagrams = Diagrams::new(inputs.values())?;
    let function = function(&mut diagrams, &inputs, 0, policy, destination)?;
    let mut writer = Writer {
        diagrams: &diagrams,
        inputs: inputs.all().collect(),
        shapes: &inputs,
        known: HashMap::new(),
        has_entries: false,
    };
    let mut hash = Hash::new("destination");
    hash.bytes(&writer.digest(function.reason, &|leaf| reason(leaf).word()));
    for (wire_id, named) in &function.refused {
        hash.text("names");
        hash.text(wire_id);
        hash.bytes(&writer.digest(*named, &|leaf| if leaf == 0 { "no" } else { "yes" }));
    }
    Ok((writer.has_entries, hash.finish()))
}

/// Hashes diagrams: of each node the variable, and the hashes of what it leads to by what its values mean.
struct Writer<'w> {
    diagrams: &'w Diagrams,
    inputs: Vec<Input<'w>>,
    shapes: &'w Inputs,
    known: HashMap<(Diagram, &'static str), [u8; 32]>,
    /// Whether an entry under one of the destination's names was met.
    has_entries: bool,
}

impl Writer<'_> {
    fn digest(&mut self, of: Diagram, word: &impl Fn(u32) -> &'static str) -> [u8; 32] {
        let Some(variable) = self.diagrams.variable(of) else {
            let mut hash = Hash::new("leaf");
            hash.text(word(of.value().unwrap_or(0)));
            return hash.finish();
        };
        // One node may lead to reasons, and another one of the same shape to yes and no.
        let kind = word(0);
        if let Some(known) = self.known.get(&(of, kind)) {
            return *known;
        }
        let mut hash = Hash::new("node");
        let input = self.inputs.get(variable).copied().unwrap_or(Input::All);
        let count = self.diagrams.values().get(variable).copied().unwrap_or(0);
        let usual = self.diagrams.child(of, variable, 0);
        match input {
            Input::Consent => hash.text("consent"),
            Input::Integrations => hash.text("integrations"),
            Input::ExemptEvent => hash.text("exempt event"),
            // Destinations are alike whatever they are called: their names are hashed beside this, in the same order.
            Input::Entry(_) => {
                self.has_entries = true;
                hash.text("entry");
                hash.bytes(&(variable as u64).to_le_bytes());
            }
            Input::All => hash.text("All"),
            Input::Category(wire_id) => {
                hash.text("category");
                hash.text(wire_id);
            }
            // A fingerprint asks for each category.
            Input::Need(_) => hash.text("need"),
        }
        for value in 0..count {
            let child = self.diagrams.child(of, variable, value);
            // A value that is as good as the first one is left out, so that a name which nothing depends on leaves no trace.
            if value > 0 && child == usual && matches!(input, Input::ExemptEvent) {
                continue;
            }
            hash.text(&self.meaning(input, value));
            let child = self.digest(child, word);
            hash.bytes(&child);
        }
        let digest = hash.finish();
        self.known.insert((of, kind), digest);
        digest
    }

    /// What a value of a variable stands for.
    fn meaning(&self, input: Input<'_>, value: usize) -> String {
        let entry = |entry: Option<&Option<Entry>>| {
            match entry.copied().flatten() {
                None => "unlisted",
                Some(Entry::On) => "on",
                Some(Entry::Off) => "off",
                Some(Entry::Unreadable) => "unreadable",
            }
            .to_owned()
        };
        match input {
            Input::Consent => {
                let shape = self.shapes.shapes.get(value).and_then(|shape| shape.states.first());
                shape.map_or("", |state| state.word()).to_owned()
            }
            Input::Integrations => {
                IntegrationsState::ALL.get(value).map_or("", |state| state.word()).to_owned()
            }
            Input::ExemptEvent => {
                match value.checked_sub(1).and_then(|place| self.shapes.exempt_events.get(place)) {
                    Some(name) => format!("event {name}"),
                    None => "any other".to_owned(),
                }
            }
            Input::Entry(_) => entry(ENTRIES.get(value)),
            Input::All => entry(ALL.get(value)),
            Input::Category(_) | Input::Need(_) => {
                if value == 0 { "not granted" } else { "granted" }.to_owned()
            }
        }
    }
}

/// A hash of parts: the length of each is in front of it, so that no two lists of parts are one text.
struct Hash(Sha256);

impl Hash {
    fn new(what: &str) -> Self {
        let mut hash = Hash(Sha256::new());
        hash.text(what);
        hash
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn list<'t>(&mut self, what: &str, texts: impl IntoIterator<Item = &'t str>) {
        let texts: Vec<&str> = texts.into_iter().collect();
        self.text(what);
        self.bytes(&(texts.len() as u64).to_le_bytes());
        texts.into_iter().for_each(|text| self.text(text));
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
