//! The rules, a file each; the three laws share one.

mod alike;
mod always_deviates;
mod always_receives;
mod banner_may_lose;
mod category_unused;
mod cell_covered_twice;
mod constant_requirement;
mod destinations_alike;
mod device_mode;
mod device_under_banner;
mod exempt_without_reason;
mod fails_open;
mod include_unused;
mod integrations_grant;
mod label_like_wire_id;
mod laws;
mod leaking_setting;
mod never_loads;
mod never_receives;
mod no_tests;
mod out_of_reach;
mod override_repeats;
mod promises;
mod redundant_part;
mod unmapped;
mod wire_id_form;
mod wire_ids_alike;

use super::Subject;
use crate::diagnostic::Diagnostic;

/// A rule looks at a policy and reports what it finds.
pub(super) type Rule = fn(&Subject<'_>, &mut Vec<Diagnostic>);

pub(super) const ALL: &[Rule] = &[
    cell_covered_twice::check,
    integrations_grant::check,
    always_deviates::check,
    constant_requirement::check,
    label_like_wire_id::check,
    unmapped::check,
    category_unused::check,
    never_receives::check,
    always_receives::check,
    redundant_part::check,
    wire_id_form::check,
    wire_ids_alike::check,
    destinations_alike::check,
    fails_open::check,
    exempt_without_reason::check,
    out_of_reach::check,
    device_mode::check,
    leaking_setting::check,
    include_unused::check,
    override_repeats::check,
    no_tests::check,
    laws::refusal_delivers,
    laws::unknown_keys_decide,
    laws::consent_blocks,
    promises::check,
    banner_may_lose::check,
    device_under_banner::check,
    never_loads::check,
];
