//! The stamping of a stream of events: findings, what events hold for each category, and where each finding occurs.

use super::json::{self, VERSION};
use super::names;
use super::page::{Column, Document, Grid, Page, PageBlock};
use crate::counts::Counts;
use crate::event::{Entry, EventErrorKind, ForeignKind, Name, Preference};
use crate::ledger::{Audit, By, Finding, Rejection, Tally};
use crate::model::{CheckResult, ConsentState, IntegrationsState, Policy};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many values, or names, the page lists.
const MAX_SHOWN: usize = 10;

/// The result of `audit`.
///
/// ```
/// use consentry::ledger::{Audit, AuditEvent};
/// use consentry::report::{audit::AuditReport, page::Document, text};
/// use consentry::{Limits, Policy};
///
/// let policy = Policy::parse(r#"consentry 1 policy "p" include prelude "segment" category Ads"#)?;
/// let mut audit = Audit::new(&policy);
/// audit.add(&AuditEvent::read(b"{}", &policy, &Limits::default())?, None);
/// let mut shown = Vec::new();
/// text::write(&mut shown, &AuditReport::new(&policy, &audit, false).page())?;
/// assert!(shown.starts_with(b"1 event audited by \"p\", 0 not events\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct AuditReport<'a> {
    #[serde(skip_serializing_if = "names::is_zero")]
    batches: u64,
    blank_lines: u64,
    #[serde(serialize_with = "json::sorted")]
    by: BTreeMap<&'static str, BreakdownReport<'a>>,
    #[serde(serialize_with = "json::sorted")]
    categories: Vec<CategoryReport<'a>>,
    /// `null` if no ledger was asked.
    checks: Option<&'a Counts<CheckResult>>,
    /// True if the policy asks for a check, and no ledger was asked.
    #[serde(skip)]
    is_unchecked: bool,
    clean: bool,
    consent: &'a Counts<ConsentState>,
    edition: u32,
    events: u64,
    findings: &'a Counts<Finding>,
    identify_events: u64,
    integrations: &'a Counts<IntegrationsState>,
    never_stamped: Vec<&'a str>,
    not_events: &'a Counts<EventErrorKind>,
    /// The number of values without a row, for each finding.
    #[serde(skip)]
    other_values: BTreeMap<&'static str, u64>,
    policy: &'a str,
    preference_events: u64,
    rejections: &'a Counts<Rejection>,
    unknown_categories: UnknownReport<CategoryRow>,
    unknown_integrations: UnknownReport<IntegrationRow>,
    unread_values: UnknownReport<ValueRow>,
    v: u32,
    without_person: u64,
    wrong_spellings: &'a Counts<&'static str>,
}

#[derive(Debug, Serialize)]
struct CategoryReport<'a> {
    category: &'a str,
    counts: bool,
    mismatched: Option<u64>,
    #[serde(flatten)]
    preferences: &'a Counts<Preference>,
    wire_id: &'a str,
    wire_ids: Vec<&'a str>,
    #[serde(skip)]
    note: &'static str,
}

#[derive(Debug, Serialize)]
struct UnknownReport<Row> {
    /// False if names were too many to compare each with those of the policy; `None` for values.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_compared: Option<bool>,
    other: u64,
    rows: Vec<Row>,
}

/// A category that the policy does not declare.
#[derive(Debug, Serialize)]
struct CategoryRow {
    category: String,
    events: u64,
    meant: Option<String>,
}

/// The entries under a name that the policy does not declare.
#[derive(Debug, Serialize)]
struct IntegrationRow {
    events: u64,
    integration: String,
    meant: Option<String>,
    #[serde(flatten)]
    entries: BTreeMap<&'static str, u64>,
}

/// A value behind a finding.
#[derive(Debug, Serialize)]
struct ValueRow {
    events: u64,
    finding: &'static str,
    name: String,
    /// The statement that would read foreign consent, if the language has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    value: String,
}

/// Events by one of their properties. What is beyond the rows has no value.
#[derive(Debug, Serialize)]
struct BreakdownReport<'a> {
    other: Cells<'a>,
    rows: Vec<Cells<'a>>,
}

/// The events with one value. The document has a member for each part of it, so that `null` is an absent one.
#[derive(Debug, Serialize)]
struct Cells<'a> {
    #[serde(flatten)]
    parts: BTreeMap<&'static str, Option<String>>,
    #[serde(flatten)]
    tally: &'a Tally,
    #[serde(skip)]
    name: String,
}

impl<'a> AuditReport<'a> {
    /// Creates the report of an audit by a policy.
    pub fn new(policy: &'a Policy, audit: &'a Audit, has_ledger: bool) -> Self {
        let categories = audit.categories.iter().filter_map(|tally| {
            let category = policy.category(tally.id)?;
            Some(CategoryReport {
                category: category.name(),
                counts: tally.counts,
                mismatched: has_ledger.then_some(tally.mismatched),
                preferences: &tally.preferences,
                wire_id: category.wire_id(),
                wire_ids: category.wire_ids().collect(),
                note: match (category.unenforced, category.always) {
                    (Some(_), _) => "unenforced",
                    (None, Some(_)) => "always granted",
                    (None, None) => "",
                },
            })
        });
        let categories_unknown = UnknownReport {
            all_compared: Some(audit.has_compared_categories()),
            other: audit.unknown_categories.other(),
            rows: audit
                .unknown_categories
                .rows()
                .map(|(name, counts)| CategoryRow {
                    category: name.to_string(),
                    events: counts.total(),
                    meant: audit.meant_category(name).map(str::to_owned),
                })
                .collect(),
        };
        let integrations_unknown = UnknownReport {
            all_compared: Some(audit.has_compared_integrations()),
            other: audit.unknown_integrations.other(),
            rows: audit
                .unknown_integrations
                .rows()
                .map(|(name, counts)| IntegrationRow {
                    entries: Entry::ALL.into_iter().map(|entry| (entry.as_str(), counts.of(entry))).collect(),
                    events: counts.total(),
                    integration: name.to_string(),
                    meant: audit.meant_integration(name).map(str::to_owned),
                })
                .collect(),
        };
        let values = audit.unread_values.iter().flat_map(|(finding, values)| {
            values.rows().filter_map(|(parts, events)| match parts {
                [Some(name), Some(value)] => Some(ValueRow {
                    events: *events,
                    finding: finding.as_str(),
                    name: name.to_string(),
                    statement: statement(*finding, name, value),
                    value: value.to_string(),
                }),
                _ => None,
            })
        });
        let mut values: Vec<ValueRow> = values.collect();
        values.sort_by_key(|row| row.finding);
        let other_values: BTreeMap<&str, u64> =
            audit.unread_values.iter().map(|(finding, values)| (finding.as_str(), *values.other())).collect();
        let values = UnknownReport { all_compared: None, other: other_values.values().sum(), rows: values };
        let by = By::ALL.into_iter().zip(&audit.by).map(|(by, breakdown)| {
            let rows = breakdown.rows().map(|(value, tally)| Cells::new(by, value, tally)).collect();
            (by.as_str(), BreakdownReport { other: Cells::new(by, &[], breakdown.other()), rows })
        });
        let never = audit.never_stamped().filter_map(|id| Some(policy.category(id)?.name()));
        AuditReport {
            batches: audit.batches,
            blank_lines: audit.blank_lines,
            by: by.collect(),
            categories: categories.collect(),
            checks: has_ledger.then_some(&audit.checks),
            is_unchecked: !has_ledger && policy.ledger_check().is_some(),
            clean: audit.is_clean(),
            consent: &audit.states,
            edition: policy.edition(),
            events: audit.all.events,
            findings: &audit.all.findings,
            identify_events: audit.identify_events,
            integrations: &audit.integrations,
            never_stamped: never.collect(),
            not_events: &audit.errors,
            other_values,
            policy: policy.name(),
            preference_events: audit.preference_events,
            rejections: &audit.rejections,
            unknown_categories: categories_unknown,
            unknown_integrations: integrations_unknown,
            unread_values: values,
            v: VERSION,
            without_person: audit.without_person,
            wrong_spellings: &audit.wrong_spellings,
        }
    }

    /// Returns the findings that some event has, and how many have each.
    fn occurring(&self) -> impl Iterator<Item = (Finding, u64)> {
        self.findings.iter().filter(|(_, count)| *count > 0)
    }

    fn findings_table(&self) -> Grid {
        let row = |word: &str, count: u64, meaning: String| {
            [word.to_owned(), count.to_string(), share(count, self.events), meaning]
        };
        let mut rows: Vec<[String; 4]> = self
            .occurring()
            .map(|(finding, count)| {
                let details = match finding {
                    Finding::WrongSpelling => self.wrong_spellings.occurring(),
                    Finding::Rejected => self.rejections.occurring(),
                    _ => Vec::new(),
                };
                row(finding.as_str(), count, names::reason(meaning(finding), &details))
            })
            .collect();
        let unreachable = CheckResult::Unreachable;
        let unanswered = self.checks.map_or(0, |checks| checks.of(unreachable));
        if unanswered > 0 {
            rows.push(row(unreachable.as_str(), unanswered, "the ledger did not answer".to_owned()));
        }
        if !self.never_stamped.is_empty() {
            let never: Vec<String> = self.never_stamped.iter().map(|name| format!("{name:?}")).collect();
            let meaning =
                format!("no event says anything of {}", names::first(MAX_SHOWN, &never, never.len()));
            rows.push(["never_stamped".to_owned(), String::new(), String::new(), meaning]);
        }
        let columns = [Column::wide(21), Column::right(9), Column::right(8), Column::default()];
        Grid::new(columns).with(rows)
    }

    fn categories_table(&self) -> Grid {
        let rows = self.categories.iter().map(|one| {
            let CategoryReport { category, wire_ids, preferences, .. } = one;
            let name = match wire_ids.as_slice() {
                [only] if only == category => format!("{category:?}"),
                all => {
                    let all: Vec<String> = all.iter().map(|wire_id| format!("{wire_id:?}")).collect();
                    format!("{category:?} = {}", all.join(", "))
                }
            };
            let mismatched = one.mismatched.filter(|count| *count > 0);
            let mismatched = mismatched.map(|count| format!("{count} not as recorded"));
            let notes = [one.note.to_owned(), mismatched.unwrap_or_default()];
            let notes: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
            let [granted, refused, unasked, invalid] =
                [Preference::Granted, Preference::Refused, Preference::Unasked, Preference::Invalid]
                    .map(|preference| preferences.of(preference).to_string());
            [name, granted, refused, unasked, invalid, notes.join("  ")]
        });
        let count = |title, width| Column { title, ..Column::right(width) };
        let counts = [count("granted", 9), count("refused", 9), count("unasked", 9), count("invalid", 10)];
        Grid::new([Column::default()].into_iter().chain(counts).chain([Column::default()])).with(rows)
    }

    fn unknown_names(&self, page: &mut Page) {
        let categories = self.unknown_categories.rows.iter();
        let categories =
            categories.map(|row| (&row.category, row.meant.as_deref(), row.events, String::new()));
        let heading = "categories that the policy does not declare";
        unknown(page, heading, categories.collect(), &self.unknown_categories);
        let integrations = self.unknown_integrations.rows.iter().map(|row| {
            let entries = row.entries.iter().filter(|(_, count)| **count > 0);
            let entries: Vec<String> = entries.map(|(word, count)| format!("{word} {count}")).collect();
            (&row.integration, row.meant.as_deref(), row.events, names::joined(&entries))
        });
        let heading = "integrations that the policy does not declare";
        unknown(page, heading, integrations.collect(), &self.unknown_integrations);
    }

    /// Returns the values behind a finding: those of the most events.
    fn values(&self, finding: Finding) -> Option<Grid> {
        let other = self.other_values.get(finding.as_str()).copied().unwrap_or(0);
        let rows = self.unread_values.rows.iter().filter(|row| row.finding == finding.as_str());
        let mut rows: Vec<&ValueRow> = rows.collect();
        rows.sort_by_key(|row| Reverse(row.events));
        let (shown, rest) = rows.split_at(rows.len().min(MAX_SHOWN));
        let shown = shown
            .iter()
            .map(|row| {
                let statement = row.statement.as_ref().map(|statement| format!("read by `{statement}`"));
                let events = format!("{:>7}", row.events);
                [quoted(Some(&row.name)), row.value.clone(), events, statement.unwrap_or_default()]
            })
            .chain((!rest.is_empty()).then(|| {
                let events: u64 = rest.iter().map(|row| row.events).sum();
                [format!("{} more", rest.len()), String::new(), format!("{events:>7}"), String::new()]
            }))
            .chain(
                (other > 0)
                    .then(|| ["other".to_owned(), String::new(), format!("{other:>7}"), String::new()]),
            );
        let columns = [Column::default(), Column::default(), Column::right(8), Column::default()];
        let grid = Grid::new(columns).with(shown);
        (!rows.is_empty() || other > 0).then_some(Grid { indent: 4, ..grid })
    }

    /// Returns where a finding occurs: the values with the most of it.
    fn breakdown(&self, finding: Finding, by: By) -> Option<Grid> {
        let breakdown = self.by.get(by.as_str())?;
        let mut rows: Vec<&Cells<'_>> =
            breakdown.rows.iter().filter(|row| row.tally.of(finding) > 0).collect();
        rows.sort_by_key(|row| Reverse(row.tally.of(finding)));
        let (shown, rest) = rows.split_at(rows.len().min(MAX_SHOWN));
        let sum = |of: fn(&Tally, Finding) -> u64| rest.iter().map(|row| of(row.tally, finding)).sum::<u64>();
        let other = breakdown.other.tally;
        let counted = shown
            .iter()
            .map(|row| (row.name.clone(), row.tally.of(finding), row.tally.events))
            .chain([(
                format!("{} more", rest.len()),
                sum(|tally, finding| tally.of(finding)),
                sum(|tally, _| tally.events),
            )])
            .chain([("other".to_owned(), other.of(finding), other.events)])
            .filter(|(_, count, _)| *count > 0)
            .map(|(name, count, all)| [name, format!("{count:>7} of {all:<7}"), share(count, all)]);
        let columns = [Column::default(), Column::default(), Column::right(8)];
        Some(Grid { indent: 4, ..Grid::new(columns).with(counted) })
    }
}

impl<'a> Cells<'a> {
    fn new(by: By, value: &[Option<Name<'static>>], tally: &'a Tally) -> Self {
        let text = |part: &Option<Name<'_>>| part.as_ref().map(Name::to_string);
        let name = match value {
            [Some(day)] if by == By::Day => day.to_string(),
            value if value.iter().all(Option::is_none) => "none".to_owned(),
            value => {
                let parts = value.iter().map(|part| quoted(part.as_ref().map(Name::to_text).as_deref()));
                parts.collect::<Vec<_>>().join(" @ ")
            }
        };
        Cells { parts: by.parts().iter().copied().zip(value.iter().map(text)).collect(), tally, name }
    }
}

impl Document for AuditReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let events = |count| names::counted(count, "event", "events");
        page.paragraph(format!(
            "{} audited by {:?}, {}{}",
            events(self.events),
            self.policy,
            names::not_events(self.not_events, self.blank_lines),
            names::batches(self.batches)
        ));
        page.paragraph(format!(
            "{} preference events, {} identify events, {} events without a person",
            self.preference_events, self.identify_events, self.without_person
        ));
        let checks = self.checks.map_or(Vec::new(), Counts::occurring);
        if !checks.is_empty() {
            page.paragraph(format!("against the ledger: {}", names::spaced(&names::joined(&checks))));
        }
        if self.is_unchecked {
            page.paragraph("the policy's ledger check is left out: name the ledger with --ledger");
        }
        page.gap();
        if self.clean {
            page.paragraph("nothing was found");
        } else {
            page.table(self.findings_table());
        }
        let answered = self.consent.of(ConsentState::Answered);
        if answered > 0 {
            page.heading(2, format!("categories, in {} with preferences", events(answered)));
            page.table(self.categories_table());
        }
        self.unknown_names(page);
        for (finding, count) in self.occurring() {
            page.heading(2, format!("{}, {}", finding.as_str(), events(count)));
            page.0.extend(help(finding).map(|help| PageBlock::Paragraph(2, format!("help: {help}"))));
            if let Some(values) = self.values(finding) {
                page.indented("by value");
                page.table(values);
            }
            for by in By::ALL {
                page.indented(format!("by {}", by.as_str()));
                page.0.extend(self.breakdown(finding, by).map(PageBlock::Grid));
            }
        }
    }
}

fn meaning(finding: Finding) -> &'static str {
    match finding {
        Finding::Missing => "no consent object",
        Finding::Empty => "a consent object that holds no preferences",
        Finding::Unanswered => "a preferences object without members",
        Finding::Malformed => "a malformed consent object",
        Finding::WrongSpelling => "preferences under a spelling that the policy does not accept",
        Finding::UnknownCategory => "a category that the policy does not declare",
        Finding::InvalidPreference => "a category with a value that is neither true nor false",
        Finding::ForeignConsent => "consent in a shape or at a place that the policy does not read",
        Finding::MalformedIntegrations => "an integrations object that is no object",
        Finding::MisplacedIntegrations => "an integrations object where no decision reads it",
        Finding::MisspelledIntegration => {
            "an integrations entry whose name is nearly a destination's, or nearly `All`"
        }
        Finding::UnknownIntegration => {
            "an integrations entry for a destination that the policy does not have"
        }
        Finding::InvalidEntry => "an integrations entry that is neither a boolean nor an object",
        Finding::UnreadSwitch => {
            "an integrations entry that is an object with a switch in it, and counts as on"
        }
        Finding::Mismatch => "other grants than are recorded",
        Finding::Rejected => "an event that writes preferences and that a ledger rejects",
    }
}

/// Returns the statement that would read a value of foreign consent at a place.
fn statement(finding: Finding, place: &Name<'_>, kind: &Name<'_>) -> Option<String> {
    let kinds = ForeignKind::ALL.into_iter().filter(|_| finding == Finding::ForeignConsent);
    let kind = kinds.into_iter().find(|one| *kind == *one.as_str())?;
    kind.statement(&place.to_text())
}

/// Returns what to do about a finding.
fn help(finding: Finding) -> Option<&'static str> {
    Some(match finding {
        Finding::ForeignConsent => {
            "read it with `consent at`, or correct the source; `foreign consent` decides what becomes of such an event if it has no other consent"
        }
        Finding::MalformedIntegrations => {
            "write an object, and `{}` for an empty one; PHP writes an empty array as `[]`. The policy decides what becomes of such an event"
        }
        Finding::MisplacedIntegrations => {
            "move the object to the key `integrations` of the event itself; elsewhere it stops nothing"
        }
        Finding::MisspelledIntegration => {
            "correct the name in the source, or declare it as an `alias`; a misspelled entry stops nothing"
        }
        Finding::UnknownIntegration => "declare the destination, or declare the name as an `alias` of one",
        Finding::InvalidEntry => {
            "write `true`, `false` or an object; the policy's `invalid entries` decides how other values are read"
        }
        Finding::UnreadSwitch => {
            "no policy reads what is in the object, such as `all` and `warehouseIds` of `Warehouses`; write `false` to stop the destination"
        }
        _ => return None,
    })
}

/// Lists names that the policy does not declare: first those that mean a declared one, then the most frequent ones. Each comes with the
/// name that is meant, and a note.
fn unknown<Row>(
    page: &mut Page,
    heading: &str,
    mut rows: Vec<(&String, Option<&str>, u64, String)>,
    names: &UnknownReport<Row>,
) {
    let other = names.other;
    if rows.is_empty() && other == 0 {
        return;
    }
    rows.sort_by_key(|(_, meant, events, _)| (meant.is_none(), Reverse(*events)));
    let (shown, rest) = rows.split_at(rows.len().min(MAX_SHOWN));
    page.heading(2, heading);
    let shown = shown.iter().map(|(name, meant, events, note)| {
        let meant = meant.map(|meant| format!("did you mean {meant:?}?"));
        let notes = meant.into_iter().chain([note.clone()]).filter(|note| !note.is_empty());
        [quoted(Some(name)), events.to_string(), notes.collect::<Vec<_>>().join("  ")]
    });
    page.table(Grid::new([Column::default(), Column::right(9), Column::default()]).with(shown));
    if !rest.is_empty() {
        let count: u64 = rest.iter().map(|(_, _, events, _)| events).sum();
        page.indented(format!("{} more, named {count} times", rest.len()));
    }
    if other > 0 {
        page.indented(format!("other names, named {other} times"));
    }
    if names.all_compared == Some(false) {
        page.indented("too many names to compare each with those of the policy: some may be misspelled");
    }
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("none".to_owned(), |text| format!("{text:?}"))
}

/// Returns tenths of a per cent. No share of something looks like none, and none of less than all like all.
fn share(count: u64, all: u64) -> String {
    let (count, all) = (u128::from(count), u128::from(all.max(1)));
    let tenths = (count * 2_000 + all) / (all * 2);
    match tenths {
        0 if count > 0 => "< 0.1 %".to_owned(),
        1_000 if count < all => "> 99.9 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}
