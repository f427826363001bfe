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

use super::summary::{CheckCount, DestinationCount, Summary};
use crate::model::Policy;
use crate::reason::{Outcome, Reason};
use metrics::counter;

/// Adds everything that was counted since the summary was empty to the counters of the recorder that the program has installed. A service keeps a
/// summary for some events, or for a second, hands it over, and begins a new one: so a decision costs what it costs without counters.
///
/// ```
/// use consentry::report::{Summary, count};
/// use consentry::{Input, Policy, Table};
///
/// let table = Table::new(Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment" category Ads destination "X" needs Ads"#
/// )?);
/// let mut summary = Summary::default();
/// summary.add(&table.decide(Input::line(b"{}"), &mut table.scratch())?);
/// count(table.policy(), &std::mem::take(&mut summary));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn count(policy: &Policy, summary: &Summary) {
    let name = || policy.name().to_owned();
    counter!("consentry_successfully_received_total", "policy" => name()).increment(summary.decided());
    for (kind, count) in summary.errors().iter() {
        counter!("consentry_failed_on_ingest_total", "policy" => name(), "reason" => kind.as_str())
            .increment(count);
    }
    for (reason, count) in summary.drops() {
        let reason = reason.to_owned();
        counter!("consentry_filtered_at_source_total", "policy" => name(), "reason" => reason)
            .increment(count);
    }
    for DestinationCount { destination, outcome, reason, events } in summary.counts(policy) {
        let destination = destination.to_owned();
        let word = reason.discard_code().unwrap_or(reason.as_str());
        match outcome {
            // The event never came so far.
            _ if reason == Reason::Dropped => continue,
            Outcome::Deliver => {
                counter!("consentry_sent_to_destination_total", "policy" => name(), "destination" => destination, "reason" => word)
            }
            Outcome::Block => {
                counter!("consentry_filtered_at_destination_total", "policy" => name(), "destination" => destination, "reason" => word)
            }
        }
        .increment(events);
    }
    for CheckCount { found, then, events } in summary.checks() {
        counter!("consentry_ledger_checks_total", "policy" => name(), "found" => found.as_str(), "then" => then.unwrap_or_else(|| "none".to_owned()))
            .increment(events);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;
    use crate::Table;
    use crate::decide::Input;
    use crate::event::Recorded;
    use metrics::{
        Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    /// Keeps counters by their names and labels.
    #[derive(Default, Clone)]
    struct Counters(Arc<Mutex<BTreeMap<String, u64>>>);

    struct One(Counters, String);

    impl CounterFn for One {
        fn increment(&self, value: u64) {
            *self.0.0.lock().unwrap().entry(self.1.clone()).or_default() += value;
        }

        fn absolute(&self, _: u64) {}
    }

    impl Recorder for Counters {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let labels: Vec<String> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            let name = key.name().trim_start_matches("consentry_").trim_end_matches("_total");
            Counter::from_arc(Arc::new(One(self.clone(), format!("{name} {}", labels.join(" ")))))
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    /// Everything that a summary has is counted, each under the platform's name for it.
    #[test]
    fn summaries_are_counted() {
        let text = r#"consentry 1 policy "p" include prelude "segment" category Ads
            destination "X" needs Ads destination "Y" unmapped override ledger mismatch drop override ledger unknown drop"#;
        let table = Table::new(Policy::parse(text).unwrap());
        let policy = table.policy();
        let mut scratch = table.scratch();
        let mut summary = Summary::default();
        let refused = br#"{"context":{"consent":{"categoryPreferences":{"Ads":false}}}}"#;
        for _ in 0..2 {
            let unchecked = Input::line(refused).recorded(Recorded::Unchecked);
            summary.add(&table.decide(unchecked, &mut scratch).unwrap());
        }
        summary.add_error(&table.decide(Input::line(b"[]"), &mut scratch).unwrap_err());
        let unknown = Input::line(refused).recorded(Recorded::Unknown);
        summary.add(&table.decide(unknown, &mut scratch).unwrap());
        let counters = Counters::default();
        metrics::with_local_recorder(&counters, || {
            count(policy, &summary);
            count(policy, &summary);
        });
        let found: Vec<(String, u64)> = counters.0.lock().unwrap().clone().into_iter().collect();
        let expected = [
            ("failed_on_ingest policy=p reason=not_an_object", 2),
            ("filtered_at_destination policy=p destination=X reason=FILTERED_BY_END_USER_CONSENT", 4),
            ("filtered_at_source policy=p reason=Person not in the ledger", 2),
            ("ledger_checks policy=p found=unchecked then=none", 4),
            ("ledger_checks policy=p found=unknown then=drop", 2),
            ("sent_to_destination policy=p destination=Y reason=unmapped", 4),
            ("successfully_received policy=p ", 6),
        ];
        assert_eq!(found, expected.map(|(name, count)| (name.trim_end().to_owned(), count)));
    }
}
