//! The fingerprint of a policy (section 7 of the semantics): the same for two policies exactly if they give the same states,
//! outcomes, reasons, refused categories, drop reasons and unknown names for every event, and have the same gate, check, router and
//! setting `batches`.
//!
//! Hashed are meanings, by numbers that never change, and the author's own names: categories by wire id, destinations, events. No
//! word of the language is hashed, so that renaming one changes no fingerprint. Labels, comments, declared names of categories, the
//! order of lines, files and tests leave no trace.

use super::cases::{Case, Cases};
use super::diagram::{Budget, Diagram, Diagrams};
use super::equivalence::EquivalenceClass;
use super::formula::Formula;
use super::function::{Used, function, reason};
use super::gate::{Gate, Open, Opens};
use super::inputs::{ALL, ENTRIES, Input, Inputs};
use crate::decide::{Decision, Table};
use crate::event::Entry;
use crate::fingerprint::{Fingerprint, TooLargeError};
use crate::model::{
    Batches, CheckAction, Conflict, ConsentState, Destination, DestinationId, IntegrationsState, LedgerCheck,
    Policy, Reading, RouterKnows, Scalar,
};
use crate::reason::Reason;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};

/// The kind of a part of the hash. A number never changes and never gets another meaning.
#[repr(u64)]
enum Part {
    Policy = 1,
    Destination = 2,
    Leaf = 3,
    Node = 4,
    // 10 and 11 are numbers of `Reading::identity`.
    Categories = 12,
    Integrations = 13,
    Drop = 14,
    NoDrop = 15,
    Names = 16,
    Refused = 17,
    GateByDelivery = 20,
    GateByGrants = 21,
    AlwaysOpen = 22,
    OpenIfAny = 23,
    AlwaysPass = 24,
    OpenIn = 25,
    NoCheck = 30,
    Check = 31,
    Compared = 32,
    PreferenceEvents = 33,
    GrantsExpire = 34,
    ConsentInput = 40,
    IntegrationsInput = 41,
    EventInput = 42,
    EntryInput = 43,
    AllInput = 44,
    CategoryInput = 45,
    RequirementInput = 46,
    AnyOtherEvent = 47,
    RouterKnowsOwnNames = 50,
    EnvelopesAreIgnored = 51,
    BatchesAreRejected = 52,
    // 60 to 77 are numbers of `Reading::identity`.
    Input = 80,
    InputPath = 81,
    InputValue = 82,
}

impl From<Part> for u64 {
    fn from(part: Part) -> u64 {
        part as u64
    }
}

fn consent_number(state: ConsentState) -> u64 {
    match state {
        ConsentState::Missing => 1,
        ConsentState::Empty => 2,
        ConsentState::Unanswered => 3,
        ConsentState::Answered => 4,
        ConsentState::Malformed => 5,
    }
}

fn integrations_number(state: IntegrationsState) -> u64 {
    match state {
        IntegrationsState::None => 1,
        IntegrationsState::Present => 2,
        IntegrationsState::Malformed => 3,
    }
}

fn entry_number(entry: Option<Entry>) -> u64 {
    match entry {
        None => 1,
        Some(Entry::On) => 2,
        Some(Entry::Off) => 3,
        Some(Entry::Invalid) => 4,
    }
}

fn reason_number(reason: Reason) -> u64 {
    match reason {
        Reason::NotEnforced => 1,
        Reason::Consented => 2,
        Reason::Unmapped => 3,
        Reason::Exempt => 4,
        Reason::Unenforced => 5,
        Reason::IntegrationGranted => 6,
        Reason::Disabled => 7,
        Reason::Dropped => 8,
        Reason::Refused => 9,
        Reason::UnmappedDenied => 10,
        Reason::IntegrationOff => 11,
        Reason::IntegrationAllOff => 12,
        Reason::IntegrationUnlisted => 13,
    }
}

fn action_number(action: CheckAction) -> u64 {
    match action {
        CheckAction::Drop => 1,
        CheckAction::UseRecorded => 2,
        CheckAction::UseStamped => 3,
        CheckAction::Refuse => 4,
    }
}

/// Returns the fingerprint of a policy.
///
/// # Errors
///
/// [`TooLargeError`] for a requirement whose decision has no diagram of reasonable size, such as one that is over thousands of categories.
///
/// ```
/// use consentry::exact::fingerprint;
/// use consentry::Policy;
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
pub fn fingerprint(policy: &Policy) -> Result<Fingerprint, TooLargeError> {
    if !policy.has_conditions() {
        return of_case(policy);
    }
    let mut cases = Cases::new(&[policy]);
    let all = cases.of(None, &[])?;
    let mut leaves = Vec::new();
    for case in &all {
        let Some(given) = case.policy() else { continue };
        leaves.push(Leaf { case, own: of_case(given)?, present: of_case(&given.never_missing())? });
    }
    let mut tree =
        Tree { inputs: cases.inputs.paths().collect(), reading: policy.reading(), known: HashMap::new() };
    let all: Vec<usize> = (0..leaves.len()).collect();
    Ok(Fingerprint(tree.digest(&leaves, 0, &all, false)))
}

/// A case of the inputs with its fingerprints: for its own events, and for those of them that have an input beside the preferences, so
/// that consent is not missing.
struct Leaf<'c, 'p> {
    case: &'c Case<'p>,
    own: Fingerprint,
    present: Fingerprint,
}

/// The function from the values of the inputs to fingerprints. An input that makes no difference leaves no trace.
struct Tree<'t> {
    inputs: Vec<(&'t [String], &'t [Option<Scalar>])>,
    reading: &'t Reading,
    known: HashMap<(usize, Vec<usize>, bool), [u8; 32]>,
}

impl Tree<'_> {
    /// Returns the digest over the inputs from one on, of the leaves that the values of those in front of it leave. `is_present` says that one
    /// of these stands beside the preferences.
    fn digest(
        &mut self,
        leaves: &[Leaf<'_, '_>],
        input: usize,
        left: &[usize],
        is_present: bool,
    ) -> [u8; 32] {
        let Some((path, values)) = self.inputs.get(input).copied() else {
            let leaf = left.first().and_then(|place| leaves.get(*place));
            let print = leaf.map(|leaf| if is_present { leaf.present } else { leaf.own });
            return print.map_or([0; 32], |print| print.0);
        };
        let key = (input, left.to_vec(), is_present);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let is_beside = self.reading.each().iter().any(|place| path.starts_with(&place.parents));
        let mut of_value = |value: usize, is_present: bool| {
            let left = left.iter().copied();
            let left =
                left.filter(|place| leaves.get(*place).is_some_and(|leaf| leaf.case.has_value(input, value)));
            self.digest(leaves, input + 1, &left.collect::<Vec<_>>(), is_present)
        };
        let digests: Vec<[u8; 32]> =
            (0..values.len()).map(|value| of_value(value, is_present || is_beside)).collect();
        let absent = of_value(0, is_present);
        let other = digests.last().copied().unwrap_or(absent);
        let digest = match digests.iter().all(|one| *one == other) {
            true => absent,
            false => {
                let mut hash = Hash::new(Part::Input);
                hash.texts(Part::InputPath, path.iter().map(String::as_str));
                hash.bytes(&absent);
                hash.bytes(&other);
                let named =
                    values.iter().zip(&digests).filter_map(|(value, one)| Some((value.as_ref()?, one)));
                let named: BTreeMap<&Scalar, &[u8; 32]> = named.filter(|(_, one)| **one != other).collect();
                for (value, one) in named {
                    hash.part(Part::InputValue);
                    hash.text(&value.to_string());
                    hash.bytes(one);
                }
                hash.finish()
            }
        };
        self.known.insert(key, digest);
        digest
    }
}

/// Returns the fingerprint of a policy without conditions.
fn of_case(policy: &Policy) -> Result<Fingerprint, TooLargeError> {
    let mut hash = Hash::new(Part::Policy);
    policy.reading().identity().into_iter().for_each(|(number, texts)| hash.texts(number, texts));
    let wire_ids: BTreeSet<&str> =
        policy.categories().iter().flat_map(|category| category.wire_ids()).collect();
    hash.texts(Part::Categories, wire_ids);
    let names: BTreeSet<&str> = policy.destinations().iter().flat_map(Destination::names).collect();
    hash.texts(Part::Integrations, names);
    drops(&mut hash, policy);
    gate(&mut hash, policy);
    check(&mut hash, policy);
    if policy.router_known_names() == Some(RouterKnows::OwnNames) {
        hash.part(Part::RouterKnowsOwnNames);
    }
    match policy.batches().value {
        Batches::Merged => {}
        Batches::EnvelopeIgnored => hash.part(Part::EnvelopesAreIgnored),
        Batches::Reject => hash.part(Part::BatchesAreRejected),
    }
    let by_name: BTreeMap<&str, DestinationId> =
        policy.destination_ids().zip(policy.destinations()).map(|(id, one)| (one.name(), id)).collect();
    // Destinations that are decided alike are hashed once.
    let mut known: HashMap<_, (bool, [u8; 32])> = HashMap::new();
    let mut budget = Budget::default();
    for (name, id) in by_name {
        let Some(destination) = policy.destination(id) else { continue };
        let formula = Formula::of_destination(destination, policy);
        let class = EquivalenceClass::of(policy, destination, formula.as_ref(), Formula::clone);
        let key = (class, destination.names().collect::<BTreeSet<_>>().len());
        let (has_entries, digest) = match known.entry(key) {
            hash_map::Entry::Occupied(known) => *known.get(),
            hash_map::Entry::Vacant(place) => *place.insert(decision(policy, id, destination, &mut budget)?),
        };
        hash.text(name);
        // Whose a name is matters only where its entry does.
        if has_entries {
            hash.texts(Part::Names, destination.names().collect::<BTreeSet<_>>());
        }
        hash.bytes(&digest);
    }
    Ok(Fingerprint(hash.finish()))
}

impl Table {
    /// Returns the fingerprint of the policy. It is calculated at the first call.
    ///
    /// # Errors
    ///
    /// [`TooLargeError`] for a requirement whose decision has no diagram of reasonable size.
    pub fn fingerprint(&self) -> Result<Fingerprint, TooLargeError> {
        *self.fingerprint.get_or_init(|| fingerprint(&self.whole))
    }
}

impl Decision<'_> {
    /// Returns the fingerprint of the policy that decided; see [`Table::fingerprint`].
    ///
    /// # Errors
    ///
    /// [`TooLargeError`] for a policy that has none.
    pub fn fingerprint(&self) -> Result<Fingerprint, TooLargeError> {
        self.table.fingerprint()
    }
}

/// Hashes which events pass the gate.
fn gate(hash: &mut Hash, policy: &Policy) {
    let Gate { events, opens } = super::gate::gate(policy);
    match opens {
        // Which events these are follows from the decisions.
        Opens::Delivery => hash.part(Part::GateByDelivery),
        Opens::Grants { without_consent, open, open_states } => {
            hash.part(Part::GateByGrants);
            hash.number(match without_consent {
                Some(true) => 1,
                Some(false) => 2,
                None => 3,
            });
            match &open {
                Open::Always => hash.part(Part::AlwaysOpen),
                Open::Any(keys) => hash.texts(Part::OpenIfAny, keys.iter().map(String::as_str)),
            }
            for state in open_states {
                hash.part(Part::OpenIn);
                hash.number(consent_number(state));
            }
        }
    }
    hash.texts(Part::AlwaysPass, events.iter().map(String::as_str));
}

/// Hashes the check against the ledger, and the action after each result.
fn check(hash: &mut Hash, policy: &Policy) {
    let Some(check) = super::check::check(policy) else { return hash.part(Part::NoCheck) };
    let LedgerCheck { mismatch, unstamped, unknown, unreachable, conflict, grants_expire } = check.actions;
    hash.part(Part::Check);
    for action in [mismatch, unstamped, unknown, unreachable] {
        hash.number(action_number(action));
    }
    hash.number(if conflict == Conflict::Grant { 1 } else { 2 });
    hash.number(if check.records_identify { 1 } else { 2 });
    hash.texts(Part::Compared, check.compared.iter().map(String::as_str));
    hash.texts(Part::PreferenceEvents, check.preference_events.iter().map(String::as_str));
    if let Some(days) = grants_expire {
        hash.part(Part::GrantsExpire);
        hash.number(u64::from(days));
    }
}

/// Hashes the drop reason in each pair of states that an event can have.
fn drops(hash: &mut Hash, policy: &Policy) {
    for consent in policy.reading().states() {
        for integrations in IntegrationsState::ALL {
            match policy.reconcile().row(consent, integrations).drop_reason() {
                Some(reason) => {
                    hash.part(Part::Drop);
                    hash.text(reason);
                }
                None => hash.part(Part::NoDrop),
            }
        }
    }
}

/// Hashes the decision for a destination without its names, and returns whether it depends on its entries.
fn decision(
    policy: &Policy,
    id: DestinationId,
    destination: &Destination,
    budget: &mut Budget,
) -> Result<(bool, [u8; 32]), TooLargeError> {
    let inputs = Inputs::of(&[(policy, id)]);
    budget.ask(inputs.values(), |diagrams| {
        let function = function(diagrams, &inputs, 0, policy, destination, Used::Stamped)?;
        let mut writer = Writer {
            diagrams,
            inputs: inputs.all().collect(),
            shapes: &inputs,
            known: HashMap::new(),
            has_entries: false,
        };
        let mut hash = Hash::new(Part::Destination);
        hash.bytes(&writer.digest(function.reason, Leaves::Reasons));
        for (key, named) in &function.refused {
            hash.part(Part::Refused);
            hash.text(key);
            hash.bytes(&writer.digest(*named, Leaves::Truth));
        }
        Ok((writer.has_entries, hash.finish()))
    })
}

/// The meaning of the leaves of a diagram.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Leaves {
    Reasons,
    Truth,
}

impl Leaves {
    fn number(self, leaf: u32) -> u64 {
        match self {
            Leaves::Reasons => reason_number(reason(leaf)),
            Leaves::Truth => u64::from(leaf),
        }
    }
}

/// Hashes diagrams: of each node the variable, and the hashes of what it leads to by what its values mean.
struct Writer<'w> {
    diagrams: &'w Diagrams,
    inputs: Vec<Input<'w>>,
    shapes: &'w Inputs,
    known: HashMap<(Diagram, Leaves), [u8; 32]>,
    /// True if an entry under one of the destination's names was met.
    has_entries: bool,
}

impl Writer<'_> {
    fn digest(&mut self, of: Diagram, leaves: Leaves) -> [u8; 32] {
        let Some(variable) = self.diagrams.variable(of) else {
            let mut hash = Hash::new(Part::Leaf);
            hash.number(leaves.number(of.value().unwrap_or(0)));
            return hash.finish();
        };
        // One node may lead to reasons, and another one of the same shape to yes and no.
        if let Some(known) = self.known.get(&(of, leaves)) {
            return *known;
        }
        let mut hash = Hash::new(Part::Node);
        let input = self.inputs.get(variable).copied().unwrap_or(Input::All);
        let usual = self.diagrams.child(of, variable, 0);
        match input {
            Input::Consent => hash.part(Part::ConsentInput),
            Input::Integrations => hash.part(Part::IntegrationsInput),
            Input::Event => hash.part(Part::EventInput),
            // Destinations are the same whatever they are called: their names are hashed next to this, in the same order.
            Input::Entry(_) => {
                self.has_entries = true;
                hash.part(Part::EntryInput);
                hash.number(variable as u64);
            }
            Input::All => hash.part(Part::AllInput),
            Input::Category(key) => {
                hash.part(Part::CategoryInput);
                hash.text(key);
            }
            // A fingerprint asks for each category.
            Input::Requirement(_) | Input::Recorded | Input::OthersDiffer => {
                hash.part(Part::RequirementInput)
            }
        }
        for (value, child) in self.diagrams.children(of, variable).enumerate() {
            // A value that is as good as the first one is left out, so that a name which nothing depends on leaves no trace.
            if value > 0 && child == usual && matches!(input, Input::Event) {
                continue;
            }
            self.value(&mut hash, input, value);
            let child = self.digest(child, leaves);
            hash.bytes(&child);
        }
        let digest = hash.finish();
        self.known.insert((of, leaves), digest);
        digest
    }

    /// Hashes the meaning of a variable's value.
    fn value(&self, hash: &mut Hash, input: Input<'_>, value: usize) {
        let entry = |entry: Option<&Option<Entry>>| entry_number(entry.copied().flatten());
        hash.number(match input {
            Input::Consent => {
                let shape = self.shapes.shapes.get(value).and_then(|shape| shape.states.first());
                shape.map_or(0, |state| consent_number(*state))
            }
            Input::Integrations => {
                IntegrationsState::ALL.get(value).map_or(0, |state| integrations_number(*state))
            }
            Input::Event => match self.shapes.named_event(value) {
                Some(name) => return hash.text(name),
                None => return hash.part(Part::AnyOtherEvent),
            },
            Input::Entry(_) => entry(ENTRIES.get(value)),
            Input::All => entry(ALL.get(value)),
            Input::Category(_) | Input::Recorded | Input::OthersDiffer | Input::Requirement(_) => {
                value as u64
            }
        });
    }
}

/// A hash of parts: each has its length before it, so that no two lists of parts are one text.
struct Hash(Sha256);

impl Hash {
    fn new(part: Part) -> Self {
        let mut hash = Hash(Sha256::new());
        hash.part(part);
        hash
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn part(&mut self, part: Part) {
        self.number(part as u64);
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// Hashes a name that the policy's author chose.
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn texts<'t>(&mut self, part: impl Into<u64>, texts: impl IntoIterator<Item = &'t str>) {
        let texts: Vec<&str> = texts.into_iter().collect();
        self.number(part.into());
        self.number(texts.len() as u64);
        texts.into_iter().for_each(|text| self.text(text));
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
