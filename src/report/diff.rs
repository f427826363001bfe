//! Differences between two policies.

use super::check_rows::{CheckRow, NO_EVENT, add_change};
use super::event_counts::EventCounts;
use super::json::VERSION;
use super::page::{Cell, Cells, Column, Document, Grid, Page, PageBlock, Role};
use super::when::When;
use super::{markdown, names};
use crate::exact::{
    CategoryNames, Change, Decided, DestinationDiff, Diff, Direction, DropChange, GateChange, InputCases,
    Passing, Presence, Witness, fingerprint,
};
use crate::model::{Batches, ForeignConsent, Policy, Reading, RouterKnows};
use crate::reason::{Outcome, Reason};
use serde::Serialize;
use std::collections::BTreeSet;

/// The most bytes of the rows of a comment. GitHub and GitLab accept 65,536 characters.
const MAX_BYTES: usize = 60_000;

/// The most names of a headline.
const MAX_NAMES: usize = 10;

/// The result of `diff`: the situations that two policies decide differently.
#[derive(Debug, Serialize)]
pub struct DiffReport<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    batches: Option<Pair<Batches>>,
    categories: Vec<Known<'a>>,
    check: Option<Pair<Option<String>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    check_rows: Vec<CheckRow<'a>>,
    destinations: Vec<DestinationChanges<'a>>,
    drops: &'a [DropChange],
    equal: bool,
    events: Option<&'a EventCounts>,
    exact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign_consent: Option<Pair<ForeignConsent>>,
    gate: Option<GateReport>,
    integrations: Vec<Known<'a>>,
    loosened: usize,
    new: Side<'a>,
    old: Side<'a>,
    /// Left out if both policies are there.
    #[serde(skip_serializing_if = "is_both")]
    presence: Presence,
    reading: Option<Pair<Vec<Vec<&'a str>>>>,
    reason: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    router: Option<Pair<RouterKnows>>,
    tightened: usize,
    too_large: &'a [String],
    #[serde(skip)]
    places_differ: bool,
    v: u32,
    #[serde(skip)]
    show_reasons: bool,
}

fn is_both(presence: &Presence) -> bool {
    *presence == Presence::Both
}

#[derive(Debug, Serialize)]
struct Known<'a> {
    known: bool,
    name: &'a str,
}

#[derive(Debug, Default, Serialize)]
struct Pair<T> {
    after: T,
    before: T,
}

#[derive(Debug, Serialize)]
struct Side<'a> {
    edition: u32,
    file: &'a str,
    fingerprint: Option<String>,
    policy: &'a str,
}

#[derive(Debug, Serialize)]
struct DestinationChanges<'a> {
    changes: Vec<ChangeReport>,
    destination: &'a str,
    presence: Presence,
}

#[derive(Debug, Serialize)]
struct ChangeReport {
    after: Option<DecidedReport>,
    before: Option<DecidedReport>,
    direction: Direction,
    event: Option<String>,
    event_refused: Option<Pair<Vec<String>>>,
    events: Option<u64>,
    no_event: Option<&'static str>,
    text: String,
    when: When,
    /// The same categories as people call them.
    #[serde(skip)]
    refused: Pair<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct DecidedReport {
    drop_reason: Option<String>,
    outcome: Outcome,
    reason: Reason,
}

#[derive(Debug, Serialize)]
struct GateReport {
    #[serde(skip_serializing_if = "InputCases::is_all")]
    inputs: InputCases,
    after: String,
    before: String,
    closed: Option<bool>,
    closed_event: Option<String>,
    opened: Option<bool>,
    opened_event: Option<String>,
}

impl<T> Pair<T> {
    fn of<'v, V>(both: &'v Option<(V, V)>, show: impl Fn(&'v V) -> T) -> Option<Self> {
        both.as_ref().map(|(old, new)| Pair { after: show(new), before: show(old) })
    }
}

impl<'a> Side<'a> {
    fn new((file, policy): (&'a str, &'a Policy)) -> Self {
        let fingerprint = fingerprint(policy).ok().map(|fingerprint| fingerprint.to_string());
        Side { edition: policy.edition(), file, fingerprint, policy: policy.name() }
    }
}

impl DecidedReport {
    fn new(decided: Decided) -> Self {
        let Decided { reason, drop_reason } = decided;
        DecidedReport { drop_reason, outcome: reason.outcome(), reason }
    }
}

impl std::fmt::Display for DecidedReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.outcome, self.reason)?;
        self.drop_reason.iter().try_for_each(|text| write!(f, ": {text:?}"))
    }
}

impl ChangeReport {
    fn new(names: &CategoryNames, change: Change, events: Option<u64>) -> Self {
        let Change { direction, conditions, inputs, before, after, witness } = change;
        let no_event = witness.is_none().then_some(NO_EVENT);
        let (event, event_refused) = match witness {
            Some(Witness { event, refused_before, refused_after }) => {
                (Some(event), Some(Pair { after: refused_after, before: refused_before }))
            }
            None => (None, None),
        };
        let called = |wire_ids: &Vec<String>| -> Vec<String> {
            wire_ids.iter().map(|key| names.of_key(key).to_owned()).collect()
        };
        let refused = event_refused.as_ref();
        let refused = refused.map(|pair| Pair { after: called(&pair.after), before: called(&pair.before) });
        ChangeReport {
            after: after.map(DecidedReport::new),
            before: before.map(DecidedReport::new),
            direction,
            event,
            refused: refused.unwrap_or_default(),
            event_refused,
            events,
            no_event,
            text: match inputs.is_all() {
                true => conditions.to_string(),
                false => format!("{conditions}; {}", with_inputs(&inputs)),
            },
            when: When::new(&conditions, &inputs),
        }
    }

    /// Returns the decisions before and after.
    fn decisions(&self) -> [String; 2] {
        [&self.before, &self.after].map(|decided| match decided {
            Some(decided) => decided.to_string(),
            None => "no such destination".to_owned(),
        })
    }

    /// Returns a sentence about the event of the row alone.
    fn about_event(&self) -> Option<String> {
        if let Some(reason) = self.no_event {
            return Some(format!("no event shows this row: {reason}"));
        }
        let sides = [("before", &self.refused.before), ("after", &self.refused.after)];
        let sides = sides.into_iter().filter(|(_, refused)| !refused.is_empty());
        let sides: Vec<String> =
            sides.map(|(when, refused)| format!("{when}: {}", names::joined(refused))).collect();
        (!sides.is_empty()).then(|| format!("in this event refused {}", sides.join("; ")))
    }
}

impl DestinationChanges<'_> {
    /// Returns the name, with a note if only one policy has the destination.
    fn title(&self) -> String {
        match self.presence {
            Presence::Added => format!("{} (new)", self.destination),
            Presence::Removed => format!("{} (gone)", self.destination),
            Presence::Both => self.destination.to_owned(),
        }
    }
}

impl GateReport {
    fn new(change: &GateChange) -> Self {
        let of = |passing: &Passing| match passing {
            Passing::None => (Some(false), None),
            Passing::Some(event) => (Some(true), event.clone()),
            Passing::Unknown => (None, None),
        };
        let ((opened, opened_event), (closed, closed_event)) = (of(&change.opened), of(&change.closed));
        let (after, before) = (change.after.to_string(), change.before.to_string());
        let inputs = change.inputs.clone();
        GateReport { inputs, after, before, closed, closed_event, opened, opened_event }
    }

    fn sentence(&self) -> String {
        let words = match self.after == self.before {
            true => format!("other events pass the gate, which is {}", self.after),
            false => format!("the gate is {}, and was {}", self.after, self.before),
        };
        let is_known = self.opened.is_some() && self.closed.is_some();
        let unknown = if is_known { "" } else { "; it is too large to be compared exactly" };
        let inputs =
            if self.inputs.is_all() { String::new() } else { format!("; {}", with_inputs(&self.inputs)) };
        words + unknown + &inputs
    }

    /// Returns events that pass only one of the gates, each with a sentence.
    fn events(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let opened = ("this event passes the gate, and did not", &self.opened_event);
        let closed = ("this event does not pass the gate, and did", &self.closed_event);
        [opened, closed].into_iter().filter_map(|(sentence, event)| Some((sentence, event.as_deref()?)))
    }
}

impl<'a> DiffReport<'a> {
    /// Creates the report from two policies, each with the name of its file, and their differences; with the number of events that each
    /// change touches, if they were counted. People are shown changes of the reason alone if they ask for them.
    pub fn new(
        old: (&'a str, &'a Policy),
        new: (&'a str, &'a Policy),
        diff: &'a Diff,
        events: Option<&'a EventCounts>,
        show_reasons: bool,
    ) -> Self {
        let known = |all: &'a [(String, bool)]| -> Vec<Known<'a>> {
            all.iter().map(|(name, known)| Known { known: *known, name }).collect()
        };
        let paths = |reading: &'a Reading| reading.paths().collect();
        let names = CategoryNames::of(&[old.1, new.1]);
        let destination = |(place, one): (usize, &'a DestinationDiff)| DestinationChanges {
            changes: one
                .changes()
                .enumerate()
                .map(|(row, change)| {
                    ChangeReport::new(&names, change, events.map(|events| events.of(place, row)))
                })
                .collect(),
            destination: &one.name,
            presence: one.presence,
        };
        DiffReport {
            batches: diff.batches.map(|(before, after)| Pair { after, before }),
            categories: known(&diff.categories),
            check: diff.check.as_ref().map(|checks| {
                let [before, after] = checks.each_ref().map(|one| one.as_ref().map(ToString::to_string));
                Pair { after, before }
            }),
            check_rows: diff.check_rows.iter().map(CheckRow::new).collect(),
            destinations: diff.destinations.iter().enumerate().map(destination).collect(),
            drops: &diff.drops,
            equal: diff.is_empty(),
            events,
            exact: diff.is_exact(),
            foreign_consent: diff
                .reading
                .as_ref()
                .map(|(old, new)| Pair { after: new.foreign(), before: old.foreign() })
                .filter(|foreign| foreign.after != foreign.before),
            gate: diff.gate.as_ref().map(GateReport::new),
            integrations: known(&diff.integrations),
            loosened: diff.count(Direction::Loosened),
            new: Side::new(new),
            old: Side::new(old),
            presence: Presence::Both,
            reading: Pair::of(&diff.reading, paths).filter(|pair| {
                let are_places_alone = diff.is_of_other_places() && pair.after == pair.before;
                !(are_places_alone || diff.is_reading_of_foreign_alone())
            }),
            reason: diff.count(Direction::Reason),
            router: diff.router.map(|(before, after)| Pair { after, before }),
            tightened: diff.count(Direction::Tightened),
            too_large: &diff.too_large,
            places_differ: diff.is_of_other_places(),
            v: VERSION,
            show_reasons,
        }
    }

    /// Makes it the report of a policy that is new, or gone: the other side is the same policy without destinations.
    pub fn with_presence(self, presence: Presence) -> Self {
        DiffReport { presence, ..self }
    }

    /// Returns a page for a comment on a pull request: what matters most first, and no longer than a comment may be that some reports
    /// share.
    pub fn comment(&self, reports: usize) -> Page {
        let mut page = Page::default();
        page.heading(3, format!("{}: {}", self.new.policy, self.headline()));
        let (mut hidden, mut size) = (0, 0);
        // Half of the comment is for rows of sheets.
        let mut fits = |length: usize| {
            size += length;
            let fits = size <= MAX_BYTES / 2;
            hidden += usize::from(!fits);
            fits
        };
        let sentences = self.events.map(EventCounts::summary).into_iter().chain(self.sentences());
        page.list(sentences.filter(|sentence| fits(sentence.len())).collect());
        for (sentence, event) in self.gate.iter().flat_map(GateReport::events) {
            if fits(sentence.len() + event.len()) {
                page.paragraph(format!("{sentence}:"));
                page.0.push(PageBlock::Event(event.to_owned()));
            }
        }
        for row in &self.check_rows {
            let mut own = Page::default();
            self.add_check_row(row, &mut own);
            for block in own.0 {
                if fits(markdown::text(&Page(vec![block.clone()])).len() + 1) {
                    page.0.push(block);
                }
            }
        }
        let strong = |title| Column { role: Role::Strong, ..Column::from(title) };
        let number = |title| Column { is_right: true, ..Column::from(title) };
        let mut columns = vec![
            number(""),
            "destination".into(),
            strong("change"),
            "when".into(),
            "before".into(),
            "after".into(),
        ];
        columns.extend(self.events.map(|_| number("events")));
        let changes = self.directions().flat_map(|direction| self.of_direction(direction));
        let shown = changes.clone().count();
        let (mut rows, mut events): (Vec<Cells>, Vec<String>) = (Vec::new(), Vec::new());
        let mut size = markdown::text(&page).len();
        for (destination, change) in changes {
            let number = rows.len() + 1;
            let [before, after] = change.decisions();
            let refused = |refused: &Vec<String>| {
                (!refused.is_empty()).then(|| format!("(in event {number}: {})", names::joined(refused)))
            };
            let cell = |decided, names| Cell([Some(decided), refused(names)].into_iter().flatten().collect());
            let no_event = change.no_event.map(|reason| format!("(no event: {reason})"));
            let mut row: Cells = vec![
                number.to_string().into(),
                destination.title().into(),
                change.direction.as_str().into(),
                Cell([Some(change.text.clone()), no_event].into_iter().flatten().collect()),
                cell(before, &change.refused.before),
                cell(after, &change.refused.after),
            ];
            row.extend(change.events.map(|count| Cell::from(count.to_string())));
            let event = change.event.as_deref().unwrap_or("no event");
            size += markdown::row(&row, &columns).len() + markdown::numbered(number, event).len();
            if size > MAX_BYTES / reports.max(1) {
                break;
            }
            rows.push(row);
            events.push(event.to_owned());
        }
        let hidden = hidden + shown - rows.len();
        if !rows.is_empty() {
            page.table(Grid { is_long: true, ..Grid::new(columns).with(rows) });
            page.0.push(PageBlock::Events { summary: "An event for each", events });
        }
        if hidden > 0 {
            page.paragraph(format!("{hidden} more rows are not shown; `consentry diff` shows all of them."));
        }
        self.hidden_reasons().into_iter().for_each(|sentence| page.paragraph(sentence));
        page
    }

    /// Returns the directions that people are shown.
    fn directions(&self) -> impl Iterator<Item = Direction> + Clone {
        let show_reasons = self.show_reasons;
        Direction::ALL.into_iter().filter(move |direction| show_reasons || *direction != Direction::Reason)
    }

    /// Returns the changes of a direction, with their destinations.
    fn of_direction(
        &self,
        direction: Direction,
    ) -> impl Iterator<Item = (&DestinationChanges<'a>, &ChangeReport)> + Clone {
        let changes =
            self.destinations.iter().flat_map(|one| one.changes.iter().map(move |change| (one, change)));
        changes.filter(move |(_, change)| change.direction == direction)
    }

    /// Returns the destination of each row of the sheets in a direction.
    fn of_sheets(&self, direction: Direction) -> impl Iterator<Item = &str> {
        self.of_direction(direction).map(|(one, _)| one.destination)
    }

    /// Returns the destination of each row of the check in a direction.
    fn of_check(&self, direction: Direction) -> impl Iterator<Item = &str> {
        let rows = self.check_rows.iter().flat_map(|row| &row.destinations);
        rows.filter(move |one| one.has(direction)).map(|one| one.destination)
    }

    /// Returns how many rows a direction has, and how many destinations have some.
    fn size(&self, direction: Direction) -> (usize, usize) {
        let rows: Vec<&str> = self.of_sheets(direction).chain(self.of_check(direction)).collect();
        (rows.len(), rows.into_iter().collect::<BTreeSet<&str>>().len())
    }

    /// Adds a row of the check, with the changes that people are shown.
    fn add_check_row(&self, row: &CheckRow<'_>, page: &mut Page) {
        page.heading(2, row.title());
        let mut changes = row.changes(self.directions()).peekable();
        if changes.peek().is_none() {
            page.indented("no destination receives more or fewer events");
        }
        changes.for_each(|change| add_change(page, change));
    }

    /// Returns the answer in one line: `2 destinations change outcome: Braze, Slack`.
    fn headline(&self) -> String {
        let presence = match self.presence {
            Presence::Both if self.equal => {
                return "no change: every event gets the same decision".to_owned();
            }
            Presence::Both => None,
            Presence::Added => Some("the policy is new".to_owned()),
            Presence::Removed => Some("the policy is gone".to_owned()),
        };
        let outcomes = [Direction::Loosened, Direction::Tightened];
        let changed: BTreeSet<&str> = outcomes.iter().flat_map(|one| self.of_sheets(*one)).collect();
        let checked: BTreeSet<&str> = outcomes.iter().flat_map(|one| self.of_check(*one)).collect();
        let checked = checked.difference(&changed).map(|name| format!("{name} (after the ledger check)"));
        let changed: Vec<String> = changed.iter().map(|name| (*name).to_owned()).chain(checked).collect();
        let mut parts: Vec<String> = presence.into_iter().collect();
        parts.push(match changed.len() {
            0 if self.places_differ => "the places of consent differ".to_owned(),
            0 => "no destination changes outcome".to_owned(),
            count => {
                let count = names::counted(count, "destination changes", "destinations change");
                format!("{count} outcome: {}", names::first(MAX_NAMES, &changed, changed.len()))
            }
        });
        if !self.too_large.is_empty() {
            let count = self.too_large.len();
            parts.push(names::counted(count, "destination is not compared", "destinations are not compared"));
        }
        parts.extend(self.gate.as_ref().map(|_| "the gate changes".to_owned()));
        parts.extend(self.check.as_ref().map(|_| "the ledger check changes".to_owned()));
        parts.extend(self.router.as_ref().map(|_| "the known names change".to_owned()));
        parts.extend(self.batches.as_ref().map(|_| "the reading of batches changes".to_owned()));
        parts.join("; ")
    }

    /// Returns how many destinations and situations change in each direction that is shown: `1 destination loosened (2 rows)`.
    fn counts(&self) -> Option<String> {
        let counts = self.directions().filter_map(|direction| {
            let word = match direction {
                Direction::Reason => "for another reason",
                direction => direction.as_str(),
            };
            let (rows, destinations) = self.size(direction);
            let destinations = names::counted(destinations, "destination", "destinations");
            (rows > 0).then(|| format!("{destinations} {word} ({})", names::counted(rows, "row", "rows")))
        });
        let counts: Vec<String> = counts.collect();
        (!counts.is_empty()).then(|| counts.join(", "))
    }

    /// Returns how many changes of the reason alone are not shown.
    fn hidden_reasons(&self) -> Option<String> {
        let (count, destinations) = self.size(Direction::Reason);
        (count > 0 && !self.show_reasons).then(|| {
            let rows = names::counted(count, "row", "rows");
            let destinations = names::counted(destinations, "destination", "destinations");
            let change = if count == 1 { "changes" } else { "change" };
            format!("{rows} of {destinations} {change} only the reason; `--reasons` shows them")
        })
    }

    /// Returns what changes for whole events, and what is unknown that was known, a sentence each.
    fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Some(Pair { after, before }) = &self.reading {
            let [new, old] = [after, before].map(|paths| {
                let paths: Vec<String> = paths.iter().map(|keys| format!("`{}`", keys.join("."))).collect();
                paths.join(" or ")
            });
            sentences.push(format!("preferences are read at {new}, and were at {old}"));
        }
        if self.places_differ {
            sentences.push("decisions are not compared: the policies differ in the places of consent, their rule, a shape, or a `from`".to_owned());
        } else if !self.exact {
            sentences.push("the rows are not exact, because the policies read consent at other places, or one value in two ways: they are compared as if each event had the same preferences for both, and had them once".to_owned());
        }
        if let Some(Pair { after, before }) = self.foreign_consent {
            sentences.push(format!("consent that the policy does not read is {after}, and was {before}"));
            sentences.push(
                "no row is about an event whose integrations object stands in `context` or `options`"
                    .to_owned(),
            );
        }
        sentences.extend(self.gate.as_ref().map(GateReport::sentence));
        if let Some(Pair { after, before }) = &self.check {
            let [new, old] = [after, before].map(|check| check.as_deref().unwrap_or("off"));
            sentences.push(format!("the ledger check is {new}, and was {old}"));
        }
        if let Some(Pair { after, before }) = self.router {
            sentences
                .push(format!("the router knows {after}, and knew {before}: `filter` writes other entries"));
        }
        if let Some(Pair { after, before }) = self.batches {
            sentences.push(format!("batches are {}, and were {}", read_as(after), read_as(before)));
        }
        sentences.extend(self.drops.iter().map(|drop| {
            let [new, old] = [&drop.after, &drop.before].map(|reason| match reason {
                Some(reason) => format!("dropped: {reason:?}"),
                None => "not dropped".to_owned(),
            });
            let inputs =
                if drop.inputs.is_all() { String::new() } else { format!("; {}", with_inputs(&drop.inputs)) };
            format!(
                "consent {} x integrations {}{inputs}: {new}, and was {old}",
                drop.consent, drop.integrations
            )
        }));
        let too_large = self.too_large.iter().filter(|_| !self.places_differ);
        sentences.extend(
            too_large.map(|name| format!("`{name}` is not compared: it is too large to be answered exactly")),
        );
        for (what, all) in [("wire id", &self.categories), ("integrations entry", &self.integrations)] {
            sentences.extend(all.iter().map(|one| {
                let now = if one.known { "is known now" } else { "counts as unknown now" };
                format!("the {what} `{}` {now}", one.name)
            }));
        }
        sentences
    }
}

/// Returns the inputs of events in words.
fn with_inputs(inputs: &InputCases) -> String {
    format!("inputs {inputs}")
}

/// Returns what becomes of a batch, as a participle.
fn read_as(batches: Batches) -> &'static str {
    match batches {
        Batches::Merged => "merged with their envelopes",
        Batches::EnvelopeIgnored => "read without their envelopes",
        Batches::Reject => "rejected",
    }
}

impl Document for DiffReport<'_> {
    fn add_to(&self, page: &mut Page) {
        page.paragraph(self.headline());
        page.paragraph(format!("{} -> {}", self.old.file, self.new.file));
        self.events.iter().for_each(|events| page.paragraph(events.summary()));
        page.list(self.sentences());
        for (sentence, event) in self.gate.iter().flat_map(GateReport::events) {
            page.paragraph(format!("{sentence}:"));
            page.0.push(PageBlock::Event(event.to_owned()));
        }
        self.check_rows.iter().for_each(|row| self.add_check_row(row, page));
        for destination in &self.destinations {
            let is_shown = |change: &&ChangeReport| self.directions().any(|shown| shown == change.direction);
            let changes: Vec<&ChangeReport> = destination.changes.iter().filter(is_shown).collect();
            if changes.is_empty() && destination.presence == Presence::Both {
                continue;
            }
            page.heading(2, destination.title());
            for change in changes {
                let events = change
                    .events
                    .map(|count| format!(", {}", names::counted(count, "event", "events")))
                    .unwrap_or_default();
                let lines = [format!("{}{events}", change.text), change.decisions().join(" -> ")];
                let lines = lines.into_iter().chain(change.about_event());
                let row: [Cell; 2] = [change.direction.as_str().into(), Cell(lines.collect())];
                page.table(Grid::new([Column::wide(9), "".into()]).with([row]));
                page.0.extend(change.event.clone().map(PageBlock::Event));
            }
        }
        let last: Vec<String> = self.counts().into_iter().chain(self.hidden_reasons()).collect();
        if !last.is_empty() {
            page.gap();
        }
        last.into_iter().for_each(|sentence| page.paragraph(sentence));
    }
}
