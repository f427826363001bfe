//! The settings of banner, consent model, gate and library. They change no decision.

use super::Policy;
use super::checker::Checker;
use super::merge::{Merged, value};
use crate::diagnostic::Spanned;
use crate::syntax::Keyword;
use crate::syntax::tree::{
    Banner, ConsentModel, Fact, GateOpens, ImpliedConsent, LoadTrigger, VisitSetting, WithoutConsent,
};

/// The settings of a visit. Banner and model are facts about a site, which a policy may leave out.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    banner: Option<Spanned<Banner>>,
    model: Option<Spanned<ConsentModel>>,
    implied_consent: Spanned<ImpliedConsent>,
    gate_opens: Spanned<GateOpens>,
    gate_without_consent: Spanned<WithoutConsent>,
    library_loads: Spanned<LoadTrigger>,
}

impl Policy {
    /// `banner …`: what the site shows to a person who has not chosen yet, if the policy sets it.
    pub fn banner(&self) -> Option<Spanned<Banner>> {
        self.visit.banner.clone()
    }

    /// `model …`: the consent model, if the policy sets it.
    pub fn consent_model(&self) -> Option<Spanned<ConsentModel>> {
        self.visit.model.clone()
    }

    /// `implied consent …`: how the consent model `implied` is read.
    pub fn implied_consent(&self) -> Spanned<ImpliedConsent> {
        self.visit.implied_consent.clone()
    }

    /// `gate opens on …`: which events the source sends at all.
    pub fn gate_opens(&self) -> Spanned<GateOpens> {
        self.visit.gate_opens.clone()
    }

    /// `gate without consent …`: whether the source sends events without a consent object.
    pub fn gate_without_consent(&self) -> Spanned<WithoutConsent> {
        self.visit.gate_without_consent.clone()
    }

    /// `library loads when …`: when the library loads after a choice under opt-in.
    pub fn library_loads(&self) -> Spanned<LoadTrigger> {
        self.visit.library_loads.clone()
    }
}

impl<'t> Checker<'t> {
    /// The settings of a visit; `None` if one is missing.
    pub(super) fn visit(&mut self, merged: &Merged<'t>) -> Option<Visit> {
        let opens =
            self.setting(merged, Keyword::GateOpens, value!(Fact::Visit(VisitSetting::GateOpens(it)) => *it));
        let without = self.setting(
            merged,
            Keyword::GateWithoutConsent,
            value!(Fact::Visit(VisitSetting::WithoutConsent(it)) => *it),
        );
        let implied = self.setting(
            merged,
            Keyword::ImpliedConsent,
            value!(Fact::Visit(VisitSetting::ImpliedConsent(it)) => *it),
        );
        let loads = self.setting(
            merged,
            Keyword::LibraryLoads,
            value!(Fact::Visit(VisitSetting::LibraryLoads(it)) => *it),
        );
        Some(Visit {
            banner: merged.setting(Keyword::Banner, value!(Fact::Visit(VisitSetting::Banner(it)) => *it)),
            model: merged.setting(Keyword::Model, value!(Fact::Visit(VisitSetting::Model(it)) => *it)),
            implied_consent: implied?,
            gate_opens: opens?,
            gate_without_consent: without?,
            library_loads: loads?,
        })
    }
}
