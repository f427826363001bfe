//! What a cell of the reconcile table enforces.

use super::quoted;
use derive_more::Display;

/// What a cell of the reconcile table enforces (section 2 of the semantics). It displays as policies spell it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Display)]
pub enum Enforce {
    /// `nothing`: every destination receives the event.
    #[display("nothing")]
    Nothing,
    /// `integrations`: the integrations step.
    #[display("integrations")]
    Integrations,
    /// `listed integrations`: only what the integrations object turns on.
    #[display("listed integrations")]
    ListedIntegrations,
    /// `consent`: the consent step.
    #[display("consent")]
    Consent,
    /// `consent then integrations`: both steps.
    #[display("consent then integrations")]
    ConsentThenIntegrations,
    /// `consent or integrations`: either step.
    #[display("consent or integrations")]
    ConsentOrIntegrations,
    /// `consent or listed, then integrations`.
    #[display("consent or listed, then integrations")]
    ConsentOrListedThenIntegrations,
    /// `drop "…"`: the event is dropped, for this reason.
    #[display("drop {}", quoted(_0))]
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

    /// Returns what a phrase enforces.
    pub(super) fn of(phrase: &str) -> Option<Enforce> {
        Self::PHRASES.into_iter().find(|enforce| enforce.to_string() == phrase)
    }
}
