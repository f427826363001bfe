//! `consentry certify`.

use super::format::ResultFormat;
use super::shared::{PolicyArguments, Result, Status};
use consentry::Table;
use consentry::exact::{certify, default_situations};
use consentry::report::certify::CertifyReport;
use std::io::Write;

/// Compare the compiled table with the reference interpreter in every situation that can matter to a destination.
///
/// Situations are made of facts, not of texts: how names, escapes and repeated keys are read is for the tests. Exit status:
/// 0 no difference was found, 1 they differ, 2 a policy that does not compile. What was only sampled is said.
#[derive(clap::Args)]
pub(super) struct Certify {
    #[command(flatten)]
    policy: PolicyArguments,
    /// The largest number of situations of one destination that is compared [default: 1048576, and fewer for a policy with very
    /// many destinations or categories].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    situations: Option<u64>,
    #[command(flatten)]
    format: ResultFormat,
}

impl Certify {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let table = Table::new(self.policy.load()?);
        let most = self.situations.unwrap_or_else(|| default_situations(table.policy()));
        let certificate = certify(&table, most);
        self.format.write(to, &CertifyReport::new(table.policy(), &certificate))?;
        Ok(Status::fine_if(certificate.differences.is_empty()))
    }
}
