//! Visits: what a banner does around decisions.

use super::json::{self, VERSION};
use super::names;
use super::page::{Document, Page, PageBlock};
use crate::event::{Consent, Preference};
use crate::model::{Banner, CheckResult, ConsentModel, GateOpens, ImpliedConsent, Policy};
use crate::syntax;
use crate::visit::{Loss, Possibility, Site, VisitStep, Visitor};
use serde::Serialize;
use std::collections::BTreeMap;

/// The result of `simulate` for one visit: its steps, and what became of its events.
#[derive(Debug, Serialize)]
pub struct VisitReport<'a> {
    cookies: bool,
    data_loss: Rating,
    edition: u32,
    events: EventCounts,
    #[serde(rename = "policy")]
    name: &'a str,
    site: SiteReport,
    #[serde(serialize_with = "json::sorted")]
    steps: Vec<StepLine<'a>>,
    stored: Option<BTreeMap<String, bool>>,
    /// The visit leaves the ledger check out; left out where the policy asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckResult>,
    v: u32,
    #[serde(skip)]
    policy: &'a Policy,
    #[serde(skip)]
    visitor: String,
    /// The names of the events, in the order of their numbers.
    #[serde(skip)]
    events_by_number: Vec<Option<String>>,
}

/// The chance that a banner loses data, as its documentation rates it.
#[derive(Debug, Serialize)]
pub(super) struct Rating {
    causes: Vec<&'static str>,
    possibility: Possibility,
}

#[derive(Debug, Default, Serialize)]
struct EventCounts {
    /// Of those sent, how many the policy drops.
    dropped: usize,
    lost: usize,
    /// Of those sent, how many a device-mode destination missed.
    missed: usize,
    sent: usize,
    tracked: usize,
    waiting: usize,
    withheld: usize,
}

#[derive(Debug, Serialize)]
struct SiteReport {
    banner: Banner,
    gate: String,
    model: ConsentModel,
    taken_as: ImpliedConsent,
}

#[derive(Debug, Serialize)]
struct StepLine<'a> {
    #[serde(flatten)]
    step: StepReport<'a>,
    #[serde(skip)]
    text: String,
}

/// A step, by the members that it has.
#[derive(Debug, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum StepReport<'a> {
    BannerShown,
    BannerGone,
    LibraryLoads,
    Left,
    Nothing {
        action: &'static str,
    },
    PageLoads {
        again: bool,
        risks: &'static [&'static str],
    },
    Chosen {
        preferences: BTreeMap<String, bool>,
    },
    DeviceLoads {
        destination: &'a str,
    },
    KeepsCollecting {
        destination: &'a str,
    },
    NeedsPageLoad {
        destination: &'a str,
    },
    Buffered {
        event: usize,
        name: Option<String>,
    },
    Sent {
        buffered: bool,
        deliver: Vec<&'a str>,
        drop: Option<&'a str>,
        event: usize,
        missed: Vec<&'a str>,
        name: Option<String>,
        preferences: BTreeMap<String, bool>,
    },
    Withheld {
        event: usize,
        name: Option<String>,
        preferences: BTreeMap<String, bool>,
        unreached: Vec<&'a str>,
    },
    Lost {
        cause: Loss,
        event: usize,
        name: Option<String>,
    },
}

impl<'a> VisitReport<'a> {
    /// Creates the report of a visit that has no steps yet.
    pub fn new(policy: &'a Policy, site: &Site, visitor: &Visitor) -> Self {
        let (visitor, stored) = match visitor {
            Visitor::First => ("first-time visitor".to_owned(), None),
            Visitor::Returning(stored) => {
                let stored = stored.stamp(policy);
                let text = format!("returning visitor who granted {}", grants(policy, &stored));
                (text, Some(preferences(&stored)))
            }
        };
        VisitReport {
            cookies: false,
            data_loss: Rating::new(site.banner, site.waits_for_a_choice()),
            edition: policy.edition(),
            events: EventCounts::default(),
            name: policy.name(),
            site: SiteReport {
                banner: site.banner,
                gate: gate_word(site.gate),
                model: site.model,
                taken_as: site.taken_as(),
            },
            steps: Vec::new(),
            stored,
            check: unchecked(policy),
            v: VERSION,
            policy,
            visitor,
            events_by_number: Vec::new(),
        }
    }

    /// Adds the name of the next event that the site tracks.
    pub fn track(&mut self, name: Option<String>) {
        self.events.tracked += 1;
        self.events_by_number.push(name);
    }

    /// Adds the steps that an action of the person or the site causes.
    pub fn act(&mut self, action: &'static str, steps: &[VisitStep<'a>]) {
        if steps.is_empty() {
            let step = StepReport::Nothing { action };
            self.steps.push(StepLine { step, text: format!("{action}: nothing happens") });
        }
        self.add(steps);
    }

    /// Adds steps.
    pub fn add(&mut self, steps: &[VisitStep<'a>]) {
        for step in steps {
            match step {
                VisitStep::Sent { dropped, missed, .. } => {
                    self.events.sent += 1;
                    self.events.dropped += usize::from(dropped.is_some());
                    self.events.missed += usize::from(!missed.is_empty());
                }
                VisitStep::Withheld { .. } => self.events.withheld += 1,
                VisitStep::Lost { .. } => self.events.lost += 1,
                VisitStep::LibraryLoads => self.cookies = true,
                _ => {}
            }
            let (step, text) = self.step(step);
            self.steps.push(StepLine { step, text });
        }
    }

    /// Sets how many events still wait at the end.
    pub fn end(&mut self, waiting: usize) {
        self.events.waiting = waiting;
    }

    fn step(&self, step: &VisitStep<'a>) -> (StepReport<'a>, String) {
        let policy = self.policy;
        let bare = |step, text: &str| (step, text.to_owned());
        let name = |event: usize| self.events_by_number.get(event.wrapping_sub(1)).cloned().flatten();
        let called = |event: usize| match name(event) {
            Some(name) => format!("event {event} {name:?}"),
            None => format!("event {event}"),
        };
        match step {
            VisitStep::PageLoads { again: false } => {
                (StepReport::PageLoads { again: false, risks: &[] }, "page loads".to_owned())
            }
            // "Refreshing a page when a user's consent changes could cause duplicate page events" and "a loss of form state".
            VisitStep::PageLoads { again: true } => (
                StepReport::PageLoads { again: true, risks: &["duplicate_page_events", "lost_form_state"] },
                "another page loads; if it is the same one again, page events may be duplicated, and what was typed into forms is lost".to_owned(),
            ),
            VisitStep::BannerShown => bare(StepReport::BannerShown, "banner is shown"),
            VisitStep::BannerGone => bare(StepReport::BannerGone, "banner is gone, nothing was chosen"),
            VisitStep::LibraryLoads => bare(StepReport::LibraryLoads, "library loads and sets its cookies"),
            VisitStep::Left => bare(StepReport::Left, "person leaves"),
            VisitStep::Chosen(chosen) => {
                let chosen = chosen.stamp(policy);
                let text = format!("person grants {}", grants(policy, &chosen));
                (StepReport::Chosen { preferences: preferences(&chosen) }, text)
            }
            VisitStep::DeviceLoads(id) => {
                let destination = policy.destination_name(*id);
                (StepReport::DeviceLoads { destination }, format!("device-mode library of {destination:?} loads"))
            }
            VisitStep::KeepsCollecting(id) => {
                let destination = policy.destination_name(*id);
                (StepReport::KeepsCollecting { destination }, format!("{destination:?} must not receive any more, but its library cannot be unloaded: it may go on collecting until the next page load"))
            }
            VisitStep::NeedsPageLoad(id) => {
                let destination = policy.destination_name(*id);
                (StepReport::NeedsPageLoad { destination }, format!("{destination:?} may receive now, but its library does not load before the next page load"))
            }
            VisitStep::Buffered { event } => (
                StepReport::Buffered { event: *event, name: name(*event) },
                format!("{} waits", called(*event)),
            ),
            VisitStep::Sent { event, buffered, stamped, dropped, delivered, missed } => {
                let waited = if *buffered { ", which waited," } else { "" };
                let deliver = policy.destination_names(delivered.iter().copied());
                let missed = policy.destination_names(missed.iter().copied());
                let mut text = format!(
                    "{}{waited} is sent with {} to {}",
                    called(*event),
                    grants(policy, &stamped.consent),
                    receivers(&deliver)
                );
                if !missed.is_empty() {
                    text += &format!("; missed by {}, whose library is not there", receivers(&missed));
                }
                text.extend(dropped.map(|reason| format!(", and dropped: {reason:?}")));
                let report = StepReport::Sent {
                    buffered: *buffered,
                    deliver,
                    drop: *dropped,
                    event: *event,
                    missed,
                    name: name(*event),
                    preferences: preferences(&stamped.consent),
                };
                (report, text)
            }
            VisitStep::Withheld { event, stamped, unreached } => {
                let unreached = policy.destination_names(unreached.iter().copied());
                let mut text = format!(
                    "{} is withheld with {}: the gate is closed",
                    called(*event),
                    grants(policy, &stamped.consent)
                );
                if !unreached.is_empty() {
                    text += &format!("; it would be delivered to {}", receivers(&unreached));
                }
                let report = StepReport::Withheld {
                    event: *event,
                    name: name(*event),
                    preferences: preferences(&stamped.consent),
                    unreached,
                };
                (report, text)
            }
            VisitStep::Lost { event, cause } => {
                let why = match cause {
                    Loss::NoChoice => "the page was left before the person chose",
                    Loss::NotLoaded => "the page was left, and the library does not load for this choice",
                    Loss::Over => "the visit was over",
                };
                let report =
                    StepReport::Lost { cause: *cause, event: *event, name: name(*event) };
                (report, format!("{} is LOST: {why}", called(*event)))
            }
        }
    }

    fn head(&self) -> String {
        let SiteReport { banner, gate, model, taken_as } = &self.site;
        let taken = if model.as_str() == taken_as.as_str() {
            String::new()
        } else {
            format!(" (taken as {taken_as})")
        };
        let gate = gate.replace('_', " ");
        format!("{}; banner {banner}, model {model}{taken}, gate opens on {gate}", self.visitor)
    }

    /// Returns what became of all events, and how the banner is rated.
    fn summary(&self) -> Vec<String> {
        let EventCounts { dropped, lost, missed, sent, tracked, waiting, withheld } = self.events;
        let part = |count: usize, what: &str| match count {
            0 => String::new(),
            count => format!(" ({count} {what})"),
        };
        let tracked = names::counted(tracked, "event", "events");
        let (dropped, missed) = (part(dropped, "dropped"), part(missed, "missed by a device-mode library"));
        let waiting = if waiting == 0 { String::new() } else { format!(", {waiting} still waiting") };
        let cookies = if self.cookies { "" } else { "; the library never loaded, and no cookies were set" };
        let rating = self.data_loss.text();
        let mut lines = vec![
            format!(
                "{tracked}: {sent}{dropped}{missed} sent, {withheld} withheld, {lost} lost{waiting}{cookies}"
            ),
            format!("possibility of data loss with this banner, as the documents rate it: {rating}"),
        ];
        if self.data_loss.causes.contains(&NO_CHOICE) {
            lines.push("under opt-in events wait for a choice, which nobody has to make here: they are lost with a person who leaves without one".to_owned());
        }
        lines
    }
}

/// The cause of a loss where events wait for a choice that nobody has to make.
const NO_CHOICE: &str = "no_choice";

impl Rating {
    pub(super) fn new(banner: Banner, waits: bool) -> Self {
        let possibility = Possibility::of(banner);
        let causes: &[&str] = match possibility {
            Possibility::Low => &[],
            Possibility::Medium => &["compliance_risk", "data_loss"],
        };
        let causes = causes.iter().copied().chain(waits.then_some(NO_CHOICE));
        Rating { causes: causes.collect(), possibility }
    }

    pub(super) fn text(&self) -> String {
        let why = match self.causes.contains(&"compliance_risk") {
            true => {
                "a device-mode library that has loaded cannot be unloaded (compliance risk), and one that is agreed to later is not there before the next page load (data loss)"
            }
            false => "until a person changes the preferences",
        };
        format!("{}, {why}", self.possibility)
    }
}

impl Document for VisitReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let title = PageBlock::Title {
            level: 3,
            about: "A visit under",
            name: self.name.to_owned(),
            lead: self.head(),
        };
        let items = self.steps.iter().map(|line| line.text.clone()).collect();
        let steps = PageBlock::List { numbered: true, indent: 2, items };
        page.0.extend([title, PageBlock::Gap, steps, PageBlock::Gap]);
        page.list(self.summary());
        add_unchecked(page, self.check);
    }
}

/// Returns the result of the check against the ledger in every visit; `None` where the policy asks for no check.
pub(super) fn unchecked(policy: &Policy) -> Option<CheckResult> {
    policy.ledger_check().map(|_| CheckResult::Unchecked)
}

/// Adds that visits leave the check out, where the policy asks for it.
pub(super) fn add_unchecked(page: &mut Page, check: Option<CheckResult>) {
    if check.is_some() {
        page.paragraph(
            "The policy's ledger check is left out: a visit has no person, and a source has no ledger.",
        );
    }
}

/// Returns what opens the gate, as the documents of all commands spell it: `any_grant`.
pub(super) fn gate_word(opens: GateOpens) -> String {
    opens.as_str().replace(' ', "_")
}

/// Returns the names of destinations in words: `"Braze", "Slack"`, or `nobody`.
pub(super) fn receivers(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    if names.is_empty() { "nobody".to_owned() } else { names::joined(&names) }
}

/// Returns what a consent grants, by wire id.
pub(super) fn preferences(consent: &Consent<'_>) -> BTreeMap<String, bool> {
    let preferences = consent.preferences().iter();
    preferences.map(|(name, one)| (name.to_string(), *one == Preference::Granted)).collect()
}

/// Returns what a consent of a visit grants: `Ads; not Analytics`.
pub(super) fn grants(policy: &Policy, consent: &Consent<'_>) -> String {
    let granted = consent.preferences().iter().map(|(_, preference)| *preference == Preference::Granted);
    let names = policy.categories().iter().map(|category| listed_name(category.name()));
    let (granted, refused): (Vec<_>, Vec<_>) = names.zip(granted).partition(|(_, granted)| *granted);
    let [granted, refused] = [granted, refused]
        .map(|names| names::joined(&names.into_iter().map(|(name, _)| name).collect::<Vec<_>>()));
    let granted = if granted.is_empty() { "nothing" } else { &granted };
    if refused.is_empty() { granted.to_owned() } else { format!("{granted}; not {refused}") }
}

/// Returns the name of a category, in quotes if a list of names, or the words `all` and `nothing`, would be misread.
pub fn listed_name(name: &str) -> String {
    let is_plain = !name.contains([',', ';', '"', '\\'])
        && !matches!(name, "all" | "nothing")
        && name.trim() == name
        && !name.is_empty();
    if is_plain { name.to_owned() } else { syntax::quoted(name) }
}
