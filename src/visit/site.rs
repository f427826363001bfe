//! What a policy says of its banner, all of it.

use crate::model::{Banner, ConsentModel, GateOpens, ImpliedConsent, LoadTrigger, Policy};
use derive_more::{Display, Error};

/// Everything that a visit depends on beside who visits.
///
/// ```
/// use consentry::visit::Site;
/// use consentry::model::{ConsentModel, ImpliedConsent};
/// use consentry::Policy;
///
/// let policy = Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment" banner stays model implied"#
/// )?;
/// let site = Site::of(&policy).unwrap();
/// assert_eq!(site.taken_as(), ImpliedConsent::OptOut, "as the documents' table of first-time visitors has it");
/// assert_eq!(Site { model: ConsentModel::OptIn, ..site }.taken_as(), ImpliedConsent::OptIn);
/// # Ok::<(), consentry::PolicyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// What the site shows.
    pub banner: Banner,
    /// What is granted before a person chooses.
    pub model: ConsentModel,
    /// What the model `implied` is taken as.
    pub implied: ImpliedConsent,
    /// When the library loads after a choice under opt-in.
    pub loads: LoadTrigger,
    /// Which events the source sends.
    pub gate: GateOpens,
}

/// A setting that a visit depends on and that a policy leaves out, as the policy would have it: `banner mandatory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, Error)]
#[display(
    "the policy does not set `{}`, which a visit depends on; add for example `{_0}`",
    _0.split(' ').next().unwrap_or_default()
)]
pub struct MissingSettingError(#[error(not(source))] pub &'static str);

impl Site {
    /// Returns the settings of a policy.
    ///
    /// # Errors
    ///
    /// If the policy sets no banner or no consent model.
    pub fn of(policy: &Policy) -> Result<Self, MissingSettingError> {
        let banner = policy.banner().ok_or(MissingSettingError("banner mandatory"))?.value;
        let model = policy.consent_model().ok_or(MissingSettingError("model opt-in"))?.value;
        Ok(Site::with(policy, banner, model))
    }

    /// Returns the settings of a policy, with a banner and a consent model of the caller's.
    pub fn with(policy: &Policy, banner: Banner, model: ConsentModel) -> Self {
        Site {
            banner,
            model,
            implied: policy.implied_consent().value,
            loads: policy.library_loads().value,
            gate: policy.gate_opens().value,
        }
    }

    /// Returns true if events wait for a choice that nobody has to make: "You might experience data loss if a user navigates away from a landing
    /// page before providing their consent or doesn't interact with a consent banner on a website that uses an opt-in consent model."
    pub fn waits_for_a_choice(&self) -> bool {
        self.taken_as() == ImpliedConsent::OptIn && self.banner != Banner::Mandatory
    }

    /// Opt-in or opt-out: "Notice Only, Custom, or Opt-Out statuses are treated as Opt-Out".
    pub fn taken_as(&self) -> ImpliedConsent {
        match self.model {
            ConsentModel::OptIn => ImpliedConsent::OptIn,
            ConsentModel::Implied => self.implied,
            ConsentModel::OptOut | ConsentModel::NoticeOnly | ConsentModel::Custom => ImpliedConsent::OptOut,
        }
    }
}
