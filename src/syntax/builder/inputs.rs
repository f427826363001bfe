//! Inputs → their statements, the conditions on them, and the columns of tables for them.

use super::{Builder, Pair, Rule, child, children};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::spelled::Spelled;
use crate::syntax::tree::*;

/// The largest number of inputs in a policy, and so in the header of a table.
pub const MAX_INPUTS: usize = 16;

impl Builder<'_> {
    pub(super) fn input(&mut self, pair: &Pair<Rule>) -> Option<InputStatement> {
        Some(InputStatement {
            name: self.named(pair, Rule::name)?,
            path: self.names(&child(pair, Rule::path)?, Rule::key)?,
            values: self.scalars(&child(pair, Rule::input_values)?)?,
            absent: self.absent(pair)?,
        })
    }

    /// Reads the values that count as no value, if there are any.
    pub(super) fn absent(&mut self, pair: &Pair<Rule>) -> Option<Vec<Spanned<Scalar>>> {
        child(pair, Rule::absent).map_or(Some(Vec::new()), |absent| self.scalars(&absent))
    }

    fn scalars(&mut self, pair: &Pair<Rule>) -> Option<Vec<Spanned<Scalar>>> {
        self.each(pair, Rule::value, |builder, value| builder.placed(value, Self::scalar))
    }

    fn scalar(&mut self, pair: &Pair<Rule>) -> Option<Scalar> {
        let written = children(pair).next()?;
        Some(match written.as_rule() {
            Rule::text => Scalar::Text(self.value(&written).value),
            Rule::json_number => Scalar::Number(self.bounded(self.written(&written)).value),
            Rule::local_null => Scalar::Null,
            rule => Scalar::Boolean(rule == Rule::local_true),
        })
    }

    pub(super) fn input_conditions(&mut self, pair: &Pair<Rule>) -> Option<Vec<InputCondition>> {
        self.each(&child(pair, Rule::input_conditions)?, Rule::input_condition, Self::input_condition)
    }

    pub(super) fn input_condition(&mut self, pair: &Pair<Rule>) -> Option<InputCondition> {
        Some(InputCondition {
            input: self.named(pair, Rule::name)?,
            states: self.input_states(&child(pair, Rule::input_states)?)?,
        })
    }

    /// Reads the children that say what an input is.
    pub(super) fn input_states(&mut self, pair: &Pair<Rule>) -> Option<Vec<Spanned<InputState>>> {
        self.each(pair, Rule::input_state, |builder, state| builder.placed(state, Self::input_state))
    }

    fn input_state(&mut self, pair: &Pair<Rule>) -> Option<InputState> {
        let written = children(pair).next()?;
        Some(match written.as_rule() {
            Rule::local_absent => InputState::Absent,
            Rule::local_other => InputState::Other,
            _ => InputState::Value(self.scalar(&written)?),
        })
    }

    pub(super) fn input_cell(&mut self, pair: &Pair<Rule>) -> Option<InputCell> {
        child(pair, Rule::input_states)
            .map_or(Some(InputCell::Any), |states| Some(InputCell::States(self.input_states(&states)?)))
    }

    /// Reads the inputs that the header of a table names.
    pub(super) fn columns(&mut self, pair: &Pair<Rule>) -> Option<Vec<Text>> {
        let Some(columns) = child(pair, Rule::columns) else { return Some(Vec::new()) };
        let inputs = self.names(&columns, Rule::column)?;
        if inputs.len() > MAX_INPUTS {
            let message = format!("the table has {} inputs, and the limit is {MAX_INPUTS}", inputs.len());
            self.found.push(
                Diagnostic::new(Code::TooManyDeclarations, message)
                    .at(self.span(&columns), "too many")
                    .help("name the inputs that the rows depend on"),
            );
        }
        Some(inputs)
    }

    /// Reports a row that does not have one value for each input of the header, which a grammar cannot count. `none` is the value that
    /// says nothing.
    pub(super) fn count_cells<C>(&mut self, inputs: &[Text], cells: &[Spanned<C>], row: Span, none: &str) {
        let (message, place, label, help) = match (cells.get(inputs.len()), inputs.get(cells.len())) {
            (None, None) => return,
            (Some(cell), _) => (
                "the row has a value without an input",
                cell.span,
                "the value of which input?".to_owned(),
                "name the input in the header of the table, or delete the value".to_owned(),
            ),
            (_, Some(input)) => (
                "the row has no value for an input",
                row,
                format!("the value of `{}` is missing", input.value),
                format!("write a value for each input of the header, or `{none}`"),
            ),
        };
        let mut error = Diagnostic::new(Code::CellCount, message).at(place, label).help(help);
        if let [first, .., last] | [first @ last] = inputs {
            error = error.at(first.span.to(last.span), "the inputs of the table");
        }
        self.found.push(error);
    }

    pub(super) fn strategy(&mut self, pair: &Pair<Rule>) -> Option<Strategy> {
        Some(Strategy {
            cases: self.each(pair, Rule::strategy_case, Self::strategy_case)?,
            otherwise: self.placed(&child(pair, Rule::quantifier)?, |_, word| quantifier(word))?,
        })
    }

    fn strategy_case(&mut self, pair: &Pair<Rule>) -> Option<StrategyCase> {
        Some(StrategyCase {
            quantifier: quantifier(&child(pair, Rule::quantifier)?)?,
            when: self.input_conditions(pair)?,
            span: self.span(pair),
        })
    }
}

fn quantifier(pair: &Pair<Rule>) -> Option<Quantifier> {
    Quantifier::ending(pair.as_str())
}
