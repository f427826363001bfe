//! Decisions, explanations and diagnostics for people and for machines. Rendering decides nothing.

#[cfg(feature = "ledger")]
pub mod audit;
pub mod certify;
mod check_rows;
mod check_table;
pub mod csv;
pub mod diff;
pub mod eval;
pub mod event_counts;
pub mod explain;
pub mod filter;
pub mod fmt;
mod foreign;
pub mod github;
pub mod help;
pub mod html;
pub mod init;
pub mod json;
#[cfg(feature = "cli")]
pub mod junit;
#[cfg(feature = "ledger")]
pub mod ledger;
pub mod lint;
pub mod markdown;
#[cfg(feature = "metrics")]
mod metrics;
mod names;
pub mod page;
pub mod prove;
pub mod sarif;
pub mod show;
mod summary;
pub mod table;
pub mod test;
pub mod text;
pub mod visit;
pub mod visit_tables;
mod when;

#[cfg(feature = "metrics")]
pub use metrics::count;
pub use summary::{CheckCount, DestinationCount, KeyCount, Summary, UnknownIntegrations};

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
