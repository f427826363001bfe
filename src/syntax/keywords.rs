//! The words that begin statements and their parts, and what may be a name.
//!
//! The grammar defines the language. A test compares it with this table, which everything else uses.

use super::generated::{Grammar, Rule};
use super::tokens::{Tokens, first_word};
use pest::Parser;

/// A row: how the statement begins, as messages list it; the rest of its leading words; for a required setting an example value,
/// and true if that value changes no decision; and the words that begin its parts.
macro_rules! keywords {
    ($($keyword:ident $lead:literal $(+ $rest:literal)? $(= $example:literal $neutral:literal)? $([$($part:literal)*])?,)*) => {
        /// The words that lead a statement.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Keyword {
            $(#[doc = concat!("`", $lead, $(" ", $rest,)? "`.")] $keyword,)*
        }

        impl Keyword {
            /// Every statement, in the order of the messages that list them.
            pub const ALL: &[Keyword] = &[$(Keyword::$keyword,)*];

            /// Returns the leading words: `gate opens on`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Keyword::$keyword => concat!($lead, $(" ", $rest)?),)*
                }
            }

            /// Returns the leading words as far as messages list them: `gate`.
            pub fn lead(self) -> &'static str {
                match self {
                    $(Keyword::$keyword => $lead,)*
                }
            }

            /// Returns an example value if the statement is a required setting.
            pub fn example(self) -> Option<&'static str> {
                match self {
                    $(Keyword::$keyword => None$(.or(Some($example)))?,)*
                }
            }

            /// Returns true if policies once lacked the setting, and the example value decides as they did.
            pub fn is_neutral(self) -> bool {
                match self {
                    $(Keyword::$keyword => false $(|| $neutral)?,)*
                }
            }

            /// Returns the words that begin the statement's attributes, or the lines inside its braces.
            pub fn parts(self) -> &'static [&'static str] {
                match self {
                    $(Keyword::$keyword => &[$($($part),*)?],)*
                }
            }
        }
    };
}

keywords! {
    Policy "policy",
    Include "include",
    Category "category" ["always" "unenforced" "unasked" "refused" "from"],
    Destination "destination" ["needs" "otherwise" "alias" "shared" "unmapped" "exempt" "disabled" "mode" "kind"],
    DestinationKind "destination" + "kind" ["ignores"],
    Reconcile "reconcile" = "{ consent integrations enforce any any consent then integrations }" false,
    UnmappedDestinations "unmapped destinations" = "block" false,
    SeveralCategories "several categories" + "need" = "all" false,
    InvalidEntries "invalid entries" = "off" false,
    NonBooleanAll "non-boolean All" = "as entry" true,
    ExemptEvents "exempt events" = "none" false,
    PreferenceEvents "preference events" = "\"Segment Consent Preference\", \"Segment Consent Preference Updated\"" true,
    ConsentAt "consent at" = "context.consent.categoryPreferences" false,
    Input "input",
    Strategy "strategy",
    Test "test" ["event" "events" "consent" "integrations" "input" "recorded" "deliver" "block" "drop"],
    Lint "lint",
    Banner "banner",
    Model "model",
    ImpliedConsent "implied consent" = "opt-in" true,
    GateOpens "gate" + "opens on" = "any grant" true,
    GateWithoutConsent "gate" + "without consent" = "open" true,
    LibraryLoads "library loads when" = "granted" true,
    RouterKnows "router knows" = "some names" true,
    Batches "batches" = "merged" true,
    ForeignConsent "foreign consent" = "ignored" true,
    LedgerAlsoRecords "ledger" + "also records" = "nothing" true,
    LedgerMismatch "ledger" + "mismatch" = "ignore" true,
    LedgerUnstamped "ledger" + "unstamped" = "use recorded" true,
    LedgerUnknown "ledger" + "unknown" = "use stamped" true,
    LedgerUnreachable "ledger" + "unreachable" = "refuse" true,
    LedgerConflict "ledger" + "conflict" = "refuse" true,
    LedgerUnasked "ledger" + "unasked" = "refused" true,
    LedgerGrants "ledger" + "grants" = "never expire" true,
    LedgerIntegerIds "ledger" + "integer ids" = "invalid" true,
    LedgerAlias "ledger" + "alias" = "ignored" true,
    LedgerVersion "ledger" + "version" = "none" true,
    NeverDeliver "never deliver",
    AlwaysDeliver "always deliver",
}

impl Keyword {
    /// Returns the first of the leading words.
    pub(crate) fn first_word(self) -> &'static str {
        first_word(self.lead())
    }
}

/// The word in front of a statement that replaces one of an included file.
const OVERRIDE: &str = "override";

/// First words of statements that have other words now.
const OLD_STATEMENTS: [&str; 4] = ["unreadable", "preferences", "visit", "verify"];

/// First words of statements that may also begin a line inside another one.
const ALSO_INSIDE: [&str; 8] =
    ["unmapped", "exempt", "consent", "implied", "never", "always", "input", "strategy"];

/// Words that the language has not always had.
pub(super) const NEW_WORDS: [&str; 26] = [
    "alias",
    "answered",
    "batches",
    "delivery",
    "entries",
    "envelope",
    "except",
    "foreign",
    "ignore",
    "ignored",
    "invalid",
    "knows",
    "library",
    "merged",
    "names",
    "needed",
    "opens",
    "own",
    "preference",
    "present",
    "refused",
    "reject",
    "router",
    "some",
    "unanswered",
    "unenforced",
];

/// Lists how statements begin.
pub(super) fn leads() -> Vec<&'static str> {
    let mut leads: Vec<&str> = Keyword::ALL.iter().map(|keyword| keyword.lead()).collect();
    leads.dedup();
    leads.push(OVERRIDE);
    leads
}

/// Returns true if a text begins with the first word of a statement. `consent` and `input` also begin a line of a test, and others may
/// be names, so the words behind them count too.
pub(super) fn begins_statement(text: &str) -> bool {
    let word = first_word(text);
    let mut behind = Tokens::new(text, word.len()).map(|token| token.text);
    match word {
        "consent" => behind.next() == Some("at"),
        "library" => behind.next() == Some("loads"),
        "router" => behind.next() == Some("knows"),
        "batches" => behind.next().is_some_and(|word| matches!(word, "merged" | "envelope" | "reject")),
        "foreign" => behind.next() == Some("consent"),
        "input" => behind.nth(1) == Some("at"),
        "non-boolean" => behind.next() == Some("All"),
        "strategy" => behind.next().is_some_and(|word| matches!(word, "all" | "any")),
        _ => is_first_word(word) || OLD_STATEMENTS.contains(&word),
    }
}

/// Returns true if a word begins statements and may be a name as well.
pub(super) fn may_begin_statement(word: &str) -> bool {
    matches!(word, "input" | "strategy" | "non-boolean")
}

/// Returns true if a line begins a statement and cannot go on with anything else.
pub(super) fn ends_nesting(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '\r']);
    let word = first_word(line);
    let is_followed_by_space = line.get(word.len()..).is_some_and(|rest| rest.starts_with([' ', '\t']));
    is_followed_by_space && is_first_word(word) && !ALSO_INSIDE.contains(&word)
}

fn is_first_word(word: &str) -> bool {
    let begins =
        |lead: &str| lead.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    word == OVERRIDE || Keyword::ALL.iter().any(|keyword| begins(keyword.lead()))
}

/// Returns true if a name may stand without quotes: a plain word that is not one of the language's own.
pub(super) fn is_bare(name: &str) -> bool {
    Grammar::parse(Rule::bare, name)
        .is_ok_and(|mut pairs| pairs.next().is_some_and(|bare| bare.as_str() == name))
}

/// Returns true if a plain word cannot be a bare name because the language uses it.
pub(super) fn is_language_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-') && !is_bare(word)
}
