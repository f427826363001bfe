//! Differences between two policies.

use super::event_counts::EventCounts;
use super::check_rows::{CheckRow, check_rows};
use super::json::VERSION;
use super::page::{Cell, Cells, Column, Document, Grid, Page, PageBlock, Role};
use super::when::When;
use super::{markdown, names};
use crate::exact::{Change, DestinationDiff, Diff, Direction, DropChange, Gate, Presence, fingerprint};
use crate::model::{Policy, Reading};
use crate::reason::{Outcome, Reason};
use serde::Serialize;

/// The most bytes of the rows of a comment. GitHub and GitLab accept 65,536 characters.
const MAX_BYTES: usize = 60_000;

/// The result of `diff`: the situations that two policies decide differently.
#[derive(Debug, Serialize)]
pub struct DiffReport<'a> {
    categories: Vec<Known<'a>>,
    check: Option<Pair<Option<String>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    check_rows: Vec<CheckRow<'a>>,
    destinations: Vec<DestinationChanges<'a>>,
    drops: &'a [DropChange],
    equal: bool,
    events: Option<&'a EventCounts>,
    exact: bool,
    gate: Option<Pair<String>>,
    integrations: Vec<Known<'a>>,
    loosened: usize,
    new: Side<'a>,
    old: Side<'a>,
    reading: Option<Pair<Vec<Vec<&'a str>>>>,
    reason: usize,
    tightened: usize,
    too_large: &'a [String],
    v: u32,
}

#[derive(Debug, Serialize)]
struct Known<'a> {
    known: bool,
    name: &'a str,
}

#[derive(Debug, Serialize)]
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
    after: Option<Decided>,
    before: Option<Decided>,
    direction: Direction,
    event: String,
    events: Option<u64>,
    text: String,
    when: When,
}

#[derive(Debug, Serialize)]
struct Decided {
    outcome: Outcome,
    reason: Reason,
    /// Wire ids.
    refused: Vec<String>,
    #[serde(skip)]
    text: String,
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

impl Decided {
    fn new(policy: &Policy, (reason, refused): (Reason, Vec<String>)) -> Self {
        let outcome = reason.outcome();
        let why = names::reason(reason, &names::by_wire_ids(policy, &refused));
        Decided { outcome, reason, refused, text: format!("{outcome}, {why}") }
    }
}

impl ChangeReport {
    fn new(old: &Policy, new: &Policy, change: Change, events: Option<u64>) -> Self {
        ChangeReport {
            after: change.after.map(|decided| Decided::new(new, decided)),
            before: change.before.map(|decided| Decided::new(old, decided)),
            direction: change.direction,
            event: change.witness,
            events,
            text: change.conditions.to_string(),
            when: When::new(&change.conditions),
        }
    }

    /// Returns the decisions before and after.
    fn decisions(&self) -> [&str; 2] {
        [&self.before, &self.after].map(|decided| match decided {
            Some(decided) => decided.text.as_str(),
            None => "no such destination",
        })
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

impl<'a> DiffReport<'a> {
    /// Creates the report from two policies, each with the name of its file, and their differences; with the number of events that each
    /// change touches, if they were counted.
    pub fn new(
        old: (&'a str, &'a Policy),
        new: (&'a str, &'a Policy),
        diff: &'a Diff,
        events: Option<&'a EventCounts>,
    ) -> Self {
        let known = |all: &'a [(String, bool)]| -> Vec<Known<'a>> {
            all.iter().map(|(name, known)| Known { known: *known, name }).collect()
        };
        let count = |direction| diff.destinations.iter().map(|one| one.count(direction)).sum();
        let paths = |reading: &'a Reading| reading.paths().collect();
        let destination = |(place, one): (usize, &'a DestinationDiff)| DestinationChanges {
            changes: one
                .changes()
                .enumerate()
                .map(|(row, change)| {
                    ChangeReport::new(old.1, new.1, change, events.map(|events| events.of(place, row)))
                })
                .collect(),
            destination: &one.name,
            presence: one.presence,
        };
        DiffReport {
            categories: known(&diff.categories),
            check: diff.check.as_ref().map(|check| {
                let [before, after] = [&check.before, &check.after].map(|one| one.as_ref().map(ToString::to_string));
                Pair { after, before }
            }),
            check_rows: check_rows(diff.check.as_ref()),
            destinations: diff.destinations.iter().enumerate().map(destination).collect(),
            drops: &diff.drops,
            equal: diff.is_empty(),
            events,
            exact: diff.is_exact(),
            gate: Pair::of(&diff.gate, Gate::to_string),
            integrations: known(&diff.integrations),
            loosened: count(Direction::Loosened),
            new: Side::new(new),
            old: Side::new(old),
            reading: Pair::of(&diff.reading, paths),
            reason: count(Direction::Reason),
            tightened: count(Direction::Tightened),
            too_large: &diff.too_large,
            v: VERSION,
        }
    }

    /// Returns a page for a comment on a pull request: what matters most first, and no longer than a comment may be.
    pub fn comment(&self) -> Page {
        let mut page = Page::default();
        page.heading(3, format!("{}: {}", self.new.policy, self.summary()));
        page.list(self.sentences().into_iter().chain(self.events.map(EventCounts::summary)).collect());
        self.check_rows.iter().for_each(|row| row.add_to(&mut page));
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
        let changes = Direction::ALL.into_iter().flat_map(|direction| self.of_direction(direction));
        let (mut rows, mut events): (Vec<Cells>, Vec<String>) = (Vec::new(), Vec::new());
        let mut size = markdown::text(&page).len();
        for (destination, change) in changes {
            let [before, after] = change.decisions().map(Cell::from);
            let number = rows.len() + 1;
            let mut row: Cells = vec![
                number.to_string().into(),
                destination.title().into(),
                change.direction.as_str().into(),
                change.text.as_str().into(),
                before,
                after,
            ];
            row.extend(change.events.map(|count| Cell::from(count.to_string())));
            size += markdown::row(&row, &columns).len() + markdown::numbered(number, &change.event).len();
            if size > MAX_BYTES {
                break;
            }
            rows.push(row);
            events.push(change.event.clone());
        }
        let hidden = self.loosened + self.tightened + self.reason - rows.len();
        if !rows.is_empty() {
            page.table(Grid { is_long: true, ..Grid::new(columns).with(rows) });
            page.0.push(PageBlock::Events { summary: "An event for each", events });
        }
        if hidden > 0 {
            page.paragraph(format!("{hidden} more rows are not shown; `consentry diff` shows all of them."));
        }
        page
    }

    /// Returns the changes of a direction, with their destinations.
    fn of_direction(
        &self,
        direction: Direction,
    ) -> impl Iterator<Item = (&DestinationChanges<'a>, &ChangeReport)> {
        let changes =
            self.destinations.iter().flat_map(|one| one.changes.iter().map(move |change| (one, change)));
        changes.filter(move |(_, change)| change.direction == direction)
    }

    /// Returns how many destinations and situations change in each direction: `1 destination loosened (2 rows)`.
    fn summary(&self) -> String {
        let counts = Direction::ALL.into_iter().filter_map(|direction| {
            let word = match direction {
                Direction::Reason => "for another reason",
                direction => direction.as_str(),
            };
            let rows = self.of_direction(direction).count();
            let has =
                |one: &&DestinationChanges<'_>| one.changes.iter().any(|one| one.direction == direction);
            let destinations = self.destinations.iter().filter(has).count();
            let destinations = names::counted(destinations, "destination", "destinations");
            (rows > 0).then(|| format!("{destinations} {word} ({})", names::counted(rows, "row", "rows")))
        });
        match (counts.collect::<Vec<_>>(), self.too_large) {
            _ if self.equal => "every event is decided alike".to_owned(),
            (none, []) if none.is_empty() => "no destination is decided otherwise".to_owned(),
            (none, _) if none.is_empty() => {
                "not every destination is compared; no other one is decided otherwise".to_owned()
            }
            (counts, _) => counts.join(", "),
        }
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
            if !self.exact {
                sentences.push("the policies read different members of an event: they are compared as if each event had the same preferences in both places, and none had two".to_owned());
            }
        }
        sentences.extend(
            self.gate.as_ref().map(|gate| format!("the gate is {}, and was {}", gate.after, gate.before)),
        );
        if let Some(Pair { after, before }) = &self.check {
            let [new, old] = [after, before].map(|check| check.as_deref().unwrap_or("off"));
            sentences.push(format!("the ledger check is {new}, and was {old}"));
        }
        sentences.extend(self.drops.iter().map(|drop| {
            let [new, old] = [&drop.after, &drop.before].map(|reason| match reason {
                Some(reason) => format!("dropped: {reason:?}"),
                None => "not dropped".to_owned(),
            });
            format!("consent {} x integrations {}: {new}, and was {old}", drop.consent, drop.integrations)
        }));
        let too_large = self.too_large.iter();
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

impl Document for DiffReport<'_> {
    fn add_to(&self, page: &mut Page) {
        page.paragraph(format!("{} -> {}", self.old.file, self.new.file));
        page.list(self.sentences());
        self.check_rows.iter().for_each(|row| row.add_to(page));
        for destination in &self.destinations {
            page.heading(2, destination.title());
            for change in &destination.changes {
                let events = change.events.map(|count| format!(", {count} events")).unwrap_or_default();
                let lines = vec![format!("{}{events}", change.text), change.decisions().join(" -> ")];
                let row: [Cell; 2] = [change.direction.as_str().into(), Cell(lines)];
                page.table(Grid::new([Column::wide(9), "".into()]).with([row]));
                page.0.push(PageBlock::Event(change.event.clone()));
            }
        }
        if !self.equal {
            page.gap();
        }
        page.paragraph(self.summary());
        self.events.iter().for_each(|events| page.paragraph(events.summary()));
    }
}
