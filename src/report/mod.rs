//! Decisions, explanations and diagnostics for people and for machines. Rendering decides nothing.

pub mod human;
pub mod json;
mod summary;

pub use summary::Summary;
