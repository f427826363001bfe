//! How an event carries consent. Everything after the reading is the same for all ways of carrying it.

use super::claims::{Claim, Claims};
use super::inputs::{InputReading, StateSet, all_states};
use crate::syntax::quoted;
use crate::syntax::tree::{
    ConsentState, ForeignConsent, Listed, PlacesRule, Preference, Shape, StatedPreference,
};
use std::sync::Arc;

/// The way in which events carry consent: the place and the shape.
///
/// The `event` room reads and writes events by it; nothing else depends on the shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The members that lead to the object which holds the preferences: `context`, `consent`. May be empty.
    pub(crate) parents: Vec<String>,
    /// The accepted spellings of the preferences' own key, the path's own first. Never empty.
    pub(crate) spellings: Vec<String>,
    /// The shape of the value there.
    pub(crate) shape: Shape,
    /// The preference of a category that the value does not list.
    pub(crate) unlisted: Preference,
    /// Names that count as not listed.
    pub(crate) skip: Vec<String>,
    /// Values that count as no value.
    pub(crate) absent: Vec<AbsentValue>,
    /// True if an entry `All` that is no boolean makes the integrations object malformed.
    pub(crate) all_is_boolean: bool,
    /// The inputs of the policy.
    pub(crate) inputs: Vec<InputReading>,
    /// Members that each written event has, as JSON: those of a case of the inputs.
    pub(crate) given: Vec<(Vec<String>, String)>,
    /// The treatment of consent in other shapes and at other places, where there is none at this one.
    pub(crate) foreign: ForeignConsent,
    /// Keys in the same object at which another place of the policy has preferences. They are no wrong spellings.
    pub(crate) others: Vec<String>,
    /// Several places, if there are several. The path and the shape here are those of the first.
    pub(crate) places: Option<Arc<Places>>,
}

/// Several places at which an event carries preferences, and the way in which they come together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) rule: PlacesRule,
    /// The reading of each place, in the order of the policy.
    pub(crate) each: Vec<Reading>,
    pub(crate) claims: Claims,
}

impl Places {
    /// Returns the numbers of the places that count for a name.
    pub(crate) fn of(&self, name: &str) -> Vec<usize> {
        (0..self.each.len()).filter(|place| self.claims.count(name, *place)).collect()
    }

    /// Returns the preferences that a category can have if these places list it.
    pub(crate) fn listed_values(&self, places: &[usize]) -> Vec<Preference> {
        let values: Vec<Vec<Preference>> =
            places.iter().filter_map(|place| self.each.get(*place)).map(Reading::listed_values).collect();
        let has = |value: Preference| match (self.rule, value) {
            (PlacesRule::All, Preference::Granted) => values.iter().all(|own| own.contains(&value)),
            _ => values.iter().any(|own| own.contains(&value)),
        };
        let order = [Preference::Granted, Preference::Refused, Preference::Unasked, Preference::Invalid];
        order.into_iter().filter(|value| has(*value)).collect()
    }

    /// Returns the paths at which a category is read, sorted.
    pub(crate) fn paths_of(&self, claim: &Claim) -> Vec<Vec<&str>> {
        let own = claim.places.iter().filter_map(|place| self.each.get(*place));
        let mut paths: Vec<Vec<&str>> = own.flat_map(Reading::paths).collect();
        paths.sort();
        paths
    }

    /// Adds the wire ids that another policy knows. Both have the same places, perhaps in another order.
    fn know(&mut self, other: &Places) {
        let place_of = |place: &usize| {
            let wanted = other.each.get(*place)?.identity();
            self.each.iter().position(|own| own.identity() == wanted)
        };
        let mut more = Vec::new();
        for claim in other.claims.all() {
            let is_new = |wire_id: &&String| self.claims.of(wire_id).is_none();
            let wire_ids: Vec<String> = claim.wire_ids.iter().filter(is_new).cloned().collect();
            if !wire_ids.is_empty() {
                more.push(Claim { wire_ids, places: claim.places.iter().filter_map(place_of).collect() });
            }
        }
        more.into_iter().for_each(|claim| self.claims.add(claim));
    }

    /// Returns the rule. Where each category has one place, `all` is `any refuses`.
    fn effective_rule(&self) -> PlacesRule {
        let is_one_place = self.claims.all().iter().all(|claim| claim.places.len() == 1);
        if self.rule == PlacesRule::All && is_one_place { PlacesRule::AnyRefuses } else { self.rule }
    }

    /// Returns true if both read each common category in the same way. Both have the same places.
    fn read_alike(&self, other: &Places) -> bool {
        let sorted = |claim: &Claim| {
            let mut wire_ids = claim.wire_ids.clone();
            wire_ids.sort();
            wire_ids
        };
        self.claims.wire_ids().all(|wire_id| {
            let (Some(own), Some(others)) = (self.claims.of(wire_id), other.claims.of(wire_id)) else {
                return true;
            };
            // Where all places have to grant a category, each of them may do so under another wire id.
            let is_same = self.effective_rule() != PlacesRule::All || sorted(own) == sorted(others);
            is_same && self.paths_of(own) == other.paths_of(others)
        })
    }
}

impl Reading {
    /// An object of booleans: `{"Advertising": true, "Analytics": false}`. The path's own spelling comes first.
    pub(crate) fn booleans(parents: Vec<String>, spellings: Vec<String>) -> Self {
        let shape = Shape::Booleans { within: None, reversed: false };
        Reading {
            parents,
            spellings,
            shape,
            unlisted: Preference::Unasked,
            skip: Vec::new(),
            absent: Vec::new(),
            inputs: Vec::new(),
            given: Vec::new(),
            all_is_boolean: false,
            foreign: ForeignConsent::Ignored,
            others: Vec::new(),
            places: None,
        }
    }

    /// Returns the paths at which the preferences may be, each by its keys; the first is the policy's own.
    pub fn paths(&self) -> impl Iterator<Item = Vec<&str>> {
        self.each().iter().flat_map(|place| {
            let path = |spelling| place.parents.iter().chain([spelling]).map(String::as_str).collect();
            place.spellings.iter().map(path)
        })
    }

    /// Returns the reading of each place: this one, unless there are several.
    pub fn each(&self) -> &[Reading] {
        self.places.as_ref().map_or(std::slice::from_ref(self), |places| &places.each)
    }

    /// Returns the numbers of the places that count for a wire id: all of them, unless its category names some.
    pub fn places_of(&self, wire_id: &str) -> Vec<usize> {
        self.places.as_ref().map_or(vec![0], |places| places.of(wire_id))
    }

    /// Returns the readings of several places, each of which knows the others. None has inputs or foreign consent of its own.
    pub(super) fn beside_each_other(each: Vec<Reading>) -> Vec<Reading> {
        let others = |place: usize, own: &Reading| {
            let beside = each.iter().enumerate();
            let beside = beside.filter(|(other, reading)| *other != place && reading.parents == own.parents);
            beside.flat_map(|(_, reading)| reading.spellings.clone()).collect()
        };
        let alone = |(place, own): (usize, &Reading)| Reading {
            others: others(place, own),
            inputs: Vec::new(),
            foreign: ForeignConsent::Ignored,
            ..own.clone()
        };
        each.iter().enumerate().map(alone).collect()
    }

    /// Returns how several places come together; `None` for one.
    pub fn places_rule(&self) -> Option<PlacesRule> {
        self.places.as_ref().map(|places| places.rule)
    }

    /// Returns how the value there lists what a person chose; of several places, at the first.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Returns the names that count as not listed.
    pub fn skipped(&self) -> &[String] {
        &self.skip
    }

    /// Returns the values at the path that count as no value.
    pub fn absent(&self) -> &[AbsentValue] {
        &self.absent
    }

    /// Returns the treatment of consent in other shapes and at other places.
    pub fn foreign(&self) -> ForeignConsent {
        self.foreign
    }

    /// Returns the consent states that an event can have. An event is never without itself, so that a path of one key is never
    /// `missing`. Neither is an event with an input beside the preferences.
    pub fn states(&self) -> impl Iterator<Item = ConsentState> {
        ConsentState::ALL.into_iter().filter(|state| self.has_state(*state))
    }

    /// Returns true if an event can have this consent state.
    pub fn has_state(&self, state: ConsentState) -> bool {
        let may_be_missing = |place: &Reading| {
            !place.parents.is_empty() && !self.given.iter().any(|(path, _)| path.starts_with(&place.parents))
        };
        state != ConsentState::Missing || self.each().iter().all(may_be_missing)
    }

    /// Returns the states that each input can have on an event of a consent state. An input beside the preferences is absent where the object
    /// that would hold both is missing.
    pub(crate) fn states_of_inputs(&self, state: ConsentState) -> Vec<StateSet> {
        let is_beside =
            |input: &InputReading| self.each().iter().any(|place| input.path.starts_with(&place.parents));
        let is_absent = |input: &InputReading| state == ConsentState::Missing && is_beside(input);
        let of = |input: &InputReading| if is_absent(input) { 1 } else { all_states(input.states()) };
        self.inputs.iter().map(of).collect()
    }

    /// Returns the value of every category in a state in which events list none; `None` in `answered`, where each has its own.
    pub fn common_value(&self, state: ConsentState) -> Option<Preference> {
        match state {
            ConsentState::Answered => None,
            ConsentState::Missing | ConsentState::Empty => Some(Preference::Unasked),
            ConsentState::Unanswered => Some(self.unlisted),
            ConsentState::Malformed => Some(Preference::Invalid),
        }
    }

    /// Returns the value of a category that an event does not list.
    pub fn unlisted(&self) -> Preference {
        self.unlisted
    }

    /// Returns the values that a listed name can have.
    pub fn listed_values(&self) -> Vec<Preference> {
        use Preference::{Granted, Invalid, Refused, Unasked};
        if let Some(places) = &self.places {
            return places.listed_values(&(0..places.each.len()).collect::<Vec<_>>());
        }
        match &self.shape {
            Shape::Booleans { .. } => vec![Granted, Refused, Invalid],
            Shape::Words { unasked, .. } if unasked.is_empty() => vec![Granted, Refused, Invalid],
            Shape::Words { .. } => vec![Granted, Refused, Unasked, Invalid],
            Shape::List { listed } | Shape::DelimitedText { listed, .. } => vec![(*listed).into()],
            Shape::Pairs { .. } => vec![Granted, Refused, Invalid],
        }
    }

    /// Returns the values that a category can have in the state `answered`.
    pub fn values(&self) -> Vec<Preference> {
        let mut values = self.listed_values();
        if !values.contains(&self.unlisted) {
            values.push(self.unlisted);
        }
        values
    }

    /// Returns true if the shape can list a name.
    pub fn can_list(&self, name: &str) -> bool {
        if let Some(places) = &self.places {
            let own = places.of(name).into_iter().filter_map(|place| places.each.get(place));
            return own.into_iter().all(|place| place.can_list(name));
        }
        let is_one_name = match &self.shape {
            Shape::Booleans { .. } | Shape::Words { .. } | Shape::List { .. } => true,
            Shape::DelimitedText { separator, .. } => !name.is_empty() && stays_whole(name, separator),
            Shape::Pairs { between, .. } => stays_whole(name, between),
        };
        is_one_name && !self.is_skipped(name.as_bytes())
    }

    /// Returns true if a text in front of a separator is found whole.
    pub(crate) fn keeps_whole(text: &str, separator: &str) -> bool {
        stays_whole(text, separator)
    }

    /// Returns true if a name counts as not listed.
    pub(crate) fn is_skipped(&self, name: &[u8]) -> bool {
        self.skip.iter().any(|skipped| skipped.as_bytes() == name)
    }

    /// Returns a name that the shape can list, and that is none of those that are taken.
    pub(crate) fn unclaimed(&self, first: &str, is_taken: impl Fn(&str) -> bool) -> String {
        let is_free = |name: &str| self.can_list(name) && !is_taken(name);
        let more = (0u32..).map(|number| number.to_string());
        // No separator has every digit in it, and few names are taken.
        let digits = more.chain(('a'..='z').map(String::from));
        std::iter::once(first.to_owned())
            .chain(digits.take(100_000))
            .find(|name| is_free(name))
            .unwrap_or_default()
    }

    /// Returns true for an object of booleans as Segment has it, in which nothing is skipped.
    pub(crate) fn is_plain(&self) -> bool {
        self.shape == Shape::Booleans { within: None, reversed: false }
            && self.skip.is_empty()
            && self.places.is_none()
    }

    /// Returns the documented spellings that make consent malformed: the policy accepts them nowhere in this object.
    pub(crate) fn wrong_spellings(&self) -> impl Iterator<Item = &'static str> {
        let is_other = |spelling: &str| self.others.iter().any(|other| other == spelling);
        DOCUMENTED_SPELLINGS.into_iter().filter(move |own| !self.accepts(own) && !is_other(own))
    }

    /// Returns the same reading for the names that another one knows too. Both have the same places.
    pub(crate) fn knowing(mut self, other: &Reading) -> Self {
        if let (Some(own), Some(others)) = (&mut self.places, &other.places) {
            Arc::make_mut(own).know(others);
        }
        self
    }

    /// Returns the byte with which a value of the shape begins.
    pub(crate) fn first_byte(&self) -> u8 {
        match self.shape {
            Shape::Booleans { .. } | Shape::Words { .. } => b'{',
            Shape::List { .. } => b'[',
            Shape::DelimitedText { .. } | Shape::Pairs { .. } => b'"',
        }
    }

    pub(crate) fn accepts(&self, spelling: &str) -> bool {
        self.spellings.iter().any(|own| own == spelling)
    }

    /// Returns the same reading at another place.
    pub(crate) fn moved(&self, parents: &[String], spelling: &str) -> Self {
        Reading { parents: parents.to_vec(), spellings: vec![spelling.to_owned()], ..self.clone() }
    }

    /// Returns true if both read a value in one shape, wherever it is.
    pub(crate) fn has_shape_of(&self, other: &Reading) -> bool {
        match self.places.is_some() || other.places.is_some() {
            true => self.identity() == other.identity(),
            false => self.shape == other.shape && self.unlisted == other.unlisted,
        }
    }

    /// Returns true if the same event shows how both readings see it. Readings of one shape go through the same members, and an event can have
    /// preferences under only one of the spellings that just one of them accepts. Readings of two shapes read two values.
    pub(crate) fn is_comparable(&self, other: &Reading) -> bool {
        // One of them may find no integrations where the other finds some at another place.
        if self.foreign != other.foreign {
            return false;
        }
        if let (Some(own), Some(others)) = (&self.places, &other.places) {
            return self.identity() == other.identity() && own.read_alike(others);
        }
        if self.places.is_some() || other.places.is_some() {
            return false;
        }
        if !self.has_shape_of(other) {
            let is_within = |one: &[&str], other: &[&str]| one.starts_with(other) || other.starts_with(one);
            let has_one_spelling = self.spellings.len() == 1 && other.spellings.len() == 1;
            return has_one_spelling
                && self.paths().all(|one| other.paths().all(|other| !is_within(&one, &other)));
        }
        if self.skip != other.skip {
            return false;
        }
        if self.absent != other.absent {
            return self.parents == other.parents
                && self.spellings.len() == 1
                && self.spellings == other.spellings;
        }
        let only = |one: &Reading, other: &Reading| {
            one.spellings.iter().all(|own| other.accepts(own) || DOCUMENTED_SPELLINGS.contains(&own.as_str()))
        };
        self.parents == other.parents && only(self, other) && only(other, self)
    }

    /// Returns the shape in words, if it is not that of Segment.
    pub(crate) fn shape_text(&self) -> Option<String> {
        if let Some(places) = &self.places {
            let each = places.each.iter().map(|place| {
                let shape = place.shape_text().unwrap_or_else(|| "booleans".to_owned());
                let path = place.paths().next().unwrap_or_default();
                format!("{} {shape}", crate::syntax::path(path.into_iter()))
            });
            return Some(format!("{}: {}", places.rule, each.collect::<Vec<_>>().join("; ")));
        }
        let is_usual = self.shape == Shape::Booleans { within: None, reversed: false };
        let texts = |texts: &[String]| texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
        let words = match &self.shape {
            Shape::Booleans { within, reversed } => {
                let within = within.as_ref().map_or(String::new(), |key| format!(" in {}", quoted(key)));
                format!("booleans{within}{}", if *reversed { " reversed" } else { "" })
            }
            Shape::Words { granted, refused, unasked } => {
                let unasked =
                    if unasked.is_empty() { String::new() } else { format!(" unasked {}", texts(unasked)) };
                format!("words granted {} refused {}{unasked}", texts(granted), texts(refused))
            }
            Shape::List { listed } => format!("{listed} list"),
            Shape::DelimitedText { listed, separator } => format!("{listed} text by {}", quoted(separator)),
            Shape::Pairs { between, within, granted, refused } => format!(
                "pairs by {} and {} granted {} refused {}",
                quoted(between),
                quoted(within),
                texts(granted),
                texts(refused)
            ),
        };
        (!is_usual || self.unlisted != Preference::Unasked).then(|| match self.unlisted {
            Preference::Unasked => words,
            unlisted => format!("{words} unlisted {unlisted}"),
        })
    }

    /// Returns the texts that tell readings apart, for fingerprints. The order of spellings does not matter.
    pub(crate) fn identity(&self) -> Vec<(u64, Vec<&str>)> {
        fn sorted(texts: &[String]) -> Vec<&str> {
            let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            texts.sort_unstable();
            texts.dedup();
            texts
        }
        if let Some(places) = &self.places {
            // The order of places matters only where the first one decides.
            let mut each: Vec<_> = places.each.iter().map(Reading::identity).collect();
            if places.rule != PlacesRule::FirstPresent {
                each.sort();
            }
            let mut parts = vec![(PLACES, vec![places.effective_rule().as_str()])];
            parts.extend(each.into_iter().flatten());
            if self.all_is_boolean {
                parts.push((ALL_IS_BOOLEAN, Vec::new()));
            }
            if self.foreign == ForeignConsent::Malformed {
                parts.push((FOREIGN_IS_MALFORMED, Vec::new()));
            }
            return parts;
        }
        let parents = self.parents.iter().map(String::as_str).collect();
        let mut parts = vec![(PARENTS, parents), (SPELLINGS, sorted(&self.spellings))];
        match &self.shape {
            Shape::Booleans { within: None, reversed: false } => {}
            Shape::Booleans { within, reversed } => {
                let number = if *reversed { REVERSED_BOOLEANS } else { BOOLEANS };
                parts.push((number, within.iter().map(String::as_str).collect()));
            }
            Shape::Words { granted, refused, unasked } => {
                let texts = [(GRANTED, granted), (REFUSED, refused), (UNASKED, unasked)];
                parts.push((WORDS, Vec::new()));
                parts.extend(texts.map(|(number, texts)| (number, sorted(texts))));
            }
            Shape::List { listed: Listed::Granted } => parts.push((GRANTED_LIST, Vec::new())),
            Shape::List { listed: Listed::Refused } => parts.push((REFUSED_LIST, Vec::new())),
            Shape::DelimitedText { listed, separator } => {
                let number = if *listed == Listed::Granted { GRANTED_TEXT } else { REFUSED_TEXT };
                parts.push((number, vec![separator]));
            }
            Shape::Pairs { between, within, granted, refused } => {
                parts.push((PAIRS, vec![between, within]));
                let texts = [(GRANTED, granted), (REFUSED, refused)];
                parts.extend(texts.map(|(number, texts)| (number, sorted(texts))));
            }
        }
        match self.unlisted {
            Preference::Granted => parts.push((UNLISTED_GRANTED, Vec::new())),
            Preference::Refused => parts.push((UNLISTED_REFUSED, Vec::new())),
            Preference::Unasked | Preference::Invalid => {}
        }
        if self.all_is_boolean {
            parts.push((ALL_IS_BOOLEAN, Vec::new()));
        }
        if !self.skip.is_empty() {
            parts.push((SKIP, sorted(&self.skip)));
        }
        if self.absent.contains(&AbsentValue::Null) {
            parts.push((ABSENT_NULL, Vec::new()));
        }
        let mut absent: Vec<&str> = self.absent.iter().filter_map(AbsentValue::text).collect();
        absent.sort_unstable();
        absent.dedup();
        if !absent.is_empty() {
            parts.push((ABSENT_TEXTS, absent));
        }
        if self.foreign == ForeignConsent::Malformed {
            parts.push((FOREIGN_IS_MALFORMED, Vec::new()));
        }
        parts
    }
}

/// A value that counts as no preferences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AbsentValue {
    /// `null`.
    Null,
    /// A text.
    Text(String),
}

impl AbsentValue {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            AbsentValue::Null => None,
            AbsentValue::Text(text) => Some(text),
        }
    }
}

impl From<StatedPreference> for Preference {
    fn from(stated: StatedPreference) -> Self {
        match stated {
            StatedPreference::Granted => Preference::Granted,
            StatedPreference::Refused => Preference::Refused,
            StatedPreference::Unasked => Preference::Unasked,
            StatedPreference::Invalid => Preference::Invalid,
        }
    }
}

impl From<Listed> for Preference {
    fn from(listed: Listed) -> Self {
        match listed {
            Listed::Granted => Preference::Granted,
            Listed::Refused => Preference::Refused,
        }
    }
}

/// Returns true if a name in front of a separator is found whole: neither it nor its end is a part of the separator.
fn stays_whole(name: &str, separator: &str) -> bool {
    format!("{name}{separator}").find(separator) == Some(name.len())
}

/// The numbers of the texts in fingerprints. A number never changes.
const PARENTS: u64 = 10;
const SPELLINGS: u64 = 11;
const BOOLEANS: u64 = 60;
const REVERSED_BOOLEANS: u64 = 61;
const WORDS: u64 = 62;
const GRANTED_LIST: u64 = 63;
const REFUSED_LIST: u64 = 64;
const GRANTED_TEXT: u64 = 65;
const REFUSED_TEXT: u64 = 66;
const PAIRS: u64 = 67;
const GRANTED: u64 = 68;
const REFUSED: u64 = 69;
const UNASKED: u64 = 70;
const UNLISTED_GRANTED: u64 = 71;
const UNLISTED_REFUSED: u64 = 72;
const SKIP: u64 = 73;
const ABSENT_NULL: u64 = 74;
const ABSENT_TEXTS: u64 = 75;
const ALL_IS_BOOLEAN: u64 = 77;
const FOREIGN_IS_MALFORMED: u64 = 76;
const PLACES: u64 = 78;

/// The spellings of the preferences key in Segment's documentation: today's payloads, the tables, the removed page.
/// One that a policy does not accept is malformed, so that a refusal under it never counts as no consent object.
pub(crate) const DOCUMENTED_SPELLINGS: [&str; 3] =
    ["categoryPreferences", "categoryPreference", "consentPreferences"];

/// The longest path.
pub(super) const MAX_PATH: usize = 16;

/// Members of an event that a path cannot go through, because a decision reads them as something else.
pub(super) const TAKEN: [&str; 5] = ["batch", "integrations", "type", "event", "messageId"];
