//! The names of categories in answers about two policies.

use crate::model::Policy;
use std::collections::{BTreeMap, BTreeSet};

/// The name of each wire id that some policies declare. A name that they give to several wire ids comes with the wire id, as policies write it.
#[derive(Debug)]
pub(crate) struct CategoryNames(BTreeMap<String, String>);

impl CategoryNames {
    /// Returns the names in some policies. The last one that declares a category names it.
    pub(crate) fn of(policies: &[&Policy]) -> Self {
        let mut names = BTreeMap::new();
        let mut wire_ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for category in policies.iter().flat_map(|policy| policy.categories()) {
            names.insert(category.wire_id(), category.name());
            wire_ids.entry(category.name()).or_default().insert(category.wire_id());
        }
        let is_ambiguous = |name: &str| wire_ids.get(name).is_some_and(|all| all.len() > 1);
        let shown = names.into_iter().map(|(wire_id, name)| {
            let shown = if is_ambiguous(name) { format!("{name} = {wire_id:?}") } else { name.to_owned() };
            (wire_id.to_owned(), shown)
        });
        CategoryNames(shown.collect())
    }

    /// Returns the name of a wire id; the wire id itself where no policy declares it.
    pub(crate) fn of_wire_id<'n>(&'n self, wire_id: &'n str) -> &'n str {
        self.0.get(wire_id).map_or(wire_id, String::as_str)
    }
}
