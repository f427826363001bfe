//! CEL: one expression whose value is the list of all answers.

use super::{Engine, Extracted, each};
use crate::workload::Catalogue;
use ::cel::{Context, Env, Program, Value};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct Cel {
    program: Program,
    env: Arc<Env>,
}

impl Cel {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let answers = each(catalogue, |destination, needs| {
            let name = &destination.name;
            let needs: Vec<String> =
                needs.iter().map(|category| format!("\"{category}\" in granted")).collect();
            let consented = if needs.is_empty() { "true".to_owned() } else { needs.join(" && ") };
            format!("(!enforced || ({consented})) && (\"{name}\" in entries ? entries[\"{name}\"] : all)")
        });
        let env = Arc::new(Env::stdlib());
        let program =
            env.compile(&format!("[{}]", answers.trim_end().trim_end_matches(','))).expect("this is CEL");
        Cel { program, env }
    }
}

impl Engine for Cel {
    type Input = Context<'static, 'static>;

    fn input(&self, extracted: &Extracted<'_>) -> Self::Input {
        let Extracted { enforced, granted, all, .. } = extracted;
        let granted: HashMap<&str, bool> = granted.iter().map(|name| (*name, true)).collect();
        let entries: HashMap<&str, bool> = extracted.entries().collect();
        let mut context = Context::with_env(self.env.clone());
        context.add_variable_from_value("enforced", *enforced);
        context.add_variable_from_value("granted", granted);
        context.add_variable_from_value("entries", entries);
        context.add_variable_from_value("all", *all);
        context
    }

    fn decide(&mut self, context: &Self::Input) -> u64 {
        let Value::List(answers) = self.program.execute(context).expect("the expression has an answer")
        else {
            panic!("the expression is a list");
        };
        answers
            .iter()
            .enumerate()
            .fold(0, |bits, (number, answer)| bits | u64::from(*answer == Value::Bool(true)) << number)
    }
}
