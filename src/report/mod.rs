//! Decisions, explanations and diagnostics for people and for machines. Rendering decides nothing.

pub mod github;
pub mod human;
pub mod json;
#[cfg(feature = "metrics")]
mod metrics;
pub mod sarif;
mod summary;

#[cfg(feature = "metrics")]
pub use metrics::count;
pub use summary::Summary;

use crate::diagnostic::{Diagnostic, visible};

/// The message of a diagnostic and its help, a line each, as people may see them.
fn said(diagnostic: &Diagnostic) -> String {
    let mut said = visible(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        said.push_str("\nhelp: ");
        said.push_str(&visible(help));
    }
    said
}
