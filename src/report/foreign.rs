//! Consent and integrations that a policy does not read: what events have, and the statement that would read it.

use super::names;
use super::page::{Column, Grid, Page};
use crate::breakdown::ForeignCounts;
use crate::event::{ForeignKind, ForeignValue};
use serde::Serialize;
use std::cmp::Reverse;

/// How many rows a page lists.
const MAX_SHOWN: usize = 10;

/// What one event has.
#[derive(Debug, Serialize)]
pub(super) struct ForeignRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    kind: ForeignKind,
    path: String,
    /// `None` where the language cannot read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
}

/// What the events of a stream have. Rows come in the order of paths.
#[derive(Debug, Serialize)]
pub(super) struct ForeignReport {
    events: u64,
    /// How many events without consent of their own nobody looked at.
    #[serde(skip_serializing_if = "names::is_zero")]
    left_out: u64,
    /// How often others were found, which have no row.
    #[serde(skip_serializing_if = "names::is_zero")]
    other: u64,
    rows: Vec<ForeignRow>,
}

impl ForeignRow {
    pub(super) fn of(found: &ForeignValue) -> Self {
        ForeignRow { events: None, kind: found.kind, path: found.place(), statement: found.statement() }
    }

    /// Returns it for people: `context.tcString (TCF string)`.
    pub(super) fn text(&self) -> String {
        let reading = self.statement.as_ref().map(|statement| format!(", read by `{statement}`"));
        format!("{} ({}){}", self.path, self.kind, reading.unwrap_or_default())
    }
}

impl ForeignReport {
    /// Returns `None` where somebody looked at all events and found none.
    pub(super) fn of(counts: &ForeignCounts) -> Option<Self> {
        let row = |(path, kind, events): (String, ForeignKind, u64)| {
            let statement = kind.statement(&path);
            ForeignRow { events: Some(events), kind, path, statement }
        };
        (counts.events() > 0 || counts.left_out() > 0).then(|| ForeignReport {
            events: counts.events(),
            left_out: counts.left_out(),
            other: counts.other(),
            rows: counts.rows().map(row).collect(),
        })
    }

    pub(super) fn add_to(&self, page: &mut Page) {
        if self.left_out > 0 {
            page.paragraph(
                "few events without consent were searched for consent that the policy does not read; `consentry audit` searches all",
            );
        }
        if self.events == 0 {
            return;
        }
        let events = names::counted(self.events, "event has", "events have");
        page.paragraph(format!("{events} consent or integrations that the policy does not read:"));
        let mut rows: Vec<&ForeignRow> = self.rows.iter().collect();
        rows.sort_by_key(|row| Reverse(row.events));
        let shown = rows.iter().take(MAX_SHOWN).map(|row| {
            let events = row.events.map_or(String::new(), |events| events.to_string());
            let statement = row.statement.as_ref().map(|statement| format!("read by `{statement}`"));
            [row.path.clone(), row.kind.to_string(), events, statement.unwrap_or_default()]
        });
        let columns = [Column::default(), Column::default(), Column::right(9), Column::default()];
        page.table(Grid::new(columns).with(shown));
        let rest = rows.len().saturating_sub(MAX_SHOWN);
        if rest > 0 || self.other > 0 {
            page.indented("and at other places");
        }
    }
}
