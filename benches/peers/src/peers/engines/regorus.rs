//! regorus, Rego on a virtual machine: one rule whose value is the set of destinations, the needs as data.

use super::{Engine, Extracted};
use crate::workload::Catalogue;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Rc, Value};
use serde_json::json;
use std::collections::HashMap;

/// It says "none is missing" because the virtual machine of regorus 0.14.1 takes `every` for true where the interpreter does not.
const POLICY: &str = "
package consent

deliver contains name if {
    some name, needs in data.needs
    consented(needs)
    listed(name)
}

consented(_) if not input.enforced

consented(needs) if count([category | some category in needs; not input.granted[category]]) == 0

listed(name) if input.entries[name]

listed(name) if {
    input.all
    not name in input.off
}
";

const RULE: &str = "data.consent.deliver";

pub(super) struct Regorus {
    machine: RegoVM,
    numbers: HashMap<String, usize>,
}

impl Regorus {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let needs: serde_json::Map<String, serde_json::Value> = catalogue
            .destinations
            .iter()
            .map(|destination| {
                let needs = destination.needs.iter().map(|category| catalogue.categories[*category].as_str());
                (destination.name.clone(), needs.collect())
            })
            .collect();
        let data = value(json!({ "needs": needs }));
        let mut engine = regorus::Engine::new();
        engine.add_data(data.clone()).expect("the data are an object");
        engine.add_policy("consent.rego".to_owned(), POLICY.to_owned()).expect("the policy is Rego");
        let compiled = engine.compile_with_entrypoint(&Rc::from(RULE)).expect("the policy compiles");
        let program = Compiler::compile_from_policy(&compiled, &[RULE]).expect("the policy compiles");
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_data(data).expect("the data are an object");
        machine.set_max_instructions(usize::MAX);
        let numbers = catalogue.destinations.iter().enumerate();
        Regorus {
            machine,
            numbers: numbers.map(|(number, destination)| (destination.name.clone(), number)).collect(),
        }
    }
}

impl Engine for Regorus {
    type Input = Value;

    fn input(&self, extracted: &Extracted<'_>) -> Value {
        let Extracted { enforced, granted, on, off, all } = extracted;
        let object = |names: &[&str]| -> serde_json::Map<String, serde_json::Value> {
            names.iter().map(|name| ((*name).to_owned(), true.into())).collect()
        };
        value(json!({
            "enforced": enforced,
            "granted": object(granted),
            "entries": object(on),
            "off": off,
            "all": all,
        }))
    }

    fn decide(&mut self, input: &Value) -> u64 {
        self.machine.set_input(input.clone());
        let deliver = self.machine.execute().expect("the policy has an answer");
        let names = deliver.as_set().expect("the rule is a set").iter();
        names
            .fold(0, |bits, name| bits | 1 << self.numbers[&**name.as_string().expect("the set is of names")])
    }
}

fn value(json: serde_json::Value) -> Value {
    Value::from(json)
}
