//! How the stamping of a stream of events is going.

use super::audit_event::AuditEvent;
use super::ledger_event::LedgerEventKind;
use super::recording::{Rejection, rejection};
use super::suggestions::Suggestions;
use super::unknown_names::UnknownNames;
use crate::breakdown::{Breakdown, Value};
use crate::counts::Counts;
use crate::event::{Entry, EventError, EventErrorKind, Name, Preference, UnreadKind, UnreadValue};
use crate::model::{CategoryId, CheckResult, Checked, ConsentState, IntegrationsState, Policy};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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
        /// It has consent in a shape or at a place that the policy does not read.
        ForeignConsent = "foreign_consent",
        /// Its integrations object is malformed.
        MalformedIntegrations = "malformed_integrations",
        /// An object that is called like the integrations object is at a place or under a spelling that no decision reads.
        MisplacedIntegrations = "misplaced_integrations",
        /// It has an integrations entry whose name is nearly that of a destination, or nearly `All`.
        MisspelledIntegration = "misspelled_integration",
        /// It has an integrations entry for a destination that the policy does not have.
        UnknownIntegration = "unknown_integration",
        /// It gives a destination, or `All`, a value that is neither a boolean nor an object.
        InvalidEntry = "invalid_entry",
        /// It has an integrations entry that is an object with a switch in it, such as `{"all": false}`, which counts as on.
        UnreadSwitch = "unread_switch",
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

    fn value(self, event: &AuditEvent<'_>) -> Value {
        let owned = |name: &Option<Name<'_>>| name.clone().map(Name::into_owned);
        let [library, version] = &event.library;
        match self {
            By::Type => vec![owned(&event.event_type)],
            By::Library => vec![owned(library)],
            By::Version => vec![owned(library), owned(version)],
            By::Day => {
                let notice = &event.notice;
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
        // Foreign consent is there only if an event has some.
        let findings = Finding::ALL.into_iter().filter(|finding| *finding != Finding::ForeignConsent);
        Tally { events: 0, findings: Counts::zeros(findings) }
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
    /// Everything that speaks of it.
    wire_ids: Vec<String>,
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
/// use consentry::ledger::{Audit, AuditEvent, Finding};
/// use consentry::{Limits, Policy};
///
/// let policy = Policy::parse(r#"consentry 1 policy "p" include prelude "segment" category Ads"#)?;
/// let mut audit = Audit::new(&policy);
/// for line in [&br#"{"type":"page"}"#[..], br#"{"context":{"consent":{"categoryPreferences":{"Ads":true}}}}"#, b"[]"] {
///     match AuditEvent::read(line, &policy, &Limits::default()) {
///         Ok(event) => audit.add(&event, None),
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
    /// The number of lines that were batches, whose items are events.
    pub batches: u64,
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
    pub unknown_categories: UnknownNames<Preference>,
    /// The names in integrations objects that the policy does not declare, with the entries for each.
    pub unknown_integrations: UnknownNames<Entry>,
    /// The entries for `All`.
    pub all_entries: Counts<Entry>,
    /// The values behind each finding, and how many events have each: the key or the path to it, and the value in JSON, of which the end
    /// is cut off if it is long.
    pub unread_values: BTreeMap<Finding, Breakdown<u64>>,
    /// The number of preference events.
    pub preference_events: u64,
    /// The number of identify events, whether they write or not.
    pub identify_events: u64,
    /// The number of events that name nobody.
    pub without_person: u64,
    /// The number of checks by their result. Empty without a ledger.
    pub checks: Counts<CheckResult>,
    /// The preference of a category that an event does not list.
    unlisted: Option<Preference>,
    wire_ids: Suggestions,
    integration_names: Suggestions,
}

/// The number of bytes of a value that are kept.
const MAX_SHOWN_BYTES: usize = 100;

/// The name of the entry that speaks of every destination without one.
const ALL: &str = "All";

impl Audit {
    /// Creates the audit of no events.
    pub fn new(policy: &Policy) -> Self {
        let categories = policy.category_ids().zip(policy.categories()).map(|(id, category)| CategoryTally {
            id,
            wire_id: category.wire_id().to_owned(),
            wire_ids: category.wire_ids().map(str::to_owned).collect(),
            counts: category.is_free(),
            preferences: Counts::zero(),
            mismatched: 0,
        });
        Audit {
            categories: categories.collect(),
            // Those of batches are there only if a line has one.
            errors: Counts::zeros(EventErrorKind::ALL.into_iter().filter(|kind| !kind.is_of_batch())),
            states: Counts::zero(),
            integrations: Counts::zero(),
            rejections: Counts::zero(),
            // People write the name of a category where its wire id belongs.
            unlisted: Some(policy.reading().unlisted()),
            wire_ids: Suggestions::new(policy.categories().iter().flat_map(|category| category.wire_ids()))
                .with_words(policy.categories().iter().map(|category| category.name())),
            integration_names: Suggestions::new(
                [ALL]
                    .into_iter()
                    .chain(policy.destinations().iter().flat_map(|destination| destination.names())),
            ),
            ..Audit::default()
        }
    }

    /// Counts so many undeclared categories and integrations of each sort one by one, instead of [`MAX_VALUES`](super::MAX_VALUES).
    pub fn with_room(mut self, categories: usize, integrations: usize) -> Self {
        self.unknown_categories = UnknownNames::with_room(categories);
        self.unknown_integrations = UnknownNames::with_room(integrations);
        self
    }

    /// Adds an event that was read by the same policy, and what its check against a ledger found, where there is one.
    pub fn add(&mut self, event: &AuditEvent<'_>, checked: Option<&Checked>) {
        let notice = &event.notice;
        let state = notice.event.consent.state();
        self.states.add(state);
        self.integrations.add(notice.event.integrations.state());
        let mut findings = Vec::new();
        let preferences = strictest(notice.event.consent.preferences());
        let entries = strictest(notice.event.integrations.entries());
        match (state, event.wrong_spelling) {
            (ConsentState::Missing, _) => findings.push(Finding::Missing),
            (ConsentState::Empty, _) => findings.push(Finding::Empty),
            (ConsentState::Unanswered, _) => findings.push(Finding::Unanswered),
            (ConsentState::Malformed, None) => findings.push(Finding::Malformed),
            (ConsentState::Malformed, Some(spelling)) => {
                findings.push(Finding::WrongSpelling);
                self.wrong_spellings.add(spelling);
            }
            (ConsentState::Answered, _) => self.add_preferences(&preferences, &mut findings),
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
        self.add_entries(&entries, &mut findings);
        self.add_unread(event, &preferences, &entries, &mut findings);
        self.preference_events += u64::from(notice.kind == LedgerEventKind::Preference);
        self.identify_events += u64::from(matches!(notice.kind, LedgerEventKind::Identify { .. }));
        self.without_person += u64::from(notice.person.id.is_none());
        self.all.add(&findings);
        for (by, breakdown) in By::ALL.into_iter().zip(&mut self.by) {
            breakdown.count_mut(by.value(event)).add(&findings);
        }
    }

    /// Counts what one event says of each category.
    fn add_preferences(&mut self, stamped: &Strictest<'_, '_, Preference>, findings: &mut Vec<Finding>) {
        let mut stamped = stamped.clone();
        let mut is_invalid = false;
        for category in &mut self.categories {
            let mut listed =
                category.wire_ids.iter().filter_map(|wire_id| stamped.remove(wire_id.as_bytes()));
            let first = listed.next().map(|(_, preference)| preference);
            let preference =
                listed.map(|(_, preference)| preference).fold(first, |one, other| one.max(Some(other)));
            is_invalid |= preference == Some(Preference::Invalid);
            category.preferences.add(preference.or(self.unlisted).unwrap_or(Preference::Unasked));
        }
        findings.extend((!stamped.is_empty()).then_some(Finding::UnknownCategory));
        findings.extend(is_invalid.then_some(Finding::InvalidPreference));
        for (name, preference) in stamped.into_values() {
            let is_near = self.wire_ids.meant(name).is_some();
            self.unknown_categories.add(name, is_near, preference);
        }
    }

    /// Counts what one event says of each destination.
    fn add_entries(&mut self, entries: &Strictest<'_, '_, Entry>, findings: &mut Vec<Finding>) {
        let mut found = BTreeSet::new();
        for (name, entry) in entries.values() {
            if **name == *ALL {
                self.all_entries.add(*entry);
            }
            if self.integration_names.has(name) {
                found.extend((*entry == Entry::Invalid).then_some(Finding::InvalidEntry));
                continue;
            }
            let is_near = self.integration_names.meant(name).is_some();
            found.insert(match is_near {
                true => Finding::MisspelledIntegration,
                false => Finding::UnknownIntegration,
            });
            self.unknown_integrations.add(name, is_near, *entry);
        }
        findings.extend(found);
    }

    /// Counts the values behind findings, and finds what shows in values alone.
    fn add_unread(
        &mut self,
        event: &AuditEvent<'_>,
        preferences: &Strictest<'_, '_, Preference>,
        entries: &Strictest<'_, '_, Entry>,
        findings: &mut Vec<Finding>,
    ) {
        let mut values = BTreeSet::new();
        for one in &event.unread {
            let name = one.name.as_bytes();
            let (is_found, finding) = match one.kind {
                UnreadKind::Consent => (event.wrong_spelling.is_none(), Finding::Malformed),
                UnreadKind::Preference => (
                    self.wire_ids.has(&one.name)
                        && preferences
                            .get(name)
                            .is_some_and(|(_, strictest)| *strictest == Preference::Invalid),
                    Finding::InvalidPreference,
                ),
                UnreadKind::Integrations => (true, Finding::MalformedIntegrations),
                UnreadKind::Entry => (
                    self.integration_names.has(&one.name)
                        && entries.get(name).is_some_and(|(_, strictest)| *strictest == Entry::Invalid),
                    Finding::InvalidEntry,
                ),
                UnreadKind::Options => (self.has_switch(one), Finding::UnreadSwitch),
                UnreadKind::Foreign => (true, Finding::ForeignConsent),
                UnreadKind::Misplaced => (self.is_misplaced(one), Finding::MisplacedIntegrations),
            };
            if is_found {
                values.insert((finding, one.name.clone().into_owned(), cut(one.value)));
            }
        }
        for finding in [
            Finding::MalformedIntegrations,
            Finding::UnreadSwitch,
            Finding::MisplacedIntegrations,
            Finding::ForeignConsent,
        ] {
            findings.extend(values.iter().any(|(one, ..)| *one == finding).then_some(finding));
        }
        for (finding, name, value) in values {
            let values = self.unread_values.entry(finding).or_default();
            *values.count_mut(vec![Some(name), Some(Name::from(value))]) += 1;
        }
    }

    /// Returns true if an object seems to switch deliveries off: it has a member that is called like `All`, and not on, or like a
    /// destination or `enabled`, and off; or it has ids of warehouses. An object for `All` has no meaning at all.
    fn has_switch(&self, options: &UnreadValue<'_>) -> bool {
        let is_switch = |(name, entry): &(Name<'_>, Entry)| {
            let meant = self.integration_names.looking_like(name);
            let text = name.to_text().to_lowercase();
            match text.as_str() {
                "warehouseids" => true,
                "enabled" => *entry == Entry::Off,
                _ if meant == Some(ALL) => *entry != Entry::On,
                _ => meant.is_some() && *entry == Entry::Off,
            }
        };
        let is_for_all = options.name == *ALL && !options.members.is_empty();
        is_for_all || options.members.iter().any(is_switch)
    }

    /// Returns true if an object that is called like the integrations object seems to be one. Properties and traits are the customer's own,
    /// so that there it must name `All` or a destination.
    fn is_misplaced(&self, object: &UnreadValue<'_>) -> bool {
        let path = object.name.to_text();
        let is_customers = ["properties.", "traits."].iter().any(|holder| path.starts_with(holder));
        let mut names = object.members.iter().map(|(name, _)| name);
        match is_customers {
            true => names.any(|name| self.integration_names.looking_like(name).is_some()),
            false => names.next().is_some(),
        }
    }

    /// Returns the wire id that is meant by a category that the policy does not declare.
    pub fn meant_category(&self, unknown: &Name<'_>) -> Option<&str> {
        self.wire_ids.found(unknown)
    }

    /// Returns true if every category that the policy does not declare was compared with those that it declares, to find misspelled ones.
    pub fn has_compared_categories(&self) -> bool {
        !self.wire_ids.is_exhausted()
    }

    /// Returns true if every name that the policy does not declare was compared with those of its destinations.
    pub fn has_compared_integrations(&self) -> bool {
        !self.integration_names.is_exhausted()
    }

    /// Returns the destination's name, or `All`, that is meant by a name that the policy does not declare.
    pub fn meant_integration(&self, unknown: &Name<'_>) -> Option<&str> {
        self.integration_names.found(unknown)
    }

    /// Adds lines that were batches; their items are [added](Audit::add) as events.
    pub fn add_batches(&mut self, batches: u64) {
        self.batches += batches;
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

/// The value of each name of an event, by the bytes of the name.
type Strictest<'e, 'a, Value> = BTreeMap<&'e [u8], (&'e Name<'a>, Value)>;

/// Returns what an event says of each name, once: "among duplicate keys any refusal wins, then any invalid value", the order of
/// [`Preference`]; of [`Entry`], any that is off.
fn strictest<'e, 'a, Value: Ord + Copy>(members: &'e [(Name<'a>, Value)]) -> Strictest<'e, 'a, Value> {
    let mut strictest = BTreeMap::new();
    for (name, value) in members {
        let (_, known) = strictest.entry(name.as_bytes()).or_insert((name, *value));
        *known = (*value).max(*known);
    }
    strictest
}

/// Returns a value of which the end is cut off if it is long.
fn cut(value: &str) -> String {
    let mut end = MAX_SHOWN_BYTES.min(value.len());
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let shown = value.get(..end).unwrap_or_default();
    if end < value.len() { format!("{shown}…") } else { shown.to_owned() }
}
