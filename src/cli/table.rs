//! `consentry table`.

use super::format::Format;
use super::shared::{PolicyArguments, Result, Status, destination};
use consentry::exact::{decision_tables, prove_all};
use consentry::report::prove::ProveReport;
use consentry::report::table::TableReport;
use consentry::report::{csv, json};
use consentry::{DestinationId, Policy};
use std::collections::BTreeSet;
use std::io::Write;

/// Print the complete decision table of each destination: every event is in exactly one row, and is decided as the row says.
///
/// Destinations that differ only in their names and in what they need share a table; as CSV each has its rows. Exit status: 0
/// printed, 1 there is no exact table or no fingerprint, or the table is too large, 2 usage, or a policy that does not compile.
#[derive(clap::Args)]
pub(super) struct Table {
    #[command(flatten)]
    policy: PolicyArguments,
    /// Print only this destination; may be given several times.
    #[arg(long, value_name = "NAME")]
    destination: Vec<String>,
    /// How the table is written.
    #[arg(long, value_parser = Format::among(&FORMATS), default_value = "markdown")]
    format: Format,
}

const FORMATS: [Format; 4] = [Format::Markdown, Format::Csv, Format::Html, Format::Json];

impl Table {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let policy = self.policy.load()?;
        let tables = match decision_tables(&policy, self.wanted(&policy)?) {
            Ok(tables) => tables,
            Err(error) => {
                writeln!(to, "there is no exact table: {error}")?;
                return Ok(Status::Findings);
            }
        };
        let proofs = prove_all(&policy);
        let file = self.policy.policy.display().to_string();
        let report = TableReport::new(&policy, &file, &tables, ProveReport::new(&policy, proofs));
        let report = match self.format {
            Format::Csv | Format::Json => report.with_events(&policy, &tables),
            _ => Ok(report),
        };
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                writeln!(
                    to,
                    "there is no table in this format: {error}; name some destinations with --destination"
                )?;
                return Ok(Status::Findings);
            }
        };
        match self.format {
            Format::Csv => csv::write(to, &report.sheet())?,
            Format::Json => json::write_escaped(to, &report)?,
            format => format.write(to, &report)?,
        }
        Ok(Status::fine_if(report.has_fingerprint()))
    }

    /// Returns the destinations that are asked for, in declaration order.
    fn wanted(&self, policy: &Policy) -> Result<BTreeSet<DestinationId>> {
        if self.destination.is_empty() {
            return Ok(policy.destination_ids().collect());
        }
        self.destination.iter().map(|name| destination(policy, name)).collect()
    }
}
