//! The tables of the platform's documents, as a policy has them.

use super::words;
use crate::cli::markdown::cell;
use consentry::diagnostic::visible;
use consentry::visit::{
    Action, BannerRow, Choice, Flow, Mapped, Phase, ScenarioRow, Unmapped, WrapperRow, banners, scenarios,
    wrapper,
};
use consentry::{Banner, ConsentModel, GateOpens, Policy, Table};
use std::io::{self, Write};

/// All of them.
pub(super) struct Tables<'t> {
    pub(super) policy: &'t Policy,
    /// The policy's own reading of the gate.
    pub(super) gate: GateOpens,
    /// What is granted by who returns.
    pub(super) stored: Choice,
    /// What is granted by who chooses or updates.
    pub(super) chosen: Choice,
    pub(super) banners: Vec<BannerRow>,
    pub(super) scenarios: Vec<ScenarioRow>,
    pub(super) wrapper: Vec<WrapperRow>,
}

impl<'t> Tables<'t> {
    pub(super) fn of(table: &'t Table, stored: Option<Choice>, chosen: Option<Choice>) -> Self {
        let policy = table.policy();
        let stored = stored.unwrap_or_else(|| Choice::everything(policy));
        let chosen = chosen.unwrap_or_else(|| all_but_the_last(policy));
        Tables {
            policy,
            banners: banners(table),
            scenarios: scenarios(table, &stored, &chosen),
            wrapper: wrapper(table),
            gate: policy.gate_opens().value,
            stored,
            chosen,
        }
    }

    /// Titles and rows of each table, in the order of the documents.
    fn each(&self) -> [Printed; 4] {
        let of = |returning: bool| {
            let rows = self.scenarios.iter().filter(move |row| row.scenario.returning == returning);
            rows.map(|row| self.scenario(row)).collect()
        };
        let titles = vec!["consent model", "user action", "expected behavior", "data loss"];
        [
            Printed {
                title: "Banners",
                notes: vec![
                    "The documents say \"with page load\" of every optional banner; their rows for opt-in say that the library loads after the choice. The rows win.",
                ],
                titles: vec![
                    "banner",
                    "displayed on page load",
                    "interaction",
                    "library loads",
                    "possibility of data loss",
                ],
                rows: self.banners.iter().map(banner).collect(),
            },
            Printed {
                title: "First-time visitors",
                notes: Vec::new(),
                titles: titles.clone(),
                rows: of(false),
            },
            Printed { title: "Returning visitors", notes: Vec::new(), titles, rows: of(true) },
            Printed {
                title: "The gate",
                notes: vec![
                    "As if the destinations of a row were enabled and no others; the policy's own gate is one of the readings.",
                ],
                titles: vec![
                    "row",
                    "categories",
                    "unmapped destinations",
                    "mapped destinations",
                    "any grant",
                    "needed grant",
                    "delivery",
                ],
                rows: self.wrapper.iter().map(gate).collect(),
            },
        ]
    }

    /// What is granted in the scenarios.
    fn head(&self) -> String {
        let [stored, chosen] = [&self.stored, &self.chosen].map(|one| words::choice(self.policy, one));
        let gate = self.gate.word();
        format!(
            "gate opens on {gate}; who returns has granted {stored}; who chooses or updates grants {chosen}"
        )
    }

    fn scenario(&self, row: &ScenarioRow) -> Vec<String> {
        let scenario = &row.scenario;
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
        let steps: Vec<String> = self
            .steps(row, action)
            .into_iter()
            .enumerate()
            .map(|(place, step)| format!("{}. {step}", place + 1))
            .collect();
        vec![
            format!("{}{banner}", words::model(scenario.model)),
            action.to_owned(),
            steps.join("\n"),
            self.loss(row),
        ]
    }

    /// What happens, in the words of the documents.
    fn steps(&self, row: &ScenarioRow, action: &str) -> Vec<String> {
        let names = |phase: &Phase| words::names(self.policy, &phase.delivered);
        let flow = |phase: &Phase, again: &str| match phase.delivered.is_empty() {
            true => "no events flow to any destination".to_owned(),
            false => format!("events {again}flow to {}", names(phase)),
        };
        let is_loaded_before = row.before.as_ref().is_some_and(|before| before.loaded);
        let mut steps = vec!["website loads".to_owned()];
        if let Some(before) = row.before.as_ref().filter(|before| before.loaded) {
            steps.push("libraries load".to_owned());
            steps.push(flow(before, ""));
        }
        if !row.scenario.returning {
            let only = match row.scenario.banner {
                Banner::Mandatory => ", who cannot use the website until they interact with it",
                _ => "",
            };
            steps.push(format!("website presents the consent banner to the person{only}"));
        }
        steps.push(action.to_owned());
        if !is_loaded_before {
            match row.after.loaded {
                true => steps.push("libraries load".to_owned()),
                false => steps.push("no cookies are set".to_owned()),
            }
        }
        if let Some(before) = row.before.as_ref().filter(|before| before.buffered && !before.lost) {
            steps.push(format!("events in the buffer are sent to {}", names(before)));
        }
        let again =
            if row.scenario.action == Action::Ignore && is_loaded_before { "continue to " } else { "" };
        // Who returns and does nothing changes nothing.
        if !(row.scenario.returning && row.scenario.action == Action::Ignore && is_loaded_before) {
            steps.push(flow(&row.after, again));
        }
        if let Some(rejecting) = &row.after_rejecting {
            steps.push(format!("if the person rejects all instead, {}", flow(rejecting, "")));
        }
        steps
    }

    fn loss(&self, row: &ScenarioRow) -> String {
        let mut sentences = vec![match (row.loses, row.may_lose) {
            (true, _) => "data loss".to_owned(),
            (false, true) if row.scenario.banner == Banner::Mandatory => {
                "no data loss, unless the banner can be closed without a choice: then what follows is lost".to_owned()
            }
            (false, true) if row.scenario.returning => {
                "possible if the person leaves the page before choosing anew".to_owned()
            }
            (false, true) => {
                "possible if the person leaves the page, or closes the banner, before choosing; none otherwise".to_owned()
            }
            (false, false) => "no data loss".to_owned(),
        }];
        if row.after_rejecting.as_ref().is_some_and(|rejecting| rejecting.lost) {
            sentences.push("data loss if the person rejects all instead".to_owned());
        }
        if !row.keep_collecting.is_empty() {
            sentences.push(format!(
                "device-mode libraries that may still be collecting, which nobody can block: {}",
                words::names(self.policy, &row.keep_collecting)
            ));
        }
        if !row.need_page_load.is_empty() {
            sentences.push(format!(
                "device-mode libraries that are not there before the next page load, and miss events until then: {}",
                words::names(self.policy, &row.need_page_load)
            ));
        }
        sentences.join("; ")
    }
}

/// A table with its title.
struct Printed {
    title: &'static str,
    notes: Vec<&'static str>,
    titles: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// What somebody chooses who is asked for an example: all but the last of the categories that a choice can change. Of one, that one.
fn all_but_the_last(policy: &Policy) -> Choice {
    let free = |id: &consentry::CategoryId| {
        policy.category(*id).is_some_and(|one| one.always().is_none() && one.unenforced().is_none())
    };
    let mut ids: Vec<_> = policy.category_ids().filter(free).collect();
    if ids.len() > 1 {
        ids.pop();
    }
    Choice::of(policy, &ids)
}

fn banner(row: &BannerRow) -> Vec<String> {
    let yes = |value: bool| if value { "yes" } else { "no" };
    let when =
        |with_page: bool, otherwise: &'static str| if with_page { "with page load" } else { otherwise };
    let [out, in_] = row.loads_with_page;
    // Without a banner nobody under opt-in ever chooses.
    let later = if row.displayed { "after user action" } else { "never" };
    let loads = match (when(out, later), when(in_, later)) {
        (one, other) if one == other => one.to_owned(),
        (out, in_) => format!("{out}; under opt-in {in_}"),
    };
    let required = if row.required { "required to access webpage" } else { "not required to access webpage" };
    vec![
        words::banner(row.banner).to_owned(),
        yes(row.displayed).to_owned(),
        required.to_owned(),
        loads,
        words::rating(row.banner),
    ]
}

/// The unmapped destinations of a row of the gate.
pub(super) fn unmapped(unmapped: Unmapped) -> &'static str {
    match unmapped {
        Unmapped::None => "none enabled",
        Unmapped::Some => "one or more enabled",
        Unmapped::Storage => "exempt storage enabled",
    }
}

/// The mapped destinations of a row of the gate.
pub(super) fn mapped(mapped: Mapped) -> &'static str {
    match mapped {
        Mapped::Any => "any",
        Mapped::None => "none enabled",
        Mapped::Some => "one or more enabled",
    }
}

fn gate(row: &WrapperRow) -> Vec<String> {
    let flow = |flow: Flow| match flow {
        Flow::Flows => "data flows",
        Flow::Withheld => "no data flows",
        Flow::Depends => "depends on the mapped destinations",
        Flow::NoSuchDestination => "the policy has none",
    };
    let granted = if row.granted { "granted" } else { "refused" };
    let said =
        [row.row.to_string(), granted.to_owned(), unmapped(row.unmapped).into(), mapped(row.mapped).into()];
    said.into_iter().chain(row.flows.iter().map(|(_, one)| flow(*one).to_owned())).collect()
}

pub(super) fn human(to: &mut impl Write, tables: &Tables<'_>) -> io::Result<()> {
    writeln!(to, "{}: {}", visible(tables.policy.name()), visible(&tables.head()))?;
    for printed in tables.each() {
        writeln!(to, "\n{}", printed.title)?;
        for note in printed.notes {
            writeln!(to, "  {note}")?;
        }
        for row in printed.rows {
            writeln!(to)?;
            for (title, text) in printed.titles.iter().zip(row) {
                let lines: Vec<String> = text.split('\n').map(visible).collect();
                writeln!(to, "  {title:<24}  {}", lines.join(&format!("\n{:28}", "")))?;
            }
        }
    }
    Ok(())
}

pub(super) fn markdown(to: &mut impl Write, tables: &Tables<'_>) -> io::Result<()> {
    writeln!(to, "# Visits under {}\n", cell(tables.policy.name()))?;
    writeln!(to, "{}.", cell(&tables.head()))?;
    for printed in tables.each() {
        writeln!(to, "\n## {}\n", printed.title)?;
        for note in printed.notes {
            writeln!(to, "{}\n", cell(note))?;
        }
        writeln!(to, "| {} |", printed.titles.join(" | "))?;
        writeln!(to, "|{}", "---|".repeat(printed.titles.len()))?;
        for row in printed.rows {
            let cells: Vec<String> =
                row.iter().map(|text| text.split('\n').map(cell).collect::<Vec<_>>().join("<br>")).collect();
            writeln!(to, "| {} |", cells.join(" | "))?;
        }
    }
    Ok(())
}
