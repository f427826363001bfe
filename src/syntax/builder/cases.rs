//! Tests → facts. Each function here mirrors a rule of the grammar.

use super::{Builder, Pair, Rule, all, child, children, has};
use crate::diagnostic::{Code, Spanned};
use crate::spelled::Spelled;
use crate::syntax::tree::*;

impl Builder<'_> {
    pub(super) fn test(&mut self, pair: &Pair<Rule>) -> Option<TestStatement> {
        let name = self.named(pair, Rule::text)?;
        let (mut lines, mut inputs, mut cases) = (Vec::new(), Vec::new(), None);
        for part in children(pair) {
            let line = match part.as_rule() {
                Rule::cases => {
                    let columns = [Rule::word_integrations, Rule::word_recorded];
                    let rule = match columns.map(|word| has(&part, word)) {
                        [true, true] => Rule::recorded_case,
                        [true, false] => Rule::case,
                        [false, true] => Rule::short_recorded_case,
                        [false, false] => Rule::short_case,
                    };
                    inputs = self.columns(&part)?;
                    let rows = self.each(&part, rule, Self::case)?;
                    for row in &rows {
                        self.count_cells(&inputs, &row.inputs, row.span, "absent");
                    }
                    cases = Some(rows);
                    continue;
                }
                Rule::stated_event => self.stated_event(&part)?,
                Rule::stated_consent => {
                    TestLine::Consent(self.case_consent(&child(&part, Rule::case_consent)?)?)
                }
                Rule::stated_integrations => {
                    TestLine::Integrations(self.case_integrations(&child(&part, Rule::case_integrations)?)?)
                }
                Rule::stated_input => TestLine::Input {
                    input: self.named(&part, Rule::name)?,
                    state: self.input_states(&part)?.pop()?,
                },
                Rule::stated_recorded => {
                    TestLine::Recorded(self.case_recorded(&child(&part, Rule::case_recorded)?)?)
                }
                Rule::expectation => TestLine::Expectation(self.expectation(&part)?),
                _ => continue,
            };
            lines.push(Spanned::new(line, self.span(&part)));
        }
        Some(TestStatement { name, lines, inputs, cases })
    }

    fn stated_event(&mut self, pair: &Pair<Rule>) -> Option<TestLine> {
        if let Some(json) = child(pair, Rule::json) {
            return Some(TestLine::Json(json.as_str().to_owned()));
        }
        let text = self.named(pair, Rule::text)?;
        Some(if has(pair, Rule::word_from) { TestLine::EventsFrom(text) } else { TestLine::Event(text) })
    }

    fn case(&mut self, pair: &Pair<Rule>) -> Option<Case> {
        Some(Case {
            consent: self.placed(&child(pair, Rule::case_consent)?, Self::case_consent)?,
            integrations: self.placed_if(pair, Rule::case_integrations, Self::case_integrations)?,
            inputs: self.input_states(pair)?,
            recorded: self.placed_if(pair, Rule::case_recorded, Self::case_recorded)?,
            expectations: self
                .each(pair, Rule::expectation, |builder, one| builder.placed(one, Self::expectation))?,
            span: self.span(pair),
        })
    }

    fn case_consent(&mut self, pair: &Pair<Rule>) -> Option<StatedConsent> {
        let first = children(pair).next()?;
        Some(match first.as_rule() {
            Rule::word_missing => StatedConsent::Missing,
            Rule::word_empty => StatedConsent::Empty,
            Rule::word_malformed => StatedConsent::Malformed,
            Rule::old_none_given => {
                self.old_none_given(&first);
                StatedConsent::Preferences(Vec::new())
            }
            _ => {
                let (words, value) = (["granted", "refused"], StatedPreference::ending);
                StatedConsent::Preferences(self.stated(pair, Rule::stated_preference, words, value)?)
            }
        })
    }

    fn case_integrations(&mut self, pair: &Pair<Rule>) -> Option<StatedIntegrations> {
        Some(match children(pair).next()?.as_rule() {
            Rule::word_none => StatedIntegrations::None,
            Rule::word_malformed => StatedIntegrations::Malformed,
            _ => {
                let (words, value) = (["on", "off"], StatedEntry::ending);
                StatedIntegrations::Entries(self.stated(pair, Rule::stated_entry, words, value)?)
            }
        })
    }

    fn case_recorded(&mut self, pair: &Pair<Rule>) -> Option<StatedRecorded> {
        Some(match children(pair).next()?.as_rule() {
            Rule::word_unknown => StatedRecorded::Unknown,
            Rule::word_unreachable => StatedRecorded::Unreachable,
            _ => {
                let (words, value) = (["granted", "refused"], RecordedPreference::ending);
                StatedRecorded::Record(self.stated(pair, Rule::recorded_preference, words, value)?)
            }
        })
    }

    /// Reads the members of an object, each with its value. `yes` and `no` are the words of the old values `true` and `false`.
    fn stated<V>(
        &mut self,
        object: &Pair<Rule>,
        member: Rule,
        [yes, no]: [&str; 2],
        value: fn(&str) -> Option<V>,
    ) -> Option<Vec<(Text, V)>> {
        let mut stated = Vec::new();
        for member in all(object, member) {
            let mut parts = children(&member);
            let name = self.name(&parts.next()?)?;
            let written = parts.last()?;
            let word = match (written.as_rule(), written.as_str()) {
                (Rule::options, _) => "{}",
                (_, "true") => yes,
                (_, "false") => no,
                (_, "null") => "invalid",
                (_, word) => word,
            };
            if written.as_rule() == Rule::old_value {
                self.old(Code::OldTestValue, &[self.whole(&written)], written.as_str(), word);
            }
            stated.push((name, value(word)?));
        }
        Some(stated)
    }

    fn expectation(&mut self, pair: &Pair<Rule>) -> Option<Expectation> {
        let mut names = self.names(pair, Rule::text)?;
        if has(pair, Rule::word_drop) {
            return Some(Expectation::Drop(names.pop()));
        }
        let which = match (has(pair, Rule::word_all), has(pair, Rule::word_only)) {
            (true, _) => DestinationSet::All,
            (_, true) => DestinationSet::Only(names),
            _ => DestinationSet::These(names),
        };
        let because = self.each(pair, Rule::expected_reason, Self::expected_reason)?.pop();
        Some(Expectation::Destinations { deliver: has(pair, Rule::word_deliver), which, because })
    }

    fn expected_reason(&mut self, pair: &Pair<Rule>) -> Option<ExpectedReason> {
        let mut reason = self.written(&child(pair, Rule::reason)?);
        if reason.value == "switched_off" {
            self.old(Code::OldSwitchedOff, &[reason.span], "switched_off", "unenforced");
            reason.value = "unenforced".into();
        }
        Some(ExpectedReason { reason, categories: self.names(pair, Rule::name)? })
    }
}
