//! The gate of a policy as a function is the gate that decisions have, found by trying every event of a small policy.

use super::{compile, policies::PolicyText};
use arbitrary::{Result, Unstructured};
use consentry::analysis::{Gate, Open, gate};
use consentry::{Consent, Entry, Event, GateReading, Integrations, Policy, Preference, Table};
use std::collections::BTreeSet;

/// With more categories there are too many events.
const CATEGORIES: usize = 7;

pub fn gates_are_functions(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let table = compile(&text.text());
    let policy = table.policy();
    let found = gate(policy);
    let Some(reading) = policy.gate() else {
        assert_eq!(found, Gate::None, "{}", text.text());
        return Ok(1);
    };
    if policy.categories().len() > CATEGORIES {
        return Ok(1);
    }
    let (expected, tried) = by_trying(&table, reading.value);
    match (&found, expected) {
        (Gate::Exact, None) => assert_eq!(reading.value, GateReading::Exact, "{}", text.text()),
        (found, expected) => assert_eq!(Some(found), expected.as_ref(), "{}", text.text()),
    }
    Ok(tried)
}

/// The gate as one of what is granted, if it is one, and how many events that took.
fn by_trying(table: &Table, reading: GateReading) -> (Option<Gate>, u64) {
    let policy = table.policy();
    let free: Vec<&str> = policy
        .categories()
        .iter()
        .filter(|category| category.always().is_none() && category.switched_off().is_none())
        .map(|category| category.wire_id())
        .collect();
    let mut tried = 0;
    let mut scratch = table.scratch();
    // Whether events pass that have these preferences, if that is one thing whatever their integrations say.
    let mut passes = |consent: Consent<'_>| {
        let mut said = BTreeSet::new();
        for integrations in integrations(policy) {
            let event = Event { consent: consent.clone(), integrations, ..Event::default() };
            said.insert(table.decide(&event, &mut scratch).passes_gate(reading));
            tried += 1;
        }
        (said.len() == 1).then(|| said.contains(&true))
    };
    // Where the event itself holds the preferences, no event is without a place for them.
    let is_ever_missing = policy.reading().paths().all(|path| path.len() > 1);
    let without_consent = match is_ever_missing {
        true => passes(Consent::Missing).map(Some),
        false => Some(None),
    };
    let mut one_thing = without_consent.is_some();
    let mut by_grants: Vec<(BTreeSet<&str>, bool)> = Vec::new();
    for bits in 0..1u32 << free.len() {
        let granted: BTreeSet<&str> =
            free.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, id)| *id).collect();
        // What is always granted, switched off or unknown is granted too; it is not to count.
        let rest =
            policy.categories().iter().map(|category| category.wire_id()).filter(|id| !free.contains(id));
        let preferences = free.iter().map(|id| ((*id).into(), choice(granted.contains(id))));
        let all = preferences.chain(rest.map(|id| (id.into(), Preference::Granted)));
        let all = all.chain([("nobody's".into(), Preference::Granted)]).collect();
        match passes(Consent::Preferences(all)) {
            Some(passes) => by_grants.push((granted, passes)),
            None => one_thing = false,
        }
    }
    let nothing = by_grants.first().map(|(_, passes)| *passes);
    for consent in [Consent::Empty, Consent::Malformed, Consent::Preferences(Vec::new())] {
        one_thing &= passes(consent) == nothing;
    }
    if !one_thing {
        return (None, tried);
    }
    let enough: BTreeSet<String> = by_grants
        .iter()
        .filter(|(granted, passes)| *passes && granted.len() == 1)
        .flat_map(|(granted, _)| granted.iter().map(|id| (*id).to_owned()))
        .collect();
    let open = if nothing == Some(true) { Open::Always } else { Open::Any(enough) };
    let is_any = by_grants.iter().all(|(granted, passes)| match &open {
        Open::Always => *passes,
        Open::Any(enough) => *passes == granted.iter().any(|id| enough.contains(*id)),
    });
    let without_consent = without_consent.flatten();
    (is_any.then_some(Gate::Grants { without_consent, open }), tried)
}

fn choice(granted: bool) -> Preference {
    if granted { Preference::Granted } else { Preference::Refused }
}

/// No integrations object, an unreadable one, and of readable ones those that turn on nothing, everything, and each destination alone.
fn integrations(policy: &Policy) -> Vec<Integrations<'_>> {
    let names: Vec<&str> = policy.destinations().iter().map(|one| one.name()).collect();
    let entries = |is_on: &dyn Fn(usize) -> bool| {
        let entries = names
            .iter()
            .enumerate()
            .map(|(at, name)| ((*name).into(), if is_on(at) { Entry::On } else { Entry::Off }));
        // An object that has only an unknown name turns on what is unlisted.
        Integrations::Entries(entries.chain([("nobody's".into(), Entry::On)]).collect())
    };
    let mut all =
        vec![Integrations::default(), Integrations::Malformed, entries(&|_| false), entries(&|_| true)];
    all.extend((0..names.len().min(8)).map(|alone| entries(&|at| at == alone)));
    all.push(Integrations::Entries(vec![("All".into(), Entry::Off)]));
    all.push(Integrations::Entries(vec![("nobody's".into(), Entry::Off)]));
    all
}
