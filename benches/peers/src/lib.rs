//! What it costs to decide events: consentry, other ways to the same decision, and what the machine allows.

pub mod agreement;
pub mod allocations;
#[cfg(feature = "ledger")]
pub mod ledger;
pub mod limits;
pub mod measure;
pub mod ours;
pub mod peers;
pub mod random;
pub mod report;
pub mod rules;
pub mod suite;
pub mod workload;
