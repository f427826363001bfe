//! What a consent banner does around a decision: when the library loads, which events wait, what stamps them, who receives them, and
//! what is lost (section 5 of the semantics).
//!
//! A [`Site`] is what a policy says of its banner. A [`Visit`] is one person on it: events and choices go in, [`VisitStep`]s come out.
//! `scenario` runs visits that the platform's documents describe, and says of each what the documents say of it.

mod machine;
mod scenario;
mod site;
mod wrapper;

#[cfg(feature = "lint")]
pub(crate) use scenario::{NeverLoads, never_loads};

pub use machine::{Choice, Loss, Visit, VisitStep, Visitor};
pub use scenario::{Action, BannerRow, Phase, Possibility, Scenario, ScenarioRow, banners, scenarios};
pub use site::{MissingSettingError, Site};
pub use wrapper::{Flow, Mapped, Unmapped, WrapperRow, wrapper};
