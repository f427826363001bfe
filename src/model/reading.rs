//! How an event carries consent. Everything after the reading is the same for all ways of carrying it.

use super::inputs::{InputReading, StateSet, all_states};
use crate::syntax::quoted;
use crate::syntax::tree::{ConsentState, ForeignConsent, Listed, Preference, Shape, StatedPreference};

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
        }
    }

    /// Returns the paths at which the preferences may be, each by its keys; the first is the policy's own.
    pub fn paths(&self) -> impl Iterator<Item = Vec<&str>> {
        self.spellings
            .iter()
            .map(|spelling| self.parents.iter().chain([spelling]).map(String::as_str).collect())
    }

    /// Returns how the value there lists what a person chose.
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
        let holds_parents = |(path, _): &(Vec<String>, String)| path.starts_with(&self.parents);
        state != ConsentState::Missing || !self.parents.is_empty() && !self.given.iter().any(holds_parents)
    }

    /// Returns the states that each input can have on an event of a consent state. An input beside the preferences is absent where the object
    /// that would hold both is missing.
    pub(crate) fn states_of_inputs(&self, state: ConsentState) -> Vec<StateSet> {
        let is_absent =
            |input: &InputReading| state == ConsentState::Missing && input.path.starts_with(&self.parents);
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
        self.shape == Shape::Booleans { within: None, reversed: false } && self.skip.is_empty()
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
        self.shape == other.shape && self.unlisted == other.unlisted
    }

    /// Returns true if the same event shows how both readings see it. Readings of one shape go through the same members, and an event can have
    /// preferences under only one of the spellings that just one of them accepts. Readings of two shapes read two values.
    pub(crate) fn is_comparable(&self, other: &Reading) -> bool {
        // One of them may find no integrations where the other finds some at another place.
        if self.foreign != other.foreign {
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

/// The spellings of the preferences key in Segment's documentation: today's payloads, the tables, the removed page.
/// One that a policy does not accept is malformed, so that a refusal under it never counts as no consent object.
pub(crate) const DOCUMENTED_SPELLINGS: [&str; 3] =
    ["categoryPreferences", "categoryPreference", "consentPreferences"];

/// The longest path.
pub(super) const MAX_PATH: usize = 16;

/// Members of an event that a path cannot go through, because a decision reads them as something else.
pub(super) const TAKEN: [&str; 5] = ["batch", "integrations", "type", "event", "messageId"];
