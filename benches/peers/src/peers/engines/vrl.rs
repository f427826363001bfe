//! VRL: one expression whose value is the list of all answers.

use super::{Engine, Extracted, each};
use crate::workload::Catalogue;
use ::vrl::compiler::runtime::Runtime;
use ::vrl::compiler::{Program, TargetValue, TimeZone, compile};
use ::vrl::value::{KeyString, ObjectMap, Secrets, Value};
use std::cell::RefCell;

pub(super) struct Vrl {
    program: Program,
    runtime: Runtime,
    timezone: TimeZone,
}

impl Vrl {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let answers = each(catalogue, |destination, needs| {
            let name = &destination.name;
            let needs: Vec<String> =
                needs.iter().map(|category| format!(".granted.{category} == true")).collect();
            let consented = if needs.is_empty() { "true".to_owned() } else { needs.join(" && ") };
            format!(
                "(.enforced == false || ({consented})) && .entries.\"{name}\" != false \
                 && (.all == true || .entries.\"{name}\" == true)"
            )
        });
        let program = compile(&format!("[{answers}]"), &[]).expect("this is VRL").program;
        Vrl { program, runtime: Runtime::default(), timezone: TimeZone::default() }
    }
}

impl Engine for Vrl {
    /// The program changes nothing, but the interface lets programs change their input.
    type Input = RefCell<TargetValue>;

    fn input(&self, extracted: &Extracted<'_>) -> Self::Input {
        let Extracted { enforced, granted, all, .. } = extracted;
        let object = |members: &mut dyn Iterator<Item = (&str, bool)>| {
            let members = members.map(|(name, value)| (KeyString::from(name), Value::Boolean(value)));
            Value::Object(members.collect())
        };
        let value = ObjectMap::from([
            ("enforced".into(), Value::Boolean(*enforced)),
            ("granted".into(), object(&mut granted.iter().map(|name| (*name, true)))),
            ("entries".into(), object(&mut extracted.entries())),
            ("all".into(), Value::Boolean(*all)),
        ]);
        RefCell::new(TargetValue {
            value: Value::Object(value),
            metadata: Value::Object(ObjectMap::new()),
            secrets: Secrets::default(),
        })
    }

    fn decide(&mut self, input: &Self::Input) -> u64 {
        let answers = self
            .runtime
            .resolve(&mut *input.borrow_mut(), &self.program, &self.timezone)
            .expect("the expression has an answer");
        let Value::Array(answers) = answers else { panic!("the expression is an array") };
        answers
            .iter()
            .enumerate()
            .fold(0, |bits, (number, answer)| bits | u64::from(*answer == Value::Boolean(true)) << number)
    }
}
