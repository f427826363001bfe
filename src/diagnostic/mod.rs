//! What is wrong with a policy, where, why, and what to do about it.
//!
//! Every stage reports [`Diagnostic`]s instead of stopping at the first mistake. A diagnostic points into [`Files`] by
//! [`Span`]s; [`Files::report`] joins the two into something that `miette` renders.

mod code;
mod files;
mod report;

pub use code::{Code, Severity, UnknownCodeError};
pub use files::{FileId, Files, Position, Span, Spanned};
pub use report::Report;

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
    severity: Severity,
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

    /// Adds the edits that fix it.
    pub(crate) fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(Box::new(fix));
        self
    }

    /// Says how bad it is, as the caller takes it.
    pub fn set_severity(&mut self, severity: Severity) {
        self.severity = severity;
    }

    /// How bad it is: its code's own severity, unless lint was told otherwise.
    pub fn severity(&self) -> Severity {
        self.severity
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

/// Whether a character changes the direction of the text around it.
pub(crate) fn is_bidirectional(char: char) -> bool {
    matches!(char, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character would not be shown as what it is.
pub(crate) fn is_harmful(char: char) -> bool {
    char.is_control()
        || is_bidirectional(char)
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Text that a terminal shows as it is: neither a policy nor an event may send it control sequences, break a line, or
/// turn its direction around. Such characters are shown by their number.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match is_harmful(char) {
            true => shown.extend(char.escape_unicode()),
            false => shown.push(char),
        }
    }
    shown
}

/// The nearest of `known` to a word that is not among them; `None` unless it is near enough to be meant.
///
/// Near is about one edit in four letters, or a difference in case alone: a far-fetched suggestion is worse than none.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The edit distance is quadratic; nobody mistypes a name of this length.
    const LONGEST: usize = 100;
    if word.len() > LONGEST {
        return None;
    }
    let limit = (word.chars().count() + 1) / 4;
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .filter_map(|candidate| {
            let distance = if candidate.to_lowercase() == word.to_lowercase() {
                0
            } else {
                strsim::osa_distance(word, candidate)
            };
            (distance <= limit).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_near_name_is_suggested() {
        let known = ["Advertising", "Analytics", "ad"];
        assert_eq!(nearest("Advertisng", known), Some("Advertising"));
        assert_eq!(nearest("ANALYTICS", known), Some("Analytics"));
        assert_eq!(nearest("AD", known), Some("ad"));
        assert_eq!(nearest("Personalization", known), None);
        assert_eq!(nearest("xy", known), None);
        assert_eq!(nearest(&"a".repeat(10_000), known), None);
    }
}
