//! The counts of many decisions.

use super::foreign::ForeignReport;
use super::json::VERSION;
use super::names;
use super::page::{Column, Document, Grid, Page};
use super::summary::{
    CheckCount, DestinationCount, KeyCount, MAX_BATCH_BYTES, Summary, UnknownIntegrations, WithheldCount,
};
use crate::counts::Counts;
use crate::event::EventErrorKind;
use crate::model::Policy;
use serde::Serialize;

/// The result of `filter`, and the last lines of `eval`: how many events met which outcome.
#[derive(Debug, Serialize)]
pub struct SummaryReport<'a> {
    v: u32,
    policy: &'a str,
    /// The lines that are batches, whose items are events.
    #[serde(skip_serializing_if = "names::is_zero")]
    batches: u64,
    /// The batches that have become larger than Segment accepts.
    #[serde(skip_serializing_if = "names::is_zero")]
    large_batches: u64,
    decided: u64,
    dropped: u64,
    /// The lines that are not events, by their codes.
    not_events: &'a Counts<EventErrorKind>,
    /// The lines of white space, which are skipped.
    blank_lines: u64,
    /// The results of checks against a ledger.
    checks: Vec<CheckCount>,
    counts: Vec<DestinationCount<'a>>,
    /// The events that were left out, as no destination receives them; `null` if none was to be.
    left_out: Option<u64>,
    /// The integrations entries for no destination of the policy.
    unknown_integrations: UnknownIntegrations,
    /// The most frequent keys of preferences if none is that of a category; `null` if one is.
    unmatched_keys: Option<Vec<KeyCount>>,
    /// The consent that the policy does not read; left out where nobody found any. Few events are looked at, so others may have some.
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign_consent: Option<ForeignReport>,
    #[serde(skip)]
    has_uncounted_keys: bool,
    #[serde(skip)]
    categories: usize,
    #[serde(skip)]
    is_denied: bool,
    /// The rewritten events that a router may withhold from a delivered destination; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<WithheldCount<'a>>,
}

impl<'a> SummaryReport<'a> {
    /// Creates the report of decisions by a policy.
    pub fn new(policy: &'a Policy, summary: &'a Summary) -> Self {
        SummaryReport {
            v: VERSION,
            policy: policy.name(),
            batches: summary.batches(),
            large_batches: summary.large_batches(),
            decided: summary.decided(),
            dropped: summary.dropped(),
            not_events: summary.errors(),
            blank_lines: summary.blank_lines(),
            checks: summary.checks().collect(),
            counts: summary.counts(policy).collect(),
            left_out: None,
            unknown_integrations: summary.unknown_integrations(),
            unmatched_keys: summary.unmatched_keys(),
            foreign_consent: ForeignReport::of(summary.foreign()),
            has_uncounted_keys: summary.has_uncounted_keys(),
            categories: policy.categories().len(),
            is_denied: false,
            withheld: summary.withheld(policy).collect(),
        }
    }

    /// Makes errors of what is unknown.
    #[must_use]
    pub fn denying_unknown(mut self, is_denied: bool) -> Self {
        self.is_denied = is_denied;
        self
    }

    /// Returns a line for each thing that is unknown.
    pub fn warnings(&self) -> Vec<String> {
        let categories = self.unmatched_keys.iter().map(|keys| {
            let keys: Vec<String> =
                keys.iter().map(|one| format!("{:?} ({})", one.key, one.events)).collect();
            let what = match keys.as_slice() {
                [] if self.has_uncounted_keys => {
                    "their keys are too many or too long to be counted".to_owned()
                }
                [] => "no event has preferences where the policy reads them".to_owned(),
                keys => format!("most frequent keys: {}", names::joined(keys)),
            };
            let events = names::counted(self.decided, "event", "events");
            format!("0 of {} categories of this policy occur in {events}; {what}", self.categories)
        });
        let UnknownIntegrations { entries, events } = self.unknown_integrations;
        let integrations = (events > 0).then(|| {
            let entries = names::counted(
                entries,
                "integrations entry is for a destination",
                "integrations entries are for destinations",
            );
            let events = names::counted(events, "event", "events");
            format!("{entries} that this policy does not have, in {events}; `consentry audit` lists them")
        });
        let severity = if self.is_denied { "error" } else { "warning" };
        categories.chain(integrations).map(|text| format!("{severity}: {text}")).collect()
    }

    /// Adds how many events were left out, as no destination receives them.
    #[must_use]
    pub fn with_left_out(mut self, events: u64) -> Self {
        self.left_out = Some(events);
        self
    }
}

impl Document for SummaryReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let not_events = names::not_events(self.not_events, self.blank_lines);
        page.paragraph(format!(
            "{} decided by \"{}\", {} dropped, {not_events}{}",
            self.decided,
            self.policy,
            self.dropped,
            names::batches(self.batches)
        ));
        if !self.checks.is_empty() {
            let checks = self.checks.iter().map(|CheckCount { found, then, events }| {
                let then: Vec<String> = then.iter().map(|then| names::spaced(then)).collect();
                format!("{events} {found}{}", names::in_brackets(&then))
            });
            page.paragraph(format!("against the ledger: {}", names::joined(&checks.collect::<Vec<_>>())));
        }
        let rows = self.counts.iter().map(|one| {
            [
                one.destination.to_owned(),
                one.outcome.to_string(),
                one.reason.to_string(),
                one.events.to_string(),
            ]
        });
        let columns = [Column::default(), Column::wide(7), Column::wide(20), Column::right(9)];
        page.table(Grid::new(columns).with(rows));
        if !self.withheld.is_empty() {
            let counts = self.withheld.iter().map(|one| format!("{} from {}", one.events, one.destination));
            page.paragraph(format!(
                "withheld if the router knows only an alias that a blocked destination has too: {}",
                names::joined(&counts.collect::<Vec<_>>())
            ));
        }
        if self.large_batches > 0 {
            let batches = names::counted(self.large_batches, "batch is", "batches are");
            let limit = MAX_BATCH_BYTES / 1_000;
            page.paragraph(format!(
                "{batches} larger than {limit} KB once rewritten, which Segment refuses; `--unpack` writes an event a line"
            ));
        }
        if let Some(events) = self.left_out {
            page.paragraph(format!("{events} left out: no destination receives them"));
        }
        self.foreign_consent.iter().for_each(|foreign| foreign.add_to(page));
        self.warnings().into_iter().for_each(|warning| page.paragraph(warning));
    }
}
