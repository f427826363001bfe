//! The names of categories in answers about two policies.

use crate::model::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// The name of each category that some policies declare, by its key. A name that they give to categories of different wire ids comes with the
/// wire ids, as policies write them.
#[derive(Debug)]
pub(crate) struct CategoryNames(BTreeMap<String, String>);

impl CategoryNames {
    /// Returns the names in some policies. The last one that declares a category names it.
    pub(crate) fn of(policies: &[&Policy]) -> Self {
        let mut names = BTreeMap::new();
        let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (policy, category) in policies
            .iter()
            .flat_map(|policy| policy.categories().iter().map(move |category| (policy, category)))
        {
            names.insert(category.key(), (category, policy.reading()));
            keys.entry(category.name()).or_default().insert(category.key());
        }
        let shapes: BTreeSet<Option<String>> =
            policies.iter().map(|policy| policy.reading().shape_text()).collect();
        let is_ambiguous = |name: &str| keys.get(name).is_some_and(|all| all.len() > 1);
        let shown = names.into_iter().map(|(key, (category, reading))| {
            let name = category.name();
            let shown = match is_ambiguous(name) {
                true => {
                    let wire_ids: Vec<String> = category.wire_ids().map(|one| format!("{one:?}")).collect();
                    let unasked = if category.unasked_granted.is_some() { " unasked granted" } else { "" };
                    let path = reading.paths().next().filter(|_| shapes.len() > 1).unwrap_or_default();
                    let place =
                        if path.is_empty() { String::new() } else { format!(" at {}", path.join(".")) };
                    format!("{name} = {}{unasked}{place}", wire_ids.join(", "))
                }
                false => name.to_owned(),
            };
            (key.to_owned(), shown)
        });
        CategoryNames(shown.collect())
    }

    /// Returns the name of a category; its key where no policy declares it.
    pub(crate) fn of_key<'n>(&'n self, key: &'n str) -> &'n str {
        self.0.get(key).map_or(key, String::as_str)
    }
}
