//! The gate: which events pass, found by trying every event of a small policy, and what opens it.

use super::events::EventText;
use super::{compile, policies::PolicyText, read};
use arbitrary::{Result, Unstructured};
use consentry::event::{Consent, Entry, Integrations, Preference};
use consentry::exact::{Open, Opens, Passing, diff, gate};
use consentry::model::{Category, GateOpens, Requirement};
use consentry::{Event, Input, Policy, Table};
use std::collections::BTreeSet;

/// With more categories there are too many events.
const CATEGORIES: usize = 7;

/// The gate of a policy as a function is the gate that its decisions have.
pub fn gates_are_functions(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let table = compile(&text.text());
    let policy = table.policy();
    let found = gate(policy);
    if policy.categories().len() > CATEGORIES {
        return Ok(1);
    }
    let (events, opens, tried) = by_trying(&table, policy.gate_opens().value, &text.events);
    assert_eq!(found.events, events, "{}", text.text());
    assert_eq!(found.opens, opens.unwrap_or(Opens::Delivery), "{}", text.text());
    Ok(tried)
}

/// `diff` shows that the gate changes if, and only if, some event passes only one of two gates, and the events that it shows do.
pub fn gates_differ_as_events_do(u: &mut Unstructured) -> Result<u64> {
    let (text, mut other) = if u.arbitrary()? {
        let small = text_of_few(u)?;
        let other = super::exact::changed(&small, u)?;
        (small, other)
    } else {
        (text_of_few(u)?, text_of_few(u)?)
    };
    if u.arbitrary()? {
        take_as_alias(&text, &mut other);
    }
    let both = format!("{}\n{}", text.text(), other.text());
    let (Ok(old), Ok(new)) = (Policy::parse(&text.text()), Policy::parse(&other.text())) else {
        return Ok(1);
    };
    let tables = [Table::new(old), Table::new(new)];
    let [old, new] = [0, 1].map(|which| tables[which].policy());
    let change = diff(old, new).gate;
    let mut compared = 1;
    for (which, shown) in change.iter().flat_map(|change| [(1, &change.opened), (0, &change.closed)]) {
        assert_ne!(*shown, Passing::Unknown, "{both}");
        if let Passing::Some(Some(event)) = shown {
            let passes = [0, 1].map(|which| passes(&tables[which], &read(&tables[which], event)));
            assert_eq!(passes, [which == 0, which == 1], "{event}\n{both}");
            compared += 1;
        }
    }
    if old.reading() != new.reading() {
        return Ok(compared);
    }
    let is_shown = |which: usize| match &change {
        Some(change) => *[&change.closed, &change.opened][which] != Passing::None,
        None => false,
    };
    let mut names: Vec<Option<&str>> =
        text.events.iter().chain(&other.events).map(|name| Some(name.as_str())).collect();
    names.push(None);
    let objects = objects(&tables, u)?;
    for consent in consents(&tables, u)? {
        for integrations in &objects {
            for name in &names {
                let event = Event {
                    consent: consent.clone(),
                    integrations: integrations.clone(),
                    track: name.map(Into::into),
                    ..Event::default()
                };
                let [before, after] = [0, 1].map(|which| passes(&tables[which], &event));
                assert!(before == after || is_shown(usize::from(after)), "{event:?}\n{change:?}\n{both}");
                compared += 1;
            }
        }
    }
    Ok(compared)
}

/// Lets a destination of the second policy have the name of one of the first as an alias.
fn take_as_alias(text: &PolicyText, other: &mut PolicyText) {
    let named =
        |statement: &String| Some(statement.strip_prefix("destination \"")?.split('"').next()?.to_owned());
    let Some(name) = text.statements.iter().find_map(named) else { return };
    other.statements.retain(|statement| named(statement).as_ref() != Some(&name));
    other.statements.push(format!("destination \"its alias\" unmapped alias \"{name}\""));
}

fn passes(table: &Table, event: &Event<'_>) -> bool {
    let opens = table.policy().gate_opens().value;
    table.decide(Input::event(event), &mut table.scratch()).unwrap().passes_gate(opens)
}

/// A policy of a few destinations, and without what speaks of the others.
fn text_of_few(u: &mut Unstructured) -> Result<PolicyText> {
    let mut text = PolicyText::arbitrary(u)?;
    let most = u.int_in_range(1..=3)?;
    let mut destinations = 0;
    text.statements.retain(|statement| {
        let is_destination = statement.starts_with("destination \"");
        destinations += usize::from(is_destination);
        let speaks_of_others =
            ["test", "never", "always", "lint"].iter().any(|word| statement.starts_with(word));
        !(is_destination && destinations > most || speaks_of_others)
    });
    Ok(text)
}

/// Consent of each state; of preferences each that grants one category, and some others.
fn consents<'t>(tables: &'t [Table; 2], u: &mut Unstructured) -> Result<Vec<Consent<'t>>> {
    let wire_ids: BTreeSet<&str> =
        tables.iter().flat_map(|table| table.policy().categories()).flat_map(|one| one.wire_ids()).collect();
    let reading = tables[0].policy().reading();
    let can_be_listed = reading.listed_values();
    let granted = |is_granted: &dyn Fn(usize) -> bool| {
        let own = wire_ids.iter().enumerate().map(|(at, id)| ((*id).into(), choice(is_granted(at))));
        let own = own.filter(|(_, value)| can_be_listed.contains(value));
        Consent::Preferences(own.chain([("nobody's".into(), can_be_listed[0])]).collect())
    };
    let mut all = vec![Consent::Empty, Consent::Malformed, Consent::Preferences(Vec::new())];
    if tables[0].policy().reading().paths().all(|path| path.len() > 1) {
        all.push(Consent::Missing);
    }
    all.extend([granted(&|_| true), granted(&|_| false)]);
    all.extend((0..wire_ids.len().min(12)).map(|alone| granted(&|at| at == alone)));
    for _ in 0..12 {
        let bits: u64 = u.arbitrary()?;
        all.push(granted(&|at| bits >> (at % 64) & 1 == 1));
    }
    Ok(all)
}

/// Integrations objects: all that list few names, and some of many names.
fn objects<'t>(tables: &'t [Table; 2], u: &mut Unstructured) -> Result<Vec<Integrations<'t>>> {
    let names: BTreeSet<&str> = tables
        .iter()
        .flat_map(|table| table.policy().destinations())
        .flat_map(|one| one.names())
        .chain(["All"])
        .collect();
    let states: [&[Entry]; 5] =
        [&[], &[Entry::Off], &[Entry::On], &[Entry::Invalid], &[Entry::Invalid, Entry::On]];
    let object = |state: &mut dyn FnMut(usize) -> Result<usize>| -> Result<Integrations<'t>> {
        let mut entries = vec![("nobody's".into(), Entry::On)];
        for (at, name) in names.iter().enumerate() {
            entries.extend(states[state(at)?].iter().map(|entry| ((*name).into(), *entry)));
        }
        Ok(Integrations::Entries(entries))
    };
    let mut all = vec![Integrations::default(), Integrations::Malformed];
    match 5usize.checked_pow(names.len() as u32).filter(|count| *count <= 125) {
        Some(count) => {
            for number in 0..count {
                all.push(object(&mut |at| Ok(number / 5usize.pow(at as u32) % 5))?);
            }
        }
        None => {
            all.push(object(&mut |_| Ok(1))?);
            for _ in 0..100 {
                let mostly_off = u.arbitrary()?;
                all.push(object(&mut |_| match mostly_off {
                    true if u.ratio(2, 3)? => Ok(1),
                    _ => u.int_in_range(0..=4),
                })?);
            }
        }
    }
    Ok(all)
}

/// A preference event passes every gate, whatever the policy and the event carry.
pub fn preference_events_pass(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let table = compile(&text.text());
    let names = &table.policy().preference_events().value;
    let mut compared = 1;
    for _ in 0..4 {
        let line = EventText::arbitrary(u, &text)?.text();
        let mut event = read(&table, &line);
        for name in names {
            event.track = Some(name.value.as_str().into());
            let named = named(&line, &name.value);
            let mut scratch = table.scratch();
            // The line's own type and name may come later, and then they count.
            let is_named = read(&table, &named).track == event.track;
            for opens in GateOpens::ALL {
                assert!(
                    table.decide(Input::event(&event), &mut scratch).unwrap().passes_gate(opens),
                    "{}",
                    text.text()
                );
                let bytes = table.decide(Input::line(named.as_bytes()), &mut scratch);
                let passes = bytes.is_ok_and(|decision| decision.passes_gate(opens));
                assert!(passes || !is_named, "{named}\n{}", text.text());
                compared += 1 + u64::from(is_named);
            }
        }
    }
    Ok(compared)
}

/// An event's text with a type and a name in front of its members.
fn named(line: &str, name: &str) -> String {
    let members = line.trim().trim_start_matches('{').trim_start();
    let comma = if members == "}" { "" } else { "," };
    format!("{{\"type\":\"track\",\"event\":{}{comma}{members}", serde_json::Value::from(name))
}

/// Under `any grant` and `needed grant` it makes no difference to the gate whether an event is exempt.
pub fn exempting_changes_no_gate(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let exempting = |names: &str| {
        let mut other = text.clone();
        for statement in &mut other.statements {
            if statement.starts_with("exempt events") {
                *statement = format!("exempt events {names}");
            }
        }
        compile(&other.text())
    };
    let (none, all) = (exempting("none"), exempting("\"é\", \"Segment Consent Preference\", \"Order\""));
    let mut compared = 0;
    for _ in 0..4 {
        let event = EventText::arbitrary(u, &text)?.text();
        let mut event = read(&none, &event);
        for name in ["é", "Segment Consent Preference", "Order"] {
            event.track = Some(name.into());
            for opens in [GateOpens::AnyGrant, GateOpens::NeededGrant] {
                let passes = |table: &Table| {
                    table.decide(Input::event(&event), &mut table.scratch()).unwrap().passes_gate(opens)
                };
                assert_eq!(passes(&none), passes(&all), "{}", text.text());
                compared += 1;
            }
        }
    }
    Ok(compared)
}

/// The events that always pass, what opens the gate for all others if grants alone decide, and how many events were tried.
fn by_trying(table: &Table, opens: GateOpens, names: &[String]) -> (BTreeSet<String>, Option<Opens>, u64) {
    let is_always = |opens: &Option<Opens>| {
        matches!(opens, Some(Opens::Grants { without_consent: None | Some(true), open: Open::Always, .. }))
    };
    let (other, mut tried) = by_grants(table, opens, None);
    let mut events = BTreeSet::new();
    let mut is_one_form = true;
    for name in names {
        let (own, more) = by_grants(table, opens, Some(name));
        tried += more;
        match is_always(&own) {
            true => drop(events.insert(name.clone())),
            false => is_one_form &= own == other,
        }
    }
    if is_always(&other) {
        events.clear();
    }
    (events, other.filter(|_| is_one_form), tried)
}

/// How the gate opens for events of a name, or of none, if grants alone decide; and how many events that took.
fn by_grants(table: &Table, opens: GateOpens, name: Option<&str>) -> (Option<Opens>, u64) {
    let policy = table.policy();
    let is_free = |one: &&Category| one.always.is_none() && one.unenforced.is_none();
    let free: Vec<&Category> = policy.categories().iter().filter(is_free).collect();
    let mut tried = 0;
    let mut scratch = table.scratch();
    // Whether events pass that have these preferences, if that is one thing whatever their integrations say.
    let mut passes = |consent: Consent<'_>| {
        let mut said = BTreeSet::new();
        for integrations in integrations(policy) {
            let track = name.map(Into::into);
            let event = Event { consent: consent.clone(), integrations, track, ..Event::default() };
            said.insert(table.decide(Input::event(&event), &mut scratch).unwrap().passes_gate(opens));
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
            free.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, one)| one.key()).collect();
        // What is always granted, unenforced or unknown is granted too; it is not to count.
        let rest = policy.categories().iter().filter(|one| !is_free(one)).map(|one| one.wire_id());
        let preferences = free.iter().map(|one| (one.wire_id().into(), choice(granted.contains(one.key()))));
        let all = preferences.chain(rest.map(|id| (id.into(), Preference::Granted)));
        let all = all.chain([("nobody's".into(), Preference::Granted)]).collect();
        match passes(Consent::Preferences(all)) {
            Some(passes) => by_grants.push((granted, passes)),
            None => one_thing = false,
        }
    }
    let nothing = by_grants.first().map(|(_, passes)| *passes);
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
    let mut open_states = BTreeSet::new();
    for consent in [Consent::Empty, Consent::Malformed, Consent::Preferences(Vec::new())] {
        let event = Event { consent: consent.clone(), ..Event::default() };
        let granted = |category: &Category| satisfied(policy, category, &event);
        let expected = match &open {
            Open::Always => true,
            Open::Any(enough) => free.iter().any(|one| enough.contains(one.key()) && granted(one)),
        };
        if expected && open != Open::Always {
            open_states.insert(consent.state());
        }
        one_thing &= passes(consent) == Some(expected);
    }
    let without_consent = without_consent.flatten();
    let opens = Opens::Grants { without_consent, open, open_states };
    ((is_any && one_thing).then_some(opens), tried)
}

/// Whether an event grants a category.
fn satisfied(policy: &Policy, category: &Category, event: &Event) -> bool {
    let id = policy.category_named(category.name()).unwrap();
    super::exact::satisfied(policy, &Requirement::Category(id), event)
}

fn choice(granted: bool) -> Preference {
    if granted { Preference::Granted } else { Preference::Refused }
}

/// No integrations object, an invalid one, and of readable ones those that turn on nothing, everything, and each destination alone.
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
