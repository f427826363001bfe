//! The first policy that `init` writes: its size, its open questions, and remarks on what it was made of.

use super::names;
use super::page::{Document, Page};
use serde::Serialize;

/// The result of `init`.
#[derive(Debug, Serialize)]
pub struct InitReport {
    /// The version of the contract: [`VERSION`](super::json::VERSION).
    pub v: u32,
    /// The name of the policy.
    pub policy: String,
    /// The prelude that it includes.
    pub prelude: String,
    /// The file that was written; `null` for standard output.
    pub file: Option<String>,
    /// The number of categories.
    pub categories: usize,
    /// The number of destinations.
    pub destinations: usize,
    /// The destinations that nobody has mapped.
    pub undecided: Vec<String>,
    /// The states of the consent object in which those receive events anyway.
    pub open_states: Vec<&'static str>,
    /// The doubtful places in what was read, and in the policy.
    pub remarks: Vec<String>,
    /// The policy; `null` if it went into a file.
    pub text: Option<String>,
}

impl Document for InitReport {
    fn add_to(&self, page: &mut Page) {
        self.remarks.iter().for_each(|remark| page.paragraph(remark));
        let wrote = self.file.as_ref().map_or_else(String::new, |file| format!("wrote {file}: "));
        let categories = names::counted(self.categories, "category", "categories");
        let destinations = names::counted(self.destinations, "destination", "destinations");
        page.paragraph(format!("{wrote}{categories} and {destinations}"));
        if !self.undecided.is_empty() {
            page.paragraph(format!(
                "{} to be decided: look for `decide:` and put `needs …` in the place of `unmapped`; until then blocked where consent is enforced; `--destination \"NAME=CATEGORY\"` says it here, and tests follow",
                names::counted(self.undecided.len(), "destination is", "destinations are")
            ));
        }
        if !self.open_states.is_empty() {
            page.paragraph(format!(
                "`{}` delivers events whose consent object is {} to them all the same; `--prelude segment-strict` does not",
                self.prelude,
                self.open_states.join(" or ")
            ));
        }
        if let Some(file) = &self.file {
            let is_plain = |char: char| char.is_alphanumeric() || "-_./".contains(char);
            let word = match file.chars().all(is_plain) && !file.starts_with('-') {
                true => file.clone(),
                false => format!("'{}'", file.replace('\'', "'\\''")),
            };
            page.paragraph(format!(
                "next: `consentry lint {word}`, `consentry test {word}`, and after changes `consentry fmt {word}`"
            ));
        }
    }
}
