//! `consentry help`.

use super::format::ResultFormat;
use super::render;
use super::shared::{Result, Status};
use clap::Command;
use consentry::diagnostic::Code;
use consentry::report::help::HelpReport;
use consentry::report::json;
use std::io::Write;

/// Explain a finding by its name or code, or a command by its name; without a topic, list all of them.
///
/// The page of a finding is Markdown. Exit status: 0 explained, 2 there is no such finding or command.
#[derive(clap::Args)]
pub(super) struct Help {
    /// A finding such as overlapping-rows or C501, or a command such as lint.
    #[arg(value_name = "FINDING|COMMAND")]
    topic: Option<String>,
    #[command(flatten)]
    format: ResultFormat,
}

impl Help {
    pub(super) fn run(&self, to: &mut impl Write, consentry: Command) -> Result<Status> {
        let is_json = self.format.is_json();
        let Some(topic) = &self.topic else {
            if !is_json {
                print_help(to, consentry, &["consentry", "--help"])?;
                writeln!(to, "\nFindings, each with a page that `consentry help FINDING` prints:")?;
            }
            self.format.write(to, &HelpReport::new(Code::ALL))?;
            return Ok(Status::Fine);
        };
        if consentry.find_subcommand(topic).is_some() {
            if is_json {
                return Err("`--format json` is for findings, and not for commands".into());
            }
            print_help(to, consentry, &["consentry", topic, "--help"])?;
        } else if let Ok(code) = topic.parse::<Code>() {
            match is_json {
                true => json::write(to, &HelpReport::new(&[code]))?,
                false => to.write_all(code.page().as_bytes())?,
            }
        } else {
            let help = match Code::nearest(topic, |_| true) {
                Some(meant) => format!("did you mean `{}`?", meant.name()),
                None => "`consentry help` lists all of them".to_owned(),
            };
            return Err(format!("there is no finding or command `{topic}`; {help}").into());
        }
        Ok(Status::Fine)
    }
}

/// Prints the help that arguments ending in `--help` ask for.
fn print_help(to: &mut impl Write, consentry: Command, arguments: &[&str]) -> Result<()> {
    consentry.try_get_matches_from(arguments).map_or_else(|help| write(to, &help), |_| Ok(()))
}

/// Prints help or the version, which clap returns as an error.
pub(super) fn write(to: &mut impl Write, help: &clap::Error) -> Result<()> {
    match render::colour(&std::io::stdout()) {
        true => write!(to, "{}", help.render().ansi())?,
        false => write!(to, "{}", help.render())?,
    }
    Ok(())
}
