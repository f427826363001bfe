//! The ids of people.

use std::fmt;

/// An id of a person. A known id and an anonymous one are never the same, however they are spelled.
///
/// Written, it is `user:` or `anonymous:` and the id.
///
/// ```
/// use consentry::ledger::Id;
///
/// assert_eq!(Id::parse("user:u1"), Some(Id::User("u1".into())));
/// assert_eq!(Id::Anonymous("a1".into()).to_string(), "anonymous:a1");
/// assert_eq!(Id::parse("u1"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    /// `anonymousId`.
    Anonymous(String),
    /// `userId`.
    User(String),
}

impl Id {
    /// Reads an id as it is written; `None` for any other text, and for an id of no characters.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            (_, "") => None,
            ("anonymous", id) => Some(Id::Anonymous(id.to_owned())),
            ("user", id) => Some(Id::User(id.to_owned())),
            _ => None,
        }
    }

    /// The id as events have it.
    pub fn text(&self) -> &str {
        let (Id::Anonymous(text) | Id::User(text)) = self;
        text
    }

    /// Returns true for a known id, a `userId`.
    pub fn is_known(&self) -> bool {
        matches!(self, Id::User(_))
    }

    /// Returns the text in front of the id where it is written.
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Id::Anonymous(_) => "anonymous:",
            Id::User(_) => "user:",
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix(), self.text())
    }
}
