//! Statements → facts. Each function here mirrors a rule of the grammar.

use super::settings::setting;
use super::{Builder, Pair, Rule, child, children, has, words};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::spelled::Spelled;
use crate::syntax::allow::is_code;
use crate::syntax::tree::*;

/// After how many days a grant may expire at most: a hundred years.
const MAX_DAYS: u32 = 36_500;

impl Builder<'_> {
    pub(super) fn fact(&mut self, pair: &Pair<Rule>) -> Option<Fact> {
        Some(match pair.as_rule() {
            Rule::policy => Fact::Policy(self.named(pair, Rule::text)?),
            Rule::include => Fact::Include {
                prelude: has(pair, Rule::word_prelude),
                target: self.named(pair, Rule::text)?,
            },
            Rule::category => Fact::Category(self.category(pair)?),
            Rule::destination_kind => Fact::Kind(self.destination_kind(pair)?),
            Rule::destination => Fact::Destination(self.destination(pair)?),
            Rule::reconcile => Fact::Reconcile(self.reconcile(pair)?),
            Rule::exempt_events | Rule::old_exempt_event => Fact::ExemptEvents(self.event_names(pair)?),
            Rule::preference_events => Fact::PreferenceEvents(self.event_names(pair)?),
            Rule::consent_at | Rule::old_preferences => Fact::ConsentAt(self.consent_statement(pair)?),
            Rule::input => Fact::Input(self.input(pair)?),
            Rule::strategy => Fact::Strategy(self.strategy(pair)?),
            Rule::test => Fact::Test(self.test(pair)?),
            Rule::lint => Fact::Lint(self.lint(pair)?),
            Rule::promise => Fact::Promise(self.promise(pair)?),
            Rule::ledger_grants => Fact::LedgerGrants(self.days(pair)?),
            Rule::ledger_version => Fact::LedgerVersion(match child(pair, Rule::path) {
                Some(path) => self.names(&path, Rule::key)?,
                None => Vec::new(),
            }),
            _ => setting(pair)?,
        })
    }

    /// Reads after how many days a grant expires, if it does.
    fn days(&mut self, pair: &Pair<Rule>) -> Option<Option<u32>> {
        let Some(number) = child(pair, Rule::number) else { return Some(None) };
        match number.as_str().parse() {
            Ok(days @ 1..=MAX_DAYS) => Some(Some(days)),
            _ => {
                let message = format!("a grant expires after 1 to {MAX_DAYS} days");
                let error =
                    Diagnostic::new(Code::UnexpectedText, message).at(self.whole(&number), "another number");
                self.found
                    .push(error.help("write `ledger grants  never expire` where a grant counts for ever"));
                None
            }
        }
    }

    /// Reads the names of events, or none.
    fn event_names(&mut self, pair: &Pair<Rule>) -> Option<Vec<Text>> {
        self.names(&child(pair, Rule::event_names)?, Rule::text)
    }

    fn category(&mut self, pair: &Pair<Rule>) -> Option<CategoryStatement> {
        let name = self.named(pair, Rule::name)?;
        let (mut wire_ids, mut attributes) = (Vec::new(), Vec::new());
        for part in children(pair) {
            let attribute = match part.as_rule() {
                Rule::wire_ids => {
                    wire_ids = self.names(&part, Rule::text)?;
                    continue;
                }
                Rule::always => CategoryAttribute::Always,
                Rule::unenforced => CategoryAttribute::Unenforced,
                Rule::unasked_granted => CategoryAttribute::UnaskedGranted,
                Rule::refused_when => CategoryAttribute::RefusedWhen(self.input_conditions(&part)?),
                Rule::from_places => CategoryAttribute::From(self.names(&part, Rule::name)?),
                Rule::old_switched_off => {
                    self.old(Code::OldSwitchedOff, &self.spans(&part), "switched off", "unenforced");
                    CategoryAttribute::Unenforced
                }
                Rule::label => CategoryAttribute::Label(self.label(&part)?),
                _ => continue,
            };
            attributes.push(Spanned::new(attribute, self.span(&part)));
        }
        Some(CategoryStatement { name, wire_ids, attributes })
    }

    fn label(&mut self, pair: &Pair<Rule>) -> Option<Text> {
        Some(self.text(&child(pair, Rule::text)?))
    }

    fn destination_kind(&mut self, pair: &Pair<Rule>) -> Option<KindStatement> {
        let name = self.named(pair, Rule::name)?;
        let mut attributes = Vec::new();
        for part in children(pair) {
            let attribute = match part.as_rule() {
                Rule::ignores_all => KindAttribute::IgnoresAll,
                Rule::label => KindAttribute::Label(self.label(&part)?),
                _ => continue,
            };
            attributes.push(Spanned::new(attribute, self.span(&part)));
        }
        Some(KindStatement { name, attributes })
    }

    fn destination(&mut self, pair: &Pair<Rule>) -> Option<DestinationStatement> {
        let name = self.named(pair, Rule::text)?;
        let mut attributes = Vec::new();
        for part in children(pair) {
            let span = self.span(&part);
            let attribute = match part.as_rule() {
                Rule::alias => DestinationAttribute::Alias(Alias {
                    names: self.names(&part, Rule::text)?,
                    shared: has(&part, Rule::word_shared),
                }),
                Rule::old_also => {
                    let aliases = self.old_also(&part)?.into_iter().map(DestinationAttribute::Alias);
                    attributes.extend(aliases.map(|alias| Spanned::new(alias, span)));
                    continue;
                }
                Rule::needs if has(&part, Rule::word_when) => DestinationAttribute::NeedsWhen {
                    when: self.input_conditions(&part)?,
                    needs: self.needs(&part)?,
                },
                Rule::needs => DestinationAttribute::Needs(self.needs(&part)?),
                Rule::otherwise if has(&part, Rule::word_unmapped) => {
                    DestinationAttribute::Otherwise(Otherwise::Unmapped)
                }
                Rule::otherwise => DestinationAttribute::Otherwise(Otherwise::Needs(self.needs(&part)?)),
                Rule::unmapped => DestinationAttribute::Unmapped,
                Rule::exempt => DestinationAttribute::Exempt { because: self.because(&part)? },
                Rule::disabled => DestinationAttribute::Disabled,
                Rule::mode => DestinationAttribute::Mode(Mode::ending(children(&part).last()?.as_str())?),
                Rule::kind => DestinationAttribute::Kind(self.named(&part, Rule::name)?),
                _ => continue,
            };
            attributes.push(Spanned::new(attribute, span));
        }
        Some(DestinationStatement { name, attributes })
    }

    fn needs(&mut self, pair: &Pair<Rule>) -> Option<Needs> {
        let listed = child(pair, Rule::by_strategy);
        let names = child(listed.as_ref().unwrap_or(pair), Rule::names);
        Some(match (child(pair, Rule::group), listed) {
            (Some(group), _) => Needs::Group(self.group(&group)?),
            (_, None) => Needs::List(self.names(&names?, Rule::name)?),
            _ => Needs::ByStrategy(self.names(&names?, Rule::name)?),
        })
    }

    fn group(&mut self, pair: &Pair<Rule>) -> Option<Group> {
        let elements = self.each(pair, Rule::element, |builder, element| {
            Some(match child(element, Rule::group) {
                Some(group) => Element::Group(builder.group(&group)?),
                None => Element::Category(builder.named(element, Rule::name)?),
            })
        })?;
        let quantifier = if has(pair, Rule::all_of) { Quantifier::All } else { Quantifier::Any };
        Some(Group { quantifier, elements, span: self.span(pair) })
    }

    fn reconcile(&mut self, pair: &Pair<Rule>) -> Option<ReconcileTable> {
        let inputs = self.columns(pair)?;
        let rows = self.each(pair, Rule::row, Self::row)?;
        for row in &rows {
            self.count_cells(&inputs, &row.inputs, row.span, "any");
        }
        Some(ReconcileTable { inputs, rows })
    }

    fn row(&mut self, pair: &Pair<Rule>) -> Option<Row> {
        Some(Row {
            consent: self.consent_states(pair)?,
            integrations: self.integrations_states(pair)?,
            inputs: self
                .each(pair, Rule::input_cell, |builder, cell| builder.placed(cell, Self::input_cell))?,
            enforce: self.placed(&child(pair, Rule::enforce)?, Self::enforce)?,
            because: self.because(pair)?,
            span: self.span(pair),
        })
    }

    fn consent_states(&mut self, pair: &Pair<Rule>) -> Option<Vec<Spanned<ConsentState>>> {
        let states = child(pair, Rule::consent_states)?;
        self.states(&states, &ConsentState::ALL, |builder, word, span| match word.as_rule() {
            Rule::old_none_given => {
                builder.old_none_given(word);
                Some(ConsentState::Unanswered)
            }
            Rule::old_given => {
                builder.old(Code::OldConsentGiven, &[span], "given", "answered");
                Some(ConsentState::Answered)
            }
            _ => ConsentState::ending(word.as_str()),
        })
    }

    fn integrations_states(&mut self, pair: &Pair<Rule>) -> Option<Vec<Spanned<IntegrationsState>>> {
        let states = child(pair, Rule::integrations_states)?;
        self.states(&states, &IntegrationsState::ALL, |builder, word, span| match word.as_rule() {
            Rule::old_given => {
                builder.old(Code::OldIntegrationsGiven, &[span], "given", "present");
                Some(IntegrationsState::Present)
            }
            _ => IntegrationsState::ending(word.as_str()),
        })
    }

    /// Reads the states of a list; `any` stands for all of them.
    fn states<S: Copy>(
        &mut self,
        pair: &Pair<Rule>,
        any: &[S],
        state: fn(&mut Self, &Pair<Rule>, Span) -> Option<S>,
    ) -> Option<Vec<Spanned<S>>> {
        let mut states = Vec::new();
        for part in children(pair).filter(|part| part.as_rule() != Rule::bar) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::word_any => states.extend(any.iter().map(|state| Spanned::new(*state, span))),
                _ => states.push(Spanned::new(state(self, &children(&part).next()?, span)?, span)),
            }
        }
        Some(states)
    }

    fn enforce(&mut self, pair: &Pair<Rule>) -> Option<Enforce> {
        match child(pair, Rule::drop) {
            Some(drop) => Some(Enforce::Drop(self.named(&drop, Rule::text)?.value)),
            None => Enforce::of(&words(pair).replace(" ,", ",")),
        }
    }

    fn lint(&mut self, pair: &Pair<Rule>) -> Option<Lint> {
        let mut finding = self.written(&child(pair, Rule::finding)?);
        let code = finding.value.parse().ok().filter(|code: &Code| code.is_lint() && is_code(&finding.value));
        if let Some(code) = code {
            self.old(Code::OldLintCode, &[finding.span], &finding.value, code.name());
            finding.value = code.name().to_owned();
        }
        let level = Level::ending(children(pair).nth(2)?.as_str())?;
        Some(Lint { finding, level, because: self.because(pair)? })
    }

    fn promise(&mut self, pair: &Pair<Rule>) -> Option<PromiseStatement> {
        let mut promise = PromiseStatement {
            always: has(pair, Rule::word_always),
            subjects: None,
            except: Vec::new(),
            without: None,
            when: Vec::new(),
            because: self.because(pair)?,
        };
        for part in children(pair) {
            match part.as_rule() {
                Rule::promised => promise.subjects = Some(self.promised(&part)?),
                Rule::except => promise.except = self.promised(&child(&part, Rule::promised)?)?,
                Rule::without => promise.without = Some(self.needs(&part)?),
                Rule::when => {
                    promise.when = self.each(&part, Rule::condition, |builder, condition| {
                        builder.placed(condition, Self::condition)
                    })?;
                }
                _ => {}
            }
        }
        Some(promise)
    }

    fn promised(&mut self, pair: &Pair<Rule>) -> Option<Vec<StatedSubject>> {
        self.each(pair, Rule::subject, |builder, subject| {
            Some(match has(subject, Rule::word_kind) {
                true => StatedSubject::Kind(builder.named(subject, Rule::name)?),
                false => StatedSubject::Destination(builder.named(subject, Rule::text)?),
            })
        })
    }

    fn condition(&mut self, pair: &Pair<Rule>) -> Option<StatedCondition> {
        fn values<S>(states: Vec<Spanned<S>>) -> Vec<S> {
            states.into_iter().map(|state| state.value).collect()
        }
        let first = children(pair).next()?;
        let is_plain = !has(pair, Rule::word_not);
        Some(match first.as_rule() {
            Rule::word_consent => StatedCondition::Consent(values(self.consent_states(pair)?)),
            Rule::word_integrations => StatedCondition::Integrations(values(self.integrations_states(pair)?)),
            Rule::word_event if has(pair, Rule::word_exempt) => StatedCondition::Exempt(is_plain),
            Rule::word_event => StatedCondition::Event(self.names(pair, Rule::text)?),
            Rule::word_ledger => {
                let result = |_: &mut Self, one: &Pair<Rule>| CheckResult::ending(one.as_str());
                StatedCondition::Ledger(self.each(pair, Rule::ledger_result, result)?)
            }
            Rule::word_recorded => {
                let category = self.named(pair, Rule::name)?;
                StatedCondition::Recorded { category, granted: is_plain }
            }
            Rule::name if has(pair, Rule::input_states) => {
                StatedCondition::Input(self.input_condition(pair)?)
            }
            Rule::name => {
                let written: Vec<&str> = children(pair).skip(1).map(|word| word.as_str()).collect();
                let written = written.join(" ");
                let preference = StatedChoice::ALL.into_iter().find(|choice| choice.as_str() == written)?;
                StatedCondition::Preference { category: self.name(&first)?, preference }
            }
            _ => {
                let states = self.each(pair, Rule::entry_state, Self::entry_state)?;
                StatedCondition::Entry { name: self.name(&first)?, states }
            }
        })
    }

    fn entry_state(&mut self, pair: &Pair<Rule>) -> Option<EntryState> {
        let word = children(pair).next()?;
        if word.as_rule() == Rule::old_unreadable {
            self.old(Code::OldUnreadable, &[self.whole(&word)], "unreadable", "invalid");
            return Some(EntryState::Invalid);
        }
        EntryState::ending(word.as_str())
    }
}
