//! What is wrong with a policy, where, why, and what to do about it.
//!
//! Every stage reports [`Diagnostic`]s instead of stopping at the first mistake. A diagnostic points into [`Files`] by
//! [`Span`]s; [`Files::report`] joins the two into something that `miette` renders.

mod code;
mod files;
mod finding;
mod report;
mod text;

pub use code::{Code, Severity, UnknownCodeError};
pub use files::{FileId, Files, Place, Position, Span, Spanned};
pub use finding::{Diagnostic, Edit, Fix, Label};
pub use report::Report;
#[cfg(feature = "ledger")]
pub(crate) use text::edits;
#[cfg(any(feature = "lint", feature = "ledger"))]
pub(crate) use text::looks;
pub use text::visible;
pub(crate) use text::{escaped, is_bidirectional, is_harmful, listed, nearest};
