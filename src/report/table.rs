//! Complete decision tables, for the people who sign them.

use super::check_table::{CheckRow, check_rows, check_table};
use super::json::VERSION;
use super::names;
use super::page::{Cell, Column, Document, Grid, Page, PageBlock, Role};
use super::prove::{PromiseProof, ProveReport};
use crate::diagnostic::listed;
use crate::event::Entry;
use crate::exact::{self, DecisionTable, InputIs, TableBlock, Witnesses, fingerprint};
use crate::model::{
    Category, CategoryId, ConsentState, Destination, IntegrationsState, InvalidEntries, Mode, NonBooleanAll,
    Policy, Quantifier, Requirement,
};
use crate::reason::{Outcome, Reason};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// The result of `table`: the complete decision tables of destinations, with what their words mean.
#[derive(Debug, Serialize)]
pub struct TableReport<'a> {
    v: u32,
    policy: &'a str,
    file: &'a str,
    edition: u32,
    fingerprint: Option<String>,
    categories: Vec<CategoryReport<'a>>,
    /// The check against the ledger; left out where the policy asks for none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    check: Vec<CheckRow>,
    promises: Vec<PromiseProof<'a>>,
    tables: Vec<SharedTable<'a>>,
    /// True if decisions depend on inputs, so that the tables have a column for them.
    #[serde(skip)]
    has_inputs: bool,
    #[serde(skip)]
    drops: Vec<String>,
    #[serde(skip)]
    header: Vec<(&'static str, String)>,
    #[serde(skip)]
    glossary: Vec<(&'static str, String)>,
}

#[derive(Debug, Serialize)]
struct CategoryReport<'a> {
    category: &'a str,
    wire_id: &'a str,
    /// All of them.
    wire_ids: Vec<&'a str>,
    description: Option<&'a str>,
    note: &'static str,
}

/// A table, and the destinations that share it.
#[derive(Debug, Serialize)]
struct SharedTable<'a> {
    destinations: Vec<DestinationReport<'a>>,
    blocks: Vec<BlockReport<'a>>,
}

#[derive(Debug, Serialize)]
struct DestinationReport<'a> {
    destination: &'a str,
    aliases: Vec<&'a str>,
    needs: String,
    kind: Option<&'a str>,
    ignores_all: bool,
    mode: Option<Mode>,
    /// The categories that a refusal names if nothing is granted.
    refused: Vec<&'a str>,
    /// The same for each block, where they depend on inputs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused_by_block: Vec<Vec<&'a str>>,
}

#[derive(Debug, Serialize)]
struct BlockReport<'a> {
    consent: &'a [ConsentState],
    integrations: &'a [IntegrationsState],
    /// The inputs of the event: one of the alternatives, with all that it names. Left out where they do not matter.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    inputs: &'a [Vec<InputIs>],
    #[serde(skip)]
    inputs_text: Option<String>,
    rows: Vec<RowReport<'a>>,
}

/// A row. A condition that is `None` does not matter.
#[derive(Debug, Serialize)]
struct RowReport<'a> {
    exempt_event: Option<bool>,
    granted: Option<bool>,
    entry: Option<Vec<&'static str>>,
    all: Option<Vec<&'static str>>,
    outcome: Outcome,
    reason: Reason,
    drop: Option<&'a str>,
    /// An event in the row for each destination of the table. It is empty until [`TableReport::with_events`].
    events: Vec<String>,
}

/// The most that rows with an event for each destination take, in bytes.
pub const MAX_TABLE_BYTES: usize = 64 << 20;

/// The most bytes of a row besides its texts.
const ROW_BYTES: usize = 64;

/// Returns the most bytes that a text takes: CSV and JSON write two for a quote.
fn size(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| *byte == b'"').count()
}

/// A decision table with an event in each row is larger than [`MAX_TABLE_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableTooLargeError;

impl fmt::Display for TableTooLargeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table with an event in each row is larger than {MAX_TABLE_BYTES} bytes")
    }
}

impl std::error::Error for TableTooLargeError {}

impl<'a> TableReport<'a> {
    /// Creates the report from a policy, the name of its file, the tables of some destinations, and the proofs of its promises.
    pub fn new(
        policy: &'a Policy,
        file: &'a str,
        tables: &'a [DecisionTable],
        proofs: ProveReport<'a>,
    ) -> Self {
        let print = fingerprint(policy).map(|print| print.to_string());
        let all = policy.destinations().len();
        let shown = match tables.iter().map(|table| table.destinations.len()).sum::<usize>() {
            shown if shown == all => format!("all {all}"),
            shown => format!("{shown} of {all}"),
        };
        let check = check_rows(policy);
        let complete = match check.as_slice() {
            [] => {
                "every event that there can be is in exactly one row of each destination's table, and the policy decides it as the row says"
            }
            _ => {
                "each event with each ledger answer is in one row of the check; unless that row drops it, it is in one row of each destination's table, and the policy decides it as the row says"
            }
        };
        let header = [
            ("Policy", policy.name().to_owned()),
            ("File", file.to_owned()),
            ("Fingerprint", print.clone().unwrap_or_else(|error| format!("none: {error}"))),
            ("Edition of the language", policy.edition().to_string()),
            ("Destinations", shown),
            ("Printed by", format!("consentry {}", env!("CARGO_PKG_VERSION"))),
            ("Complete and exact", complete.to_owned()),
        ];
        TableReport {
            v: VERSION,
            policy: policy.name(),
            file,
            edition: policy.edition(),
            fingerprint: print.ok(),
            categories: policy.categories().iter().map(CategoryReport::new).collect(),
            check,
            has_inputs: policy.has_conditions(),
            drops: drops(policy),
            promises: proofs.promises,
            tables: tables.iter().map(|table| SharedTable::new(policy, table)).collect(),
            header: header.into(),
            glossary: glossary(policy, tables),
        }
    }

    /// Adds an event to each row for each destination, of the policy and the tables that this report is of.
    ///
    /// # Errors
    ///
    /// [`TableTooLargeError`] where that takes more than [`MAX_TABLE_BYTES`].
    pub fn with_events(
        mut self,
        policy: &Policy,
        tables: &[DecisionTable],
    ) -> Result<Self, TableTooLargeError> {
        self.add_events(policy, tables)?;
        Ok(self)
    }

    /// Adds the events, and returns how many bytes the table takes at most.
    fn add_events(&mut self, policy: &Policy, tables: &[DecisionTable]) -> Result<usize, TableTooLargeError> {
        let mut left = MAX_TABLE_BYTES;
        for (shared, table) in self.tables.iter_mut().zip(tables) {
            let sizes = |block: &BlockReport<'_>| -> Vec<usize> {
                let size = |row| block.cells(row).iter().map(|cell| size(cell)).sum();
                block.rows.iter().map(size).collect()
            };
            let sizes: Vec<Vec<usize>> = shared.blocks.iter().map(sizes).collect();
            for (id, destination) in table.destinations.iter().zip(&shared.destinations) {
                let witnesses = Witnesses::of(policy, *id);
                let cells: usize = destination.cells().iter().map(|cell| size(cell)).sum();
                let refused: usize = destination.refused.iter().map(|name| size(name) + 2).sum();
                for ((shown, block), sizes) in shared.blocks.iter_mut().zip(&table.blocks).zip(&sizes) {
                    for ((shown, row), own) in shown.rows.iter_mut().zip(&block.rows).zip(sizes) {
                        let event = witnesses.as_ref().and_then(|witnesses| witnesses.in_row(block, row));
                        let event = event.unwrap_or_default();
                        let refused = if shown.reason == Reason::Refused { refused } else { 0 };
                        let taken = ROW_BYTES + cells + own + refused + size(&event);
                        left = left.checked_sub(taken).ok_or(TableTooLargeError)?;
                        shown.events.push(event);
                    }
                }
            }
        }
        Ok(MAX_TABLE_BYTES - left)
    }

    /// Returns true if the policy has a fingerprint.
    pub fn has_fingerprint(&self) -> bool {
        self.fingerprint.is_some()
    }

    /// Returns one table of all rows of each destination, with an event for each.
    pub fn sheet(&self) -> Grid {
        let shows = match self.check.is_empty() {
            true => "event that shows it",
            false => "event that shows it without the ledger check",
        };
        let titles = ["nothing granted: refused categories", shows];
        let own = DESTINATION_TITLES.len();
        let width = own + self.titles().len() + titles.len();
        // The check comes before every destination, and so has the name of none.
        let of_check = self.check.iter().map(|row| {
            let [result, when, action] = row.cells();
            let filled =
                [(own, format!("ledger {result}")), (own + 2, when.to_owned()), (own + 7, action.to_owned())];
            let text = |place| filled.iter().find(|(own, _)| *own == place).map(|(_, text)| text.clone());
            (0..width).map(|place| text(place).unwrap_or_default().into()).collect()
        });
        let mut rows: Vec<Vec<Cell>> = of_check.collect();
        for table in &self.tables {
            for (place, destination) in table.destinations.iter().enumerate() {
                for (number, block) in table.blocks.iter().enumerate() {
                    for row in &block.rows {
                        let refused = match row.reason {
                            Reason::Refused => destination.refused_in(number),
                            _ => String::new(),
                        };
                        let event = row.events.get(place).cloned().unwrap_or_default();
                        let cells = destination.cells().into_iter().chain(block.cells(row));
                        rows.push(cells.chain([refused, event]).map(Cell::from).collect());
                    }
                }
            }
        }
        Grid::new(DESTINATION_TITLES.into_iter().chain(self.titles()).chain(titles)).with(rows)
    }

    /// Returns the titles of the columns of a table.
    fn titles(&self) -> Vec<&'static str> {
        let consent = if self.check.is_empty() { "consent object" } else { "consent used" };
        let inputs = self.has_inputs.then_some("inputs");
        let facts = ["event", "what it needs", "own entry", "All", OUTCOME, "reason"];
        [consent, "integrations object"].into_iter().chain(inputs).chain(facts).collect()
    }
}

impl<'a> CategoryReport<'a> {
    fn new(category: &'a Category) -> Self {
        CategoryReport {
            category: category.name(),
            wire_id: category.wire_id(),
            wire_ids: category.wire_ids().collect(),
            description: category.label.as_ref().map(|label| label.value.as_str()),
            note: note(category),
        }
    }
}

fn note(category: &Category) -> &'static str {
    match (category.is_live(), category.is_always()) {
        (false, _) => "unenforced: not asked for",
        (true, true) => "always granted",
        (true, false) => "",
    }
}

impl<'a> SharedTable<'a> {
    fn new(policy: &'a Policy, table: &'a DecisionTable) -> Self {
        let destinations = table.destinations.iter().filter_map(|id| policy.destination(*id));
        SharedTable {
            destinations: destinations.map(|one| DestinationReport::new(policy, one, table)).collect(),
            blocks: table.blocks.iter().map(|block| BlockReport::new(policy, block)).collect(),
        }
    }
}

impl<'a> DestinationReport<'a> {
    fn new(policy: &'a Policy, destination: &'a Destination, table: &DecisionTable) -> Self {
        let kind = policy.kind_of(destination);
        let refused_in = |block| refused(policy, destination, block);
        let mut by_block: Vec<BTreeSet<CategoryId>> = match policy.has_conditions() {
            false => table.blocks.first().map(refused_in).into_iter().collect(),
            true => table.blocks.iter().map(refused_in).collect(),
        };
        let names = |ids: &BTreeSet<CategoryId>| -> Vec<&'a str> {
            ids.iter().filter_map(|id| Some(policy.category(*id)?.name())).collect()
        };
        let refused = names(&by_block.iter().flatten().copied().collect());
        if !policy.has_conditions() {
            by_block.clear();
        }
        let refused_by_block = by_block.iter().map(names).collect();
        DestinationReport {
            destination: destination.name(),
            aliases: destination.aliases.iter().map(|name| name.value.as_str()).collect(),
            needs: needs(policy, destination),
            kind: kind.map(|kind| kind.name()),
            ignores_all: kind.is_some_and(|kind| kind.ignores_all.is_some()),
            mode: destination.mode(),
            refused,
            refused_by_block,
        }
    }

    /// Returns the categories that a refusal names in a block if nothing is granted.
    fn refused_in(&self, block: usize) -> String {
        match self.refused_by_block.get(block) {
            Some(own) => names::joined(own),
            None => names::joined(&self.refused),
        }
    }

    fn cells(&self) -> [String; 5] {
        let note = if self.ignores_all { ": ignores All" } else { "" };
        let advisory = if self.mode == Some(Mode::Device) { ": enforcement is advisory" } else { "" };
        [
            self.destination.to_owned(),
            names::joined(&self.aliases),
            self.needs.clone(),
            self.kind.map(|kind| format!("{kind}{note}")).unwrap_or_default(),
            self.mode.map(|mode| format!("{mode}{advisory}")).unwrap_or_default(),
        ]
    }
}

/// Returns the categories that a refusal in a block names if nothing is granted.
fn refused(policy: &Policy, destination: &Destination, block: &TableBlock) -> BTreeSet<CategoryId> {
    let refused = block.refused(policy, destination, &|_| false);
    let named = destination.category_uses.iter().map(|one| one.value);
    named.filter(|id| policy.category(*id).is_some_and(|own| refused.contains(own.key()))).collect()
}

/// Returns what a destination needs, after what else decides about it.
fn needs(policy: &Policy, destination: &Destination) -> String {
    let exempt = destination.exempt.map(|_| match &destination.exempt_because {
        Some(why) => format!("exempt because {:?}", why.value),
        None => "exempt".to_owned(),
    });
    let needs = match destination.arms.as_slice() {
        [] => destination.requirement().map(|needs| requirement_text(policy, needs, false)),
        // The last of them is that of `otherwise`.
        arms => Some(arms.iter().map(|arm| policy.line_at(arm.span)).collect::<Vec<_>>().join("; ")),
    };
    let unmapped = (exempt.is_none() && needs.is_none()).then(|| "unmapped".to_owned());
    let disabled = destination.disabled.map(|_| "disabled".to_owned());
    [disabled, exempt, needs, unmapped].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Returns a requirement in words: `Advertising and (Analytics or Personalization)`.
fn requirement_text(policy: &Policy, requirement: &Requirement, is_inner: bool) -> String {
    let (elements, word) = match requirement {
        Requirement::Category(id) => {
            return policy.category(*id).map_or(String::new(), |category| match note(category) {
                "" => category.name().to_owned(),
                note => format!("{} ({note})", category.name()),
            });
        }
        Requirement::AllOf(elements) => (elements, " and "),
        Requirement::AnyOf(elements) => (elements, " or "),
    };
    let texts: Vec<String> = elements.iter().map(|element| requirement_text(policy, element, true)).collect();
    let text = texts.join(word);
    if is_inner && elements.len() > 1 { format!("({text})") } else { text }
}

impl<'a> BlockReport<'a> {
    fn new(policy: &Policy, block: &'a exact::TableBlock) -> Self {
        let row = |row: &'a exact::TableRow| {
            let entries = |values: &Option<Vec<Option<Entry>>>, none: &[&'static str]| {
                let word = |entry: &Option<Entry>| entry.map_or(none.to_vec(), |entry| vec![entry.as_str()]);
                values.as_ref().map(|values| values.iter().flat_map(word).collect())
            };
            RowReport {
                exempt_event: row.exempt_event,
                granted: row.need,
                entry: entries(&row.entry, &["unlisted"]),
                all: entries(&row.all, &["unlisted", "on"]),
                outcome: row.reason.outcome(),
                reason: row.reason,
                drop: row.drop_reason.as_deref(),
                events: Vec::new(),
            }
        };
        BlockReport {
            consent: &block.consent,
            integrations: &block.integrations,
            inputs: block.inputs.alternatives(),
            inputs_text: policy.has_conditions().then(|| block.inputs.to_string()),
            rows: block.rows.iter().map(row).collect(),
        }
    }

    /// Returns the cells of a row. An empty one does not matter.
    fn cells(&self, row: &RowReport<'_>) -> Vec<String> {
        let choice = |value: Option<bool>, yes: &str, no: &str| match value {
            Some(true) => yes.to_owned(),
            Some(false) => no.to_owned(),
            None => String::new(),
        };
        let states = [listed(self.consent, "or"), listed(self.integrations, "or")];
        let facts = [
            choice(row.exempt_event, "exempt", "not exempt"),
            choice(row.granted, "granted", "not granted"),
            listed(row.entry.as_deref().unwrap_or_default(), "or"),
            listed(row.all.as_deref().unwrap_or_default(), "or"),
            row.outcome.to_string(),
            row.drop.map_or(row.reason.to_string(), |drop| format!("{}: {drop:?}", row.reason)),
        ];
        states.into_iter().chain(self.inputs_text.clone()).chain(facts).collect()
    }
}

/// Returns for each reason to drop events the states in which it applies. Where inputs matter, it returns the rows of the policy.
fn drops(policy: &Policy) -> Vec<String> {
    if policy.has_conditions() {
        let rows = policy.reconcile().rows().iter();
        return rows.filter(|row| row.drop_reason().is_some()).map(|row| policy.line_at(row.span)).collect();
    }
    let mut drops: Vec<(&str, Vec<String>)> = Vec::new();
    for consent in policy.reading().states() {
        let reason = |integrations| policy.reconcile().row(consent, integrations).drop_reason();
        let reasons = IntegrationsState::ALL.map(|integrations| (integrations, reason(integrations)));
        for reason in reasons.iter().filter_map(|(_, reason)| *reason).collect::<BTreeSet<_>>() {
            let own = reasons.iter().filter(|(_, one)| *one == Some(reason)).map(|(word, _)| *word);
            let state = match own.collect::<Vec<_>>() {
                all if all.len() == reasons.len() => format!("consent {consent}"),
                own => format!("consent {consent} with integrations {}", listed(&own, "or")),
            };
            match drops.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, states)) => states.push(state),
                None => drops.push((reason, vec![state])),
            }
        }
    }
    drops.into_iter().map(|(reason, states)| format!("{reason:?}: {}", states.join("; "))).collect()
}

/// Returns what the words of the tables mean under a policy.
fn glossary(policy: &Policy, tables: &[DecisionTable]) -> Vec<(&'static str, String)> {
    let paths: Vec<String> = policy.reading().paths().map(|keys| keys.join(".")).collect();
    let paths = listed(&paths, "or");
    let (invalid, all_invalid) = match policy.invalid_entries().value {
        InvalidEntries::Off => ("off", "off"),
        InvalidEntries::Unlisted => ("unlisted", "on"),
    };
    let exempt: Vec<String> =
        policy.exempt_events().value.iter().map(|name| format!("{:?}", name.value)).collect();
    let exempt = match exempt.as_slice() {
        [] => "no event is exempt".to_owned(),
        names => format!("a track event named {}, which passes the consent step", listed(names, "or")),
    };
    let consent = if policy.ledger_check().is_some() { "consent used" } else { "consent object" };
    let reading = policy.reading();
    let in_shape = reading.shape_text().map_or(String::new(), |shape| format!(", in the shape `{shape}`"));
    let is_usual = in_shape.is_empty()
        && policy.categories().iter().all(|one| one.unasked_granted.is_none() && one.refused_when.is_empty());
    let granted = match is_usual {
        true => {
            "is granted by categories whose preference is `true`; nothing else grants. In every other state than answered, only categories that are always granted count"
        }
        false => {
            "is granted by categories that count as granted, as the policy says with `consent at`, `unasked granted` and `refused when`"
        }
    };
    let all_is_boolean = policy.non_boolean_all().value == NonBooleanAll::Malformed;
    let no_boolean = if all_is_boolean { ", or with an `All` that is no boolean" } else { "" };
    let all_invalid = match all_is_boolean {
        true => String::new(),
        false => format!("; invalid it counts as {all_invalid}"),
    };
    let words = [
        ("a blank cell", "it does not matter".to_owned()),
        (
            consent,
            format!(
                "the preferences are at {paths}{in_shape}; it is missing, empty (no preferences), unanswered (preferences that state nothing), answered (that state one at least), or malformed (of another type, or under another spelling)"
            ),
        ),
        (
            "integrations object",
            format!(
                "none (missing, or without an entry), present (with one at least), or malformed (of another type{no_boolean})"
            ),
        ),
        ("exempt", exempt),
        ("what it needs", granted.to_owned()),
        (
            "own entry",
            format!(
                "what the integrations object has under the destination's names: on (`true`, or an object), off (`false`), unlisted (nothing), or invalid (of another type), which counts as {invalid}. Among several off wins, then on"
            ),
        ),
        ("All", format!("the entry for destinations that are not listed{all_invalid}")),
    ];
    let rows = tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.rows);
    let shown: BTreeSet<Reason> = rows.map(|row| row.reason).collect();
    let reasons = shown.iter().map(|reason| (reason.as_str(), reason.meaning().to_owned()));
    words.into_iter().chain(inputs(policy)).chain(reasons).collect()
}

/// Returns where each input is, and what `by strategy of` asks for.
fn inputs(policy: &Policy) -> Vec<(&'static str, String)> {
    if !policy.has_conditions() {
        return Vec::new();
    }
    let lines = policy.inputs().iter().map(|input| policy.line_at(input.span()));
    let lines = format!("members of the event: {}", lines.collect::<Vec<_>>().join("; "));
    let strategy = match policy.strategy() {
        Some(strategy) if strategy.cases.is_empty() => match strategy.otherwise {
            Quantifier::All => Some("asks for all of the categories"),
            Quantifier::Any => Some("asks for one of the categories"),
        },
        Some(_) => {
            Some("asks for all of the categories or for one, as the policy's `strategy` says of the inputs")
        }
        None => None,
    };
    let strategy = strategy.map(|asks| ("by strategy of", asks.to_owned()));
    [("inputs", lines)].into_iter().chain(strategy).collect()
}

/// The title of the column of outcomes.
const OUTCOME: &str = "outcome";

/// The titles of the destinations of a table.
const DESTINATION_TITLES: [&str; 5] = ["destination", "aliases", "needs", "kind", "mode"];

impl Document for TableReport<'_> {
    fn add_to(&self, page: &mut Page) {
        page.heading(1, format!("Decision table of {}", self.policy));
        page.0.push(PageBlock::Definitions { is_header: true, items: self.header.clone() });
        if !self.drops.is_empty() {
            page.heading(2, "Events that are dropped");
            page.list(self.drops.clone());
        }
        page.heading(2, "Categories");
        let categories = self.categories.iter();
        let categories = categories.map(|one| {
            let wire_ids = one.wire_ids.join(", ");
            let description = one.description.unwrap_or_default();
            [one.category.to_owned(), wire_ids, description.to_owned(), one.note.to_owned()]
        });
        page.table(Grid::new(["category", "wire id", "description", ""]).with(categories));
        if !self.check.is_empty() {
            page.heading(2, "Ledger check");
            page.table(check_table(&self.check));
            page.paragraph("The tables below speak of the consent that is used. After \"use recorded\" that is what is recorded, and after \"refuse\" that nothing is granted; both count as answered. After every other action it is what the event carries. An event that its own row drops stays dropped, whatever the check finds.");
        }
        if !self.promises.is_empty() {
            page.heading(2, "Promises");
            page.table(
                Grid::new(["promise", "because", "is it kept"])
                    .with(self.promises.iter().map(PromiseProof::cells)),
            );
        }
        for (table, number) in self.tables.iter().zip(1..) {
            page.heading(2, format!("Table {number}"));
            let destinations = table.destinations.iter().map(DestinationReport::cells);
            page.table(Grid::new(DESTINATION_TITLES).with(destinations));
            let columns = self.titles().into_iter().zip(0..).map(|(title, place)| Column {
                role: match place {
                    0 | 1 => Role::Head,
                    2 if self.has_inputs => Role::Head,
                    _ if title == OUTCOME => Role::Outcome,
                    _ => Role::Plain,
                },
                ..title.into()
            });
            let rows = |table: Grid, block: &BlockReport<'_>| {
                table.with(block.rows.iter().map(|row| block.cells(row)))
            };
            page.table(table.blocks.iter().fold(Grid::new(columns), rows));
        }
        page.heading(2, "What the words mean");
        page.0.push(PageBlock::Definitions { is_header: false, items: self.glossary.clone() });
        page.0.push(PageBlock::Blanks(&["Name", "Date", "Signature"]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{csv, json};
    use super::{ProveReport, TableReport};
    use crate::exact::decision_tables;
    use crate::model::Policy;

    /// Both formats are within the size that is counted, whatever the names and the needs.
    #[test]
    fn no_table_is_larger_than_counted() {
        for statements in [
            "destination \"A\" unmapped",
            "destination \"A\" needs C0, C1 shared alias \"s\" destination \"B\" needs C1 shared alias \"s\"",
            "destination \"\\\"\\\"\\\"\\\"\" needs any of C0, \"\\\"\\\"\" destination \"B\" kind warehouse needs C0",
            "destination \"A\" exempt because \"x\" kind storage override exempt events \"\\\"\", \"b\"",
        ] {
            let text = format!(
                "consentry 1 policy \"p\" include prelude \"segment-strict\" category C0 category C1 category \"\\\"\\\"\" {statements}"
            );
            let policy = Policy::parse(&text).unwrap();
            let tables = decision_tables(&policy, policy.destination_ids()).unwrap();
            let mut report = TableReport::new(&policy, "p.consent", &tables, ProveReport::new(&policy, []));
            let most = report.add_events(&policy, &tables).unwrap();
            let [mut as_csv, mut as_json] = [Vec::new(), Vec::new()];
            csv::write(&mut as_csv, &report.sheet()).unwrap();
            json::write(&mut as_json, &report).unwrap();
            assert!(as_csv.len() <= most + 1_000, "{} {most} {text}", as_csv.len());
            assert!(as_csv.len() * 3 > most, "{} {most} {text}", as_csv.len());
            assert!(as_json.len() <= most + 10_000, "{} {most} {text}", as_json.len());
        }
    }
}
