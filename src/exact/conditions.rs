//! Rows in words: for each input that matters, the values that it may have.

use super::cover::Cube;
use super::inputs::{ALL, ENTRIES, Input, Inputs, ON_AND_INVALID};
use super::requirement_vars::RequirementVar;
use crate::diagnostic::listed;
use crate::event::{Entry, Form};
use crate::model::IntegrationsState;
use std::fmt;

/// The conditions on an event that belongs to a row. All of them must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions(Vec<Condition>);

/// One input and the values that it may have. Other inputs may have any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The consent object, by the states that it may be in. Where two policies read it differently, a state is said as both see
    /// it: `answered / malformed`.
    Consent(Vec<String>),
    /// The integrations object, by the states that it may be in.
    Integrations(Vec<IntegrationsState>),
    /// The exempt event; `None` for any other event.
    Event(Vec<Option<String>>),
    /// The entry under one of the destination's names; `None` for no entry.
    Entry {
        /// The name.
        name: String,
        /// The entries that it may be.
        values: Vec<Option<Entry>>,
        /// True if it may be there twice, on and invalid, which two policies count differently; `None` where they do not.
        twice: Option<bool>,
    },
    /// The entry `All`; `None` for unlisted and on.
    All(Vec<Option<Entry>>),
    /// A category is granted, or not.
    Category {
        /// The declared name, or the wire id where no policy declares it.
        name: String,
        /// The wire id.
        wire_id: String,
        /// True if it is granted.
        granted: bool,
    },
    /// The requirement of the destination is satisfied, or not, where categories would take too many rows.
    Requirement {
        /// Who asks for it.
        required_by: RequiredBy,
        /// True if it is granted.
        granted: bool,
    },
    /// The refusals of two policies name other categories, or the same ones.
    OtherNames(bool),
}

/// The policies, of two, that require something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequiredBy {
    /// Only the old one, or the new one asks for something else.
    Old,
    /// Only the new one, or the old one asks for something else.
    New,
    /// All that have the destination.
    Both,
}

impl RequiredBy {
    fn of(policies: &[usize], all: usize) -> Self {
        match policies {
            _ if policies.len() == all => RequiredBy::Both,
            [0] => RequiredBy::Old,
            _ => RequiredBy::New,
        }
    }
}

impl Conditions {
    /// Returns the conditions of a cube.
    pub(crate) fn of(inputs: &Inputs, cube: &Cube) -> Self {
        let mut conditions = Vec::new();
        for ((variable, input), count) in inputs.all().enumerate().zip(inputs.values()) {
            let values: Vec<usize> = (0..count).filter(|value| cube.has(variable, *value)).collect();
            if values.len() < count {
                conditions.extend(Condition::of(inputs, input, &values, count));
            }
        }
        Conditions(conditions)
    }

    /// Returns the conditions one by one, in the order in which a decision asks.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }
}

/// Returns the values at some places of a list.
pub(crate) fn at<T: Clone>(all: &[T], places: &[usize]) -> Vec<T> {
    places.iter().filter_map(|place| all.get(*place)).cloned().collect()
}

impl Condition {
    fn of(inputs: &Inputs, input: Input<'_>, values: &[usize], count: usize) -> Option<Self> {
        Some(match input {
            Input::Consent => {
                let forms = values.iter().filter_map(|value| inputs.shapes.get(*value));
                Condition::Consent(forms.map(Form::to_string).collect())
            }
            Input::Integrations => Condition::Integrations(at(&IntegrationsState::ALL, values)),
            Input::Event => {
                Condition::Event(values.iter().map(|value| inputs.named_event(*value).cloned()).collect())
            }
            Input::Entry(name) => Condition::Entry {
                name: name.to_owned(),
                values: at(&ENTRIES, values),
                twice: (count > ENTRIES.len()).then(|| values.contains(&ON_AND_INVALID)),
            },
            Input::All => Condition::All(at(&ALL, values)),
            Input::Category(key) => Condition::Category {
                name: inputs.called(key).to_owned(),
                wire_id: inputs.wire_id(key).to_owned(),
                granted: values == [1],
            },
            Input::Requirement(RequirementVar::Granted { of, policies, .. }) => {
                Condition::Requirement { required_by: RequiredBy::of(of, *policies), granted: values == [1] }
            }
            Input::Requirement(RequirementVar::OtherNames(_)) => Condition::OtherNames(values == [1]),
            // Rows are about events, and what is recorded is no part of one.
            Input::Recorded | Input::OthersDiffer => return None,
        })
    }
}

/// As people read them: `consent missing or empty, Analytics not granted`; `always` where nothing is asked for.
impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<String> = self.0.iter().map(Condition::to_string).collect();
        match conditions.as_slice() {
            [] => f.write_str("always"),
            _ => f.write_str(&conditions.join(", ")),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Consent(states) => write!(f, "consent {}", listed(states, "or")),
            Condition::Integrations(states) => write!(f, "integrations {}", listed(states, "or")),
            Condition::Event(names) => {
                let word = |name: &Option<String>| match name {
                    Some(name) => format!("{name:?}"),
                    None => "any other".to_owned(),
                };
                write!(f, "event {}", listed(names.iter().map(word), "or"))
            }
            Condition::Entry { name, values, twice: None } => {
                write!(f, "{name:?} {}", entries(values, &ENTRIES))
            }
            Condition::Entry { name, values, twice: Some(twice) } => {
                let words = values.iter().map(|value| Entry::or_unlisted(*value));
                write!(f, "{name:?} {}", listed(words.chain(twice.then_some("on and invalid at once")), "or"))
            }
            Condition::All(values) => {
                let is_unlisted = values.contains(&None);
                if is_unlisted && values.len() + 1 == ALL.len() {
                    return write!(f, "All {}", entries(values, &ALL));
                }
                let both = ["unlisted", "on"].into_iter().filter(|_| is_unlisted);
                let others =
                    values.iter().filter(|value| value.is_some()).map(|value| Entry::or_unlisted(*value));
                write!(f, "All {}", listed(both.chain(others), "or"))
            }
            Condition::Category { name, granted: true, .. } => write!(f, "{name} granted"),
            Condition::Category { name, granted: false, .. } => write!(f, "{name} not granted"),
            Condition::Requirement { required_by, granted } => {
                let needs = if *required_by == RequiredBy::Old { "needed" } else { "needs" };
                write!(f, "what it {needs} {}", if *granted { "granted" } else { "not granted" })
            }
            Condition::OtherNames(true) => f.write_str("the refusals name other categories"),
            Condition::OtherNames(false) => f.write_str("the refusals name the same categories"),
        }
    }
}

/// `off`, `on or unlisted`, and `not off` for everything else.
fn entries(values: &[Option<Entry>], all: &[Option<Entry>]) -> String {
    let others: Vec<&Option<Entry>> = all.iter().filter(|value| !values.contains(value)).collect();
    if let ([only], true) = (others.as_slice(), values.len() > 1) {
        return format!("not {}", Entry::or_unlisted(**only));
    }
    listed(values.iter().map(|value| Entry::or_unlisted(*value)), "or")
}
