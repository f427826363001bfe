//! Counts for the `metrics` facade, named after the stages and discard reasons at which the platform itself shows deliveries.
//!
//! | counter | labels | what is counted |
//! |---|---|---|
//! | `consentry_successfully_received_total` | `policy` | events that were decided |
//! | `consentry_failed_on_ingest_total` | `policy`, `reason`: the code of the error | lines that are not events |
//! | `consentry_filtered_at_source_total` | `policy`, `reason`: that of the drop | events that are dropped |
//! | `consentry_filtered_at_destination_total` | `policy`, `destination`, `reason`: `FILTERED_BY_END_USER_CONSENT` for a refusal, else the reason of the decision | blocks, but for those of dropped events |
//! | `consentry_sent_to_destination_total` | `policy`, `destination`, `reason` | deliveries |
//! | `consentry_ledger_checks_total` | `policy`, `found`, `then` | what checks against a ledger found |

use super::Summary;
use crate::model::Policy;
use crate::reason::{Outcome, Reason};
use metrics::counter;

/// Adds everything that was counted since the summary was empty to the counters of the recorder that the program has installed. A service keeps a
/// summary for some events, or for a second, hands it over, and begins a new one: so a decision costs what it costs without counters.
///
/// ```
/// use consentry::report::{Summary, count};
/// use consentry::{Limits, Policy, Table};
///
/// let table = Table::new(Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment" category Ads destination "X" needs Ads"#
/// )?);
/// let mut summary = Summary::default();
/// summary.add(&table.decide_bytes(b"{}", &Limits::default(), &mut table.scratch())?);
/// count(table.policy(), &std::mem::take(&mut summary));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn count(policy: &Policy, summary: &Summary) {
    let name = || policy.name().to_owned();
    counter!("consentry_successfully_received_total", "policy" => name()).increment(summary.decided());
    for (kind, count) in summary.errors() {
        counter!("consentry_failed_on_ingest_total", "policy" => name(), "reason" => kind.code())
            .increment(count);
    }
    for (reason, count) in summary.drops() {
        let reason = reason.to_owned();
        counter!("consentry_filtered_at_source_total", "policy" => name(), "reason" => reason)
            .increment(count);
    }
    for (destination, reason, count) in summary.counts(policy) {
        let destination = destination.to_owned();
        let word = reason.discard_code().unwrap_or(reason.word());
        match reason.outcome() {
            // The event never came so far.
            _ if reason == Reason::Dropped => continue,
            Outcome::Deliver => {
                counter!("consentry_sent_to_destination_total", "policy" => name(), "destination" => destination, "reason" => word)
            }
            Outcome::Block => {
                counter!("consentry_filtered_at_destination_total", "policy" => name(), "destination" => destination, "reason" => word)
            }
        }
        .increment(count);
    }
    #[cfg(feature = "ledger")]
    for (found, then, count) in summary.checks() {
        counter!("consentry_ledger_checks_total", "policy" => name(), "found" => found, "then" => then.unwrap_or("none"))
            .increment(count);
    }
}
