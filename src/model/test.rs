//! Tests: the names in them resolved, and what they expect made plain.

use super::checker::Checker;
use super::declared::declared;
use super::ids::{CategoryId, DestinationId};
use super::merge::duplicate;
use super::reading::Reading;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, nearest};
use crate::reason::{Outcome, Reason};
use crate::syntax::tree::{
    ConsentState, DestinationSet, Expectation, ExpectedReason, InputState, Preference, StatedConsent,
    StatedIntegrations, StatedPreference, StatedRecorded, TestLine, TestStatement, Text,
};

/// A test: one or more cases under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    name: Spanned<String>,
    /// The cases; one, unless the test is a table.
    pub cases: Vec<TestCase>,
    /// True if the test is a table.
    pub is_table: bool,
    span: Span,
}

/// An event and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCase {
    /// The event, or several of which the same is expected.
    pub event: TestEvent,
    /// The ledger's answer about the person of each event. `None` if the test states none: it is decided without a check.
    pub recorded: Option<TestRecorded>,
    /// What is expected. Never empty.
    pub expectations: Vec<Spanned<Expected>>,
    /// Where the case stands: a row of a table, or the whole test.
    pub span: Span,
}

/// The event of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestEvent {
    /// Its two objects and, of a track event, its name.
    Stated {
        /// The consent object.
        consent: TestConsent,
        /// The integrations object.
        integrations: TestIntegrations,
        /// The name of a track event.
        track: Option<String>,
        /// The inputs that it has, by their places among those of the policy.
        inputs: Vec<(usize, InputState)>,
    },
    /// The whole event as JSON.
    Json(String),
    /// Each event of a file, by the path that the policy's source knows it by.
    File(Spanned<String>),
}

/// The consent object of a stated event.
pub type TestConsent = StatedConsent<CategoryId>;

/// The integrations object of a stated event, its entries by any name of a destination, or `All`.
pub type TestIntegrations = StatedIntegrations<String>;

/// The ledger's answer that a test states.
pub type TestRecorded = StatedRecorded<CategoryId>;

/// What is expected of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// An outcome of destinations.
    Outcome {
        /// The outcome.
        outcome: Outcome,
        /// Which destinations.
        which: DestinationSet<DestinationId>,
        /// The reason, where one is said.
        reason: Option<Reason>,
        /// The categories that a refusal names, where they are said, in declaration order.
        refused: Option<Vec<CategoryId>>,
    },
    /// The event is dropped, for this reason where one is said.
    Drop(Option<String>),
}

declared!(Test);

/// What the lines of a test say of its event.
#[derive(Default)]
struct Lines<'t> {
    /// A whole event, or all events of a file.
    whole: Option<Spanned<TestEvent>>,
    track: Option<&'t Text>,
    consent: Option<Spanned<&'t StatedConsent>>,
    integrations: Option<Spanned<&'t StatedIntegrations>>,
    inputs: Vec<(&'t Text, &'t Spanned<InputState>)>,
    recorded: Option<Spanned<&'t StatedRecorded>>,
    expectations: Vec<Spanned<&'t Expectation>>,
}

impl<'t> Checker<'t> {
    /// Checks a test of a policy that may check events against a ledger; `None` if its events or answers are not known, which has a
    /// diagnostic.
    pub(super) fn test(
        &mut self,
        said: &Spanned<&'t TestStatement>,
        has_check: bool,
        reading: Option<&Reading>,
    ) -> Option<Test> {
        let test = said.value;
        let lines = self.lines(test);
        let name = test.name.clone();
        let Some(rows) = &test.cases else {
            if lines.expectations.is_empty() {
                self.report(
                    Diagnostic::new(
                        Code::NothingExpected,
                        "the test expects nothing, so that it cannot fail",
                    )
                    .at(test.name.span, "expects what?")
                    .help("say what is expected: `deliver \"...\"`, `block \"...\"` or `drop`"),
                );
            }
            let event = match lines.whole {
                Some(whole) => Some(whole.value),
                None => {
                    let consent = lines.consent.map_or(&StatedConsent::Missing, |said| said.value);
                    let integrations =
                        lines.integrations.map_or(&StatedIntegrations::None, |said| said.value);
                    self.twice(lines.inputs.iter().map(|(input, _)| *input), "input");
                    self.stated(consent, integrations, lines.track, &lines.inputs, reading)
                }
            };
            if let Some(recorded) = lines.recorded.as_ref().filter(|_| !has_check) {
                self.recorded_without_check(recorded.span);
            }
            let recorded = self.recorded(lines.recorded.map(|said| said.value));
            let expectations = self.expectations(lines.expectations.into_iter());
            let case = TestCase { event: event?, recorded: recorded?, expectations, span: said.span };
            return Some(Test { name, cases: vec![case], is_table: false, span: said.span });
        };
        if let Some(whole) = &lines.whole {
            self.event_twice(whole.span, test.name.span);
        }
        self.twice(lines.inputs.iter().map(|(input, _)| *input).chain(&test.inputs), "input");
        let column = rows.first().and_then(|row| row.recorded.as_ref());
        if let Some(recorded) = column.filter(|_| !has_check) {
            self.recorded_without_check(recorded.span);
        }
        let mut cases = Vec::new();
        for row in rows {
            let integrations =
                row.integrations.as_ref().map_or(&StatedIntegrations::None, |said| &said.value);
            let columns = test.inputs.iter().zip(&row.inputs);
            let inputs: Vec<(&Text, &Spanned<InputState>)> =
                lines.inputs.iter().copied().chain(columns).collect();
            let event = self.stated(&row.consent.value, integrations, lines.track, &inputs, reading);
            let recorded = self.recorded(row.recorded.as_ref().map(|said| &said.value));
            let said = row.expectations.iter().map(|said| Spanned::new(&said.value, said.span));
            let expectations = self.expectations(said);
            let answered = event.zip(recorded);
            cases.extend(answered.map(|(event, recorded)| TestCase {
                event,
                recorded,
                expectations,
                span: row.span,
            }));
        }
        Some(Test { name, cases, is_table: true, span: said.span })
    }

    /// What the lines say, each thing once.
    fn lines(&mut self, test: &'t TestStatement) -> Lines<'t> {
        let mut lines = Lines::default();
        for line in &test.lines {
            let at = line.span;
            let first = match &line.value {
                TestLine::Expectation(expectation) => {
                    lines.expectations.push(Spanned::new(expectation, at));
                    None
                }
                TestLine::Consent(consent) => said_before(&mut lines.consent, consent, at),
                TestLine::Integrations(integrations) => {
                    said_before(&mut lines.integrations, integrations, at)
                }
                TestLine::Recorded(recorded) => {
                    if let Some(first) = said_before(&mut lines.recorded, recorded, at) {
                        self.report(
                            duplicate("what is recorded is said twice", first, at)
                                .help("delete one of the two"),
                        );
                    }
                    None
                }
                TestLine::Input { input, state } => {
                    lines.inputs.push((input, state));
                    None
                }
                TestLine::Event(name) => lines.track.replace(name).map(|first| first.span),
                TestLine::Json(json) => {
                    self.json(json, at);
                    said_before(&mut lines.whole, TestEvent::Json(json.clone()), at)
                }
                TestLine::EventsFrom(target) => {
                    // What leads out of the policy root has its diagnostic.
                    let path = self.forest.event_files.get(&target.span).cloned().unwrap_or_default();
                    said_before(&mut lines.whole, TestEvent::File(Spanned::new(path, target.span)), at)
                }
            };
            if let Some(first) = first {
                self.event_twice(at, first);
            }
        }
        if let Some(whole) = &lines.whole {
            let consent = lines.consent.as_ref().map(|said| said.span);
            let integrations = lines.integrations.as_ref().map(|said| said.span);
            let input = lines.inputs.first().map(|(input, _)| input.span);
            if let Some(part) = consent.or(integrations).or(lines.track.map(|name| name.span)).or(input) {
                self.event_twice(part, whole.span);
            }
        }
        lines
    }

    fn event_twice(&mut self, again: Span, first: Span) {
        self.report(
            duplicate("the event of the test is said twice", first, again)
                .help("say the event in parts (`consent`, `integrations`, `event \"...\"`), whole (`event { ... }`) or in a file, and only once"),
        );
    }

    fn json(&mut self, json: &str, at: Span) {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(json) {
            self.report(
                Diagnostic::new(Code::InvalidTestEvent, "the event is not JSON")
                    .at(at, error.to_string())
                    .help("an event is one JSON object; lines and columns count from its `{`"),
            );
        }
    }

    /// The event of two objects.
    fn stated(
        &mut self,
        consent: &StatedConsent,
        integrations: &StatedIntegrations,
        track: Option<&Text>,
        inputs: &[(&Text, &Spanned<InputState>)],
        reading: Option<&Reading>,
    ) -> Option<TestEvent> {
        let mut states = Vec::new();
        for (input, state) in inputs {
            let (place, state) = self.state(input, state)?;
            let may_be = reading.filter(|_| matches!(consent, StatedConsent::Missing));
            let may_be = may_be.map(|reading| reading.states_of_inputs(ConsentState::Missing));
            if state != InputState::Absent && may_be.is_some_and(|sets| sets.get(place) == Some(&1)) {
                let message = format!("no event without a consent object has the input `{}`", input.value);
                self.report(
                    Diagnostic::new(Code::ImpossiblePreference, message)
                        .at(input.span, "stands in the same object as the preferences")
                        .help("write `consent empty`, or `absent` for the input"),
                );
            }
            states.push((place, state));
        }
        let inputs = states;
        let consent = match consent {
            StatedConsent::Preferences(stated) => {
                reading.into_iter().for_each(|reading| self.impossible(stated, reading));
                self.by_category(stated).map(StatedConsent::Preferences)
            }
            StatedConsent::Missing => Some(StatedConsent::Missing),
            StatedConsent::Empty => Some(StatedConsent::Empty),
            StatedConsent::Malformed => Some(StatedConsent::Malformed),
        };
        let integrations = match integrations {
            StatedIntegrations::None => StatedIntegrations::Entries(Vec::new()),
            StatedIntegrations::Malformed => StatedIntegrations::Malformed,
            StatedIntegrations::Entries(stated) => {
                self.twice(stated.iter().map(|(name, _)| name), "entry");
                for (name, _) in stated {
                    if name.value != "All" && !self.owners.contains_key(name.value.as_str()) {
                        self.unknown_destination(name);
                    }
                }
                let entries = stated.iter().map(|(name, value)| (name.value.clone(), *value));
                StatedIntegrations::Entries(entries.collect())
            }
        };
        Some(TestEvent::Stated {
            consent: consent?,
            integrations,
            track: track.map(|name| name.value.clone()),
            inputs,
        })
    }

    /// Reports the preferences that no event can give a category.
    fn impossible(&mut self, stated: &[(Text, StatedPreference)], reading: &Reading) {
        let values = reading.values();
        for (name, stated) in stated.iter().filter(|(_, stated)| !values.contains(&Preference::from(*stated)))
        {
            let words: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
            let message = format!("no event can say that `{}` is {stated}", name.value);
            self.report(
                Diagnostic::new(Code::ImpossiblePreference, message)
                    .at(name.span, "the shape at `consent at` has no such preference")
                    .help(format!("write {}", words.join(" or "))),
            );
        }
    }

    fn recorded_without_check(&mut self, at: Span) {
        self.report(
            Diagnostic::new(Code::RecordedWithoutCheck, "the policy does not check events against a ledger")
                .at(at, "would decide nothing")
                .help("turn the check on with `override ledger mismatch  drop`, `use recorded` or `report`, or delete what is recorded"),
        );
    }

    /// The answer of the ledger, if one is stated; `None` if it has unknown names, which have diagnostics.
    fn recorded(&mut self, said: Option<&StatedRecorded>) -> Option<Option<TestRecorded>> {
        let Some(said) = said else { return Some(None) };
        let recorded = match said {
            StatedRecorded::Unknown => StatedRecorded::Unknown,
            StatedRecorded::Unreachable => StatedRecorded::Unreachable,
            StatedRecorded::Record(stated) => StatedRecorded::Record(self.by_category(stated)?),
        };
        Some(Some(recorded))
    }

    /// The same values by the categories of these names; `None` if there are unknown ones.
    fn by_category<V: Copy>(&mut self, stated: &[(Text, V)]) -> Option<Vec<(CategoryId, V)>> {
        self.twice(stated.iter().map(|(name, _)| name), "category");
        let known: Vec<Option<_>> = stated
            .iter()
            .map(|(name, value)| self.category_named(name).map(|category| (category, *value)))
            .collect();
        known.into_iter().collect()
    }

    fn expectations<'e>(
        &mut self,
        said: impl Iterator<Item = Spanned<&'e Expectation>>,
    ) -> Vec<Spanned<Expected>> {
        said.filter_map(|said| Some(Spanned::new(self.expected(said.value)?, said.span))).collect()
    }

    fn expected(&mut self, said: &Expectation) -> Option<Expected> {
        let (deliver, which, because) = match said {
            Expectation::Drop(reason) => {
                return Some(Expected::Drop(reason.as_ref().map(|reason| reason.value.clone())));
            }
            Expectation::Destinations { deliver, which, because } => (*deliver, which, because),
        };
        let outcome = if deliver { Outcome::Deliver } else { Outcome::Block };
        let (reason, refused) = match because {
            Some(because) => self.reason(because, outcome)?,
            None => (None, None),
        };
        let which = match which {
            DestinationSet::All => DestinationSet::All,
            DestinationSet::These(names) => DestinationSet::These(self.destinations_named(names)?),
            DestinationSet::Only(names) => DestinationSet::Only(self.destinations_named(names)?),
        };
        Some(Expected::Outcome { outcome, which, reason, refused })
    }

    /// The reason that is expected, and of a refusal the categories that it names.
    fn reason(
        &mut self,
        said: &ExpectedReason,
        outcome: Outcome,
    ) -> Option<(Option<Reason>, Option<Vec<CategoryId>>)> {
        let word = &said.reason;
        let Some(reason) = Reason::ALL.into_iter().find(|reason| reason.as_str() == word.value) else {
            let of_outcome = Reason::ALL.into_iter().filter(|reason| reason.outcome() == outcome);
            let words: Vec<&str> = of_outcome.map(Reason::as_str).collect();
            let help = match nearest(&word.value, Reason::ALL.into_iter().map(Reason::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the reasons to {} are {}", outcome.as_str(), words.join(", ")),
            };
            self.report(
                Diagnostic::new(Code::UnknownReason, format!("no decision has the reason `{}`", word.value))
                    .at(word.span, "unknown")
                    .help(help),
            );
            return None;
        };
        self.twice(said.categories.iter(), "category");
        let mut refused: Vec<CategoryId> =
            said.categories.iter().filter_map(|name| self.category_named(name)).collect();
        refused.sort_unstable();
        let message = match said.categories.as_slice() {
            _ if reason.outcome() != outcome => format!("`{reason}` is no reason to {}", outcome.as_str()),
            [_, ..] if reason != Reason::Refused => format!("`{reason}` names no categories"),
            _ if refused.len() != said.categories.len() => return None,
            [] => return Some((Some(reason), None)),
            _ => return Some((Some(reason), Some(refused))),
        };
        self.report(Diagnostic::new(Code::ContradictoryReason, message).at(word.span, "never so").help(
            "`grammar/language.md` lists the reasons of each outcome; only `refused` names categories",
        ));
        None
    }
}

/// Keeps what a line says, and returns where another one has said it.
fn said_before<T>(kept: &mut Option<Spanned<T>>, value: T, at: Span) -> Option<Span> {
    kept.replace(Spanned::new(value, at)).map(|first| first.span)
}
