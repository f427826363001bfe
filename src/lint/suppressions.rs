//! Comments that allow a finding: `// allow unmapped-destination because "the contract covers it"`.
//!
//! Such a comment speaks of a statement, or of one row of a table: of what stands in front of it on its line, and on a line of
//! its own of what comes next. So it speaks of the same wherever the formatter puts it.

use super::places::{statement_at, words_before};
use crate::diagnostic::{Code, Diagnostic, Edit, Files, Position, Span};
use crate::syntax::allow::{Allow, Reason, may_go_on};
use crate::syntax::lines::{line_below, line_end, line_start};
use crate::syntax::tree::{Fact, Statement, Token, TokenKind, Tree};
use std::collections::HashSet;

/// The comments of a policy's files that allow findings.
pub(super) struct Suppressions<'t> {
    trees: &'t [Tree],
    all: Vec<Suppression>,
    /// The findings that are allowed, and the statements or rows in which they are.
    allowed: HashSet<(Code, Span)>,
    /// Those of them that were found.
    used: HashSet<(Code, Span)>,
}

struct Suppression {
    /// The comment.
    comment: Span,
    /// What is to be deleted with it when it is of no use, where that is safe.
    whole: Option<Span>,
    /// The statement or row of which it speaks.
    target: Option<Span>,
    /// The findings that it allows, as written.
    names: Vec<String>,
    reason: Reason,
    /// True if a comment on the next line may continue it.
    may_go_on: bool,
}

impl<'t> Suppressions<'t> {
    pub(super) fn of(files: &Files, trees: &'t [Tree]) -> Self {
        let mut all = Vec::new();
        for tree in trees.iter().filter(|tree| !files.is_prelude(tree.file)) {
            let text = files.text(tree.file);
            let is_word = |token: &&Token| token.kind == TokenKind::Word;
            let words: Vec<&Token> = tree.tokens.iter().filter(is_word).collect();
            let mut above: Option<CommentPlace<'_>> = None;
            for token in tree.tokens.iter().filter(|token| token.kind == TokenKind::Comment) {
                let beside = CommentPlace::of(files, &words, token, above);
                above = Some(beside);
                // One in old words allows nothing.
                let Some(allow) = Allow::read(files.excerpt(token.span)).filter(|allow| !allow.is_old())
                else {
                    continue;
                };
                all.push(Suppression {
                    comment: token.span,
                    whole: whole(text, &words, token),
                    target: target(tree, &words, token, beside.word),
                    names: allow.findings.iter().map(|finding| finding.text.to_owned()).collect(),
                    reason: allow.reason(),
                    may_go_on: may_go_on(line_below(text, token.span.start)),
                });
            }
        }
        let given = all.iter().filter(|one: &&Suppression| one.reason == Reason::Given);
        let allowed =
            given.flat_map(|one| one.names.iter().filter_map(|name| Some((lint(name)?, one.target?))));
        Suppressions { trees, allowed: allowed.collect(), all, used: HashSet::new() }
    }

    /// Returns true if a comment allows a finding; the comment is of use then.
    pub(super) fn allow(&mut self, finding: &Diagnostic) -> bool {
        let place = finding.span();
        let tree = place.and_then(|place| self.trees.get(place.file.0));
        let Some((place, tree)) = place.zip(tree) else { return false };
        let targets = spans_at(tree, place.start).map(|target| (finding.code, target));
        let allowed: Vec<_> = targets.filter(|target| self.allowed.contains(target)).collect();
        self.used.extend(&allowed);
        !allowed.is_empty()
    }

    /// The comments that give no reason, and those that allow nothing.
    pub(super) fn report(self, files: &Files, found: &mut Vec<Diagnostic>) {
        for suppression in &self.all {
            let names_any = suppression.names.iter().any(|name| Code::named(name).is_some());
            match suppression.reason != Reason::Given && names_any {
                true => found.push(suppression.without_reason(files)),
                false => suppression.unused(&self.used, found),
            }
        }
    }
}

impl Suppression {
    fn without_reason(&self, files: &Files) -> Diagnostic {
        let names = self.names.join(", ");
        let (message, written) = match &self.reason {
            Reason::Unquoted(written) => ("the reason of the comment is not in quotes", Some(written)),
            Reason::NotExact(written) => ("the comment does not begin with `allow`", Some(written)),
            Reason::Invalid => ("the reason of the comment is not a valid text in quotes", None),
            Reason::OtherWords => ("other words stand between the names and the reason", None),
            Reason::Given | Reason::None => ("the comment allows a finding, and gives no reason", None),
        };
        let finding = Diagnostic::new(Code::AllowWithoutReason, message).at(self.comment, "allows nothing");
        let Some(written) = written else {
            return finding.help(format!("write `// allow {names} because \"...\"`"));
        };
        // The next line may hold the rest of the reason.
        if self.may_go_on && matches!(self.reason, Reason::Unquoted(_)) {
            return finding.help(format!(
                "write the whole reason on one line, in quotes: `// allow {names} because \"...\"`"
            ));
        }
        let finding = finding.help(format!("write `{written}`"));
        let end = self.comment.start + files.excerpt(self.comment).trim_end().len();
        let span = Span::new(self.comment.file, self.comment.start, end);
        finding.fix("put the reason in quotes", [Edit::new(span, written)])
    }

    fn unused(&self, used: &HashSet<(Code, Span)>, found: &mut Vec<Diagnostic>) {
        let is_used = |name: &str| lint(name).zip(self.target).is_some_and(|target| used.contains(&target));
        let unused: Vec<&String> = self.names.iter().filter(|name| !is_used(name)).collect();
        let is_known = |name: &String| Code::named(name).is_some();
        // A misspelled name is for its author to correct.
        let is_of_no_use = unused.len() == self.names.len() && self.names.iter().all(is_known);
        for name in unused {
            // A search for what is meant takes longer than all the rest.
            let meant = || Code::nearest(name, Code::is_lint);
            let (message, help) = match (lint(name), (!is_known(name)).then(meant).flatten()) {
                (Some(_), _) => (
                    format!("`{name}` is not found here"),
                    "delete it, so that it does not hide what comes later".to_owned(),
                ),
                (None, _) if is_known(name) => (
                    format!("`{name}` is not a finding that a comment can allow"),
                    "a comment can allow findings of lint; this one prevents compilation".to_owned(),
                ),
                (None, Some(meant)) => {
                    (format!("there is no finding `{name}`"), format!("did you mean `{}`?", meant.name()))
                }
                (None, None) => (
                    format!("there is no finding `{name}`"),
                    "write a name that `consentry help` lists".to_owned(),
                ),
            };
            let edit = self.whole.filter(|_| is_of_no_use).map(|span| Edit::new(span, ""));
            found.push(
                Diagnostic::new(Code::UnusedAllow, message)
                    .at(self.comment, "allows what is not there")
                    .help(help)
                    .fix("delete the comment", edit),
            );
        }
    }
}

/// Where a comment stands, and the word in front of it on its line. A comment right below such a one, in its very column, goes on
/// with it, as it does in the layout.
#[derive(Clone, Copy)]
struct CommentPlace<'t> {
    position: Position,
    word: Option<&'t Token>,
}

impl<'t> CommentPlace<'t> {
    fn of(files: &Files, words: &[&'t Token], comment: &Token, above: Option<CommentPlace<'t>>) -> Self {
        let position = files.position(comment.span);
        let before = words_before(words, comment.span.start);
        let own = before.last().filter(|word| files.end_position(word.span).line == position.line).copied();
        let is_next = |above: &CommentPlace<'_>| {
            above.position.line + 1 == position.line && above.position.column == position.column
        };
        CommentPlace { position, word: own.or_else(|| above.filter(is_next)?.word) }
    }
}

/// The places that a comment speaks of: what stands in front of it on its line, or else what comes next.
fn target(tree: &Tree, words: &[&Token], comment: &Token, word: Option<&Token>) -> Option<Span> {
    let behind = words_before(words, comment.span.start).len();
    match (word, words.get(behind)) {
        (Some(word), _) => spans_at(tree, word.span.start).last(),
        // In front of the header of a table or of its closing brace there is no row to speak of.
        (None, Some(next)) => spans_at(tree, next.span.start)
            .last()
            .filter(|span| span.start == next.span.start || !has_rows(tree, next.span.start)),
        (None, None) => None,
    }
}

/// What is deleted with a comment that is of no use: the space in front of it, or else its whole line. `None` where another
/// comment may go on with it, or be what it goes on with.
fn whole(text: &str, words: &[&Token], comment: &Token) -> Option<Span> {
    let place = comment.span;
    let line_start = line_start(text, place.start);
    let line_end = line_end(text, place.start);
    let word = words_before(words, place.start).last().filter(|word| word.span.end > line_start);
    let line_above = text.get(..line_start.saturating_sub(1)).and_then(|before| before.lines().next_back());
    if may_go_on(line_below(text, place.start)) || word.is_none() && may_go_on(line_above) {
        return None;
    }
    Some(match word {
        // A carriage return at the end of the line stays.
        Some(word) => {
            let written = text.get(place.range()).unwrap_or_default();
            let end = place.start + written.trim_end_matches('\r').len();
            Span::new(place.file, word.span.end, end)
        }
        None => Span::new(place.file, line_start, line_end),
    })
}

/// Returns the row of a table in which a place is.
fn row_at(statement: &Statement, at: usize) -> Option<Span> {
    // Rows stand in the order of the text, and there may be very many.
    fn find<T>(rows: &[T], at: usize, span: impl Fn(&T) -> Span) -> Option<Span> {
        let row = rows.get(rows.partition_point(|row| span(row).end <= at)).map(span)?;
        (row.start <= at).then_some(row)
    }
    match &statement.fact {
        Fact::Reconcile(table) => find(&table.rows, at, |row| row.span),
        Fact::Test(test) => find(test.cases.as_deref()?, at, |case| case.span),
        _ => None,
    }
}

fn has_rows(tree: &Tree, at: usize) -> bool {
    statement_at(tree, at).is_some_and(|statement| match &statement.fact {
        Fact::Reconcile(table) => !table.rows.is_empty(),
        Fact::Test(test) => test.cases.as_ref().is_some_and(|cases| !cases.is_empty()),
        _ => false,
    })
}

/// Returns the statement at a place, and the row of it in which the place is.
fn spans_at(tree: &Tree, at: usize) -> impl Iterator<Item = Span> {
    let statement = statement_at(tree, at);
    let row = statement.and_then(|statement| row_at(statement, at));
    statement.map(|statement| statement.span).into_iter().chain(row)
}

/// Returns the finding of lint that has a name.
fn lint(name: &str) -> Option<Code> {
    Code::named(name).filter(|code| code.is_lint())
}
