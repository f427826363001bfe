//! The names by which a router may know destinations, by the setting `router knows`.

use super::bits::Bits;
use super::names::Names;
use crate::model::{Policy, RouterKnows};

/// The names that a router may know.
#[derive(Debug, Clone)]
pub(crate) struct Router {
    pub(super) knows_own_names: bool,
    /// The aliases that may be the only known name of a destination, each once.
    pub(super) aliases: Vec<Alias>,
    /// The places of those that several destinations share.
    shared: Vec<usize>,
}

/// An alias of one destination or of several.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub(super) name: String,
    /// The number of the name in [`Table::destinations`](super::Table).
    pub(super) number: usize,
    /// The destinations that have it.
    pub(super) ids: Vec<u32>,
}

impl Router {
    /// Returns the router of a policy, whose destinations have these names.
    pub(super) fn new(policy: &Policy, destinations: &Names) -> Self {
        let knows_own_names = policy.router_knows().value == RouterKnows::OwnNames;
        let mut aliases = Vec::new();
        let mut seen = Bits::new(destinations.numbers());
        let names = policy.destinations().iter().flat_map(|destination| &destination.aliases);
        for name in names.filter(|_| !knows_own_names) {
            let (number, ids) = destinations.numbered(name.value.as_bytes());
            if !seen.contains(number) {
                seen.insert(number);
                aliases.push(Alias { name: name.value.clone(), number, ids: ids.to_vec() });
            }
        }
        let shared = aliases.iter().enumerate().filter(|(_, alias)| alias.ids.len() > 1);
        let shared = shared.map(|(place, _)| place).collect();
        Router { knows_own_names, aliases, shared }
    }

    /// Returns the aliases that several destinations share.
    pub(super) fn shared(&self) -> impl Iterator<Item = &Alias> {
        self.shared.iter().filter_map(|place| self.aliases.get(*place))
    }

    /// Returns true if a name lets the destinations that have it through: if all of them are delivered, or, for a router that can be
    /// told of the others by their own names, one of them.
    pub(super) fn is_let_through(&self, ids: &[u32], deliver: &Bits) -> bool {
        let mut ids = ids.iter();
        let is_delivered = |id: &u32| deliver.contains(*id as usize);
        if self.knows_own_names { ids.any(is_delivered) } else { ids.all(is_delivered) }
    }
}
