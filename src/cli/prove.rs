//! `consentry prove`.

use super::files::{self, NamedFile};
use super::format::ResultFormat;
use super::render;
use super::shared::{CliError, Result, Root, Status, print_error};
use consentry::Policy;
use consentry::exact::prove_all;
use consentry::report::prove::ProveReport;
use consentry::source::Source;
use consentry::syntax::Tree;
use consentry::syntax::tree::Fact;
use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

/// Decide what policies promise, over every event that there can be.
///
/// A promise is proved, or an event shows that it is not kept; pipe it into `consentry explain`. A folder represents every
/// .consent file below it; files without a `policy` line are parts of others and proved with them. Exit status: 0 all promises are kept,
/// 1 one is not, or cannot be decided, or a policy promises nothing, 2 a policy that does not compile.
#[derive(clap::Args)]
pub(super) struct Prove {
    /// Policy files, or folders of them.
    #[arg(required = true, value_name = "POLICY")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    root: Root,
    #[command(flatten)]
    format: ResultFormat,
}

impl Prove {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let named = files::below(&self.paths)?;
        if let [NamedFile { path, folder: None }] = named.as_slice() {
            let policy = self.root.load(path)?;
            return self.write(to, report(&policy));
        }
        self.all(&named, to)
    }

    /// Proves the promises of several policies. One that does not compile keeps none of the others from being proved.
    fn all(&self, named: &[NamedFile], to: &mut impl Write) -> Result<Status> {
        let (mut is_fine, mut policies, mut failed) = (true, 0, 0);
        let (mut parts, mut included) = (Vec::new(), HashSet::new());
        for file in named {
            let (disk, name) = file.place(&self.root)?;
            if let Some(part) = files::part(&disk, &name) {
                parts.extend(may_promise(&part).then_some(&file.path));
                continue;
            }
            policies += 1;
            match Policy::from_source(&disk, &name) {
                Ok(policy) => {
                    included.extend(files::included(policy.files()));
                    let report = report(&policy).with_file(disk.display(&name));
                    is_fine &= self.write(to, report)? == Status::Fine;
                }
                Err(error) => {
                    failed += 1;
                    included.extend(files::included(error.files()));
                    let outcome = format!("the promises of `{}` are not decided", file.path.display());
                    print_error(&render::mistakes(error.diagnostics(), error.files(), &outcome));
                }
            }
        }
        if let Some(alone) = parts.into_iter().find(|path| !included.contains(&files::real(path))) {
            return Err(format!(
                "no policy of this run includes `{}`, so that what it promises is not decided; name the policies that include it, or add a \
                 `policy` line",
                alone.display()
            )
            .into());
        }
        match failed {
            _ if policies == 0 => Err("there is no policy: no file has a `policy` line".into()),
            0 => Ok(Status::fine_if(is_fine)),
            failed => Err(CliError::Other(format!("{failed} of {policies} policies do not compile"))),
        }
    }

    fn write(&self, to: &mut impl Write, report: ProveReport<'_>) -> Result<Status> {
        self.format.write(to, &report)?;
        Ok(Status::fine_if(report.is_kept()))
    }
}

/// Returns true if a part promises something, or includes a file that may.
fn may_promise(part: &Tree) -> bool {
    part.statements
        .iter()
        .any(|one| matches!(one.fact, Fact::Promise(_) | Fact::Include { prelude: false, .. }))
}

fn report(policy: &Policy) -> ProveReport<'_> {
    ProveReport::new(policy, prove_all(policy))
}
