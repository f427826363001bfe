//! The decision program: what each phrase of the reconcile table enforces, as an expression over three steps (section 2 of the
//! semantics).
//!
//! This is the only definition, but for the reference interpreter's own. Everybody who needs it folds it over values of their own:
//! destinations 64 at a time, reasons, decision diagrams, gates, or code in another language.

use crate::syntax::tree::Enforce;

/// The values that a decision program is folded over: one per step, and how two of them combine.
pub(crate) trait Steps {
    /// What a step comes to. It either passes or blocks.
    type Value;

    /// Passes whatever the event has.
    fn nothing(&mut self) -> Self::Value;
    /// Blocks, because the whole event is dropped.
    fn drop(&mut self) -> Self::Value;
    /// The consent step: step 3 of section 3.
    fn consent(&mut self) -> Self::Value;
    /// The integrations step: step 4 of section 3.
    fn integrations(&mut self) -> Self::Value;
    /// Passes if the destination's own entry is on.
    fn listed(&mut self) -> Self::Value;
    /// Passes if both pass. The first block decides.
    fn then(&mut self, first: Self::Value, second: Self::Value) -> Self::Value;
    /// Passes if one passes. If only the second does, it grants what the first refuses; if none does, the first decides.
    fn or(&mut self, first: Self::Value, second: Self::Value) -> Self::Value;
}

impl Enforce {
    /// Folds the program of this phrase over the values of `steps`.
    #[inline(always)]
    pub(crate) fn fold<S: Steps>(&self, steps: &mut S) -> S::Value {
        match self {
            Enforce::Nothing => steps.nothing(),
            Enforce::Drop(_) => steps.drop(),
            Enforce::Consent => steps.consent(),
            Enforce::Integrations => steps.integrations(),
            Enforce::ListedIntegrations => steps.listed(),
            Enforce::ConsentThenIntegrations => {
                let (consent, integrations) = (steps.consent(), steps.integrations());
                steps.then(consent, integrations)
            }
            Enforce::ConsentOrIntegrations => {
                let (consent, integrations) = (steps.consent(), steps.integrations());
                steps.or(consent, integrations)
            }
            Enforce::ConsentOrListedThenIntegrations => {
                let (consent, listed) = (steps.consent(), steps.listed());
                let (admitted, integrations) = (steps.or(consent, listed), steps.integrations());
                steps.then(admitted, integrations)
            }
        }
    }
}

/// What a decision program mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mentions {
    pub(crate) consent: bool,
    pub(crate) integrations: bool,
    pub(crate) listed: bool,
    pub(crate) drop: bool,
    /// A step grants what another one refuses.
    pub(crate) or: bool,
}

impl Enforce {
    /// Returns why the phrase drops events, if it does.
    pub fn drop_reason(&self) -> Option<&str> {
        match self {
            Enforce::Drop(reason) => Some(reason),
            _ => None,
        }
    }

    /// Returns what the program of this phrase mentions.
    pub(crate) fn mentions(&self) -> Mentions {
        let mut mentions = Mentions::default();
        self.fold(&mut mentions);
        mentions
    }
}

impl Steps for Mentions {
    type Value = ();

    fn nothing(&mut self) {}
    fn drop(&mut self) {
        self.drop = true;
    }
    fn consent(&mut self) {
        self.consent = true;
    }
    fn integrations(&mut self) {
        self.integrations = true;
    }
    fn listed(&mut self) {
        self.listed = true;
    }
    fn then(&mut self, (): (), (): ()) {}
    fn or(&mut self, (): (), (): ()) {
        self.or = true;
    }
}
