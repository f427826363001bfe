//! Inputs: members of an event, beside its consent and its integrations, on which the rules of a policy depend.
//!
//! An event has one state of each input. With the states fixed, each condition holds or does not, and the policy is one without conditions:
//! see [`Policy::given`](super::Policy::given).

use crate::diagnostic::{Span, Spanned};
use crate::model::declared::declared;
use crate::model::ids::CategoryId;
use crate::model::requirement::Requirement;
use crate::syntax::tree::{InputState, Quantifier, Scalar};

/// An input of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventInput {
    pub(super) name: Spanned<String>,
    pub(crate) reading: InputReading,
    pub(super) span: Span,
}

declared!(EventInput);

impl EventInput {
    /// Returns the keys that lead from the event to the value.
    pub fn path(&self) -> &[String] {
        &self.reading.path
    }

    /// Returns the values that decide.
    pub fn values(&self) -> &[Scalar] {
        &self.reading.values
    }

    /// Returns the values that count as no value.
    pub fn absent(&self) -> &[Scalar] {
        &self.reading.absent
    }
}

/// Where an event has an input, and which values of it a policy tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputReading {
    pub(crate) path: Vec<String>,
    pub(crate) values: Vec<Scalar>,
    pub(crate) absent: Vec<Scalar>,
}

/// The state of an input by its number: `absent`, then each value in the order of the policy, then `other`.
pub(crate) type StateNumber = u8;

/// The number of `absent`.
pub(crate) const ABSENT: StateNumber = 0;

impl InputReading {
    /// Returns how many states the input has.
    pub(crate) fn states(&self) -> usize {
        self.values.len() + 2
    }

    /// Returns the number of `other`.
    pub(crate) fn other(&self) -> StateNumber {
        (self.values.len() + 1) as StateNumber
    }

    /// Returns the number of the state that a value has.
    pub(crate) fn number_of(&self, value: &Scalar) -> StateNumber {
        match self.values.iter().position(|own| own == value) {
            Some(place) => (place + 1) as StateNumber,
            None if self.absent.contains(value) => ABSENT,
            None => self.other(),
        }
    }

    /// Returns the number of the state of the value that a text begins with, which is JSON; `None` for a text with an escape.
    pub(crate) fn number_in(&self, text: &[u8]) -> Option<StateNumber> {
        let (inner, is_text) = match text.strip_prefix(b"\"") {
            Some(inner) => {
                let end = memchr::memchr2(b'"', b'\\', inner)?;
                (inner.get(..end).filter(|_| inner.get(end) == Some(&b'"'))?, true)
            }
            None => {
                let length = text.iter().take_while(|byte| !b",}] \t\r\n".contains(byte)).count();
                (text.get(..length)?, false)
            }
        };
        let is_value = |scalar: &Scalar| match scalar {
            Scalar::Text(text) => is_text && text.as_bytes() == inner,
            Scalar::Number(number) => !is_text && number.as_bytes() == inner,
            Scalar::Boolean(value) => !is_text && inner == if *value { &b"true"[..] } else { b"false" },
            Scalar::Null => !is_text && inner == b"null",
        };
        Some(match self.values.iter().position(is_value) {
            Some(place) => (place + 1) as StateNumber,
            None if self.absent.iter().any(is_value) => ABSENT,
            None => self.other(),
        })
    }

    /// Returns the number of a state; `None` for a value that the policy does not name.
    pub(crate) fn number(&self, state: &InputState) -> Option<StateNumber> {
        match state {
            InputState::Absent => Some(ABSENT),
            InputState::Other => Some(self.other()),
            InputState::Value(value) => {
                let place = self.values.iter().position(|own| own == value)?;
                Some((place + 1) as StateNumber)
            }
        }
    }

    /// Returns the state of a number.
    pub(crate) fn state(&self, number: StateNumber) -> InputState {
        match usize::from(number).checked_sub(1) {
            None => InputState::Absent,
            Some(place) => self.values.get(place).cloned().map_or(InputState::Other, InputState::Value),
        }
    }
}

/// Some states of one input, a bit for each by its number.
pub(crate) type StateSet = u32;

/// Returns the set of the first states.
pub(crate) fn all_states(count: usize) -> StateSet {
    (1 << count) - 1
}

/// A condition on inputs: each of the named ones has one of some states. Without any it always holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct When(Vec<(usize, StateSet)>);

impl When {
    /// Makes a condition of inputs by their places, each with the states that it may have.
    pub(crate) fn new(tests: Vec<(usize, StateSet)>) -> Self {
        When(tests)
    }

    /// Returns true if the condition holds for the states of an event. An event that says nothing has `absent` for each input.
    pub(crate) fn holds(&self, states: &[StateNumber]) -> bool {
        let state = |input: usize| states.get(input).copied().unwrap_or(ABSENT);
        self.0.iter().all(|(input, set)| set >> state(*input) & 1 == 1)
    }

    /// Returns whether the condition holds for all states of a cube, or for none; otherwise the first input that decides it.
    pub(crate) fn over(&self, cube: &[StateSet]) -> Holds {
        let mut open = None;
        for (input, set) in &self.0 {
            let own = cube.get(*input).copied().unwrap_or(1);
            match own & set {
                0 => return Holds::Never,
                both if both != own => open = open.or(Some((*input, *set))),
                _ => {}
            }
        }
        open.map_or(Holds::Always, |(input, set)| Holds::Depends(input, set))
    }

    /// Returns the inputs that the condition reads, each with the states that satisfy it.
    pub(crate) fn tests(&self) -> &[(usize, StateSet)] {
        &self.0
    }

    /// Returns true if the condition reads no input.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a condition holds over a cube of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Always,
    Never,
    /// It depends on this input: it may hold where that has one of these states.
    Depends(usize, StateSet),
}

/// A requirement of a destination with its condition. The first whose condition holds counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arm {
    pub(crate) when: When,
    pub(crate) needs: ArmNeeds,
    /// The categories that it names, each where it does.
    pub(crate) uses: Vec<Spanned<CategoryId>>,
    /// Where the policy says it.
    pub(crate) span: Span,
}

/// What an arm needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArmNeeds {
    Unmapped,
    Requirement(Requirement),
    /// All or any of them, as the strategy says.
    ByStrategy(Vec<Requirement>),
}

impl ArmNeeds {
    /// Returns the requirement under a strategy; `None` for an unmapped destination.
    pub(crate) fn requirement(&self, strategy: Quantifier) -> Option<Requirement> {
        match self {
            ArmNeeds::Unmapped => None,
            ArmNeeds::Requirement(requirement) => Some(requirement.clone()),
            ArmNeeds::ByStrategy(all) => Requirement::joined(all.clone(), strategy),
        }
    }
}

/// What `by strategy of` asks for: the first case that holds counts, and otherwise the last quantifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StrategyCases {
    pub(crate) cases: Vec<(When, Quantifier)>,
    pub(crate) otherwise: Quantifier,
}

impl StrategyCases {
    /// Returns what counts for the states of an event.
    pub(crate) fn at(&self, states: &[StateNumber]) -> Quantifier {
        let held = self.cases.iter().find(|(when, _)| when.holds(states));
        held.map_or(self.otherwise, |(_, quantifier)| *quantifier)
    }
}
