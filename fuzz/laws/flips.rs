//! What would flip an outcome really does, no part of it does, and nothing smaller is left out.

use super::{events::EventText, policies::PolicyText, read};
use arbitrary::{Result, Unstructured};
use consentry::event::{Consent, Entry, Integrations, Name, Preference, Recorded};
use consentry::exact::{
    Counterfactual, Counterfactuals, InputChange, MAX_COUNTERFACTUALS, MAX_EXACT_INPUTS, Situation, Space,
    counterfactuals,
};
use consentry::model::{ConsentState, IntegrationsState, InvalidEntries, Requirement};
use consentry::reference::{self, StepKind};
use consentry::{CategoryId, DestinationId, Event, Outcome, Policy, Table};
use std::collections::BTreeSet;

/// How many situations of a destination are tried one by one.
const MAX_SITUATIONS: usize = 3_000;

/// What of an event can matter to a destination, each as an event can be changed in it: the states, the exempt event, the
/// entries under its names, `All`, and whether each category is granted.
type Facts = Vec<(String, String)>;

/// Every flip's event has the other outcome, and the reason that is said; it differs from the event in exactly the changes that
/// are said, and no part of them flips. By trying everything, no smaller flip is missing.
pub fn flips_flip(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let table = super::compile(&text.text());
    let policy = table.policy();
    let mut compared = 1;
    for _ in 0..2 {
        let event_text = EventText::arbitrary(u, &text)?.text();
        let event = read(&table, &event_text);
        for id in policy.destination_ids() {
            let Ok(found) = counterfactuals(policy, &event, Recorded::Unchecked, id) else { continue };
            let said = format!("{}\n{event_text}\n{}", policy.destination(id).unwrap().name(), text.text());
            compared += each_flips(&table, &event, id, &found, &said);
            compared += nothing_is_missing(policy, &event, id, &found, &said);
        }
    }
    // What cannot matter changes nothing: of two situations that come to the same, all flips are the same.
    for id in policy.destination_ids() {
        let full = Space::full(policy, id).unwrap();
        let situation = full.sample(u.arbitrary()?);
        let plain = plain(policy, full.categories(), &situation);
        let [one, other] = [&situation, &plain]
            .map(|situation| counterfactuals(policy, &full.event(situation), Recorded::Unchecked, id));
        let (Ok(one), Ok(other)) = (one, other) else { continue };
        let changes =
            |flips: &Counterfactuals| flips.list.iter().map(|flip| flip.changes.clone()).collect::<Vec<_>>();
        assert_eq!(changes(&one), changes(&other), "{situation:?}\n{}", text.text());
        compared += 1;
    }
    Ok(compared)
}

fn outcome(policy: &Policy, event: &Event, id: DestinationId) -> Outcome {
    reference::explain(policy, event, id).unwrap().verdict.outcome()
}

/// Each flip by itself.
fn each_flips(table: &Table, event: &Event, id: DestinationId, found: &Counterfactuals, said: &str) -> u64 {
    let policy = table.policy();
    let before = outcome(policy, event, id);
    assert!(found.list.len() <= MAX_COUNTERFACTUALS);
    assert!(found.list.is_sorted_by_key(|flip| flip.changes.len()), "{found:?}\n{said}");
    let mut tried = 0;
    for flip in &found.list {
        let witness = read(table, &flip.witness);
        let verdict = reference::explain(policy, &witness, id).unwrap().verdict;
        assert_ne!(verdict.outcome(), before, "{flip:?}\n{said}");
        assert_eq!(verdict.reason(), flip.reason, "{flip:?}\n{said}");
        assert_eq!(
            facts(policy, id, &witness),
            expected(policy, id, event, &flip.changes),
            "{flip:?}\n{said}"
        );
        // No part of it flips.
        let count = flip.changes.len();
        for chosen in (0..(1u32 << count.min(10)) - 1).filter(|_| count <= 10) {
            let part: Vec<InputChange> = (0..count)
                .filter(|place| chosen & (1 << place) != 0)
                .map(|place| flip.changes[place].clone())
                .collect();
            let part_event = apply(policy, id, event, &part);
            assert_eq!(outcome(policy, &part_event, id), before, "{part:?} of {flip:?}\n{said}");
            tried += 1;
        }
        let whole = apply(policy, id, event, &flip.changes);
        assert_ne!(outcome(policy, &whole, id), before, "{flip:?}\n{said}");
        tried += 1;
    }
    tried
}

/// The names of the categories on which somebody decides for an event with these inputs, and their keys.
fn categories(policy: &Policy, event: &Event, id: DestinationId) -> Vec<(String, String)> {
    // An event that takes the step of consent shows them, if there is one. Other inputs may ask for other categories.
    let listed = Consent::Preferences(vec![(Name::from("nobody's ?"), Preference::Granted)]);
    let none = Consent::Preferences(Vec::new());
    let entries = vec![(Name::from("nobody's ?"), Entry::On)];
    let mut used: Option<BTreeSet<CategoryId>> = None;
    for consent in [listed, none, Consent::Missing, Consent::Empty, Consent::Malformed] {
        let present = Integrations::Entries(entries.clone());
        for integrations in [Integrations::Entries(Vec::new()), present, Integrations::Malformed] {
            let plain = Event { consent: consent.clone(), integrations, track: None, ..event.clone() };
            let steps = reference::explain(policy, &plain, id).unwrap().steps;
            let found = steps.into_iter().find_map(|step| match step.kind {
                StepKind::Consent(used) => Some(used.into_iter().map(|(id, _)| id).collect()),
                _ => None,
            });
            used = used.or(found);
        }
    }
    let named = used.unwrap_or_default().into_iter().map(|id| policy.category(id).unwrap());
    let free = named.filter(|one| one.always.is_none() && one.unenforced.is_none());
    free.map(|one| (one.name().to_owned(), one.key().to_owned())).collect()
}

fn entry(policy: &Policy, event: &Event, name: &str) -> Option<Entry> {
    let counts = |entry: &Entry| match (entry, policy.invalid_entries().value) {
        (Entry::Invalid, InvalidEntries::Off) => Some(Entry::Off),
        (Entry::Invalid, InvalidEntries::Unlisted) => None,
        (entry, _) => Some(*entry),
    };
    let own = event.integrations.entries().iter().filter(|(known, _)| *known == *name);
    own.filter_map(|(_, entry)| counts(entry)).max()
}

fn facts(policy: &Policy, id: DestinationId, event: &Event) -> Facts {
    let mut facts = vec![
        ("consent".to_owned(), event.consent.state().as_str().to_owned()),
        ("integrations".into(), event.integrations.state().as_str().into()),
    ];
    let mut names = policy.exempt_events().value.iter();
    let exempt = names.find(|name| event.track.as_ref().is_some_and(|track| *track == *name.value));
    facts.push(("event".into(), exempt.map_or("", |name| name.value.as_str()).to_owned()));
    for name in policy.destination(id).unwrap().names() {
        facts.push((format!("entry {name}"), format!("{:?}", entry(policy, event, name))));
    }
    let all = entry(policy, event, "All").filter(|all| *all == Entry::Off);
    facts.push(("All".into(), format!("{all:?}")));
    for (name, key) in categories(policy, event, id) {
        let needs = Requirement::Category(policy.category_named(&name).unwrap());
        // A category that is granted without being listed is no fact of its own.
        let is_listed = event.consent.state() == ConsentState::Answered;
        let granted = is_listed && super::exact::satisfied(policy, &needs, event);
        facts.push((format!("category {key}"), granted.to_string()));
    }
    facts
}

/// The facts of the event, with what is said to change, and with nothing of an object that is not there.
fn expected(policy: &Policy, id: DestinationId, event: &Event, changes: &[InputChange]) -> Facts {
    let mut facts = facts(policy, id, event);
    let categories = categories(policy, event, id);
    let wire_id = |name: &str| categories.iter().find(|(known, _)| known == name).unwrap().1.clone();
    for change in changes {
        let (key, value) = match change {
            InputChange::Consent { state } => ("consent".into(), state.as_str().to_owned()),
            InputChange::Integrations { state } => ("integrations".into(), state.as_str().into()),
            InputChange::Event { exempt: name } => ("event".into(), name.clone().unwrap_or_default()),
            InputChange::Recording { .. } => panic!("no ledger is asked: {change:?}"),
            InputChange::Entry { name, entry: value } => (format!("entry {name}"), format!("{value:?}")),
            InputChange::All { entry: value } => {
                ("All".into(), format!("{:?}", Some(*value).filter(|value| *value == Entry::Off)))
            }
            InputChange::Grant { category: name } => (format!("category {}", wire_id(name)), "true".into()),
            InputChange::Refuse { category: name } => (format!("category {}", wire_id(name)), "false".into()),
        };
        let fact = facts.iter_mut().find(|(known, _)| *known == key).unwrap();
        assert_ne!(fact.1, value, "no change: {change:?}");
        fact.1 = value;
    }
    let (consent, integrations) = (facts[0].1.clone(), facts[1].1.clone());
    for (key, value) in &mut facts {
        if key.starts_with("category ") && consent != "answered" {
            *value = "false".into();
        }
        if (key.starts_with("entry ") || key == "All") && integrations != "present" {
            *value = format!("{:?}", None::<Entry>);
        }
    }
    facts
}

/// The event with some changes, done anew here.
fn apply<'e>(policy: &Policy, id: DestinationId, event: &Event<'e>, changes: &[InputChange]) -> Event<'e> {
    let categories = categories(policy, event, id);
    let mut event = event.clone();
    for change in changes {
        match change {
            InputChange::Consent { state } => {
                event.consent = match state {
                    ConsentState::Missing => Consent::Missing,
                    ConsentState::Empty => Consent::Empty,
                    ConsentState::Unanswered => Consent::Preferences(Vec::new()),
                    ConsentState::Malformed => Consent::Malformed,
                    ConsentState::Answered => {
                        let refused = categories.iter().map(|(name, _)| {
                            let category = policy.category(policy.category_named(name).unwrap()).unwrap();
                            (Name::from(category.wire_id().to_owned()), Preference::Refused)
                        });
                        let other = (Name::from("nobody's ?"), Preference::Granted);
                        Consent::Preferences(refused.chain([other]).collect())
                    }
                }
            }
            InputChange::Integrations { state } => {
                event.integrations = match state {
                    IntegrationsState::Malformed => Integrations::Malformed,
                    IntegrationsState::None => Integrations::Entries(Vec::new()),
                    IntegrationsState::Present => {
                        Integrations::Entries(vec![(Name::from("nobody's ?"), Entry::Invalid)])
                    }
                }
            }
            InputChange::Event { exempt: name } => event.track = name.clone().map(Name::from),
            InputChange::Recording { .. } => panic!("no ledger is asked: {change:?}"),
            InputChange::Grant { category: name } | InputChange::Refuse { category: name } => {
                let category = policy.category(policy.category_named(name).unwrap()).unwrap();
                let value = match change {
                    InputChange::Grant { .. } => Preference::Granted,
                    _ => Preference::Refused,
                };
                if let (ConsentState::Answered, Consent::Preferences(own)) =
                    (event.consent.state(), &mut event.consent)
                {
                    own.retain(|(known, _)| !category.wire_ids().any(|wire_id| *known == *wire_id));
                    own.push((Name::from(category.wire_id().to_owned()), value));
                }
            }
            InputChange::Entry { .. } | InputChange::All { .. } => {
                let (name, value) = match change {
                    InputChange::Entry { name, entry: value } => (name.as_str(), *value),
                    InputChange::All { entry: value } => ("All", Some(*value)),
                    _ => unreachable!(),
                };
                let is_given = event.integrations.state() == IntegrationsState::Present;
                if let (true, Integrations::Entries(own)) = (is_given, &mut event.integrations) {
                    own.retain(|(known, _)| *known != *name);
                    own.extend(value.map(|value| (Name::from(name.to_owned()), value)));
                    if own.is_empty() {
                        own.push((Name::from("nobody's ?"), Entry::On));
                    }
                }
            }
        }
    }
    event
}

/// The situation without what is another way of saying the same.
fn plain(policy: &Policy, categories: &[CategoryId], situation: &Situation) -> Situation {
    let mut plain = situation.clone();
    for (preference, id) in plain.preferences.iter_mut().zip(categories) {
        let is_granted = policy.category(*id).unwrap().is_granted_by(*preference);
        *preference = if is_granted { Preference::Granted } else { Preference::Refused };
    }
    let invalid = match policy.invalid_entries().value {
        InvalidEntries::Off => Some(Entry::Off),
        InvalidEntries::Unlisted => None,
    };
    for entry in [&mut plain.entry, &mut plain.all] {
        if *entry == Some(Entry::Invalid) {
            *entry = invalid;
        }
    }
    plain.all = plain.all.filter(|all| *all == Entry::Off);
    plain
}

/// A value of each variable: consent, integrations, exempt event, entry, `All`, categories; each by its place among all values.
type Point = Vec<usize>;

/// The values of an entry, the simplest first.
const ENTRIES: [Option<Entry>; 3] = [None, Some(Entry::On), Some(Entry::Off)];

/// The states, the simplest first.
const CONSENT: [ConsentState; 5] = [
    ConsentState::Answered,
    ConsentState::Missing,
    ConsentState::Empty,
    ConsentState::Unanswered,
    ConsentState::Malformed,
];
const INTEGRATIONS: [IntegrationsState; 3] =
    [IntegrationsState::None, IntegrationsState::Present, IntegrationsState::Malformed];

/// By trying every situation of a destination that has one name and few categories: the flips that are listed are those that
/// there are, one for each that comes to the same.
fn nothing_is_missing(
    policy: &Policy,
    event: &Event,
    id: DestinationId,
    found: &Counterfactuals,
    said: &str,
) -> u64 {
    // Inputs stay what they are, and the situations that are tried here have none.
    if !event.inputs.is_empty() {
        return 0;
    }
    let destination = policy.destination(id).unwrap();
    let space = Space::full(policy, id).unwrap();
    let free = categories(policy, event, id);
    // On which of the space's categories somebody decides.
    let places: Vec<Option<usize>> = space
        .categories()
        .iter()
        .map(|id| free.iter().position(|(_, wire_id)| *wire_id == policy.category(*id).unwrap().key()))
        .collect();
    let exempt_names: Vec<&str> =
        policy.exempt_events().value.iter().map(|name| name.value.as_str()).collect();
    let mut counts = vec![CONSENT.len(), INTEGRATIONS.len(), 1 + usize::from(!exempt_names.is_empty())];
    counts.extend([ENTRIES.len(), 2]);
    counts.extend(free.iter().map(|_| 2));
    let count: usize = counts.iter().product();
    // Sharing a name is no matter, having several is: trying has the entry under one only.
    if count > MAX_SITUATIONS || destination.names().count() > 1 || counts.len() > MAX_EXACT_INPUTS {
        return 0;
    }
    let points: Vec<Point> = (0..count)
        .map(|number| {
            let mut rest = number;
            let digit = |count: &usize| {
                let digit = rest % count;
                rest /= count;
                digit
            };
            counts.iter().map(digit).collect()
        })
        .collect();
    let outcomes: Vec<Option<Outcome>> = points
        .iter()
        .map(|point| {
            let (consent, integrations) = (CONSENT[point[0]], INTEGRATIONS[point[1]]);
            let is_given = consent == ConsentState::Answered;
            let is_listed = integrations == IntegrationsState::Present;
            let preference = |place: &Option<usize>| match place {
                Some(place) if point[5 + place] == 1 => Preference::Granted,
                _ => Preference::Refused,
            };
            let situation = Situation {
                consent,
                preferences: places.iter().filter(|_| is_given).map(preference).collect(),
                integrations,
                entry: ENTRIES[point[3]].filter(|_| is_listed),
                all: Some(Entry::Off).filter(|_| is_listed && point[4] == 1),
                exempt_event: point[2] == 1,
            };
            // Where the event itself holds the preferences, no consent object is missing.
            space.contains(&situation).then(|| outcome(policy, &space.event(&situation), id))
        })
        .collect();
    let number = |point: &Point| -> usize {
        point.iter().zip(&counts).rev().fold(0, |number, (value, count)| number * count + value)
    };
    let at: Point = {
        let facts = facts(policy, id, event);
        let value = |key: &str| facts.iter().find(|(known, _)| known == key).unwrap().1.clone();
        let own = value(&format!("entry {}", destination.name()));
        let mut at = vec![
            CONSENT.iter().position(|state| state.as_str() == value("consent")).unwrap(),
            INTEGRATIONS.iter().position(|state| state.as_str() == value("integrations")).unwrap(),
            usize::from(!value("event").is_empty()),
            ENTRIES.iter().position(|entry| format!("{entry:?}") == own).unwrap(),
            usize::from(value("All") != "None"),
        ];
        at.extend(
            free.iter().map(|(_, wire_id)| usize::from(value(&format!("category {wire_id}")) == "true")),
        );
        at
    };
    let before = outcomes[number(&at)].unwrap();
    assert_eq!(before, outcome(policy, event, id), "{said}");

    // What does not matter in a state is not changed, and nothing becomes malformed unless it must.
    let search = |malformed: bool| -> Vec<BTreeSet<(usize, usize)>> {
        let mut sets: Vec<BTreeSet<(usize, usize)>> = Vec::new();
        for (point, outcome) in points.iter().zip(&outcomes) {
            let is_new = |variable: usize, value: usize| point[variable] == value && at[variable] != value;
            let is_malformed = is_new(0, 4) || is_new(1, 2);
            if outcome.is_none_or(|outcome| outcome == before) || (is_malformed && !malformed) {
                continue;
            }
            let set = (0..point.len()).filter(|variable| point[*variable] != at[*variable]);
            sets.push(set.map(|variable| (variable, point[variable])).collect());
        }
        let is_minimal = |set: &&BTreeSet<(usize, usize)>| {
            !sets.iter().any(|other| other.len() < set.len() && other.is_subset(set))
        };
        sets.iter().filter(is_minimal).cloned().collect()
    };
    let mut minimal = search(false);
    if minimal.is_empty() {
        minimal = search(true);
    }
    let listed: Vec<BTreeSet<(usize, usize)>> = found
        .list
        .iter()
        .map(|flip: &Counterfactual| {
            let place = |change: &InputChange| match change {
                InputChange::Consent { state } => (0, CONSENT.iter().position(|one| one == state).unwrap()),
                InputChange::Integrations { state } => {
                    (1, INTEGRATIONS.iter().position(|one| one == state).unwrap())
                }
                InputChange::Event { exempt: name } => (2, usize::from(name.is_some())),
                InputChange::Recording { .. } => panic!("no ledger is asked: {change:?}"),
                InputChange::Entry { entry: value, .. } => {
                    (3, ENTRIES.iter().position(|one| one == value).unwrap())
                }
                InputChange::All { entry: value } => (4, usize::from(*value == Entry::Off)),
                InputChange::Grant { category: name } | InputChange::Refuse { category: name } => {
                    let category = free.iter().position(|(known, _)| known == name).unwrap();
                    (5 + category, usize::from(matches!(change, InputChange::Grant { .. })))
                }
            };
            flip.changes.iter().map(place).collect()
        })
        .collect();
    for set in &listed {
        assert!(minimal.contains(set), "{set:?} is not minimal: {minimal:?}\n{said}");
    }
    if found.more {
        return 1;
    }
    // Whether two values of a variable come to the same, given the variables before it, whatever the ones behind it are.
    let same = |prefix: &[usize], one: usize, other: usize| {
        points.iter().filter(|point| point.starts_with(prefix) && point[prefix.len()] == one).all(|point| {
            let mut changed = point.clone();
            changed[prefix.len()] = other;
            outcomes[number(point)].is_some() && outcomes[number(point)] == outcomes[number(&changed)]
        })
    };
    for set in &minimal {
        let mut point = at.clone();
        for (variable, value) in set {
            point[*variable] = *value;
        }
        let simpler = set.iter().any(|(variable, value)| {
            (0..*value).filter(|simpler| *simpler != at[*variable]).any(|simpler| {
                let mut other = set.clone();
                other.remove(&(*variable, *value));
                other.insert((*variable, simpler));
                minimal.contains(&other) && same(&point[..*variable], *value, simpler)
            })
        });
        assert_eq!(listed.contains(set), !simpler, "{set:?} of {minimal:?}, listed {listed:?}\n{said}");
    }
    1 + count as u64
}
