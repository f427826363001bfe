//! Comments that allow findings: `// allow unmapped-destination because "the contract covers it"`.

use super::{is_reason, quoted, unquoted};
use crate::diagnostic::Code;

/// A comment that allows findings, or was meant to.
pub(crate) struct Allow<'c> {
    /// False if the first word is another form of `allow`, such as `Allow:`.
    is_exact: bool,
    /// The findings. Never empty.
    pub(crate) findings: Vec<Allowed<'c>>,
    /// True if other words follow them.
    pub(crate) has_others: bool,
    /// The text after `because`; empty if there is none.
    pub(crate) reason: &'c str,
}

/// A finding in such a comment.
#[derive(Clone, Copy)]
pub(crate) struct Allowed<'c> {
    /// The name, as written. In comments of an earlier version, the code.
    pub(crate) text: &'c str,
    /// The offset in the comment.
    pub(crate) at: usize,
}

/// What a comment gives as the reason for allowing a finding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A text in quotes.
    Given,
    /// A text without quotes, and the corrected comment.
    Unquoted(String),
    /// A text in quotes that is not valid.
    Invalid,
    /// The first word is not exactly `allow`. Holds the corrected comment.
    NotExact(String),
    /// Other words are between the names and the reason.
    OtherWords,
    /// None at all.
    None,
}

impl<'c> Allow<'c> {
    /// Reads a comment; `None` if it is an ordinary one.
    pub(crate) fn read(comment: &'c str) -> Option<Self> {
        let start = comment.trim_start_matches('/').trim_start();
        let (word, rest) = start.split_once([' ', '\t'])?;
        if !word.trim_end_matches(':').eq_ignore_ascii_case("allow") {
            return None;
        }
        let (list, reason) = rest
            .split_once(" because")
            .filter(|(_, reason)| reason.is_empty() || reason.starts_with([' ', '\t', '\r', '"']))
            .unwrap_or((rest, ""));
        let mut findings = Vec::new();
        let mut has_others = false;
        let mut at = comment.len() - rest.len();
        for part in list.split_inclusive([',', ' ', '\t', '\r']) {
            let text = part.trim_end_matches([',', ' ', '\t', '\r']).trim_end_matches([':', '.', ';']);
            match text {
                "" => {}
                _ if !has_others && looks_like_a_finding(text) => findings.push(Allowed { text, at }),
                _ => has_others = true,
            }
            at += part.len();
        }
        // Without a finding it is an ordinary sentence. An unknown word with a hyphen is a name only if no other words follow.
        let first = findings.first()?.text;
        (is_code(first) || is_nearly_known(first) || !has_others).then_some(Allow {
            is_exact: word == "allow",
            findings,
            has_others,
            reason: reason.trim(),
        })
    }

    /// True if it has the code of a finding, as comments of an earlier version do.
    pub(crate) fn is_old(&self) -> bool {
        self.findings.iter().any(|finding| is_code(finding.text))
    }

    /// The reason, as far as the comment gives one.
    pub(crate) fn reason(&self) -> Reason {
        let names: Vec<&str> = self.findings.iter().map(|finding| finding.text).collect();
        let corrected = |reason: &str| format!("// allow {} because {reason}", names.join(", "));
        match unquoted(self.reason) {
            _ if self.has_others => Reason::OtherWords,
            _ if self.reason.is_empty() => Reason::None,
            Some(text) if !is_reason(&text) => Reason::None,
            Some(_) if self.is_exact => Reason::Given,
            Some(_) => Reason::NotExact(corrected(self.reason)),
            // An invalid text in quotes must not be quoted again.
            None if self.reason.starts_with('"') => Reason::Invalid,
            None => Reason::Unquoted(corrected(&quoted(self.reason))),
        }
    }
}

/// True if the line below a comment may continue it. Comments that allow something never do.
pub(crate) fn may_go_on(line: Option<&str>) -> bool {
    line.map(str::trim).is_some_and(|line| line.starts_with("//") && Allow::read(line).is_none())
}

/// True if a word is the name or the code of a finding, or was meant to be one.
fn looks_like_a_finding(word: &str) -> bool {
    let is_kebab_case = word.contains('-')
        && word.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()));
    is_kebab_case || is_code(word) || is_nearly_known(word)
}

/// True if a word is a code, such as `C507`.
pub(crate) fn is_code(word: &str) -> bool {
    let digits = word.strip_prefix(['C', 'c']).filter(|digits| digits.len() == 3);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_nearly_known(word: &str) -> bool {
    Code::named(word).or_else(|| Code::nearest(word, |_| true)).is_some()
}
