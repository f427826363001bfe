//! Comments that allow a finding: `// allow unmapped-destination because "the contract covers it"`.
//!
//! Such a comment speaks of a statement, or of one row of a table: of what stands in front of it on its line, and on a line of
//! its own of what comes next. So it speaks of the same wherever the formatter puts it.

use super::places::{statement_at, words_before};
use crate::diagnostic::{Code, Diagnostic, Edit, FileId, Files, Position, Span};
use crate::syntax::allow::{Allow, Reason, may_go_on};
use crate::syntax::lines::{line_below, line_end, line_start};
use crate::syntax::tree::{Fact, Statement, Token, TokenKind, Tree};
use std::collections::HashMap;
use std::ops::Range;

/// The comments of a policy's files that allow findings.
pub(super) struct Suppressions {
    all: Vec<Suppression>,
    /// Which of them speak of a code in a file, by where what they speak of begins.
    by_code: HashMap<(Code, FileId), Vec<Target>>,
}

/// What a comment speaks of, among others that speak of the same code.
struct Target {
    start: u32,
    /// The furthest end of this one and of all in front of it.
    furthest: u32,
    index: usize,
}

struct Suppression {
    /// The comment.
    comment: Span,
    /// What is to be deleted with it when it is of no use, where that is safe.
    whole: Option<Span>,
    /// The places of which it speaks, in bytes of its file.
    target: Range<u32>,
    codes: Vec<Allowed>,
    reason: Reason,
    /// True if a comment on the next line may continue it.
    may_go_on: bool,
}

/// A finding that a comment allows, as written.
struct Allowed {
    text: String,
    /// `None` where there is no such finding, or none of lint.
    code: Option<Code>,
    used: bool,
}

impl Suppressions {
    pub(super) fn of(files: &Files, trees: &[Tree]) -> Self {
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
                let allowed = allow.findings.iter().map(|finding| Allowed {
                    text: finding.text.to_owned(),
                    code: Code::named(finding.text).filter(|code| code.is_lint()),
                    used: false,
                });
                all.push(Suppression {
                    comment: token.span,
                    whole: whole(text, &words, token),
                    target: target(tree, &words, token, beside.word),
                    codes: allowed.collect(),
                    reason: allow.reason(),
                    may_go_on: may_go_on(line_below(text, token.span.start as usize)),
                });
            }
        }
        let mut by_code: HashMap<(Code, FileId), Vec<Target>> = HashMap::new();
        for (index, suppression) in all.iter().enumerate().filter(|(_, one)| one.reason == Reason::Given) {
            for code in suppression.codes.iter().filter_map(|allowed| allowed.code) {
                let Range { start, end: furthest } = suppression.target;
                let target = Target { start, furthest, index };
                by_code.entry((code, suppression.comment.file)).or_default().push(target);
            }
        }
        for targets in by_code.values_mut() {
            targets.sort_by_key(|target| target.start);
            let mut furthest = 0;
            for target in targets {
                furthest = target.furthest.max(furthest);
                target.furthest = furthest;
            }
        }
        Suppressions { all, by_code }
    }

    /// Returns true if a comment allows a finding; the comment is of use then.
    pub(super) fn allow(&mut self, finding: &Diagnostic) -> bool {
        let Some(place) = finding.span() else { return false };
        let targets = self.by_code.get(&(finding.code, place.file)).map_or(&[][..], Vec::as_slice);
        let before = targets.partition_point(|target| target.start <= place.start);
        let (may_contain, _) = targets.split_at(before);
        let mut allowed = false;
        for target in may_contain.iter().rev().take_while(|target| place.start < target.furthest) {
            let Some(suppression) = self.all.get_mut(target.index) else { continue };
            if suppression.target.contains(&place.start) {
                allowed = true;
                for code in suppression.codes.iter_mut().filter(|code| code.code == Some(finding.code)) {
                    code.used = true;
                }
            }
        }
        allowed
    }

    /// The comments that give no reason, and those that allow nothing.
    pub(super) fn report(self, files: &Files, found: &mut Vec<Diagnostic>) {
        for suppression in &self.all {
            let names_any = suppression.codes.iter().any(|allowed| Code::named(&allowed.text).is_some());
            match suppression.reason != Reason::Given && names_any {
                true => found.push(suppression.without_reason(files)),
                false => suppression.unused(found),
            }
        }
    }
}

impl Suppression {
    fn without_reason(&self, files: &Files) -> Diagnostic {
        let names: Vec<&str> = self.codes.iter().map(|allowed| allowed.text.as_str()).collect();
        let names = names.join(", ");
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
        let end = self.comment.start as usize + files.excerpt(self.comment).trim_end().len();
        let span = Span::new(self.comment.file, self.comment.start as usize, end);
        finding.fix("put the reason in quotes", [Edit::new(span, written)])
    }

    fn unused(&self, found: &mut Vec<Diagnostic>) {
        let unused: Vec<&Allowed> = self.codes.iter().filter(|code| !code.used).collect();
        let is_known = |allowed: &Allowed| Code::named(&allowed.text).is_some();
        // A misspelled name is for its author to correct.
        let is_of_no_use = unused.len() == self.codes.len() && self.codes.iter().all(is_known);
        for allowed in &unused {
            let name = &allowed.text;
            let (message, help) = match (allowed.code, Code::nearest(name, Code::is_lint)) {
                (Some(_), _) => (
                    format!("`{name}` is not found here"),
                    "delete it, so that it does not hide what comes later".to_owned(),
                ),
                (None, _) if is_known(allowed) => (
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
fn target(tree: &Tree, words: &[&Token], comment: &Token, word: Option<&Token>) -> Range<u32> {
    let behind = words_before(words, comment.span.start).len();
    let target = match (word, words.get(behind)) {
        (Some(word), _) => row_or_statement(tree, word.span.start),
        // In front of the header of a table or of its closing brace there is no row to speak of.
        (None, Some(next)) => row_or_statement(tree, next.span.start)
            .filter(|span| span.start == next.span.start || !has_rows(tree, next.span.start)),
        (None, None) => None,
    };
    target.map_or(0..0, |target| target.start..target.end)
}

/// What is deleted with a comment that is of no use: the space in front of it, or else its whole line. `None` where another
/// comment may go on with it, or be what it goes on with.
fn whole(text: &str, words: &[&Token], comment: &Token) -> Option<Span> {
    let place = comment.span;
    let line_start = line_start(text, place.start as usize);
    let line_end = line_end(text, place.start as usize);
    let word = words_before(words, place.start).last().filter(|word| word.span.end as usize > line_start);
    let line_above = text.get(..line_start.saturating_sub(1)).and_then(|before| before.lines().next_back());
    if may_go_on(line_below(text, place.start as usize)) || word.is_none() && may_go_on(line_above) {
        return None;
    }
    Some(match word {
        // A carriage return at the end of the line stays.
        Some(word) => {
            let written = text.get(place.range()).unwrap_or_default();
            let end = place.start as usize + written.trim_end_matches('\r').len();
            Span::new(place.file, word.span.end as usize, end)
        }
        None => Span::new(place.file, line_start, line_end),
    })
}

/// The rows of a table.
fn rows(statement: &Statement) -> Vec<Span> {
    match &statement.fact {
        Fact::Reconcile(rows) => rows.iter().map(|row| row.span).collect(),
        Fact::Test(test) => test.cases.iter().flatten().map(|case| case.span).collect(),
        _ => Vec::new(),
    }
}

fn has_rows(tree: &Tree, at: u32) -> bool {
    statement_at(tree, at).is_some_and(|statement| !rows(statement).is_empty())
}

/// The row of a table that a place is in, or else the statement.
fn row_or_statement(tree: &Tree, at: u32) -> Option<Span> {
    let statement = statement_at(tree, at)?;
    let row = rows(statement).into_iter().find(|row| row.start <= at && at < row.end);
    Some(row.unwrap_or(statement.span))
}
