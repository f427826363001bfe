//! What a policy says of its banner, its consent model and its gate. None of it changes a decision.

use super::Policy;
use crate::diagnostic::{Span, Spanned};
use crate::syntax::tree::{
    Banner, ConsentModel, Folding, GateReading, Loading, VisitSetting, WithoutConsent,
};

/// The settings of which a policy need not have any.
#[derive(Debug, Clone, Default)]
pub(super) struct VisitSettings {
    banner: Option<Spanned<Banner>>,
    model: Option<Spanned<ConsentModel>>,
    implied: Option<Spanned<Folding>>,
    gate: Option<Spanned<GateReading>>,
    without_consent: Option<Spanned<WithoutConsent>>,
    loads: Option<Spanned<Loading>>,
}

impl VisitSettings {
    pub(super) fn add(&mut self, setting: VisitSetting, span: Span) {
        match setting {
            VisitSetting::Banner(banner) => self.banner = Some(Spanned::new(banner, span)),
            VisitSetting::Model(model) => self.model = Some(Spanned::new(model, span)),
            VisitSetting::Implied(folding) => self.implied = Some(Spanned::new(folding, span)),
            VisitSetting::Gate(reading) => self.gate = Some(Spanned::new(reading, span)),
            VisitSetting::WithoutConsent(said) => self.without_consent = Some(Spanned::new(said, span)),
            VisitSetting::Loads(loading) => self.loads = Some(Spanned::new(loading, span)),
        }
    }
}

impl Policy {
    /// `banner …`: what the site shows who has not chosen yet, if the policy says it.
    pub fn banner(&self) -> Option<Spanned<Banner>> {
        self.visit.banner.clone()
    }

    /// `model …`: the consent model, if the policy says it.
    pub fn consent_model(&self) -> Option<Spanned<ConsentModel>> {
        self.visit.model.clone()
    }

    /// `model implied means …`: what implied consent is taken as, if the policy says it.
    pub fn implied_means(&self) -> Option<Spanned<Folding>> {
        self.visit.implied.clone()
    }

    /// `gate …`: by which reading the source sends an event, if the policy says it.
    pub fn gate(&self) -> Option<Spanned<GateReading>> {
        self.visit.gate.clone()
    }

    /// `gate … without consent`: what the gate does with an event that has no consent object, if the policy says it.
    pub fn gate_without_consent(&self) -> Option<Spanned<WithoutConsent>> {
        self.visit.without_consent.clone()
    }

    /// `visit loads when …`: when the library loads for a choice under opt-in, if the policy says it.
    pub fn visit_loads(&self) -> Option<Spanned<Loading>> {
        self.visit.loads.clone()
    }

    /// Where those of them stand that the policy says.
    #[cfg(feature = "lint")]
    pub(crate) fn visit_spans(&self) -> impl Iterator<Item = Span> {
        let VisitSettings { banner, model, implied, gate, without_consent, loads } = &self.visit;
        let spans = [
            banner.as_ref().map(|said| said.span),
            model.as_ref().map(|said| said.span),
            implied.as_ref().map(|said| said.span),
            gate.as_ref().map(|said| said.span),
            without_consent.as_ref().map(|said| said.span),
            loads.as_ref().map(|said| said.span),
        ];
        spans.into_iter().flatten()
    }
}
