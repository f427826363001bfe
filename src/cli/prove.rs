//! `consentry prove`.

use super::format::ResultFormat;
use super::shared::{PolicyArguments, Result, Status};
use consentry::exact::prove_all;
use consentry::report::prove::ProveReport;
use std::io::Write;

/// Decide what a policy promises, over every event that there can be.
///
/// A promise is proved, or an event shows that it is not kept; pipe it into `consentry explain`. Exit status: 0 all are kept,
/// 1 one is not, or cannot be decided, or nothing is promised, 2 a policy that does not compile.
#[derive(clap::Args)]
pub(super) struct Prove {
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    format: ResultFormat,
}

impl Prove {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let policy = self.policy.load()?;
        let proofs = prove_all(&policy);
        let report = ProveReport::new(&policy, proofs);
        self.format.write(to, &report)?;
        Ok(Status::fine_if(report.is_kept()))
    }
}
