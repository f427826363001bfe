//! The parser's pairs → the tree.
//!
//! Each function here mirrors one rule of the grammar. They return `None` only where the pairs are not those that the
//! grammar promises, which would be a mistake in this file; such a statement is reported, never dropped in silence.

use super::generated::{Grammar, Rule};
use super::tree::*;
use super::{recover, scan};
use crate::diagnostic::{Code, Diagnostic, FileId, Span, Spanned};
use pest::iterators::{Pair, Pairs};
use pest::{Parser, Token as Border};

/// The edition that this version speaks.
const EDITION: u32 = 1;

/// How many mistakes of one file are listed.
const MAX_MISTAKES: usize = 1_000;

/// Reads text that has passed [`scan::scan`].
pub(super) fn build(text: &str, file: FileId) -> (Tree, Vec<Diagnostic>) {
    let mut builder = Builder { file, text, tokens: Vec::new(), found: Vec::new() };
    let (mut edition, mut statements) = (None, Vec::new());
    // `file` matches every text, since whatever is no statement is `bad`.
    match Grammar::parse(Rule::file, text) {
        Ok(mut pairs) => {
            if let Some(pair) = pairs.next() {
                let pairs = pair.into_inner();
                builder.tokens = tokens(file, &pairs);
                edition = builder.file(pairs, &mut statements);
            }
        }
        Err(error) => builder.found.push(recover::unexpected(&error, text, 0, 0, file)),
    }
    (Tree { file, edition, statements, tokens: builder.tokens, text: text.into() }, builder.found)
}

/// The pairs that have no pairs in them: where one begins and the same one ends next.
fn tokens(file: FileId, pairs: &Pairs<Rule>) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut begun = None;
    for border in pairs.clone().tokens() {
        let (rule, end) = match border {
            Border::Start { pos, .. } => {
                begun = Some(pos.pos());
                continue;
            }
            Border::End { rule, pos } => (rule, pos.pos()),
        };
        let Some(start) = begun.take() else { continue };
        let kind = match rule {
            Rule::EOI => continue,
            Rule::COMMENT => TokenKind::Comment,
            Rule::byte_order_mark => TokenKind::ByteOrderMark,
            Rule::bad => TokenKind::Bad,
            _ => TokenKind::Word,
        };
        tokens.push(Token { kind, span: Span::new(file, start, end) });
    }
    tokens
}

struct Builder<'t> {
    file: FileId,
    text: &'t str,
    /// In the order of the text.
    tokens: Vec<Token>,
    found: Vec<Diagnostic>,
}

/// The children of a pair, without the comments between them.
fn children<'t>(pair: Pair<'t, Rule>) -> impl Iterator<Item = Pair<'t, Rule>> {
    pair.into_inner().filter(|child| child.as_rule() != Rule::COMMENT)
}

/// The only rule that matters among the children.
fn child<'t>(pair: Pair<'t, Rule>, rule: Rule) -> Option<Pair<'t, Rule>> {
    children(pair).find(|child| child.as_rule() == rule)
}

impl Builder<'_> {
    /// Where a pair stands. The parser counts space and comments in front of an optional part that is not there; here
    /// the last word counts.
    fn span(&self, place: pest::Span) -> Span {
        let span = self.whole(place);
        let (before, _) =
            self.tokens.split_at(self.tokens.partition_point(|token| token.span.end <= span.end));
        let mut inside = before.iter().rev().take_while(|token| token.span.start >= span.start);
        let last = inside.find(|token| token.kind != TokenKind::Comment);
        Span { end: last.map_or(span.end, |last| last.span.end), ..span }
    }

    /// Where a pair without pairs in it stands: nothing but itself is counted.
    fn whole(&self, place: pest::Span) -> Span {
        Span::new(self.file, place.start(), place.end())
    }

    /// Adds the statements, and gives the edition.
    fn file(&mut self, pairs: Pairs<Rule>, statements: &mut Vec<Statement>) -> Option<Spanned<u32>> {
        let mut edition_line = false;
        let mut edition = None;
        for pair in pairs {
            let span = self.span(pair.as_span());
            if self.found.len() >= MAX_MISTAKES {
                let message = format!("there are more than {MAX_MISTAKES} mistakes");
                self.found.push(
                    Diagnostic::new(Code::TooManyErrors, message).at(span, "what follows was not looked at"),
                );
                return edition;
            }
            match pair.as_rule() {
                Rule::edition => {
                    edition_line = true;
                    edition = self.edition(pair);
                }
                Rule::statement => match self.statement(pair, span) {
                    Some(statement) => statements.push(statement),
                    None => self.found.push(
                        Diagnostic::new(Code::UnexpectedText, "the statement could not be read")
                            .at(span, "this"),
                    ),
                },
                // What looks like an edition line has its own message.
                Rule::bad if pair.as_str().starts_with("consentry") && statements.is_empty() => {
                    edition_line = true;
                    self.mistaken(recover::bad(self.text, span, None));
                }
                Rule::bad => {
                    let previous = statements.last_mut();
                    self.mistaken(recover::bad(self.text, span, previous));
                }
                _ => {}
            }
        }
        if !edition_line {
            let span = Span::new(self.file, 0, self.text.find('\n').unwrap_or(self.text.len()));
            self.found.push(
                Diagnostic::new(Code::MissingEdition, "the file does not say its edition")
                    .at(span, "the first line must name it")
                    .help(format!("begin the file with `consentry {EDITION}`")),
            );
        }
        edition
    }

    /// Adds what is wrong with a text, as far as it is listed.
    fn mistaken(&mut self, found: Vec<Diagnostic>) {
        let room = MAX_MISTAKES.saturating_sub(self.found.len());
        self.found.extend(found.into_iter().take(room));
    }

    fn edition(&mut self, pair: Pair<Rule>) -> Option<Spanned<u32>> {
        let number = child(pair, Rule::number)?;
        let span = self.whole(number.as_span());
        if number.as_str() == EDITION.to_string() {
            return Some(Spanned::new(EDITION, span));
        }
        self.found.push(
            Diagnostic::new(
                Code::UnknownEdition,
                format!("this version does not know edition {}", number.as_str()),
            )
            .at(span, "unknown edition")
            .help(format!("this version speaks edition {EDITION}; a newer consentry may know more")),
        );
        None
    }

    fn statement(&mut self, pair: Pair<Rule>, span: Span) -> Option<Statement> {
        let mut overrides = None;
        let mut fact = None;
        for child in children(pair) {
            if child.as_rule() == Rule::word_override {
                overrides = Some(self.whole(child.as_span()));
            } else {
                fact = Some(self.fact(child)?);
            }
        }
        Some(Statement { span, overrides, fact: fact?, complete: true })
    }

    fn fact(&mut self, pair: Pair<Rule>) -> Option<Fact> {
        Some(match pair.as_rule() {
            Rule::policy => Fact::Policy(self.name(child(pair, Rule::text)?)?),
            Rule::include => Fact::Include {
                prelude: child(pair.clone(), Rule::word_prelude).is_some(),
                target: self.name(child(pair, Rule::text)?)?,
            },
            Rule::category => Fact::Category(self.category(pair)?),
            Rule::destination_kind => Fact::Kind(self.destination_kind(pair)?),
            Rule::destination => Fact::Destination(self.destination(pair)?),
            Rule::reconcile => {
                let rows = children(pair).filter(|child| child.as_rule() == Rule::row);
                Fact::Reconcile(rows.map(|row| self.row(row)).collect::<Option<_>>()?)
            }
            Rule::unmapped_destinations => {
                let deliver = child(pair, Rule::word_deliver).is_some();
                Fact::UnmappedDestinations(if deliver {
                    UnmappedDestinations::Deliver
                } else {
                    UnmappedDestinations::Block
                })
            }
            Rule::several_categories => {
                let all = child(pair, Rule::word_all).is_some();
                Fact::SeveralCategories(if all { Quantifier::All } else { Quantifier::Any })
            }
            Rule::unreadable_integrations => {
                let off = child(pair, Rule::word_off).is_some();
                Fact::UnreadableIntegrations(if off {
                    UnreadableIntegrations::Off
                } else {
                    UnreadableIntegrations::Unlisted
                })
            }
            Rule::exempt_event => {
                let texts = children(pair).filter(|child| child.as_rule() == Rule::text);
                Fact::ExemptEvent(texts.map(|text| self.name(text)).collect::<Option<_>>()?)
            }
            Rule::preferences => Fact::Preferences(self.preferences(pair)?),
            Rule::test => Fact::Test(self.test(pair)?),
            Rule::lint => Fact::Lint(self.lint(pair)?),
            Rule::promise => Fact::Promise(self.promise(pair)?),
            Rule::verify => Fact::Verify(verify_setting(pair)?),
            Rule::records => {
                let events = children(pair).filter(|child| child.as_rule() == Rule::recorded_event);
                let mut records = Records { events: Vec::new(), identify: Vec::new() };
                for event in events {
                    let span = self.span(event.as_span());
                    match child(event, Rule::text) {
                        Some(text) => records.events.push(self.name(text)?),
                        None => records.identify.push(Spanned::new("identify".into(), span)),
                    }
                }
                Fact::Records(records)
            }
            _ => Fact::Visit(visit_setting(pair)?),
        })
    }

    fn category(&mut self, pair: Pair<Rule>) -> Option<Category> {
        let (mut name, mut wire_id, mut attributes) = (None, None, Vec::new());
        for part in children(pair) {
            let place = part.as_span();
            let attribute = match part.as_rule() {
                Rule::name => {
                    name = self.name(part);
                    continue;
                }
                Rule::wire_id => {
                    wire_id = self.name(child(part, Rule::text)?);
                    continue;
                }
                Rule::always => CategoryAttribute::Always,
                Rule::switched_off => CategoryAttribute::SwitchedOff,
                Rule::label => CategoryAttribute::Label(self.text(child(part, Rule::text)?).value),
                _ => continue,
            };
            attributes.push(Spanned::new(attribute, self.span(place)));
        }
        Some(Category { name: name?, wire_id, attributes })
    }

    fn destination_kind(&mut self, pair: Pair<Rule>) -> Option<Kind> {
        let (mut name, mut attributes) = (None, Vec::new());
        for part in children(pair) {
            let place = part.as_span();
            match part.as_rule() {
                Rule::name => name = self.name(part),
                Rule::ignores_all => {
                    attributes.push(Spanned::new(KindAttribute::IgnoresAll, self.span(place)))
                }
                Rule::label => {
                    let label = KindAttribute::Label(self.text(child(part, Rule::text)?).value);
                    attributes.push(Spanned::new(label, self.span(place)));
                }
                _ => {}
            }
        }
        Some(Kind { name: name?, attributes })
    }

    fn destination(&mut self, pair: Pair<Rule>) -> Option<Destination> {
        let (mut name, mut attributes) = (None, Vec::new());
        for part in children(pair) {
            let place = part.as_span();
            let attribute = match part.as_rule() {
                Rule::text => {
                    name = self.name(part);
                    continue;
                }
                Rule::also => {
                    let names = children(part).filter(|child| child.as_rule() == Rule::further_name);
                    DestinationAttribute::Also(
                        names.map(|name| self.further_name(name)).collect::<Option<_>>()?,
                    )
                }
                Rule::needs => DestinationAttribute::Needs(self.needs(part)?),
                Rule::unmapped => DestinationAttribute::Unmapped,
                Rule::exempt => {
                    let because = self.because(part)?;
                    DestinationAttribute::Exempt { because }
                }
                Rule::disabled => DestinationAttribute::Disabled,
                Rule::mode => {
                    let device = child(part, Rule::word_device).is_some();
                    DestinationAttribute::Mode(if device { Mode::Device } else { Mode::Cloud })
                }
                Rule::kind => DestinationAttribute::Kind(self.name(child(part, Rule::name)?)?),
                _ => continue,
            };
            attributes.push(Spanned::new(attribute, self.span(place)));
        }
        Some(Destination { name: name?, attributes })
    }

    fn further_name(&mut self, pair: Pair<Rule>) -> Option<FurtherName> {
        let shared = child(pair.clone(), Rule::word_shared).is_some();
        Some(FurtherName { name: self.name(child(pair, Rule::text)?)?, shared })
    }

    fn needs(&mut self, pair: Pair<Rule>) -> Option<Needs> {
        let part = children(pair).find(|child| matches!(child.as_rule(), Rule::group | Rule::names))?;
        if part.as_rule() == Rule::group {
            return Some(Needs::Group(self.group(part)?));
        }
        let names = children(part).filter(|child| child.as_rule() == Rule::name);
        Some(Needs::List(names.map(|name| self.name(name)).collect::<Option<_>>()?))
    }

    fn group(&mut self, pair: Pair<Rule>) -> Option<Group> {
        let span = self.span(pair.as_span());
        let quantifier = match child(pair.clone(), Rule::all_of) {
            Some(_) => Quantifier::All,
            None => Quantifier::Any,
        };
        let elements = children(pair).filter(|child| child.as_rule() == Rule::element);
        let elements = elements.map(|element| self.element(element)).collect::<Option<_>>()?;
        Some(Group { quantifier, elements, span })
    }

    fn element(&mut self, pair: Pair<Rule>) -> Option<Element> {
        let part = children(pair).find(|child| matches!(child.as_rule(), Rule::group | Rule::name))?;
        match part.as_rule() {
            Rule::group => Some(Element::Group(self.group(part)?)),
            _ => Some(Element::Category(self.name(part)?)),
        }
    }

    /// The reason of a `because`, or `Some(None)` where there is none.
    fn because(&mut self, pair: Pair<Rule>) -> Option<Option<Text>> {
        let Some(because) = child(pair, Rule::because) else { return Some(None) };
        let reason = self.text(child(because, Rule::text)?);
        if !super::is_reason(&reason.value) {
            self.found.push(
                Diagnostic::new(Code::EmptyText, "a reason must say something")
                    .at(reason.span, "no reason")
                    .help("say why, for the next one who reads it"),
            );
        }
        Some(Some(reason))
    }

    fn row(&mut self, pair: Pair<Rule>) -> Option<Row> {
        let span = self.span(pair.as_span());
        let consent = self.consent_states(child(pair.clone(), Rule::consent_states)?)?;
        let integrations = self.integrations_states(child(pair.clone(), Rule::integrations_states)?)?;
        let enforce = self.enforce(child(pair.clone(), Rule::enforce)?)?;
        let because = self.because(pair)?;
        Some(Row { consent, integrations, enforce, because, span })
    }

    fn consent_states(&mut self, pair: Pair<Rule>) -> Option<Vec<Spanned<ConsentState>>> {
        let mut states = Vec::new();
        for part in children(pair) {
            let span = self.span(part.as_span());
            match part.as_rule() {
                Rule::word_any => states.extend(ConsentState::ALL.map(|state| Spanned::new(state, span))),
                Rule::consent_state => {
                    let state = match children(part).next()?.as_rule() {
                        Rule::word_missing => ConsentState::Missing,
                        Rule::word_empty => ConsentState::Empty,
                        Rule::none_given => ConsentState::NoneGiven,
                        Rule::word_given => ConsentState::Given,
                        Rule::word_malformed => ConsentState::Malformed,
                        _ => return None,
                    };
                    states.push(Spanned::new(state, span));
                }
                _ => {}
            }
        }
        Some(states)
    }

    fn integrations_states(&mut self, pair: Pair<Rule>) -> Option<Vec<Spanned<IntegrationsState>>> {
        let mut states = Vec::new();
        for part in children(pair) {
            let span = self.span(part.as_span());
            match part.as_rule() {
                Rule::word_any => {
                    states.extend(IntegrationsState::ALL.map(|state| Spanned::new(state, span)))
                }
                Rule::integrations_state => {
                    let state = match children(part).next()?.as_rule() {
                        Rule::word_none => IntegrationsState::None,
                        Rule::word_given => IntegrationsState::Given,
                        Rule::word_malformed => IntegrationsState::Malformed,
                        _ => return None,
                    };
                    states.push(Spanned::new(state, span));
                }
                _ => {}
            }
        }
        Some(states)
    }

    fn enforce(&mut self, pair: Pair<Rule>) -> Option<Spanned<Enforce>> {
        let span = self.span(pair.as_span());
        let part = children(pair).next()?;
        let enforce = match part.as_rule() {
            Rule::word_nothing => Enforce::Nothing,
            Rule::word_integrations => Enforce::Integrations,
            Rule::listed_integrations => Enforce::ListedIntegrations,
            Rule::word_consent => Enforce::Consent,
            Rule::consent_then_integrations => Enforce::ConsentThenIntegrations,
            Rule::consent_or_integrations => Enforce::ConsentOrIntegrations,
            Rule::consent_or_listed_then_integrations => Enforce::ConsentOrListedThenIntegrations,
            Rule::drop => Enforce::Drop(self.name(child(part, Rule::text)?)?.value),
            _ => return None,
        };
        Some(Spanned::new(enforce, span))
    }

    fn preferences(&mut self, pair: Pair<Rule>) -> Option<Preferences> {
        let path = child(pair.clone(), Rule::path)?;
        let keys = children(path).filter(|child| child.as_rule() == Rule::key);
        let path = keys.map(|key| self.name(key)).collect::<Option<_>>()?;
        let spelled = children(pair).filter(|child| child.as_rule() == Rule::key);
        let also_spelled = spelled.map(|key| self.name(key)).collect::<Option<_>>()?;
        Some(Preferences { path, also_spelled })
    }

    fn lint(&mut self, pair: Pair<Rule>) -> Option<Lint> {
        let finding = child(pair.clone(), Rule::finding)?;
        let finding = Spanned::new(finding.as_str().to_owned(), self.whole(finding.as_span()));
        let level = children(pair.clone()).find_map(|child| match child.as_rule() {
            Rule::word_off => Some(Level::Off),
            Rule::word_warning => Some(Level::Warning),
            Rule::word_error => Some(Level::Error),
            _ => None,
        })?;
        let because = self.because(pair)?;
        Some(Lint { finding, level, because })
    }

    fn promise(&mut self, pair: Pair<Rule>) -> Option<Promise> {
        let mut promise = Promise {
            always: child(pair.clone(), Rule::word_always).is_some(),
            destinations: None,
            without: None,
            when: Vec::new(),
            because: self.because(pair.clone())?,
        };
        for part in children(pair) {
            match part.as_rule() {
                Rule::promised => {
                    let names = children(part).filter(|child| child.as_rule() == Rule::text);
                    promise.destinations = Some(names.map(|name| self.name(name)).collect::<Option<_>>()?);
                }
                Rule::without => promise.without = Some(self.needs(part)?),
                Rule::when => {
                    for condition in children(part).filter(|child| child.as_rule() == Rule::condition) {
                        let span = self.span(condition.as_span());
                        promise.when.push(Spanned::new(self.condition(condition)?, span));
                    }
                }
                _ => {}
            }
        }
        Some(promise)
    }

    fn condition(&mut self, pair: Pair<Rule>) -> Option<PromiseCondition> {
        let first = children(pair.clone()).next()?;
        Some(match first.as_rule() {
            Rule::word_consent => {
                let states = self.consent_states(child(pair, Rule::consent_states)?)?;
                PromiseCondition::Consent(states.into_iter().map(|state| state.value).collect())
            }
            Rule::word_integrations => {
                let states = self.integrations_states(child(pair, Rule::integrations_states)?)?;
                PromiseCondition::Integrations(states.into_iter().map(|state| state.value).collect())
            }
            Rule::word_event if child(pair.clone(), Rule::word_exempt).is_some() => {
                PromiseCondition::Exempt(child(pair, Rule::word_not).is_none())
            }
            Rule::word_event => {
                let names = children(pair).filter(|child| child.as_rule() == Rule::text);
                PromiseCondition::Event(names.map(|name| self.name(name)).collect::<Option<_>>()?)
            }
            Rule::name => PromiseCondition::Preference {
                category: self.name(first)?,
                granted: child(pair, Rule::word_not).is_none(),
            },
            _ => {
                let states = children(pair).filter(|child| child.as_rule() == Rule::entry_state);
                let states = states.map(|state| {
                    Some(match children(state).next()?.as_rule() {
                        Rule::word_on => EntryState::On,
                        Rule::word_off => EntryState::Off,
                        Rule::word_unlisted => EntryState::Unlisted,
                        _ => EntryState::Unreadable,
                    })
                });
                let states = states.collect::<Option<_>>()?;
                let name = match first.as_rule() {
                    Rule::word_All => Spanned::new(first.as_str().to_owned(), self.whole(first.as_span())),
                    _ => self.name(first)?,
                };
                PromiseCondition::Entry { name, states }
            }
        })
    }

    fn test(&mut self, pair: Pair<Rule>) -> Option<Test> {
        let (mut name, mut lines, mut cases) = (None, Vec::new(), None);
        for part in children(pair) {
            let span = self.span(part.as_span());
            let line = match part.as_rule() {
                Rule::text => {
                    name = self.name(part);
                    continue;
                }
                Rule::cases => {
                    let rows = children(part).filter(|child| child.as_rule() == Rule::case);
                    cases = Some(rows.map(|row| self.case(row)).collect::<Option<_>>()?);
                    continue;
                }
                Rule::stated_event => self.stated_event(part)?,
                Rule::stated_consent => {
                    TestLine::Consent(self.case_consent(child(part, Rule::case_consent)?)?)
                }
                Rule::stated_integrations => {
                    TestLine::Integrations(self.case_integrations(child(part, Rule::case_integrations)?)?)
                }
                Rule::expectation => TestLine::Expectation(self.expectation(part)?),
                _ => continue,
            };
            lines.push(Spanned::new(line, span));
        }
        Some(Test { name: name?, lines, cases })
    }

    fn stated_event(&mut self, pair: Pair<Rule>) -> Option<TestLine> {
        if let Some(json) = child(pair.clone(), Rule::json) {
            return Some(TestLine::Json(json.as_str().to_owned()));
        }
        let is_file = child(pair.clone(), Rule::word_from).is_some();
        let text = self.name(child(pair, Rule::text)?)?;
        Some(if is_file { TestLine::EventsFrom(text) } else { TestLine::Event(text) })
    }

    fn case(&mut self, pair: Pair<Rule>) -> Option<Case> {
        let span = self.span(pair.as_span());
        let (mut consent, mut integrations, mut expectations) = (None, None, Vec::new());
        for part in children(pair) {
            let span = self.span(part.as_span());
            match part.as_rule() {
                Rule::case_consent => consent = Some(Spanned::new(self.case_consent(part)?, span)),
                Rule::case_integrations => {
                    integrations = Some(Spanned::new(self.case_integrations(part)?, span));
                }
                Rule::expectation => expectations.push(Spanned::new(self.expectation(part)?, span)),
                _ => {}
            }
        }
        Some(Case { consent: consent?, integrations: integrations?, expectations, span })
    }

    fn case_consent(&mut self, pair: Pair<Rule>) -> Option<StatedConsent> {
        Some(match children(pair.clone()).next()?.as_rule() {
            Rule::word_missing => StatedConsent::Missing,
            Rule::word_empty => StatedConsent::Empty,
            Rule::word_malformed => StatedConsent::Malformed,
            _ => StatedConsent::Preferences(self.stated(pair, Rule::stated_preference)?),
        })
    }

    fn case_integrations(&mut self, pair: Pair<Rule>) -> Option<StatedIntegrations> {
        Some(match children(pair.clone()).next()?.as_rule() {
            Rule::word_none => StatedIntegrations::None,
            Rule::word_malformed => StatedIntegrations::Malformed,
            _ => StatedIntegrations::Entries(self.stated(pair, Rule::stated_entry)?),
        })
    }

    /// The members of an object, each with its value.
    fn stated(&mut self, object: Pair<Rule>, member: Rule) -> Option<Vec<(Text, StatedValue)>> {
        let mut stated = Vec::new();
        for member in children(object).filter(|child| child.as_rule() == member) {
            let (mut name, mut value) = (None, None);
            for part in children(member) {
                match part.as_rule() {
                    Rule::word_All => {
                        name = Some(Spanned::new("All".to_owned(), self.whole(part.as_span())));
                    }
                    Rule::name | Rule::text => name = self.name(part),
                    Rule::json_true => value = Some(StatedValue::True),
                    Rule::json_false => value = Some(StatedValue::False),
                    Rule::json_null => value = Some(StatedValue::Null),
                    Rule::json_options => value = Some(StatedValue::Options),
                    _ => {}
                }
            }
            stated.push((name?, value?));
        }
        Some(stated)
    }

    fn expectation(&mut self, pair: Pair<Rule>) -> Option<Expectation> {
        let has = |rule| child(pair.clone(), rule).is_some();
        let names = children(pair.clone()).filter(|child| child.as_rule() == Rule::text);
        let mut names = names.map(|name| self.name(name)).collect::<Option<Vec<_>>>()?;
        if has(Rule::word_drop) {
            return Some(Expectation::Drop(names.pop()));
        }
        let which = match (has(Rule::word_all), has(Rule::word_only)) {
            (true, _) => Which::All,
            (_, true) => Which::Only(names),
            _ => Which::These(names),
        };
        let because = match child(pair.clone(), Rule::expected_reason) {
            Some(because) => Some(self.expected_reason(because)?),
            None => None,
        };
        Some(Expectation::Destinations { deliver: has(Rule::word_deliver), which, because })
    }

    fn expected_reason(&mut self, pair: Pair<Rule>) -> Option<ExpectedReason> {
        let reason = child(pair.clone(), Rule::reason)?;
        let reason = Spanned::new(reason.as_str().to_owned(), self.whole(reason.as_span()));
        let names = children(pair).filter(|child| child.as_rule() == Rule::name);
        let categories = names.map(|name| self.name(name)).collect::<Option<_>>()?;
        Some(ExpectedReason { reason, categories })
    }

    /// A name that something is compared with: not empty, and without characters that nobody can see.
    fn name(&mut self, pair: Pair<Rule>) -> Option<Text> {
        let pair = match pair.as_rule() {
            Rule::name | Rule::key => children(pair).next()?,
            _ => pair,
        };
        if pair.as_rule() != Rule::text {
            return Some(Spanned::new(pair.as_str().into(), self.whole(pair.as_span())));
        }
        let written = pair.as_str();
        let text = self.text(pair);
        if text.value.is_empty() {
            self.found.push(
                Diagnostic::new(Code::EmptyText, "this text must not be empty")
                    .at(text.span, "empty")
                    .help("write what it stands for"),
            );
        }
        if let Some((offset, char)) = scan::invisible(written) {
            let start = text.span.start as usize + offset;
            let number = u32::from(char);
            self.found.push(
                Diagnostic::new(
                    Code::InvisibleCharacter,
                    format!("the name contains U+{number:04X}, which nobody can see"),
                )
                .at(Span::new(self.file, start, start + char.len_utf8()), "here")
                .help(format!("delete it; where the name really has it, write it as \\u{{{number:04X}}}")),
            );
        }
        Some(text)
    }

    /// A text in quotes, with its escapes resolved.
    fn text(&mut self, pair: Pair<Rule>) -> Text {
        let span = self.whole(pair.as_span());
        let inside =
            pair.as_str().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
        let mut value = String::with_capacity(inside.len());
        let mut rest = inside;
        while let Some(at) = rest.find('\\') {
            value.push_str(rest.get(..at).unwrap_or_default());
            let escape = rest.get(at + 1..).unwrap_or_default();
            let start = span.start as usize + 1 + (inside.len() - escape.len() - 1);
            let (char, length) = unescape(escape);
            match char {
                Some(char) => value.push(char),
                None => self.found.push(
                    Diagnostic::new(Code::UnknownEscape, "this escape stands for nothing")
                        .at(Span::new(self.file, start, start + 1 + length), "unknown escape")
                        .help("write `\\\\` for a backslash, `\\\"` for a quote, `\\u{00E9}` for a character by its number"),
                ),
            }
            rest = escape.get(length..).unwrap_or_default();
        }
        value.push_str(rest);
        Spanned::new(value, span)
    }
}

/// The character that an escape stands for, and how many bytes after the `\` it takes.
pub(super) fn unescape(escape: &str) -> (Option<char>, usize) {
    match escape.chars().next() {
        Some(char @ ('"' | '\\')) => (Some(char), 1),
        Some('u') => {
            let digits =
                escape.strip_prefix("u{").and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
            match digits {
                Some(digits)
                    if (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit()) =>
                {
                    (u32::from_str_radix(digits, 16).ok().and_then(char::from_u32), digits.len() + 3)
                }
                _ => (None, 1),
            }
        }
        Some(other) => (None, other.len_utf8()),
        None => (None, 0),
    }
}

/// One of the settings of the check against a ledger.
fn verify_setting(pair: Pair<Rule>) -> Option<VerifySetting> {
    let mut parts = children(pair).map(|child| child.as_rule()).skip(1);
    let subject = parts.next()?;
    let then = match parts.next()? {
        Rule::word_drop => Verified::Drop,
        Rule::use_recorded => Verified::UseRecorded,
        Rule::use_stamped | Rule::word_report => Verified::UseStamped,
        Rule::word_refuse => Verified::Refuse,
        Rule::word_grant => return Some(VerifySetting::Conflict(Conflict::Grant)),
        _ => return None,
    };
    Some(match subject {
        Rule::word_mismatch => VerifySetting::Mismatch(then),
        Rule::word_unstamped => VerifySetting::Unstamped(then),
        Rule::word_unknown => VerifySetting::Unknown(then),
        Rule::word_unreachable => VerifySetting::Unreachable(then),
        Rule::word_conflict => VerifySetting::Conflict(Conflict::Refuse),
        _ => return None,
    })
}

/// One of the settings that a visit depends on.
fn visit_setting(pair: Pair<Rule>) -> Option<VisitSetting> {
    let rule = pair.as_rule();
    let mut words = children(pair).map(|child| child.as_rule()).skip(1);
    let word = words.find(|word| !matches!(word, Rule::word_means | Rule::word_loads | Rule::word_when));
    Some(match (rule, word?) {
        (Rule::banner, Rule::word_mandatory) => VisitSetting::Banner(Banner::Mandatory),
        (Rule::banner, Rule::word_stays) => VisitSetting::Banner(Banner::Stays),
        (Rule::banner, Rule::word_disappears) => VisitSetting::Banner(Banner::Disappears),
        (Rule::banner, Rule::word_never) => VisitSetting::Banner(Banner::NeverShown),
        (Rule::model, Rule::word_opt_in) => VisitSetting::Model(ConsentModel::OptIn),
        (Rule::model, Rule::word_opt_out) => VisitSetting::Model(ConsentModel::OptOut),
        (Rule::model, Rule::word_implied) => VisitSetting::Model(ConsentModel::Implied),
        (Rule::model, Rule::word_notice_only) => VisitSetting::Model(ConsentModel::NoticeOnly),
        (Rule::model, Rule::word_custom) => VisitSetting::Model(ConsentModel::Custom),
        (Rule::model_implied, Rule::word_implied) => VisitSetting::Implied(match words.last()? {
            Rule::word_opt_in => Folding::OptIn,
            _ => Folding::OptOut,
        }),
        (Rule::gate, Rule::word_table) => VisitSetting::Gate(GateReading::Table),
        (Rule::gate, Rule::word_relevant) => VisitSetting::Gate(GateReading::Relevant),
        (Rule::gate, Rule::word_exact) => VisitSetting::Gate(GateReading::Exact),
        (Rule::gate_without_consent, Rule::word_open) => VisitSetting::WithoutConsent(WithoutConsent::Open),
        (Rule::gate_without_consent, Rule::word_closed) => {
            VisitSetting::WithoutConsent(WithoutConsent::Closed)
        }
        (Rule::visit, Rule::word_gate) => VisitSetting::Loads(Loading::GateOpen),
        (Rule::visit, Rule::word_granted) => VisitSetting::Loads(Loading::Granted),
        _ => return None,
    })
}
