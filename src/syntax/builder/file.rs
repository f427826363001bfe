//! The statements of a file, and its edition.

use super::{Builder, child, children};
use crate::diagnostic::{Code, Diagnostic, FileId, Span, Spanned};
use crate::syntax::expected::unexpected;
use crate::syntax::generated::{Grammar, Rule};
use crate::syntax::recover;
use crate::syntax::tree::*;
use pest::iterators::{Pair, Pairs};
use pest::{Parser, Token as Border};

/// The edition that this version speaks.
const EDITION: u32 = 1;

/// How many mistakes of one file are listed.
const MAX_MISTAKES: usize = 1_000;

/// Reads text that has passed `scan`.
pub(in crate::syntax) fn build(text: &str, file: FileId) -> (Tree, Vec<Diagnostic>) {
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
        Err(error) => builder.found.push(unexpected(&error, "", text, 0, file)),
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

impl Builder<'_> {
    /// Adds the statements, and gives the edition.
    fn file(&mut self, pairs: Pairs<Rule>, statements: &mut Vec<Statement>) -> Option<Spanned<u32>> {
        let mut edition_line = false;
        let mut edition = None;
        for pair in pairs {
            let span = self.span(&pair);
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
                    edition = self.edition(&pair);
                }
                Rule::statement => {
                    let read = self.statement(&pair, span, statements);
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

    fn edition(&mut self, pair: &Pair<Rule>) -> Option<Spanned<u32>> {
        let number = child(pair, Rule::number)?;
        let span = self.whole(&number);
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
    fn statement(&mut self, pair: &Pair<Rule>, span: Span, into: &mut Vec<Statement>) -> Option<()> {
        let overrides = child(pair, Rule::word_override).map(|word| self.whole(&word));
        let fact = children(pair).last()?;
        let is_old = self.report_old_statement(&fact)?;
        let facts = match fact.as_rule() {
            Rule::old_records => self.old_records(&fact, overrides.is_some())?,
            _ => vec![self.fact(&fact)?],
        };
        into.extend(facts.into_iter().map(|fact| Statement {
            span,
            overrides,
            fact,
            complete: true,
            is_old,
        }));
        Some(())
    }
}
