//! Tests and levels of lint: statements that decide nothing, and that layouts keep; and that tests hold for what is decided.

use super::policies::{InputText, PolicyText, input_condition, some};
use super::{compile, events::EventText};
use arbitrary::{Result, Unstructured};
use consentry::event::{LedgerAnswer, Record, Recorded, RecordedPreference};
use consentry::source::Memory;
use consentry::syntax::{name, quoted};
use consentry::testing::{self, Difference, Failure};
use consentry::{Decision, Input, Policy, Reason, Table};

/// What tests may name, as a policy writes it.
pub struct Names<'n> {
    pub categories: &'n [String],
    /// By their own names.
    pub destinations: &'n [String],
    /// By any of their names.
    pub entries: &'n [String],
    /// True if the policy checks events against a ledger.
    pub has_check: bool,
    /// The preferences that an event can give a category.
    pub preferences: &'n [&'n str],
    pub inputs: &'n [InputText],
}

const JSON: [&str; 6] = [
    "{}",
    "{ \"type\" : \"track\", \"event\": \"{ // \\\" no comment\" }",
    "{\n  \"context\": {\n      \"consent\": { \"categoryPreferences\": { \"A\": true, \"B\": null } }\n  }\n}",
    "{\"a\":[1,-2.5e+3,{\"b\":{}},\n[ ] ,true]\n\n}",
    "{ \"integrations\": { \"All\": false }\n      }",
    "{\"\\u{1F600}\": \"\\\\\"}",
];

const REASONS: [(&str, &str); 6] = [
    ("deliver", "consented"),
    ("deliver", "not_enforced"),
    ("deliver", "integration_granted"),
    ("block", "refused"),
    ("block", "integration_all_off"),
    ("block", "dropped"),
];

impl Names<'_> {
    /// Some tests, whose names differ.
    pub fn tests(&self, u: &mut Unstructured) -> Result<Vec<String>> {
        (0..u.int_in_range(0..=4)?).map(|number| self.test(number, u)).collect()
    }

    fn test(&self, number: usize, u: &mut Unstructured) -> Result<String> {
        let mut lines = Vec::new();
        let is_answered = self.has_check && u.arbitrary()?;
        let mut is_table = false;
        match u.int_in_range(0..=4)? {
            0 => lines.push(format!("event {}", JSON[u.choose_index(4)?])),
            1 => lines.push(format!("events from \"events {number}.ndjson\"")),
            2 => {
                if u.arbitrary()? {
                    lines.push("event \"Order // Completed\"".to_owned());
                }
                is_table = true;
                let column = if is_answered { "recorded " } else { "" };
                lines.push(format!("consent integrations {column}expect"));
                for _ in 0..u.int_in_range(1..=5)? {
                    let (consent, mut integrations) = (self.consent(u)?, self.integrations(u)?);
                    if is_answered {
                        integrations = format!("{integrations} {}", self.recorded(u)?);
                    }
                    let mut expectations = Vec::new();
                    for _ in 0..u.int_in_range(1..=3)? {
                        expectations.push(self.expectation(u)?);
                    }
                    lines.push(format!("{consent} {integrations} {}", expectations.join(" ")));
                }
            }
            _ => {
                if u.arbitrary()? {
                    lines.push(format!("consent {}", self.consent(u)?));
                }
                if u.arbitrary()? {
                    lines.push(format!("integrations {}", self.integrations(u)?));
                }
                if u.arbitrary()? {
                    lines.push("event \"Order Completed\"".to_owned());
                }
            }
        }
        if !is_table {
            if is_answered {
                lines.push(format!("recorded {}", self.recorded(u)?));
            }
            for _ in 0..u.int_in_range(1..=4)? {
                lines.insert(u.int_in_range(0..=lines.len())?, self.expectation(u)?);
            }
        }
        Ok(format!("test \"{number}\" {{\n{}\n}}", lines.join("\n")))
    }

    fn consent(&self, u: &mut Unstructured) -> Result<String> {
        let states = ["missing", "empty", "unanswered", "malformed", "{}"];
        if self.categories.is_empty() || u.ratio(1, 3)? {
            return Ok((*u.choose(&states)?).to_owned());
        }
        self.object(self.categories, self.preferences, u)
    }

    fn integrations(&self, u: &mut Unstructured) -> Result<String> {
        if self.entries.is_empty() || u.ratio(1, 3)? {
            return Ok((*u.choose(&["none", "malformed", "{ }", "{ All: off }"])?).to_owned());
        }
        self.object(self.entries, &["on", "off", "invalid", "{}"], u)
    }

    fn recorded(&self, u: &mut Unstructured) -> Result<String> {
        if self.categories.is_empty() || u.ratio(1, 3)? {
            return Ok((*u.choose(&["unknown", "unreachable", "{}"])?).to_owned());
        }
        self.object(self.categories, &["granted", "refused", "conflict"], u)
    }

    fn object(&self, names: &[String], values: &[&str], u: &mut Unstructured) -> Result<String> {
        let mut members = Vec::new();
        for name in some(u, names)? {
            members.push(format!("{name}: {}", u.choose(values)?));
        }
        Ok(format!("{{{}}}", members.join(",")))
    }

    fn expectation(&self, u: &mut Unstructured) -> Result<String> {
        if u.ratio(1, 6)? {
            return Ok((*u.choose(&["drop", "drop \"malformed consent object\""])?).to_owned());
        }
        let (outcome, reason) = *u.choose(&REASONS)?;
        let which = match u.int_in_range(0..=3)? {
            1 | 2 if !self.destinations.is_empty() => some(u, self.destinations)?.join(", "),
            3 if !self.destinations.is_empty() => format!("only {}", some(u, self.destinations)?.join(", ")),
            _ => "all".to_owned(),
        };
        let because = match (u.arbitrary()?, self.categories) {
            (false, _) => String::new(),
            (true, [_, ..]) if reason == "refused" => {
                format!(" because {reason} {}", some(u, self.categories)?.join(", "))
            }
            _ => format!(" because {reason}"),
        };
        Ok(format!("{outcome} {which}{because}"))
    }
}

impl Names<'_> {
    /// Some promises, kept or not.
    pub fn promises(&self, u: &mut Unstructured) -> Result<Vec<String>> {
        let count = [0, 0, 1, 2, 4][u.choose_index(5)?];
        (0..count).map(|_| self.promise(u)).collect()
    }

    fn promise(&self, u: &mut Unstructured) -> Result<String> {
        let always = u.arbitrary()?;
        let mut promise = if always { "always deliver " } else { "never deliver " }.to_owned();
        match u.ratio(2, 3)? {
            true => promise.push_str(&self.subjects(u)?),
            false => promise.push_str(if always { "all" } else { "any" }),
        }
        if u.ratio(1, 4)? {
            promise.push_str(&format!(" except {}", self.subjects(u)?));
        }
        if !always && !self.categories.is_empty() && u.ratio(2, 3)? {
            let lead = *u.choose(&["", "any of ", "all of "])?;
            promise.push_str(&format!(" without {lead}{}", some(u, self.categories)?.join(", ")));
        }
        for number in 0..u.int_in_range(0..=3)? {
            promise.push_str(if number == 0 { " when " } else { " and " });
            promise.push_str(&self.condition(u)?);
            // One condition for each input is enough.
            if number == 0 && !self.inputs.is_empty() && u.arbitrary()? {
                promise.push_str(&format!(" and {}", input_condition(u, self.inputs)?));
            }
        }
        if u.ratio(1, 4)? {
            promise.push_str(" because \"so\"");
        }
        Ok(promise)
    }

    /// Some destinations and kinds.
    fn subjects(&self, u: &mut Unstructured) -> Result<String> {
        let mut subjects = match self.destinations {
            [_, ..] if u.ratio(2, 3)? => some(u, self.destinations)?,
            _ => Vec::new(),
        };
        if subjects.is_empty() || u.ratio(1, 3)? {
            let kinds = ["kind warehouse", "kind \"plain kind\"", "kind unused"].map(str::to_owned);
            subjects.extend(some(u, &kinds)?);
        }
        let at = u.choose_index(subjects.len())?;
        subjects.rotate_left(at);
        Ok(subjects.join(", "))
    }

    fn condition(&self, u: &mut Unstructured) -> Result<String> {
        const CONSENT: [&str; 7] = [
            "answered",
            "missing",
            "empty | unanswered",
            "malformed",
            "any",
            "answered | unanswered",
            "unanswered",
        ];
        let state = *u.choose(&["on", "off", "unlisted", "invalid", "off | invalid", "unlisted | on"])?;
        Ok(match u.int_in_range(0..=5)? {
            1 => format!("integrations {}", u.choose(&["present", "none", "malformed", "none | present"])?),
            2 => (*u.choose(&["event not exempt", "event exempt", "event \"é\" | \"Order Completed\""])?)
                .to_owned(),
            3 => match self.entries {
                [] => format!("All {state}"),
                entries => format!("{} {state}", u.choose(entries)?),
            },
            4 | 5 if !self.categories.is_empty() => {
                format!("{} {}", u.choose(self.categories)?, u.choose(&["granted", "not granted"])?)
            }
            _ => format!("consent {}", u.choose(&CONSENT)?),
        })
    }
}

/// What lint is told, of findings that differ.
pub fn lint_levels(u: &mut Unstructured) -> Result<Vec<String>> {
    let mut levels = Vec::new();
    for finding in ["overlapping-rows", "integrations-override-refusal", "always-differs-from-segment"] {
        levels.extend(match u.int_in_range(0..=5)? {
            0 => Some(format!("lint {finding} error")),
            1 => Some(format!("lint {finding} warning because \"so\"")),
            2 => Some(format!("lint {finding} off because \"a // reason\"")),
            _ => None,
        });
    }
    Ok(levels)
}

/// A test that states an event, the ledger's answer and what the table decides of them passes, and one that states the opposite for one
/// destination fails there.
pub fn tests_hold_for_what_is_decided(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    let mut scratch = table.scratch();
    let mut text = policy.text();
    let mut source = Memory::default();
    let (mut checks, mut compared) = (Vec::new(), 0);
    for number in 0..24 {
        let event = EventText::arbitrary(u, &policy)?.text().replace(['\r', '\n'], " ");
        let answer = answer(table.policy(), u)?;
        let recorded = answer.as_ref().map_or(Recorded::Unchecked, LedgerAnswer::recorded);
        let decision = table.decide(Input::line(event.as_bytes()).recorded(recorded), &mut scratch).unwrap();
        let mut right = expectations(&decision);
        compared += right.len() as u64;
        let lead = format!("events from \"e{number}\" {}", stated(table.policy(), answer.as_ref()));
        if let Some(reason) = decision.drop_reason() {
            right.push(format!("drop {}", quoted(reason)));
        }
        if !right.is_empty() {
            text.push_str(&format!("test \"right {number}\" {{ {lead} {} }}\n", right.join(" ")));
        }
        if let Some(id) = table.policy().destination_ids().next() {
            let wrong = if decision.delivers(id) { "block" } else { "deliver" };
            let destination = quoted(table.policy().destination(id).unwrap().name());
            text.push_str(&format!("test \"wrong {number}\" {{ {lead} {wrong} {destination} }}\n"));
            checks.push(decision.check().map(|checked| checked.result));
        }
        source.insert(format!("e{number}"), event);
    }
    source.insert("p", text.as_str());
    let table = Policy::from_source(&source, "p").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let table = Table::new(table);
    let is_wrong = |name: &str| name.starts_with("wrong ");
    let wanted = |name: &str| is_wrong(name) || name.starts_with("right ");
    let mut checks = checks.into_iter();
    for result in testing::run(&table, &source, |test| wanted(test.name())) {
        match &result.failures[..] {
            [] => assert!(result.passed && !is_wrong(result.test), "{}\n{text}", result.test),
            [Failure::Decided { check, differences, .. }] if is_wrong(result.test) => {
                assert_eq!(Some(*check), checks.next(), "{}\n{text}", result.test);
                assert!(
                    matches!(differences[..], [Difference::Destination { .. }]),
                    "{differences:?}\n{text}"
                );
            }
            failures => panic!("{}: {failures:#?}\n{source:?}", result.test),
        }
    }
    assert_eq!(checks.next(), None);
    Ok(compared)
}

/// Returns expectations that the decision of each destination meets.
fn expectations(decision: &Decision) -> Vec<String> {
    let policy = decision.policy();
    let expectation = |(id, verdict): (consentry::DestinationId, consentry::Verdict)| {
        let destination = quoted(policy.destination(id).unwrap().name());
        let categories = verdict.refused().iter().map(|id| name(policy.category(*id).unwrap().name()));
        let categories = categories.collect::<Vec<_>>().join(", ");
        assert_eq!(verdict.reason() == Reason::Refused, !categories.is_empty());
        format!("{} {destination} because {} {categories}", verdict.outcome(), verdict.reason())
    };
    decision.verdicts().map(expectation).collect()
}

/// An answer of the ledger; none where the event is not checked.
fn answer(policy: &Policy, u: &mut Unstructured) -> Result<Option<LedgerAnswer>> {
    if policy.ledger_check().is_none() {
        return Ok(None);
    }
    Ok(match u.int_in_range(0..=5)? {
        0 => None,
        1 => Some(LedgerAnswer::Unknown),
        2 => Some(LedgerAnswer::Unreachable),
        _ => {
            let mut record = Record::default();
            for category in policy.categories() {
                if u.arbitrary()? {
                    let recorded = *u.choose(&RecordedPreference::ALL)?;
                    record.preferences.insert(category.wire_id().to_owned(), recorded);
                }
            }
            Some(LedgerAnswer::Known(record))
        }
    })
}

/// The line of a test that states an answer.
fn stated(policy: &Policy, answer: Option<&LedgerAnswer>) -> String {
    match answer {
        None => String::new(),
        Some(LedgerAnswer::Unknown) => "recorded unknown".to_owned(),
        Some(LedgerAnswer::Unreachable) => "recorded unreachable".to_owned(),
        Some(LedgerAnswer::Known(record)) => {
            let named = |category: &consentry::model::Category| {
                let recorded = record.preferences.get(category.wire_id())?;
                Some(format!("{}: {recorded}", name(category.name())))
            };
            let named: Vec<String> = policy.categories().iter().filter_map(named).collect();
            format!("recorded {{ {} }}", named.join(", "))
        }
    }
}
