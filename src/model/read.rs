//! The ways to read a policy: from a file, a text or a source.

use super::error::PolicyError;
use super::policy::Policy;
use super::policy::check;
use super::{load, merge};
#[cfg(feature = "lint")]
use crate::diagnostic::{Diagnostic, Files};
use crate::source::{Disk, Memory, Source};
#[cfg(feature = "lint")]
use crate::syntax::Tree;
use std::path::Path;

impl Policy {
    /// Reads a policy from a file. Its folder is the policy root, which no include leaves.
    ///
    /// To widen the root, give a [`Disk`] of a folder further up to [`Policy::from_source`].
    pub fn load(path: impl AsRef<Path>) -> Result<Policy, PolicyError> {
        let path = path.as_ref();
        let (disk, name) = Disk::beside(path).map_err(|error| PolicyError::cannot_read(path, &error))?;
        Policy::from_source(&disk, &name)
    }

    /// Reads a policy from a text that includes nothing but preludes.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        Policy::from_source(&Memory::from([("policy", text)]), "policy")
    }

    /// Reads a policy and what it includes from a source. `path` is relative to the source's root.
    pub fn from_source(source: &dyn Source, path: &str) -> Result<Policy, PolicyError> {
        let forest = load::load(&*source.pinned(), path);
        let merged = merge::merge(&forest);
        check::check(&forest, merged)
    }
}

/// What a file turned out to be.
#[cfg(feature = "lint")]
pub(crate) enum Loaded {
    /// A policy, and the tree of each of its files.
    Policy(Box<Policy>, Vec<Tree>),
    /// A file without a `policy` line, which others include, and what is wrong with its text.
    Part(Files, Vec<Diagnostic>),
}

/// Reads a file that may be a policy or a part of one.
#[cfg(feature = "lint")]
pub(crate) fn load_any(source: &dyn Source, path: &str) -> Result<Loaded, PolicyError> {
    let mut forest = load::load(&*source.pinned(), path);
    if forest.is_part() {
        let old_comments: Vec<Diagnostic> = forest.old_comments().collect();
        forest.diagnostics.extend(old_comments);
        return Ok(Loaded::Part(forest.files, forest.diagnostics));
    }
    let merged = merge::merge(&forest);
    let policy = check::check(&forest, merged)?;
    Ok(Loaded::Policy(Box::new(policy), forest.trees))
}
