//! `consentry show`.

use super::format::ResultFormat;
use super::shared::{Result, Status};
use consentry::report::json;
use consentry::report::show::ShowReport;
use std::io::Write;

/// Print a prelude: an ordinary policy file that is built in.
#[derive(clap::Args)]
pub(super) struct Show {
    /// The prelude's name, such as segment-strict.
    prelude: String,
    #[command(flatten)]
    format: ResultFormat,
}

impl Show {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let Some(text) = consentry::model::prelude(&self.prelude) else {
            let known: Vec<&str> = consentry::model::prelude_names().collect();
            return Err(
                format!("there is no prelude `{}`; there are {}", self.prelude, known.join(", ")).into()
            );
        };
        match self.format.is_json() {
            true => json::write(to, &ShowReport::new(&self.prelude, text))?,
            false => to.write_all(text.as_bytes())?,
        }
        Ok(Status::Fine)
    }
}
