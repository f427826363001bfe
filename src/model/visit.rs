//! What a policy says of its banner, its consent model and its gate. None of it changes a decision.

use super::Policy;
use crate::diagnostic::Spanned;
use crate::syntax::tree::{
    Banner, ConsentModel, Folding, GateReading, Loading, VisitSetting, WithoutConsent,
};

impl Policy {
    /// `banner …`: what the site shows who has not chosen yet, if the policy says it.
    pub fn banner(&self) -> Option<Spanned<Banner>> {
        self.visit_setting(|setting| match setting {
            VisitSetting::Banner(banner) => Some(banner),
            _ => None,
        })
    }

    /// `model …`: the consent model, if the policy says it.
    pub fn consent_model(&self) -> Option<Spanned<ConsentModel>> {
        self.visit_setting(|setting| match setting {
            VisitSetting::Model(model) => Some(model),
            _ => None,
        })
    }

    /// `model implied means …`: what implied consent is taken as, if the policy says it.
    pub fn implied_means(&self) -> Option<Spanned<Folding>> {
        self.visit_setting(|setting| match setting {
            VisitSetting::Implied(folding) => Some(folding),
            _ => None,
        })
    }

    /// `gate …`: by which reading the source sends an event, if the policy says it.
    pub fn gate(&self) -> Option<Spanned<GateReading>> {
        self.visit_setting(|setting| match setting {
            VisitSetting::Gate(reading) => Some(reading),
            _ => None,
        })
    }

    /// `gate … without consent`: what the gate does with an event that has no consent object, if the policy says it.
    pub fn gate_without_consent(&self) -> Option<Spanned<WithoutConsent>> {
        self.visit_setting(|setting| match setting {
            VisitSetting::WithoutConsent(said) => Some(said),
            _ => None,
        })
    }

    /// `visit loads when …`: when the library loads for a choice under opt-in, if the policy says it.
    pub fn visit_loads(&self) -> Option<Spanned<Loading>> {
        self.visit_setting(|setting| match setting {
            VisitSetting::Loads(loading) => Some(loading),
            _ => None,
        })
    }

    /// Those of them that the policy says.
    pub(crate) fn visit_settings(&self) -> &[Spanned<VisitSetting>] {
        &self.visit
    }

    fn visit_setting<T>(&self, of: impl Fn(VisitSetting) -> Option<T>) -> Option<Spanned<T>> {
        let mut said = self.visit_settings().iter();
        said.find_map(|setting| Some(Spanned::new(of(setting.value)?, setting.span)))
    }
}
