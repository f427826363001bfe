//! Entries as text: a line of an export for each.

use super::choices::{CategoryChoice, Choices, Grant, MAX_NAMES};
use super::entry::{LedgerEntry, Links, MAX_LINKS};
use super::id::Id;
use super::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The entry of an id, as a line of `ledger export` has it and `ledger import` reads it.
///
/// ```
/// use consentry::ledger::{Choices, EntryLine, Id, LedgerEntry};
///
/// let line = r#"{"v":2,"id":"user:u","categories":{"Ads":{"refused":"2026-10-01T00:00:00Z","named":"2026-10-01T00:00:00Z"}}}"#;
/// let (id, entry): (Id, LedgerEntry) = serde_json::from_str::<EntryLine>(line)?.try_into()?;
/// assert_eq!(id, Id::User("u".into()));
/// assert!(entry.choices.choice("Ads").granted.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryLine {
    /// The choices of each category, by its wire id.
    #[serde(default)]
    categories: BTreeMap<String, CategoryLine>,
    /// The first and the last of the stated times that were still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    future: Option<(Timestamp, Timestamp)>,
    id: String,
    /// The ids that are linked with this one.
    #[serde(default)]
    links: Vec<LinkLine>,
    /// When all categories were refused that are not listed.
    #[serde(default)]
    others_refused: Option<Timestamp>,
    /// True if a person who was linked with this anonymous id is forgotten.
    #[serde(default)]
    shared: bool,
    /// True if there are more links than are kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    too_many_links: bool,
    v: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    granted: Option<GrantLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    named: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantLine {
    /// `None` where no time is known.
    at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkLine {
    id: String,
    since: Timestamp,
}

/// The version of the form of a line.
const VERSION: u32 = 2;

impl EntryLine {
    /// The line of an entry.
    pub fn new(id: &Id, entry: &LedgerEntry) -> Self {
        let category = |(name, choice): (&str, &CategoryChoice)| {
            let granted = choice.granted.as_ref().map(|grant| GrantLine {
                at: grant.at,
                version: grant.version.as_ref().map(SmolStr::to_string),
            });
            let CategoryChoice { named, refused, .. } = *choice;
            (name.to_owned(), CategoryLine { granted, named, refused })
        };
        let link = |(id, since): (&Id, Timestamp)| LinkLine { id: id.to_string(), since };
        EntryLine {
            categories: entry.choices.named().map(category).collect(),
            future: entry.choices.future,
            id: id.to_string(),
            links: entry.links.iter().map(link).collect(),
            others_refused: entry.choices.others_refused(),
            shared: entry.shared,
            too_many_links: entry.links == Links::TooMany,
            v: VERSION,
        }
    }
}

impl TryFrom<EntryLine> for (Id, LedgerEntry) {
    type Error = String;

    fn try_from(line: EntryLine) -> Result<Self, String> {
        if line.v != VERSION {
            return Err(format!("the line has version {}, and this program reads version {VERSION}", line.v));
        }
        let id = |text: &str| Id::parse(text).ok_or_else(|| format!("`{text}` is no id"));
        if line.categories.len() > MAX_NAMES || line.links.len() > MAX_LINKS {
            return Err(format!("an entry has at most {MAX_NAMES} categories and {MAX_LINKS} links"));
        }
        let named = line.categories.into_iter().map(|(name, said)| {
            let granted =
                said.granted.map(|grant| Grant { at: grant.at, version: grant.version.map(SmolStr::from) });
            let mut choice = CategoryChoice { granted, refused: said.refused, named: said.named };
            // A grant that is older than a refusal does not count.
            choice.join(CategoryChoice::default());
            (SmolStr::from(name), choice)
        });
        let mut choices =
            Choices { others_refused: line.others_refused, named: named.collect(), future: line.future };
        choices.join(Choices::default());
        let links: Result<BTreeMap<Id, Timestamp>, String> =
            line.links.into_iter().map(|link| Ok((id(&link.id)?, link.since))).collect();
        let links = match line.too_many_links {
            true => Links::TooMany,
            false => Links::Known(links?),
        };
        Ok((id(&line.id)?, LedgerEntry { choices, links, shared: line.shared }))
    }
}
