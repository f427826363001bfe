//! `input …`, and the conditions on inputs, with their names and values resolved.

use super::Category;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::checker::Checker;
use crate::model::consent_keys::{HOLDERS, INTEGRATIONS, count_as_consent};
use crate::model::inputs::{Arm, ArmNeeds, EventInput, InputReading, StateSet, StrategyCases, When};
use crate::model::reading::Reading;
use crate::model::requirement::Requirement;
use crate::syntax;
use crate::syntax::tree::{
    ForeignConsent, InputCell, InputCondition, InputState, InputStatement, Needs, Otherwise, Quantifier,
    Scalar, Strategy, Text,
};

/// The most values of one input.
const MAX_VALUES: usize = 16;

/// The most inputs that one destination depends on.
const MAX_READ: usize = 6;

impl<'t> Checker<'t> {
    /// Checks the inputs, and keeps their names.
    pub(super) fn inputs(&mut self, stated: &[Spanned<&'t InputStatement>]) -> Vec<EventInput> {
        self.limit(stated.len(), syntax::MAX_INPUTS, "inputs");
        let mut inputs: Vec<EventInput> = Vec::new();
        for said in stated {
            let input = said.value;
            self.path(&input.path, "an input", "an input stands in another member, such as `context.gpc`");
            if input.values.len() > MAX_VALUES {
                let message =
                    format!("the input has {} values, and the limit is {MAX_VALUES}", input.values.len());
                self.report(
                    Diagnostic::new(Code::TooManyDeclarations, message)
                        .at(input.name.span, "too many values")
                        .help("name the values that decide; each other one is `other`"),
                );
            }
            let mut seen: Vec<&Spanned<Scalar>> = Vec::new();
            for value in input.values.iter().chain(&input.absent) {
                if let Some(first) = seen.iter().find(|first| first.value == value.value) {
                    self.report(
                        Diagnostic::new(Code::DuplicateDeclaration, "the input has a value twice")
                            .at(value.span, "again here")
                            .at(first.span, "first here")
                            .help("delete one of the two"),
                    );
                }
                seen.push(value);
            }
            let keys = |path: &[Text]| path.iter().map(|key| key.value.clone()).collect();
            let values =
                |values: &[Spanned<Scalar>]| values.iter().map(|value| value.value.clone()).collect();
            let reading = InputReading {
                path: keys(&input.path),
                values: values(input.values.get(..MAX_VALUES.min(input.values.len())).unwrap_or_default()),
                absent: values(&input.absent),
            };
            let place = input.path.last().map_or(said.span, |key| key.span);
            if let Some(other) = inputs.iter().find(|other| is_on_way(&other.reading.path, &reading.path)) {
                self.report(
                    Diagnostic::new(
                        Code::UnusablePath,
                        format!("the input `{}` stands on the same path", other.name()),
                    )
                    .at(place, "one value cannot be two inputs")
                    .at(other.span, "the other input")
                    .help("declare one input with the values of both"),
                );
            }
            self.inputs.insert(&input.name.value, inputs.len());
            inputs.push(EventInput { name: input.name.clone(), reading, span: said.span });
        }
        self.readings = inputs.iter().map(|input| input.reading.clone()).collect();
        inputs
    }

    /// Reports the inputs that stand where an event has consent or integrations.
    pub(super) fn apart_from_consent(&mut self, inputs: &[EventInput], reading: &Reading) {
        for input in inputs {
            let path = &input.reading.path;
            let is_at = |place: &[&str]| {
                let place: Vec<String> = place.iter().map(|key| (*key).to_owned()).collect();
                is_on_way(&place, path)
            };
            let is_spelling = |place: &Reading| {
                place.wrong_spellings().any(|spelling| {
                    let parents = place.parents.iter().map(String::as_str);
                    is_at(&parents.chain([spelling]).collect::<Vec<_>>())
                })
            };
            let counts = |place: &Reading| count_as_consent(input.values(), path, &place.parents);
            let is_integrations = |holder| path.len() > 1 && is_at(&[holder, INTEGRATIONS]);
            let name = input.name();
            let (message, label, help) = if reading.paths().any(|path| is_at(&path)) {
                (
                    format!("the input `{name}` stands on the path of the preferences"),
                    "the policy reads preferences there",
                    "an input is another member, such as `context.consentManagement.provider`",
                )
            } else if reading.each().iter().any(is_spelling) {
                (
                    format!("the input `{name}` stands under another spelling of the preferences"),
                    "consent is malformed on every event that has this member",
                    "accept the spelling with `alias` behind `consent at`, or read the input from another member",
                )
            } else if HOLDERS.into_iter().any(is_integrations) {
                (
                    format!("the input `{name}` stands in misplaced integrations"),
                    "integrations in `context` or `options` are no input",
                    "an input is another member, such as `context.gpc`",
                )
            } else if reading.foreign == ForeignConsent::Malformed && reading.each().iter().all(counts) {
                (
                    format!("the input `{name}` stands where consent may be"),
                    "`foreign consent malformed` looks for consent there",
                    "read the input from a place outside consent, such as `context.gpc`, or write `foreign consent ignored`",
                )
            } else {
                continue;
            };
            let found = Diagnostic::new(Code::UnusablePath, message);
            self.report(found.at(input.span, label).help(help));
        }
    }

    /// Returns a condition with its inputs and values resolved; `None` if one of them is unknown, which has a diagnostic.
    pub(in crate::model) fn when(&mut self, stated: &[InputCondition]) -> Option<When> {
        self.twice(stated.iter().map(|one| &one.input), "input");
        let tests: Vec<Option<(usize, StateSet)>> =
            stated.iter().map(|one| self.test_of_input(&one.input, &one.states)).collect();
        Some(When::new(tests.into_iter().collect::<Option<_>>()?))
    }

    /// Returns an input by its place, with the states that a condition names.
    fn test_of_input(&mut self, input: &Text, states: &[Spanned<InputState>]) -> Option<(usize, StateSet)> {
        let place = self.input_named(input)?;
        let reading = self.readings.get(place)?.clone();
        let mut set: StateSet = 0;
        for state in states {
            let Some(number) = reading.number(&state.value) else {
                self.unknown_value(input, &reading, state);
                return None;
            };
            if set >> number & 1 == 1 {
                self.report(
                    Diagnostic::new(Code::DuplicateState, "the condition names a state twice")
                        .at(state.span, "again here")
                        .help("delete one of the two"),
                );
            }
            set |= 1 << number;
        }
        Some((place, set))
    }

    fn unknown_value(&mut self, input: &Text, reading: &InputReading, state: &Spanned<InputState>) {
        let known: Vec<String> = reading.values.iter().map(Scalar::to_string).collect();
        let is_absent = matches!(&state.value, InputState::Value(value) if reading.absent.contains(value));
        let help = match is_absent {
            true => "it counts as no value: write `absent`".to_owned(),
            false => format!("the values are {}; any other one is `other`", known.join(", ")),
        };
        self.report(
            Diagnostic::new(Code::UnknownInput, format!("the input `{}` has no such value", input.value))
                .at(state.span, "unknown")
                .help(help),
        );
    }

    /// Returns one state of an input for each column of a table; `None` where one is unknown.
    pub(in crate::model) fn cells(&mut self, inputs: &[Text], cells: &[Spanned<InputCell>]) -> Option<When> {
        let mut tests = Vec::new();
        for (input, cell) in inputs.iter().zip(cells) {
            match &cell.value {
                InputCell::Any => drop(self.input_named(input)?),
                InputCell::States(states) => tests.push(self.test_of_input(input, states)?),
            }
        }
        Some(When::new(tests))
    }

    /// Returns the number of a state that a test gives an input, with the input's place.
    pub(in crate::model) fn state(
        &mut self,
        input: &Text,
        state: &Spanned<InputState>,
    ) -> Option<(usize, InputState)> {
        let (place, _) = self.test_of_input(input, std::slice::from_ref(state))?;
        Some((place, state.value.clone()))
    }

    /// Returns the cases of the strategy.
    pub(super) fn strategy(&mut self, stated: &Strategy) -> StrategyCases {
        let cases = stated.cases.iter().filter_map(|case| Some((self.when(&case.when)?, case.quantifier)));
        StrategyCases { cases: cases.collect(), otherwise: stated.otherwise.value }
    }

    /// Returns what a destination needs under a condition.
    pub(super) fn arm(
        &mut self,
        when: &[InputCondition],
        needs: Option<&Needs>,
        several: Quantifier,
        span: Span,
    ) -> Option<Arm> {
        let when = self.when(when);
        self.uses.clear();
        let needs = match needs {
            None => Some(ArmNeeds::Unmapped),
            Some(Needs::ByStrategy(names)) => {
                self.twice(names.iter(), "category");
                if !self.has_strategy {
                    self.report(
                        Diagnostic::new(Code::MissingSetting, "the policy has no strategy")
                            .at(span, "all or any of them?")
                            .help("set it, such as `strategy all`, or write `all of` or `any of`"),
                    );
                }
                let named: Vec<Requirement> = names
                    .iter()
                    .filter_map(|name| self.category_named(name))
                    .map(Requirement::Category)
                    .collect();
                (!named.is_empty()).then_some(ArmNeeds::ByStrategy(named))
            }
            Some(needs) => self.needs(needs, several).map(ArmNeeds::Requirement),
        };
        let uses = std::mem::take(&mut self.uses);
        Some(Arm { when: when?, needs: needs?, uses, span })
    }

    /// Returns what `otherwise` says.
    pub(super) fn otherwise(&mut self, stated: &Otherwise, several: Quantifier, span: Span) -> Option<Arm> {
        match stated {
            Otherwise::Unmapped => self.arm(&[], None, several, span),
            Otherwise::Needs(needs) => self.arm(&[], Some(needs), several, span),
        }
    }

    /// Reports the conditions of a category that refuses nothing by itself.
    pub(super) fn refusable(&mut self, category: &Category) {
        let (Some((_, at)), Some(other)) =
            (category.refused_when.first(), category.always.or(category.unenforced))
        else {
            return;
        };
        self.report(
            Diagnostic::new(Code::ContradictoryCategory, format!("`{}` cannot be refused", category.name()))
                .at(*at, "an input is to refuse it")
                .at(other, "but this lets no one refuse it")
                .help("delete one of the two"),
        );
    }

    /// Reports a destination that depends on too many inputs.
    pub(super) fn readable(&mut self, name: &Text, read: usize) {
        if read > MAX_READ {
            let message = format!("`{}` depends on {read} inputs, and the limit is {MAX_READ}", name.value);
            self.report(
                Diagnostic::new(Code::TooManyDeclarations, message)
                    .at(name.span, "too many inputs")
                    .help("the columns of `reconcile`, its own conditions, the strategy and `refused when` of its categories count; with a ledger check, of all categories"),
            );
        }
    }

    /// Returns the places of the inputs that a name has; reports an unknown one.
    pub(in crate::model) fn input_named(&mut self, name: &Text) -> Option<usize> {
        let known = self.inputs.get(name.value.as_str()).copied();
        if known.is_none() && !self.forest.may_have_lost(&name.value) {
            let help = match self.near(name, &self.inputs) {
                Some(near) => format!("did you mean `{}`?", syntax::name(near)),
                None => format!("declare it: `input {} at ... values ...`", syntax::name(&name.value)),
            };
            self.report_unknown(Code::UnknownInput, "input", name, help);
        }
        known
    }
}

/// Returns true if one path leads to the other, or both are the same.
fn is_on_way(one: &[String], other: &[String]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
