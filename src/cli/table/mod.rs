//! `consentry table`: the complete decision table of a policy, for the people who sign it, one renderer a file.

mod csv;
mod html;
mod markdown;
mod words;

use super::explain::unknown_destination;
use super::{Failure, PolicyArguments, Status};
use consentry::exact::{DecisionTable, decision_tables, fingerprint};
use consentry::{Destination, DestinationId, Policy};
use std::collections::BTreeSet;
use std::io::Write;

/// Print the complete decision table of each destination: every event is in exactly one row, and is decided as the row says.
///
/// Destinations that differ only in their names and in what they need share a table; as CSV each has its rows. Exit status: 0
/// printed, 1 there is no exact table or no fingerprint, 2 usage, or a policy that does not compile.
#[derive(clap::Args)]
pub(super) struct Table {
    #[command(flatten)]
    policy: PolicyArguments,
    /// Print only this destination; may be given several times.
    #[arg(long, value_name = "NAME")]
    destination: Vec<String>,
    /// How the table is written.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

/// How tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people and repositories.
    Markdown,
    /// A row a row, for spreadsheets and programs.
    Csv,
    /// One page to print and to sign.
    Html,
}

/// Everything that is printed.
struct Sheet<'s> {
    policy: &'s Policy,
    /// What the sheet is of, and that it is complete: a title and a text each.
    header: Vec<(&'static str, String)>,
    /// The tables.
    tables: Vec<DecisionTable>,
}

impl Table {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let policy = self.policy.load()?;
        let wanted = self.wanted(&policy)?;
        let tables = match decision_tables(&policy, wanted.iter().copied()) {
            Ok(tables) => tables,
            Err(error) => {
                writeln!(to, "there is no exact table: {error}")?;
                return Ok(Status::Findings);
            }
        };
        let print = fingerprint(&policy);
        let status = if print.is_ok() { Status::Fine } else { Status::Findings };
        let print = print.map_or_else(|error| format!("none: {error}"), |print| print.to_string());
        let all = policy.destinations().len();
        let shown = match wanted.len() == all {
            true => format!("all {all}"),
            false => format!("{} of {all}", wanted.len()),
        };
        let header = vec![
            ("Policy", policy.name().to_owned()),
            ("File", self.policy.policy.display().to_string()),
            ("Fingerprint", print),
            ("Edition of the language", policy.edition().to_string()),
            ("Destinations", shown),
            ("Printed by", format!("consentry {}", env!("CARGO_PKG_VERSION"))),
            (
                "Complete and exact",
                "every event that there can be is in exactly one row of each destination's table, and the policy decides it as the row says".to_owned(),
            ),
        ];
        let sheet = Sheet { policy: &policy, header, tables };
        match self.format {
            Format::Markdown => markdown::write(to, &sheet)?,
            Format::Csv => csv::write(to, &sheet)?,
            Format::Html => html::write(to, &sheet)?,
        }
        Ok(status)
    }

    /// The destinations that are asked for, in declaration order.
    fn wanted(&self, policy: &Policy) -> Result<BTreeSet<DestinationId>, Failure> {
        if self.destination.is_empty() {
            return Ok(policy.destination_ids().collect());
        }
        let named = |name: &String| {
            policy.destination_named(name).ok_or_else(|| Failure::Other(unknown_destination(policy, name)))
        };
        self.destination.iter().map(named).collect()
    }
}

impl Sheet<'_> {
    /// The destinations of a table.
    fn destinations<'t>(
        &'t self,
        table: &'t DecisionTable,
    ) -> impl Iterator<Item = (DestinationId, &'t Destination)> {
        table.destinations.iter().filter_map(|id| Some((*id, self.policy.destination(*id)?)))
    }
}

/// The titles of what a table says of its destinations.
const DESTINATION_TITLES: [&str; 5] = ["destination", "aliases", "needs", "kind", "mode"];

/// The titles of the columns of a table.
const TITLES: [&str; 8] = [
    "consent object",
    "integrations object",
    "event",
    "what it needs",
    "own entry",
    "All",
    "outcome",
    "reason",
];

/// How many of the columns say in which states the object is.
const STATES: usize = 2;
