//! Grouping of what is alike.

/// Returns the values in the order of their first occurrence, each with the keys that have it.
pub(super) fn grouped<K, V: PartialEq>(pairs: impl IntoIterator<Item = (K, V)>) -> Vec<(Vec<K>, V)> {
    let mut groups: Vec<(Vec<K>, V)> = Vec::new();
    for (key, value) in pairs {
        match groups.iter_mut().find(|(_, known)| *known == value) {
            Some((keys, _)) => keys.push(key),
            None => groups.push((vec![key], value)),
        }
    }
    groups
}
