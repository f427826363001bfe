//! Old words of the language: errors whose fix writes the new ones.
//!
//! The grammar still reads them, so that the rest of a file is checked in the same run. A fix changes the old words alone:
//! comments and layout around them stay.

use super::allow::{Allow, Reason, may_go_on};
use super::lines::line_below;
use super::quoted;
use super::tree::{TokenKind, Tree};
use crate::diagnostic::{Code, Diagnostic, Edit, Span};

/// Returns the error for some old words, whose fix writes the new ones in their place and makes some more edits. `words` is where they
/// are, in the order of the text.
pub(super) fn old_word(
    text: &str,
    code: Code,
    words: &[Span],
    [old, new]: [&str; 2],
    more: Vec<Edit>,
) -> Diagnostic {
    let mut edits = in_place(text, words, new);
    edits.extend(more);
    edits.sort_by_key(|edit| edit.span);
    let error = Diagnostic::new(code, format!("`{old}` is now `{new}`"))
        .help(format!("write `{new}`; `consentry lint --fix` does it"))
        .fix(format!("write `{new}`"), edits);
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => error.at(first.to(*last), "old word"),
        _ => error,
    }
}

/// The edits that write `new` in the place of some words. A comment between two words stays.
fn in_place(text: &str, words: &[Span], new: &str) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for word in words {
        let gap = |last: &Edit| text.get(last.span.end..word.start);
        match edits.last_mut() {
            None => edits.push(Edit::new(*word, new)),
            Some(last) if gap(last).is_some_and(|gap| gap.trim().is_empty()) => last.span.end = word.end,
            Some(_) => edits.push(Edit::new(*word, "")),
        }
    }
    edits
}

impl Tree {
    /// Returns the errors for comments in old words. They fail `lint` alone: a comment never keeps a policy from deciding.
    pub(crate) fn old_comments(&self) -> impl Iterator<Item = Diagnostic> {
        let comments = self.tokens.iter().filter(|token| token.kind == TokenKind::Comment);
        comments.filter_map(|token| allow_comment(&self.text, token.span))
    }
}

/// The error for a comment that allows findings by their codes: `// allow C507 because the contract covers it`.
fn allow_comment(text: &str, place: Span) -> Option<Diagnostic> {
    let allow = Allow::read(text.get(place.range())?).filter(Allow::is_old)?;
    let edit = |at: usize, old: &str, new: String| {
        let start = place.start + at;
        Edit::new(Span::new(place.file, start, start + old.len()), new)
    };
    // Nobody can allow an error.
    let finding = |text: &str| text.parse().ok().filter(|code: &Code| code.is_lint());
    let codes: Vec<Option<Code>> = allow.findings.iter().map(|one| finding(one.text)).collect();
    let names: Vec<&str> = codes.iter().flatten().map(|code| code.name()).collect();
    let error = Diagnostic::new(
        Code::OldAllowComment,
        "a comment allows findings by their names, with a quoted reason",
    )
    .at(place, "has a code");
    if names.len() < codes.len() || allow.has_others {
        return Some(error.help("write `// allow NAME because \"...\"`; `consentry help` lists the names"));
    }
    let mut edits: Vec<Edit> = allow
        .findings
        .iter()
        .zip(&names)
        .map(|(finding, name)| edit(finding.at, finding.text, (*name).to_owned()))
        .collect();
    // The line below may hold the rest of the reason.
    let is_whole = !may_go_on(line_below(text, place.start));
    if let Reason::Unquoted(_) | Reason::Invalid = allow.reason()
        && is_whole
    {
        let comment = text.get(place.range()).unwrap_or_default();
        let at = comment.trim_end().len() - allow.reason.len();
        edits.push(edit(at, allow.reason, quoted(allow.reason)));
    }
    let new = format!("// allow {} because \"...\"", names.join(", "));
    Some(
        error
            .help(format!("write `{new}`; `consentry lint --fix` does it"))
            .fix(format!("write `{new}`"), edits),
    )
}

/// The edit that removes a comma. What follows it stays a word of its own.
pub(super) fn without_comma(text: &str, comma: Span) -> Edit {
    let follows = text.get(comma.end..).unwrap_or_default();
    let space = if follows.starts_with(char::is_whitespace) { "" } else { " " };
    Edit::new(comma, space)
}

/// The edit that adds a statement below another one: after its line, so that a comment at the line's end stays there.
pub(super) fn statement_below(text: &str, above: Span, statement: &str) -> Edit {
    let rest = text.get(above.end..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    // Another statement may follow on the same line.
    let (length, after) = match line.trim() {
        comment if comment.is_empty() || comment.starts_with("//") => (line.len(), ""),
        _ => (0, "\n"),
    };
    let end = above.end + length;
    Edit::new(Span::new(above.file, end, end), format!("\n{statement}{after}"))
}
