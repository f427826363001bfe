//! The rules.

mod always_deviates;
mod cell_covered_twice;
mod constant_requirement;
mod integrations_grant;
mod label_like_wire_id;

use crate::diagnostic::Diagnostic;
use crate::model::Policy;

/// A rule looks at a policy and reports what it finds.
pub(super) type Rule = fn(&Policy, &mut Vec<Diagnostic>);

pub(super) const ALL: &[Rule] = &[
    cell_covered_twice::check,
    integrations_grant::check,
    always_deviates::check,
    constant_requirement::check,
    label_like_wire_id::check,
];
