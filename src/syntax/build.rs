//! The parser's pairs → the tree.
//!
//! Each function here mirrors one rule of the grammar. They return `None` only where the pairs are not those that the
//! grammar promises, which would be a mistake in this file; such a statement is reported, never dropped in silence.

use super::allow::is_code;
use super::generated::{Grammar, Rule};
use super::old_words::{OldWord, statement_below, without_comma};
use super::tree::*;
use super::{recover, scan};
use crate::diagnostic::{Code, Diagnostic, Edit, FileId, Span, Spanned};
use pest::iterators::{Pair, Pairs};
use pest::{Parser, Token as Border};

/// The edition that this version speaks.
const EDITION: u32 = 1;

/// How many mistakes of one file are listed.
const MAX_MISTAKES: usize = 1_000;

/// Reads text that has passed [`scan::scan`].
pub(super) fn build(text: &str, file: FileId) -> (Tree, Vec<Diagnostic>) {
    let mut builder = Builder { file, text, tokens: Vec::new(), found: Vec::new(), old_words: Vec::new() };
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
    let Builder { tokens, mut found, old_words, .. } = builder;
    if !old_words.is_empty() {
        found.extend(old_words);
        found.sort_by_key(Diagnostic::span);
    }
    (Tree { file, edition, statements, tokens, text: text.into() }, found)
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
    /// Apart from the errors, whose number is limited: all of a file are fixed in one run.
    old_words: Vec<Diagnostic>,
}

/// How many old words of one file are listed.
const MAX_OLD_WORDS: usize = 100_000;

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
                Rule::statement => {
                    let read = self.statement(pair, span, statements);
                    self.found.extend(read.is_none().then(|| {
                        Diagnostic::new(Code::UnexpectedText, "the statement could not be read")
                            .at(span, "this")
                    }));
                }
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

    /// Adds a statement; of one in old words, what it is made of today.
    fn statement(&mut self, pair: Pair<Rule>, span: Span, into: &mut Vec<Statement>) -> Option<()> {
        let mut overrides = None;
        for child in children(pair) {
            if child.as_rule() == Rule::word_override {
                overrides = Some(self.whole(child.as_span()));
                continue;
            }
            let old = self.old_facts(&child, overrides.is_some());
            let is_old = old.is_some();
            let facts = match old {
                Some(facts) => facts,
                None => vec![self.fact(child)?],
            };
            let statements =
                facts.into_iter().map(|fact| Statement { span, overrides, fact, complete: true, is_old });
            into.extend(statements);
        }
        Some(())
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
            Rule::invalid_entries => Fact::InvalidEntries(invalid_entries(&pair)),
            Rule::exempt_events => Fact::ExemptEvents(self.event_names(pair)?),
            Rule::preference_events => Fact::PreferenceEvents(self.event_names(pair)?),
            Rule::consent_at => Fact::ConsentAt(self.consent_at(pair)?),
            Rule::test => Fact::Test(self.test(pair)?),
            Rule::lint => Fact::Lint(self.lint(pair)?),
            Rule::promise => Fact::Promise(self.promise(pair)?),
            Rule::ledger_also_records => {
                let identify = child(pair, Rule::word_identify).is_some();
                let also = if identify { AlsoRecords::Identify } else { AlsoRecords::Nothing };
                Fact::Ledger(LedgerSetting::AlsoRecords(also))
            }
            Rule::ledger => Fact::Ledger(ledger_setting(pair)?),
            _ => Fact::Visit(visit_setting(pair)?),
        })
    }

    /// Where the children of a pair are.
    fn spans(&self, pair: &Pair<Rule>) -> Vec<Span> {
        children(pair.clone()).map(|part| self.whole(part.as_span())).collect()
    }

    /// Reads a statement in old words as the statements that it is today; `None` for any other statement.
    fn old_facts(&mut self, pair: &Pair<Rule>, overrides: bool) -> Option<Vec<Fact>> {
        let is_open = child(pair.clone(), Rule::old_open_word).is_some();
        let reading = child(pair.clone(), Rule::old_gate_reading);
        let words = self.spans(pair);
        // How many words are old, and the statement.
        let (code, old, new, count, fact) = match (pair.as_rule(), reading.as_ref().map(Pair::as_str)) {
            (Rule::old_records, _) => return self.old_records(pair, overrides),
            (Rule::old_unreadable_integrations, _) => (
                Code::OldUnreadableIntegrations,
                "unreadable integrations count as",
                "invalid entries",
                4,
                Fact::InvalidEntries(invalid_entries(pair)),
            ),
            (Rule::old_exempt_event, _) => {
                let names = self.event_names(pair.clone())?;
                (Code::OldExemptEvent, "exempt event", "exempt events", 2, Fact::ExemptEvents(names))
            }
            (Rule::old_preferences, _) => {
                let place = self.consent_at(pair.clone())?;
                (Code::OldPreferencesAt, "preferences at", "consent at", 2, Fact::ConsentAt(place))
            }
            (Rule::old_verify, _) => {
                (Code::OldVerify, "verify", "ledger", 1, Fact::Ledger(ledger_setting(pair.clone())?))
            }
            (Rule::old_model_implied, _) => (
                Code::OldModelImplied,
                "model implied means",
                "implied consent",
                3,
                Fact::Visit(visit_setting(pair.clone())?),
            ),
            (Rule::old_visit, _) => (
                Code::OldVisitLoads,
                "visit loads when",
                "library loads when",
                3,
                Fact::Visit(visit_setting(pair.clone())?),
            ),
            (Rule::old_gate_without_consent, _) if is_open => (
                Code::OldGateWithoutConsent,
                "gate open without consent",
                "gate without consent open",
                4,
                Fact::Visit(VisitSetting::WithoutConsent(WithoutConsent::Open)),
            ),
            (Rule::old_gate_without_consent, _) => (
                Code::OldGateWithoutConsent,
                "gate closed without consent",
                "gate without consent closed",
                4,
                Fact::Visit(VisitSetting::WithoutConsent(WithoutConsent::Closed)),
            ),
            (Rule::old_gate, Some("table")) => (
                Code::OldGate,
                "gate table",
                "gate opens on any grant",
                2,
                Fact::Visit(VisitSetting::GateOpens(GateOpens::AnyGrant)),
            ),
            (Rule::old_gate, Some("relevant")) => (
                Code::OldGate,
                "gate relevant",
                "gate opens on needed grant",
                2,
                Fact::Visit(VisitSetting::GateOpens(GateOpens::NeededGrant)),
            ),
            (Rule::old_gate, _) => (
                Code::OldGate,
                "gate exact",
                "gate opens on delivery",
                2,
                Fact::Visit(VisitSetting::GateOpens(GateOpens::Delivery)),
            ),
            _ => return None,
        };
        self.old(code, words.get(..count)?, old, new);
        Some(vec![fact])
    }

    /// Reports old words.
    fn old(&mut self, code: Code, words: &[Span], old: &str, new: &str) {
        self.report_old(OldWord { code, words, old, new }.error(self.text, Vec::new()));
    }

    fn report_old(&mut self, error: Diagnostic) {
        if self.old_words.len() < MAX_OLD_WORDS {
            self.old_words.push(error);
        }
    }

    /// Reads `ledger records`, which is two statements today.
    fn old_records(&mut self, pair: &Pair<Rule>, overrides: bool) -> Option<Vec<Fact>> {
        let whole = self.span(pair.as_span());
        let events = || children(pair.clone()).filter(|part| part.as_rule() == Rule::old_recorded_event);
        let is_name = |event: &Pair<Rule>| child(event.clone(), Rule::text).is_some();
        let has_names = events().any(|event| is_name(&event));
        let identify = !events().all(|event| is_name(&event));
        let (mut names, mut edits) = (Vec::new(), Vec::new());
        let (mut comma, mut is_kept) = (None, false);
        for part in children(pair.clone()) {
            let place = self.whole(part.as_span());
            match part.as_rule() {
                Rule::comma => comma = Some(place),
                Rule::old_recorded_event => {
                    let text = child(part, Rule::text);
                    // The comma before the first name that stays goes with the words before it.
                    let comma = comma.take().filter(|_| text.is_none() || !is_kept);
                    edits.extend(comma.map(|span| Edit { span, text: String::new() }));
                    match text {
                        Some(text) => names.push(self.name(text)?),
                        None => {
                            let none = if has_names || is_kept { "" } else { "none" };
                            edits.push(Edit { span: place, text: none.into() });
                        }
                    }
                    is_kept |= !names.is_empty() || !has_names;
                }
                _ => {}
            }
        }
        let word = if overrides { "override " } else { "" };
        let (value, also) = match identify {
            true => ("identify", AlsoRecords::Identify),
            false => ("nothing", AlsoRecords::Nothing),
        };
        edits.push(statement_below(self.text, whole, &format!("{word}ledger also records  {value}")));
        let words = self.spans(pair);
        let (code, old, new) = (Code::OldLedgerRecords, "ledger records", "preference events");
        let error = OldWord { code, words: words.get(..2)?, old, new }.error(self.text, edits);
        self.report_old(error.help(format!(
            "write the names after `{word}preference events`, and `{word}ledger also records {value}`; `consentry lint --fix` does it"
        )));
        Some(vec![Fact::PreferenceEvents(names), Fact::Ledger(LedgerSetting::AlsoRecords(also))])
    }

    /// Names of events, or none.
    fn event_names(&mut self, pair: Pair<Rule>) -> Option<Vec<Text>> {
        let names = children(child(pair, Rule::event_names)?).filter(|child| child.as_rule() == Rule::text);
        names.map(|name| self.name(name)).collect()
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
                Rule::unenforced => CategoryAttribute::Unenforced,
                Rule::old_switched_off => {
                    let words = self.spans(&part);
                    self.old(Code::OldSwitchedOff, &words, "switched off", "unenforced");
                    CategoryAttribute::Unenforced
                }
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
                Rule::alias => {
                    let shared = child(part.clone(), Rule::word_shared).is_some();
                    let names = children(part).filter(|child| child.as_rule() == Rule::text);
                    let names = names.map(|name| self.name(name)).collect::<Option<_>>()?;
                    DestinationAttribute::Alias(Alias { names, shared })
                }
                Rule::old_also => {
                    let span = self.span(place);
                    let aliases = self.old_also(part)?.into_iter();
                    attributes
                        .extend(aliases.map(|alias| Spanned::new(DestinationAttribute::Alias(alias), span)));
                    continue;
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

    /// `also "a", shared "b"`: each run of shared names, or of names that are not, becomes an alias of its own.
    fn old_also(&mut self, pair: Pair<Rule>) -> Option<Vec<Alias>> {
        let mut also = None;
        let mut comma = None;
        let (mut aliases, mut edits): (Vec<Alias>, _) = (Vec::new(), Vec::new());
        for part in children(pair) {
            let place = self.whole(part.as_span());
            match part.as_rule() {
                Rule::word_also => also = Some(place),
                Rule::comma => comma = Some(place),
                _ => {
                    let shared =
                        child(part.clone(), Rule::word_shared).map(|word| self.whole(word.as_span()));
                    let name = self.name(child(part, Rule::text)?)?;
                    let is_first = aliases.is_empty();
                    let goes_on = aliases.last().is_some_and(|last| last.shared == shared.is_some());
                    if !goes_on {
                        aliases.push(Alias { names: Vec::new(), shared: shared.is_some() });
                        if let Some(comma) = comma {
                            edits.push(without_comma(self.text, comma));
                        }
                    }
                    match shared {
                        // The word `also` becomes `shared alias`.
                        Some(word) if is_first || goes_on => edits.push(self.without(word)),
                        Some(word) => edits.push(Edit { span: word, text: "shared alias".into() }),
                        None if is_first || goes_on => {}
                        None => {
                            let place = Span { end: name.span.start, ..name.span };
                            edits.push(Edit { span: place, text: "alias ".into() });
                        }
                    }
                    aliases.last_mut()?.names.push(name);
                }
            }
        }
        let new = if aliases.first().is_some_and(|first| first.shared) { "shared alias" } else { "alias" };
        let (code, words, old) = (Code::OldAlso, [also?], "also");
        let error = OldWord { code, words: &words, old, new }.error(self.text, edits);
        let written = aliases.iter().map(|alias| {
            let names: Vec<String> = alias.names.iter().map(|name| super::quoted(&name.value)).collect();
            format!("{} {}", if alias.shared { "shared alias" } else { "alias" }, names.join(", "))
        });
        let written = written.collect::<Vec<_>>().join(" ");
        self.report_old(error.help(format!("write `{written}`; `consentry lint --fix` does it")));
        Some(aliases)
    }

    /// The edit that removes a word and the space after it.
    fn without(&self, word: Span) -> Edit {
        let rest = self.text.get(word.end as usize..).unwrap_or_default();
        let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        Edit {
            span: Span::new(word.file, word.start as usize, word.end as usize + space),
            text: String::new(),
        }
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
                    let word = children(part).next()?;
                    let state = match word.as_rule() {
                        Rule::word_missing => ConsentState::Missing,
                        Rule::word_empty => ConsentState::Empty,
                        Rule::word_unanswered => ConsentState::Unanswered,
                        Rule::word_answered => ConsentState::Answered,
                        Rule::word_malformed => ConsentState::Malformed,
                        Rule::old_none_given => {
                            self.old_none_given(word);
                            ConsentState::Unanswered
                        }
                        Rule::old_given => {
                            self.old(Code::OldConsentGiven, &[span], "given", "answered");
                            ConsentState::Answered
                        }
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
                        Rule::word_present => IntegrationsState::Present,
                        Rule::word_malformed => IntegrationsState::Malformed,
                        Rule::old_given => {
                            self.old(Code::OldIntegrationsGiven, &[span], "given", "present");
                            IntegrationsState::Present
                        }
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

    fn old_none_given(&mut self, pair: Pair<Rule>) {
        let words = self.spans(&pair);
        self.old(Code::OldNoneGiven, &words, "none given", "unanswered");
    }

    fn consent_at(&mut self, pair: Pair<Rule>) -> Option<ConsentAt> {
        let path = child(pair.clone(), Rule::path)?;
        let keys = children(path).filter(|child| child.as_rule() == Rule::key);
        let path = keys.map(|key| self.name(key)).collect::<Option<_>>()?;
        if let Some(spelled) = child(pair.clone(), Rule::old_also_spelled) {
            let words = self.spans(&spelled);
            let comma = self.whole(child(pair.clone(), Rule::comma)?.as_span());
            let (code, old, new) = (Code::OldAlsoSpelled, "also spelled", "alias");
            let more = vec![without_comma(self.text, comma)];
            self.report_old(OldWord { code, words: &words, old, new }.error(self.text, more));
        }
        let spelled = children(pair).filter(|child| child.as_rule() == Rule::key);
        let aliases = spelled.map(|key| self.name(key)).collect::<Option<_>>()?;
        Some(ConsentAt { path, aliases })
    }

    fn lint(&mut self, pair: Pair<Rule>) -> Option<Lint> {
        let finding = child(pair.clone(), Rule::finding)?;
        let mut finding = Spanned::new(finding.as_str().to_owned(), self.whole(finding.as_span()));
        if let Some(code) =
            finding.value.parse().ok().filter(|code: &Code| code.is_lint() && is_code(&finding.value))
        {
            self.old(Code::OldLintCode, &[finding.span], &finding.value, code.name());
            finding.value = code.name().to_owned();
        }
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
                    let word = children(state).next()?;
                    Some(match word.as_rule() {
                        Rule::word_on => EntryState::On,
                        Rule::word_off => EntryState::Off,
                        Rule::word_unlisted => EntryState::Unlisted,
                        Rule::old_unreadable => {
                            let place = self.whole(word.as_span());
                            self.old(Code::OldUnreadable, &[place], "unreadable", "invalid");
                            EntryState::Invalid
                        }
                        _ => EntryState::Invalid,
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
        let first = children(pair.clone()).next()?;
        Some(match first.as_rule() {
            Rule::word_missing => StatedConsent::Missing,
            Rule::word_empty => StatedConsent::Empty,
            Rule::word_malformed => StatedConsent::Malformed,
            Rule::old_none_given => {
                self.old_none_given(first);
                StatedConsent::Preferences(Vec::new())
            }
            _ => StatedConsent::Preferences(self.stated(pair, Rule::stated_preference, preference)?),
        })
    }

    fn case_integrations(&mut self, pair: Pair<Rule>) -> Option<StatedIntegrations> {
        Some(match children(pair.clone()).next()?.as_rule() {
            Rule::word_none => StatedIntegrations::None,
            Rule::word_malformed => StatedIntegrations::Malformed,
            _ => StatedIntegrations::Entries(self.stated(pair, Rule::stated_entry, entry)?),
        })
    }

    /// The members of an object, each with its value. `value` reads a value, and gives the new word of an old one.
    fn stated<V>(
        &mut self,
        object: Pair<Rule>,
        member: Rule,
        value: fn(&Pair<Rule>) -> Option<(V, &'static str)>,
    ) -> Option<Vec<(Text, V)>> {
        let mut stated = Vec::new();
        for member in children(object).filter(|child| child.as_rule() == member) {
            let mut parts = children(member);
            let name = parts.next()?;
            let name = match name.as_rule() {
                Rule::word_All => Spanned::new("All".to_owned(), self.whole(name.as_span())),
                _ => self.name(name)?,
            };
            let written = parts.last()?;
            let (value, word) = value(&written)?;
            if written.as_rule() == Rule::old_value {
                let place = self.whole(written.as_span());
                self.old(Code::OldTestValue, &[place], written.as_str(), word);
            }
            stated.push((name, value));
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
        let mut reason = Spanned::new(reason.as_str().to_owned(), self.whole(reason.as_span()));
        if reason.value == "switched_off" {
            self.old(Code::OldSwitchedOff, &[reason.span], "switched_off", "unenforced");
            reason.value = "unenforced".into();
        }
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

/// A preference in a test's event, and its word.
fn preference(pair: &Pair<Rule>) -> Option<(StatedPreference, &'static str)> {
    Some(match (pair.as_rule(), pair.as_str()) {
        (Rule::word_granted, _) | (Rule::old_value, "true") => (StatedPreference::Granted, "granted"),
        (Rule::word_refused, _) | (Rule::old_value, "false") => (StatedPreference::Refused, "refused"),
        (Rule::word_invalid | Rule::old_value, _) => (StatedPreference::Invalid, "invalid"),
        _ => return None,
    })
}

/// An integrations entry in a test's event, and its word.
fn entry(pair: &Pair<Rule>) -> Option<(StatedEntry, &'static str)> {
    Some(match (pair.as_rule(), pair.as_str()) {
        (Rule::word_on, _) | (Rule::old_value, "true") => (StatedEntry::On, "on"),
        (Rule::word_off, _) | (Rule::old_value, "false") => (StatedEntry::Off, "off"),
        (Rule::word_invalid | Rule::old_value, _) => (StatedEntry::Invalid, "invalid"),
        (Rule::options, _) => (StatedEntry::Options, "{}"),
        _ => return None,
    })
}

fn invalid_entries(pair: &Pair<Rule>) -> InvalidEntries {
    match child(pair.clone(), Rule::word_off) {
        Some(_) => InvalidEntries::Off,
        None => InvalidEntries::Unlisted,
    }
}

/// One of the settings of the check against the ledger.
fn ledger_setting(pair: Pair<Rule>) -> Option<LedgerSetting> {
    let mut parts = children(pair).map(|child| child.as_rule()).skip(1);
    let subject = parts.next()?;
    let action = match parts.next()? {
        Rule::word_ignore => return Some(LedgerSetting::Mismatch(None)),
        Rule::word_drop => CheckAction::Drop,
        Rule::use_recorded => CheckAction::UseRecorded,
        Rule::use_stamped | Rule::word_report => CheckAction::UseStamped,
        Rule::word_refuse => CheckAction::Refuse,
        Rule::word_grant => return Some(LedgerSetting::Conflict(Conflict::Grant)),
        _ => return None,
    };
    Some(match subject {
        Rule::word_mismatch => LedgerSetting::Mismatch(Some(action)),
        Rule::word_unstamped => LedgerSetting::Unstamped(action),
        Rule::word_unknown => LedgerSetting::Unknown(action),
        Rule::word_unreachable => LedgerSetting::Unreachable(action),
        Rule::word_conflict => LedgerSetting::Conflict(Conflict::Refuse),
        _ => return None,
    })
}

/// One of the settings of banner, gate and library: the last word is its value.
fn visit_setting(pair: Pair<Rule>) -> Option<VisitSetting> {
    let rule = pair.as_rule();
    let value = children(pair).last()?.as_rule();
    Some(match (rule, value) {
        (Rule::banner, Rule::word_mandatory) => VisitSetting::Banner(Banner::Mandatory),
        (Rule::banner, Rule::word_stays) => VisitSetting::Banner(Banner::Stays),
        (Rule::banner, Rule::word_disappears) => VisitSetting::Banner(Banner::Disappears),
        (Rule::banner, Rule::word_shown) => VisitSetting::Banner(Banner::NeverShown),
        (Rule::model, Rule::word_opt_in) => VisitSetting::Model(ConsentModel::OptIn),
        (Rule::model, Rule::word_opt_out) => VisitSetting::Model(ConsentModel::OptOut),
        (Rule::model, Rule::word_implied) => VisitSetting::Model(ConsentModel::Implied),
        (Rule::model, Rule::word_notice_only) => VisitSetting::Model(ConsentModel::NoticeOnly),
        (Rule::model, Rule::word_custom) => VisitSetting::Model(ConsentModel::Custom),
        (Rule::implied_consent | Rule::old_model_implied, Rule::word_opt_in) => {
            VisitSetting::ImpliedConsent(ImpliedConsent::OptIn)
        }
        (Rule::implied_consent | Rule::old_model_implied, Rule::word_opt_out) => {
            VisitSetting::ImpliedConsent(ImpliedConsent::OptOut)
        }
        (Rule::gate_opens_on, Rule::any_grant) => VisitSetting::GateOpens(GateOpens::AnyGrant),
        (Rule::gate_opens_on, Rule::needed_grant) => VisitSetting::GateOpens(GateOpens::NeededGrant),
        (Rule::gate_opens_on, Rule::word_delivery) => VisitSetting::GateOpens(GateOpens::Delivery),
        (Rule::gate_without_consent, Rule::word_open) => VisitSetting::WithoutConsent(WithoutConsent::Open),
        (Rule::gate_without_consent, Rule::word_closed) => {
            VisitSetting::WithoutConsent(WithoutConsent::Closed)
        }
        (Rule::library_loads | Rule::old_visit, Rule::word_open) => {
            VisitSetting::LibraryLoads(LoadTrigger::GateOpen)
        }
        (Rule::library_loads | Rule::old_visit, Rule::word_granted) => {
            VisitSetting::LibraryLoads(LoadTrigger::Granted)
        }
        _ => return None,
    })
}
