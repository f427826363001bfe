//! The conditions of a change, for programs.

use crate::event::Entry;
use crate::exact::{Condition, Conditions, InputCases, RequiredBy};
use crate::model::IntegrationsState;
use serde::Serialize;
use std::collections::BTreeMap;

/// The values that each input may have; an input that does not matter is absent.
#[derive(Debug, Default, Serialize)]
pub(super) struct When {
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    categories: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    entries: BTreeMap<String, Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Vec<Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrations: Option<Vec<IntegrationsState>>,
    #[serde(skip_serializing_if = "InputCases::is_all")]
    inputs: InputCases,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    needs: BTreeMap<&'static str, bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    other_names: Option<bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    wire_ids: BTreeMap<String, bool>,
}

impl When {
    pub(super) fn new(conditions: &Conditions, inputs: &InputCases) -> Self {
        let words = |values: &[Option<Entry>]| {
            values.iter().map(|value| Entry::or_unlisted(*value)).collect::<Vec<_>>()
        };
        let mut when = When { inputs: inputs.clone(), ..When::default() };
        for condition in conditions.iter() {
            match condition {
                Condition::Consent(states) => when.consent = Some(states.clone()),
                Condition::Integrations(states) => when.integrations = Some(states.clone()),
                Condition::Event(names) => when.event = Some(names.clone()),
                Condition::Entry { name, values, twice } => {
                    let twice = twice.unwrap_or_default().then_some("on_and_invalid");
                    when.entries.insert(name.clone(), words(values).into_iter().chain(twice).collect());
                }
                Condition::All(values) => when.all = Some(words(values)),
                Condition::Category { name, wire_id, granted } => {
                    when.categories.insert(name.clone(), *granted);
                    when.wire_ids.insert(wire_id.clone(), *granted);
                }
                Condition::Requirement { required_by, granted } => {
                    let policies: &[&str] = match required_by {
                        RequiredBy::Old => &["old"],
                        RequiredBy::New => &["new"],
                        RequiredBy::Both => &["old", "new"],
                    };
                    when.needs.extend(policies.iter().map(|policy| (*policy, *granted)));
                }
                Condition::OtherNames(other) => when.other_names = Some(*other),
            }
        }
        when
    }
}
