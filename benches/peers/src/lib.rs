//! What it costs to decide events: consentry, other ways to the same decision, and what the machine allows.

pub mod random;
pub mod workload;
