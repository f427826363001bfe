//! Built-in policies.

use super::json::VERSION;
use serde::Serialize;

/// The result of `show`: the text of a prelude.
#[derive(Debug, Serialize)]
pub struct ShowReport<'a> {
    v: u32,
    prelude: &'a str,
    text: &'a str,
}

impl<'a> ShowReport<'a> {
    /// Creates the report of a prelude.
    pub fn new(prelude: &'a str, text: &'a str) -> Self {
        ShowReport { v: VERSION, prelude, text }
    }
}
