//! How the stamping of a stream of events is going.

use super::breakdown::{Breakdown, Value};
use super::ledger_event::{LedgerEvent, LedgerEventKind};
use super::people::{Rejection, rejection};
use crate::counts::Counts;
use crate::event::{Entry, EventError, EventErrorKind, Name, Preference};
use crate::model::{CategoryId, CheckResult, Checked, ConsentState, IntegrationsState, Policy};
use serde::Serialize;
use std::collections::BTreeMap;

spelled! {
    /// What is wrong with the stamp of an event. An event may have several findings.
    Finding {
        /// It has no consent object.
        Missing = "missing",
        /// Its consent object holds no preferences.
        Empty = "empty",
        /// Its preferences object is `{}`.
        Unanswered = "unanswered",
        /// Its consent object is malformed, but not by a wrong spelling.
        Malformed = "malformed",
        /// Its consent object is malformed by a documented spelling of the preferences key that the policy does not accept.
        WrongSpelling = "wrong_spelling",
        /// It says something of a category that the policy does not declare.
        UnknownCategory = "unknown_category",
        /// It gives a category of the policy a value that is no boolean.
        InvalidPreference = "invalid_preference",
        /// It is stamped with other grants than are recorded.
        Mismatch = "mismatch",
        /// It writes preferences, and a ledger rejects it.
        Rejected = "rejected",
    }
}

spelled! {
    /// What events are broken down by.
    By {
        /// `type`.
        Type = "type",
        /// The name of `context.library`.
        Library = "library",
        /// Its name and its version.
        Version = "version",
        /// The day in UTC: of `timestamp`, or else of `receivedAt`.
        Day = "day",
    }
}

impl By {
    /// What its values are made of, in their order.
    pub fn parts(self) -> &'static [&'static str] {
        match self {
            By::Type => &["type"],
            By::Library => &["library"],
            By::Version => &["library", "version"],
            By::Day => &["day"],
        }
    }

    fn value(self, notice: &LedgerEvent<'_>) -> Value {
        let owned = |name: &Option<Name<'_>>| name.clone().map(Name::into_owned);
        let [library, version] = &notice.library;
        match self {
            By::Type => vec![owned(&notice.event_type)],
            By::Library => vec![owned(library)],
            By::Version => vec![owned(library), owned(version)],
            By::Day => {
                vec![notice.timestamp.or(notice.received_at).map(|moment| Name::from(moment.day()))]
            }
        }
    }
}

/// A number of events, and of those that have each finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The number of events.
    pub events: u64,
    /// The number of these events that have each finding.
    pub findings: Counts<Finding>,
}

impl Default for Tally {
    fn default() -> Self {
        Tally { events: 0, findings: Counts::zero() }
    }
}

impl Tally {
    fn add(&mut self, findings: &[Finding]) {
        self.events += 1;
        findings.iter().for_each(|finding| self.findings.add(*finding));
    }

    /// Returns the number of these events that have a finding.
    pub fn of(&self, finding: Finding) -> u64 {
        self.findings.of(finding)
    }
}

/// The preferences that events have for a category of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryTally {
    /// The category.
    pub id: CategoryId,
    wire_id: String,
    /// True if the category is neither `always` granted nor unenforced, so that preferences for it count.
    pub counts: bool,
    /// The number of events with each preference; `unasked` if an event does not name the category.
    pub preferences: Counts<Preference>,
    /// The number of events whose stamp differs from the record.
    pub mismatched: u64,
}

impl CategoryTally {
    /// Returns the number of events that name the category.
    pub fn stamped(&self) -> u64 {
        self.preferences.total() - self.preferences.of(Preference::Unasked)
    }
}

/// What there is to say of the stamping of the events that were added, by one policy. Its memory is bounded, whatever they are.
///
/// ```
/// use consentry::ledger::{Audit, Finding, LedgerEvent};
/// use consentry::{Limits, Policy};
///
/// let policy = Policy::parse(r#"consentry 1 policy "p" include prelude "segment" category Ads"#)?;
/// let mut audit = Audit::new(&policy);
/// for line in [&br#"{"type":"page"}"#[..], br#"{"context":{"consent":{"categoryPreferences":{"Ads":true}}}}"#, b"[]"] {
///     match LedgerEvent::read(line, &policy, &Limits::default()) {
///         Ok(notice) => audit.add(&notice, None),
///         Err(error) => audit.add_error(&error),
///     }
/// }
/// assert_eq!((audit.all.events, audit.all.of(Finding::Missing), audit.not_events()), (2, 1, 1));
/// let [by_type, ..] = &audit.by;
/// assert_eq!(by_type.rows().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// All events.
    pub all: Tally,
    /// The events by something that they have, in the order of [`By::ALL`].
    pub by: [Breakdown<Tally>; By::ALL.len()],
    /// The number of lines that are not events, by reason.
    pub errors: Counts<EventErrorKind>,
    /// The number of lines of nothing but white space.
    pub blank_lines: u64,
    /// The number of events by the state of their consent object.
    pub states: Counts<ConsentState>,
    /// The number of events by the state of their integrations object.
    pub integrations: Counts<IntegrationsState>,
    /// The spellings of the preferences key that the policy does not accept, and how many events have each; of two in one event, the first.
    pub wrong_spellings: Counts<&'static str>,
    /// The number of events that a ledger rejects, by reason.
    pub rejections: Counts<Rejection>,
    /// The preferences for each category in events in the state `answered`, in the order of the policy.
    pub categories: Vec<CategoryTally>,
    /// The categories that the policy does not declare, with the preferences for each.
    pub unknown_categories: Breakdown<Counts<Preference>>,
    /// The names in integrations objects, `All` too, with the entries for each.
    pub entries: Breakdown<Counts<Entry>>,
    /// The number of preference events.
    pub preference_events: u64,
    /// The number of identify events, whether they write or not.
    pub identify_events: u64,
    /// The number of events that name nobody.
    pub without_person: u64,
    /// The number of checks by their result. Empty without a ledger.
    pub checks: Counts<CheckResult>,
}

impl Audit {
    /// Creates the audit of no events.
    pub fn new(policy: &Policy) -> Self {
        let categories = policy.category_ids().zip(policy.categories()).map(|(id, category)| CategoryTally {
            id,
            wire_id: category.wire_id().to_owned(),
            counts: category.is_free(),
            preferences: Counts::zero(),
            mismatched: 0,
        });
        Audit {
            categories: categories.collect(),
            errors: Counts::zero(),
            states: Counts::zero(),
            rejections: Counts::zero(),
            ..Audit::default()
        }
    }

    /// Counts so many undeclared categories and integrations entries one by one, instead of [`MAX_VALUES`](super::MAX_VALUES) each.
    pub fn with_room(mut self, categories: usize, entries: usize) -> Self {
        self.unknown_categories = Breakdown::with_room(categories);
        self.entries = Breakdown::with_room(entries);
        self
    }

    /// Adds an event that was read by the same policy, and what its check against a ledger found, where there is one.
    pub fn add(&mut self, notice: &LedgerEvent<'_>, checked: Option<&Checked>) {
        let state = notice.event.consent.state();
        self.states.add(state);
        self.integrations.add(notice.event.integrations.state());
        let mut findings = Vec::new();
        match (state, notice.wrong_spelling) {
            (ConsentState::Missing, _) => findings.push(Finding::Missing),
            (ConsentState::Empty, _) => findings.push(Finding::Empty),
            (ConsentState::Unanswered, _) => findings.push(Finding::Unanswered),
            (ConsentState::Malformed, None) => findings.push(Finding::Malformed),
            (ConsentState::Malformed, Some(spelling)) => {
                findings.push(Finding::WrongSpelling);
                self.wrong_spellings.add(spelling);
            }
            (ConsentState::Answered, _) => {
                self.add_preferences(notice.event.consent.preferences(), &mut findings)
            }
        }
        if let Some(checked) = checked {
            self.checks.add(checked.result);
            if checked.result == CheckResult::Mismatch {
                findings.push(Finding::Mismatch);
                let differing = self.categories.iter_mut().filter(|one| checked.categories.contains(&one.id));
                differing.for_each(|one| one.mismatched += 1);
            }
        }
        if let Some(rejection) = rejection(notice) {
            findings.push(Finding::Rejected);
            self.rejections.add(rejection);
        }
        for (name, entry) in strictest(notice.event.integrations.entries()).into_values() {
            self.entries.count_mut(vec![Some(name.clone().into_owned())]).add(entry);
        }
        self.preference_events += u64::from(notice.kind == LedgerEventKind::Preference);
        self.identify_events += u64::from(matches!(notice.kind, LedgerEventKind::Identify { .. }));
        self.without_person += u64::from(notice.person.id.is_none());
        self.all.add(&findings);
        for (by, breakdown) in By::ALL.into_iter().zip(&mut self.by) {
            breakdown.count_mut(by.value(notice)).add(&findings);
        }
    }

    /// Counts what one event says of each category.
    fn add_preferences(&mut self, preferences: &[(Name<'_>, Preference)], findings: &mut Vec<Finding>) {
        let mut stamped = strictest(preferences);
        let mut is_invalid = false;
        for category in &mut self.categories {
            let preference = stamped.remove(category.wire_id.as_bytes()).map(|(_, preference)| preference);
            is_invalid |= preference == Some(Preference::Invalid);
            category.preferences.add(preference.unwrap_or(Preference::Unasked));
        }
        findings.extend((!stamped.is_empty()).then_some(Finding::UnknownCategory));
        findings.extend(is_invalid.then_some(Finding::InvalidPreference));
        for (name, preference) in stamped.into_values() {
            self.unknown_categories.count_mut(vec![Some(name.clone().into_owned())]).add(preference);
        }
    }

    /// Adds a line that is not an event, or is blank.
    pub fn add_error(&mut self, error: &EventError) {
        match error.is_blank() {
            true => self.blank_lines += 1,
            false => self.errors.add(error.kind()),
        }
    }

    /// Whether there is nothing to report: no event has a finding, every line is an event, each category was stamped, and the ledger, where
    /// there is one, has answered.
    pub fn is_clean(&self) -> bool {
        Finding::ALL.into_iter().all(|finding| self.all.of(finding) == 0)
            && self.not_events() == 0
            && self.never_stamped().next().is_none()
            && self.checks.of(CheckResult::Unreachable) == 0
    }

    /// How many lines are not events.
    pub fn not_events(&self) -> u64 {
        self.errors.total()
    }

    /// The categories of which no event has said anything, though some came. Those that are `always` granted or unenforced are not among them.
    pub fn never_stamped(&self) -> impl Iterator<Item = CategoryId> {
        let any = self.all.events > 0;
        let never = self.categories.iter().filter(move |one| any && one.counts && one.stamped() == 0);
        never.map(|one| one.id)
    }
}

/// Returns what an event says of each name, once: "among duplicate keys any refusal wins, then any invalid value", the order of
/// [`Preference`]; of [`Entry`], any that is off.
fn strictest<'e, 'a, Value: Ord + Copy>(
    members: &'e [(Name<'a>, Value)],
) -> BTreeMap<&'e [u8], (&'e Name<'a>, Value)> {
    let mut strictest = BTreeMap::new();
    for (name, value) in members {
        let (_, known) = strictest.entry(name.as_bytes()).or_insert((name, *value));
        *known = (*value).max(*known);
    }
    strictest
}
