//! A finding: what is wrong, where, and what to do about it.

use super::code::{Code, Severity};
use super::files::Span;

/// One finding about a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which finding it is; the number never changes and is never used again.
    pub code: Code,
    /// What is wrong, in lower case and without a final period, the author's words in backticks. What is not the author's is
    /// ASCII, here and in all other texts, because not every reader has more.
    pub message: String,
    /// Where, the most important place first.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// What does it, where that is safe: it changes no decision.
    pub fix: Option<Box<Fix>>,
    /// How bad it is: its code's own severity, unless lint was told otherwise.
    pub severity: Severity,
}

/// A change of the text that fixes a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: "delete the override".
    pub title: String,
    /// The changes, which do not overlap; all of them or none.
    pub edits: Vec<Edit>,
}

/// A place and what is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The place, which is empty where something is only added.
    pub span: Span,
    /// What is to stand there instead.
    pub text: String,
}

/// A place and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be said about it.
    pub text: String,
}

impl Edit {
    pub(crate) fn new(span: Span, text: impl Into<String>) -> Self {
        Edit { span, text: text.into() }
    }
}

impl Diagnostic {
    /// A diagnostic without a place yet.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            message: bounded(message.into()),
            labels: Vec::new(),
            help: None,
            fix: None,
            severity: code.severity(),
        }
    }

    /// Adds a place; the first one is where the diagnostic is listed.
    pub(crate) fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: bounded(text.into()) });
        self
    }

    /// Says what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(bounded(help.into()));
        self
    }

    /// Adds the edits that fix it, if there are any.
    pub(crate) fn fix(mut self, title: impl Into<String>, edits: impl IntoIterator<Item = Edit>) -> Self {
        let edits: Vec<Edit> = edits.into_iter().collect();
        if !edits.is_empty() {
            self.fix = Some(Box::new(Fix { title: title.into(), edits }));
        }
        self
    }

    /// The place where the diagnostic is listed; `None` for a file that could not be read.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// A text of a message, cut where a name in it is longer than anybody reads.
fn bounded(mut text: String) -> String {
    const LONGEST: usize = 500;
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("...");
    }
    text
}
