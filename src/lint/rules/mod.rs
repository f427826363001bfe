//! The rules, a file each; the three laws share one.

mod always_delivered;
mod always_differs_from_segment;
mod ambiguous_list;
mod banner_data_loss;
mod constant_requirement;
mod delivered_without_consent;
mod description_like_wire_id;
mod device_library_stays;
mod device_mode;
mod exempt_without_reason;
mod inherited_permissive_setting;
mod integrations_override_refusal;
mod laws;
mod library_never_loads;
mod lookalikes;
mod missing_tests;
mod needs_every_category;
mod never_delivered;
mod overlapping_rows;
mod partly_mapped;
mod promises;
mod redundant_override;
mod redundant_requirement;
mod shared_alias_differs;
mod similar_destinations;
mod similar_wire_ids;
mod unmapped_destination;
mod untested_check_result;
mod unused_category;
mod unused_include;
mod unusual_wire_id;

// Every rule uses these.
use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic};

pub(super) const ALL: &[fn(&Subject, &mut Vec<Diagnostic>)] = &[
    overlapping_rows::check,
    integrations_override_refusal::check,
    always_differs_from_segment::check,
    constant_requirement::check,
    description_like_wire_id::check,
    unmapped_destination::check,
    partly_mapped::check,
    unused_category::check,
    never_delivered::check,
    always_delivered::check,
    redundant_requirement::check,
    unusual_wire_id::check,
    similar_wire_ids::check,
    similar_destinations::check,
    delivered_without_consent::check,
    exempt_without_reason::check,
    needs_every_category::check,
    device_mode::check,
    inherited_permissive_setting::check,
    unused_include::check,
    redundant_override::check,
    missing_tests::check,
    laws::off_entry_delivers,
    laws::undeclared_category_decides,
    laws::preferences_block,
    promises::check,
    banner_data_loss::check,
    device_library_stays::check,
    library_never_loads::check,
    ambiguous_list::check,
    untested_check_result::check,
    shared_alias_differs::check,
];
