//! What a policy says of its banner, all of it.

use crate::model::{Banner, ConsentModel, Folding, GateReading, Loading, Policy};
use std::fmt;

/// Everything that a visit depends on beside who visits.
///
/// ```
/// use consentry::visit::Site;
/// use consentry::{ConsentModel, Folding, Policy};
///
/// let policy = Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment" banner stays model implied"#
/// )?;
/// let site = Site::of(&policy).unwrap();
/// assert_eq!(site.taken_as(), Folding::OptOut, "as the documents' table of first-time visitors has it");
/// assert_eq!(Site { model: ConsentModel::OptIn, ..site }.taken_as(), Folding::OptIn);
/// # Ok::<(), consentry::PolicyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// What the site shows.
    pub banner: Banner,
    /// What is granted before a person chooses.
    pub model: ConsentModel,
    /// What the model `implied` is taken as.
    pub implied: Folding,
    /// When the library loads after a choice under opt-in.
    pub loads: Loading,
    /// Which events the source sends.
    pub gate: GateReading,
}

/// What a policy does not say, in its own words: `banner mandatory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsaid(pub &'static str);

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy does not say what a visit depends on: add `{}` or the like", self.0)
    }
}

impl std::error::Error for Unsaid {}

impl Site {
    /// What a policy says.
    ///
    /// # Errors
    ///
    /// The first setting that a visit depends on and that the policy and what it includes leave open. Preludes say all of them but the
    /// banner and the model.
    pub fn of(policy: &Policy) -> Result<Self, Unsaid> {
        let banner = policy.banner().ok_or(Unsaid("banner mandatory"))?.value;
        let model = policy.consent_model().ok_or(Unsaid("model opt-in"))?.value;
        Site::with(policy, banner, model)
    }

    /// The same for a banner and a consent model that the policy need not have.
    ///
    /// # Errors
    ///
    /// As those of [`Site::of`].
    pub fn with(policy: &Policy, banner: Banner, model: ConsentModel) -> Result<Self, Unsaid> {
        let implied = match (policy.implied_means(), model) {
            (Some(said), _) => said.value,
            (None, ConsentModel::Implied) => return Err(Unsaid("model implied means opt-in")),
            // Nobody reads it under another model; this is the stricter one.
            (None, _) => Folding::OptIn,
        };
        let gate = policy.gate().ok_or(Unsaid("gate relevant"))?.value;
        let site = Site { banner, model, implied, loads: Loading::Granted, gate };
        match (policy.visit_loads(), site.taken_as()) {
            (Some(said), _) => Ok(Site { loads: said.value, ..site }),
            (None, Folding::OptIn) => Err(Unsaid("visit loads when gate open")),
            // Opt-out waits for no choice.
            (None, Folding::OptOut) => Ok(site),
        }
    }

    /// Whether events wait for a choice that nobody has to make: "You might experience data loss if a user navigates away from a landing
    /// page before providing their consent or doesn't interact with a consent banner on a website that uses an opt-in consent model."
    pub fn waits_for_a_choice(&self) -> bool {
        self.taken_as() == Folding::OptIn && self.banner != Banner::Mandatory
    }

    /// Opt-in or opt-out: "Notice Only, Custom, or Opt-Out statuses are treated as Opt-Out".
    pub fn taken_as(&self) -> Folding {
        match self.model {
            ConsentModel::OptIn => Folding::OptIn,
            ConsentModel::Implied => self.implied,
            ConsentModel::OptOut | ConsentModel::NoticeOnly | ConsentModel::Custom => Folding::OptOut,
        }
    }
}
