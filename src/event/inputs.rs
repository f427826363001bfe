//! Inputs on an event: the states that a policy's inputs have, and the members that give an event such states.

use super::content::Name;
use super::json::{Json, Members, Type, text, values};
use super::splice::add;
use crate::model::{ABSENT, InputReading, InputState, Reading, Scalar, StateNumber};

/// Returns the state of each input of a policy on an event (section 1 of the semantics).
pub(super) fn read(event: &Members<'_>, reading: &Reading) -> Vec<InputState> {
    let state = |input: &InputReading| input.state(find(event, input).map_or(ABSENT, |(number, _)| number));
    let mut states: Vec<InputState> = reading.inputs.iter().map(state).collect();
    while states.last() == Some(&InputState::Absent) {
        states.pop();
    }
    states
}

/// Returns the number of the state of an input, and the value that gives it; `None` for `absent`. An input with several values
/// has the one that the policy lists first.
fn find<'a>(event: &Members<'a>, input: &InputReading) -> Option<(StateNumber, Json<'a>)> {
    let (first, rest) = input.path.split_first()?;
    let mut found: Vec<Json<'a>> = values(event, first).collect();
    for key in rest {
        let objects: Vec<_> = found.into_iter().filter_map(Json::members).collect();
        found = objects.iter().flat_map(|members| values(members, key)).collect();
    }
    let numbered = found.into_iter().map(|value| (number(value, input), value));
    numbered.filter(|(number, _)| *number != ABSENT).min_by_key(|(number, _)| *number)
}

/// Returns the number of the state that a value gives an input.
fn number(value: Json<'_>, input: &InputReading) -> StateNumber {
    let scalar = match value.json_type() {
        Type::True => Some(Scalar::Boolean(true)),
        Type::False => Some(Scalar::Boolean(false)),
        Type::Object => None,
        Type::Other if value.is_null() => Some(Scalar::Null),
        Type::Other => match value.text().trim_ascii() {
            list if list.starts_with('[') => None,
            text if text.starts_with('"') => {
                let name: Option<Name<'_>> = value.read();
                let text = name.and_then(|name| std::str::from_utf8(name.as_bytes()).map(str::to_owned).ok());
                text.map(Scalar::Text)
            }
            number => Some(Scalar::Number(number.to_owned())),
        },
    };
    scalar.map_or(input.other(), |scalar| input.number_of(&scalar))
}

/// Returns the members that give an event these states of the inputs, each with its path, as JSON.
pub(crate) fn members(
    inputs: &[InputReading],
    state: impl Fn(usize) -> InputState,
) -> Vec<(Vec<String>, String)> {
    let each = inputs.iter().enumerate();
    each.filter_map(|(place, input)| Some((input.path.clone(), json(input, state(place))?))).collect()
}

/// Returns a value that gives an input a state; `None` for `absent`.
fn json(input: &InputReading, state: InputState) -> Option<String> {
    let scalar = match state {
        InputState::Absent => return None,
        InputState::Value(value) => value,
        InputState::Other => other(|text| input.number_of(text) == input.other()),
    };
    Some(scalar_json(&scalar))
}

/// Returns a text that is no value of an input.
pub(crate) fn other(is_other: impl Fn(&Scalar) -> bool) -> Scalar {
    let texts = (1usize..).map(|length| Scalar::Text("?".repeat(length)));
    // An input has few values.
    texts.take(100).find(is_other).unwrap_or(Scalar::Null)
}

/// Returns a value as JSON.
pub(crate) fn scalar_json(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Boolean(value) => value.to_string(),
        Scalar::Number(number) => number.clone(),
        Scalar::Text(value) => text(value),
    }
}

/// The inputs of a batch's envelope: each that is there, with the number of its state and its value as JSON.
#[derive(Debug, Clone)]
pub(super) struct EnvelopeInputs(Vec<(InputReading, StateNumber, String)>);

impl EnvelopeInputs {
    /// Returns the inputs of an envelope with these members.
    pub(super) fn read(envelope: &Members<'_>, reading: &Reading) -> Self {
        let found = reading.inputs.iter().filter_map(|input| {
            let (number, value) = find(envelope, input)?;
            Some((input.clone(), number, value.text().to_owned()))
        });
        EnvelopeInputs(found.collect())
    }

    /// Returns the text of an item with these inputs; `None` where that changes nothing. The result is as if the item had both values.
    pub(super) fn merge_into(&self, text: &str) -> Option<String> {
        let mut merged: Option<String> = None;
        for (input, of_envelope, value) in &self.0 {
            let text = merged.as_deref().unwrap_or(text);
            let members = Json::new(text).members().unwrap_or_default();
            if find(&members, input).is_some_and(|(own, _)| own <= *of_envelope) {
                continue;
            }
            let path: Vec<&str> = input.path.iter().map(String::as_str).collect();
            merged = Some(add(text, &path, value.clone()));
        }
        merged
    }
}
