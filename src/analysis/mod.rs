//! Exact questions about a policy, over the finite space of what can matter to a destination.

mod certify;
mod exact;
mod space;
mod witness;

pub use certify::{Certificate, Coverage, Difference, certify};
pub use exact::{
    Change, Condition, Conditions, Decisions, DestinationDiff, Diff, Direction, DropChange, Fingerprint,
    Presence, TooLarge, diff, fingerprint,
};
pub use space::{Situation, Space};
pub use witness::json;
pub(crate) use witness::{ConsentText, Member, compose, text};
