//! What a cell of the reconcile table enforces.

use super::quoted;
use std::fmt;

/// What a cell of the reconcile table enforces (section 2 of the semantics).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Enforce {
    /// `nothing`: every destination receives the event.
    Nothing,
    /// `integrations`: the integrations step.
    Integrations,
    /// `listed integrations`: only what the integrations object turns on.
    ListedIntegrations,
    /// `consent`: the consent step.
    Consent,
    /// `consent then integrations`: both steps.
    ConsentThenIntegrations,
    /// `consent or integrations`: either step.
    ConsentOrIntegrations,
    /// `consent or listed, then integrations`.
    ConsentOrListedThenIntegrations,
    /// `drop "…"`: the event is dropped, for this reason.
    Drop(String),
}

impl Enforce {
    /// The phrases without a text of their own, in the order of the language reference.
    const PHRASES: [Enforce; 7] = [
        Enforce::Nothing,
        Enforce::Integrations,
        Enforce::ListedIntegrations,
        Enforce::Consent,
        Enforce::ConsentThenIntegrations,
        Enforce::ConsentOrIntegrations,
        Enforce::ConsentOrListedThenIntegrations,
    ];

    /// Returns the words of the phrase, of `drop` without its text.
    fn words(&self) -> &'static str {
        match self {
            Enforce::Nothing => "nothing",
            Enforce::Integrations => "integrations",
            Enforce::ListedIntegrations => "listed integrations",
            Enforce::Consent => "consent",
            Enforce::ConsentThenIntegrations => "consent then integrations",
            Enforce::ConsentOrIntegrations => "consent or integrations",
            Enforce::ConsentOrListedThenIntegrations => "consent or listed, then integrations",
            Enforce::Drop(_) => "drop",
        }
    }

    /// Returns what a phrase enforces.
    pub(super) fn of(phrase: &str) -> Option<Enforce> {
        Self::PHRASES.into_iter().find(|enforce| enforce.words() == phrase)
    }
}

/// As policies spell it.
impl fmt::Display for Enforce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())?;
        match self {
            Enforce::Drop(reason) => write!(f, " {}", quoted(reason)),
            _ => Ok(()),
        }
    }
}
