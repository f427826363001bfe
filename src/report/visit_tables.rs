//! Segment's tables of banners, visitors and the gate, as a policy has them.

use super::json::{self, VERSION};
use super::page::{Cell, Document, Grid, Page, PageBlock};
use super::visit::{Rating, add_unchecked, gate_word, grants, preferences, receivers, unchecked};
use crate::decide;
use crate::model::{Banner, CategoryId, CheckResult, ConsentModel, Policy};
use crate::visit::{
    Action, BannerRow, Choice, Flow, Mapped, Phase, ScenarioRow, Unmapped, WrapperRow, banners, scenarios,
    wrapper,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// The result of `simulate --all`: each table of the documentation, under a policy.
#[derive(Debug, Serialize)]
pub struct VisitTablesReport<'a> {
    banners: Vec<BannerReport>,
    chosen: BTreeMap<String, bool>,
    edition: u32,
    gate: String,
    policy: &'a str,
    #[serde(serialize_with = "json::sorted")]
    scenarios: Vec<ScenarioReport<'a>>,
    stored: BTreeMap<String, bool>,
    v: u32,
    wrapper: Vec<GateReport>,
    /// The tables leave the ledger check out; left out where the policy asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckResult>,
    #[serde(skip)]
    lead: String,
}

#[derive(Debug, Serialize)]
struct BannerReport {
    banner: Banner,
    data_loss: Rating,
    displayed: bool,
    loads_with_page: LoadsWithPage,
    required: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct LoadsWithPage {
    opt_in: bool,
    opt_out: bool,
}

#[derive(Debug, Serialize)]
struct ScenarioReport<'a> {
    #[serde(flatten)]
    row: ScenarioRow<'a>,
    visitor: &'static str,
}

/// A row of the gate, with the flow under each reading.
#[derive(Debug, Serialize)]
struct GateReport {
    gate: BTreeMap<String, Flow>,
    granted: bool,
    mapped: Mapped,
    row: usize,
    unmapped: Unmapped,
    #[serde(skip)]
    flows: [&'static str; 3],
}

impl<'a> VisitTablesReport<'a> {
    /// Creates the report of a compiled policy; with what a returning visitor has granted, and what is granted by who chooses.
    pub fn new(table: &'a decide::Table, stored: Option<Choice>, chosen: Option<Choice>) -> Self {
        let policy = table.policy();
        let stored = stored.unwrap_or_else(|| Choice::everything(policy));
        let chosen = chosen.unwrap_or_else(|| all_but_the_last(policy));
        let [stored_consent, chosen_consent] = [&stored, &chosen].map(|choice| choice.stamp(policy));
        let gate = policy.gate_opens().value;
        let scenarios = scenarios(table, &stored, &chosen).into_iter().map(|row| {
            let visitor = if row.scenario.returning { "returning" } else { "first" };
            ScenarioReport { row, visitor }
        });
        VisitTablesReport {
            banners: banners(table).iter().map(BannerReport::new).collect(),
            chosen: preferences(&chosen_consent),
            edition: policy.edition(),
            gate: gate_word(gate),
            policy: policy.name(),
            scenarios: scenarios.collect(),
            stored: preferences(&stored_consent),
            check: unchecked(policy),
            v: VERSION,
            wrapper: wrapper(table).iter().map(GateReport::new).collect(),
            lead: format!(
                "gate opens on {gate}; who returns has granted {}; who chooses or updates grants {}",
                grants(policy, &stored_consent),
                grants(policy, &chosen_consent)
            ),
        }
    }
}

/// Returns the choice of an example: all but the last of the categories that a choice can change. Of one, that one.
fn all_but_the_last(policy: &Policy) -> Choice {
    let is_free = |id: &CategoryId| policy.category(*id).is_some_and(|category| category.is_free());
    let mut ids: Vec<_> = policy.category_ids().filter(is_free).collect();
    if ids.len() > 1 {
        ids.pop();
    }
    Choice::of(policy, &ids)
}

impl BannerReport {
    fn new(row: &BannerRow) -> Self {
        let [opt_out, opt_in] = row.loads_with_page;
        BannerReport {
            banner: row.banner,
            data_loss: Rating::new(row.banner, false),
            displayed: row.displayed,
            loads_with_page: LoadsWithPage { opt_in, opt_out },
            required: row.required,
        }
    }

    fn cells(&self) -> [String; 5] {
        // Without a banner nobody under opt-in ever chooses.
        let later = if self.displayed { "after user action" } else { "never" };
        let [out, in_] = [self.loads_with_page.opt_out, self.loads_with_page.opt_in]
            .map(|with_page| if with_page { "with page load" } else { later });
        let loads = if out == in_ { out.to_owned() } else { format!("{out}; under opt-in {in_}") };
        [
            self.banner.to_string(),
            if self.displayed { "yes" } else { "no" }.to_owned(),
            format!("{} to access webpage", if self.required { "required" } else { "not required" }),
            loads,
            self.data_loss.text(),
        ]
    }
}

impl ScenarioReport<'_> {
    fn cells(&self) -> [Cell; 4] {
        let (row, scenario) = (&self.row, &self.row.scenario);
        let banner = match scenario.banner {
            Banner::Mandatory => " (mandatory banner)",
            _ if scenario.model == ConsentModel::OptIn && !scenario.returning => " (optional banner)",
            _ => "",
        };
        let action = match (scenario.action, scenario.returning) {
            (Action::Choose, _) => "person provides consent preferences and closes the banner",
            (Action::RejectAll, _) => "person rejects all and closes the banner",
            (Action::Ignore, false) => {
                "person does not interact with the banner and continues to access the website"
            }
            (Action::Ignore, true) => "person does nothing and continues to access the website",
            (Action::Update, _) => "person opens the banner, updates the preferences, and closes it",
        };
        let steps = steps(row, action).into_iter().zip(1..);
        let steps = steps.map(|(step, number)| format!("{number}. {step}")).collect();
        let model = scenario.model;
        [format!("{model}{banner}").into(), action.into(), Cell(steps), loss(row).into()]
    }
}

/// Returns what happens, in the words of the documentation.
fn steps(row: &ScenarioRow<'_>, action: &str) -> Vec<String> {
    let flow = |phase: &Phase<'_>, again: &str| match phase.delivered.as_slice() {
        [] => "no events flow to any destination".to_owned(),
        delivered => format!("events {again}flow to {}", receivers(delivered)),
    };
    let (is_first, is_ignored) = (!row.scenario.returning, row.scenario.action == Action::Ignore);
    let loaded_before = row.before.as_ref().filter(|before| before.loaded);
    let mut steps = vec!["website loads".to_owned()];
    if let Some(before) = loaded_before {
        steps.extend(["libraries load".to_owned(), flow(before, "")]);
    }
    if is_first {
        let only = match row.scenario.banner {
            Banner::Mandatory => ", who cannot use the website until they interact with it",
            _ => "",
        };
        steps.push(format!("website presents the consent banner to the person{only}"));
    }
    steps.push(action.to_owned());
    if loaded_before.is_none() {
        steps.push(if row.after.loaded { "libraries load" } else { "no cookies are set" }.to_owned());
    }
    if let Some(before) = row.before.as_ref().filter(|before| before.buffered && !before.lost) {
        steps.push(format!("events in the buffer are sent to {}", receivers(&before.delivered)));
    }
    let goes_on = is_ignored && loaded_before.is_some();
    // Who returns and does nothing changes nothing.
    if is_first || !goes_on {
        steps.push(flow(&row.after, if goes_on { "continue to " } else { "" }));
    }
    let rejecting = row.after_rejecting.iter();
    steps.extend(rejecting.map(|phase| format!("if the person rejects all instead, {}", flow(phase, ""))));
    steps
}

/// Returns which data a scenario loses.
fn loss(row: &ScenarioRow<'_>) -> String {
    let loss = match (row.loses, row.may_lose) {
        (true, _) => "data loss",
        (false, true) if row.scenario.banner == Banner::Mandatory => {
            "no data loss, unless the banner can be closed without a choice: then what follows is lost"
        }
        (false, true) if row.scenario.returning => {
            "possible if the person leaves the page before choosing anew"
        }
        (false, true) => {
            "possible if the person leaves the page, or closes the banner, before choosing; none otherwise"
        }
        (false, false) => "no data loss",
    };
    let mut sentences = vec![loss.to_owned()];
    if row.after_rejecting.as_ref().is_some_and(|rejecting| rejecting.lost) {
        sentences.push("data loss if the person rejects all instead".to_owned());
    }
    for (what, libraries) in [
        ("that may still be collecting, which nobody can block", &row.keep_collecting),
        ("that are not there before the next page load, and miss events until then", &row.need_page_load),
    ] {
        if !libraries.is_empty() {
            sentences.push(format!("device-mode libraries {what}: {}", receivers(libraries)));
        }
    }
    sentences.join("; ")
}

impl GateReport {
    fn new(row: &WrapperRow) -> Self {
        GateReport {
            gate: row.flows.iter().map(|(reading, flow)| (gate_word(*reading), *flow)).collect(),
            granted: row.granted,
            mapped: row.mapped,
            row: row.row,
            unmapped: row.unmapped,
            flows: row.flows.map(|(_, flow)| match flow {
                Flow::Flows => "data flows",
                Flow::Withheld => "no data flows",
                Flow::Depends => "depends on the mapped destinations",
                Flow::NoSuchDestination => "the policy has none",
            }),
        }
    }

    fn cells(&self) -> Vec<String> {
        let granted = if self.granted { "granted" } else { "refused" };
        let cells = [granted, self.unmapped.as_str(), self.mapped.as_str()]
            .into_iter()
            .chain(self.flows)
            .map(str::to_owned);
        [self.row.to_string()].into_iter().chain(cells).collect()
    }
}

impl Document for VisitTablesReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let (name, lead) = (self.policy.to_owned(), format!("{}.", self.lead));
        page.0.push(PageBlock::Title { level: 1, about: "Visits under", name, lead });
        add_unchecked(page, self.check);
        let mut add = |title: &str, note: &str, table: Grid| {
            page.heading(2, title);
            if !note.is_empty() {
                page.0.push(PageBlock::Paragraph(2, note.to_owned()));
            }
            page.table(Grid { is_long: true, ..table });
        };
        let columns =
            ["banner", "displayed on page load", "interaction", "library loads", "possibility of data loss"];
        let note = "The documents say \"with page load\" of every optional banner; their rows for opt-in say that the library loads after the choice. The rows win.";
        add("Banners", note, Grid::new(columns).with(self.banners.iter().map(BannerReport::cells)));
        for (title, visitor) in [("First-time visitors", "first"), ("Returning visitors", "returning")] {
            let rows = self.scenarios.iter().filter(|row| row.visitor == visitor).map(ScenarioReport::cells);
            add(
                title,
                "",
                Grid::new(["consent model", "user action", "expected behavior", "data loss"]).with(rows),
            );
        }
        let columns = [
            "row",
            "categories",
            "unmapped destinations",
            "mapped destinations",
            "any grant",
            "needed grant",
            "delivery",
        ];
        let note = "As if the destinations of a row were enabled and no others; the policy's own gate is one of the readings.";
        add("The gate", note, Grid::new(columns).with(self.wrapper.iter().map(GateReport::cells)));
    }
}
