//! Exact answers are those that trying everything gives.

use super::{compile, events::EventText, policies::PolicyText, read, said};
use arbitrary::{Result, Unstructured};
use consentry::event::{Consent, Entry, Integrations, LedgerAnswer, Preference, Recorded};
use consentry::exact::{
    self, Change, Condition, Decided, DecisionFunction, DecisionTable, DestinationDiff, Diff, Direction,
    Space, check, decision_tables, diff, fingerprint, gate,
};
use consentry::model::{
    ConsentState, Enforce, EntryState, InputState, InvalidEntries, NonBooleanAll, Promise, PromiseCondition,
    PromiseSubject, Requirement, StatedChoice,
};
use consentry::{DestinationId, Event, Limits, Outcome, Policy, Reason, Table, reference};
use std::collections::BTreeSet;

/// How many situations of a destination are tried one by one.
const MAX_SITUATIONS: u128 = 3_000;

/// The function of a destination says in each situation what the reference says.
pub fn functions_equal_the_reference(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?.text();
    let policy = Policy::parse(&text).unwrap();
    let mut compared = 0;
    for id in policy.destination_ids() {
        let space = Space::full(&policy, id).unwrap();
        let Ok(decision) = DecisionFunction::new(&policy, id) else { continue };
        let decision = decision.unwrap();
        let count = space.count().unwrap_or(u128::MAX);
        let situations: Box<dyn Iterator<Item = _>> = match count <= MAX_SITUATIONS {
            true => Box::new(space.situations()),
            false => Box::new((0..MAX_SITUATIONS as u64).map(|number| space.sample(number))),
        };
        for situation in situations {
            let event = space.event(&situation);
            let verdict = reference::explain(&policy, &event, id).unwrap().verdict;
            assert_eq!(decision.verdict(&event), Some(verdict), "{situation:?}\n{text}");
            compared += 1;
        }
    }
    Ok(compared)
}

/// Two policies have one fingerprint exactly when they decide every event alike.
pub fn fingerprints_tell_policies_apart(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let policy = compile(&text.text());
    let print = fingerprint(policy.policy());
    // Order, labels and comments leave no trace.
    let mut shuffled = text.shuffled(u)?;
    for statement in &mut shuffled.statements {
        *statement = statement.replace(" \"label\"", "") + " // a comment";
    }
    assert_eq!(fingerprint(compile(&shuffled.text()).policy()), print, "{}", text.text());

    let other_text = changed(&text, u)?;
    let Ok(other) = Policy::parse(&other_text.text()) else { return Ok(1) };
    let other = consentry::Table::new(other);
    let Ok(print) = print else { return Ok(1) };
    let Ok(other_print) = fingerprint(other.policy()) else { return Ok(1) };
    let alike = alike(policy.policy(), other.policy());
    if let Some(alike) = alike {
        assert_eq!(print == other_print, alike, "{}\n{}", text.text(), other_text.text());
    }
    if print == other_print {
        for _ in 0..8 {
            let event = EventText::arbitrary(u, &text)?.text();
            let (one, other) = (said(&policy, &read(&policy, &event)), said(&other, &read(&other, &event)));
            assert_eq!(one, other, "{event}\n{}\n{}", text.text(), other_text.text());
        }
    }
    Ok(2 + u64::from(alike.is_some()))
}

/// The policy with one of its statements from another one.
pub(super) fn changed(text: &PolicyText, u: &mut Unstructured) -> Result<PolicyText> {
    let donor = PolicyText::arbitrary(u)?;
    let mut changed = text.clone();
    let subject = |statement: &str| statement.split(' ').take(2).collect::<Vec<_>>().join(" ");
    for _ in 0..u.int_in_range(0..=3)? {
        let new = u.choose(&donor.statements)?;
        let same: Vec<usize> = (0..changed.statements.len())
            .filter(|at| {
                subject(&changed.statements[*at]) == subject(new) && !new.starts_with("destination kind")
            })
            .collect();
        if let Some(at) = same.first() {
            changed.statements[*at] = new.clone();
        }
    }
    Ok(changed)
}

/// Whether two policies decide alike, by trying everything; `None` where that is too much, or where they read their events
/// differently.
fn alike(one: &Policy, other: &Policy) -> Option<bool> {
    let wire_ids = |policy: &Policy| -> BTreeSet<String> {
        policy.categories().iter().flat_map(|category| category.wire_ids().map(str::to_owned)).collect()
    };
    let names = |policy: &Policy| -> Vec<(String, BTreeSet<String>)> {
        let mut names: Vec<_> = policy
            .destinations()
            .iter()
            .map(|one| (one.name().to_owned(), one.names().map(str::to_owned).collect()))
            .collect();
        names.sort();
        names
    };
    let events = |policy: &Policy| -> BTreeSet<String> {
        policy.exempt_events().value.iter().map(|name| name.value.clone()).collect()
    };
    if one.has_conditions()
        || other.has_conditions()
        || one.reading() != other.reading()
        || names(one) != names(other)
        || events(one) != events(other)
    {
        return None;
    }
    if wire_ids(one) != wire_ids(other) {
        return Some(false);
    }
    // A router is told other names.
    let has_alias = names(one).iter().any(|(_, names)| names.len() > 1);
    if has_alias && one.router_knows().value != other.router_knows().value {
        return Some(false);
    }
    if one.batches().value != other.batches().value {
        return Some(false);
    }
    for consent in one.reading().states() {
        for integrations in consentry::model::IntegrationsState::ALL {
            let drop = |policy: &Policy| match &policy.reconcile().row(consent, integrations).enforce.value {
                Enforce::Drop(reason) => Some(reason.clone()),
                _ => None,
            };
            if drop(one) != drop(other) {
                return Some(false);
            }
        }
    }
    if gate(one) != gate(other) || check(one) != check(other) {
        return Some(false);
    }
    for id in one.destination_ids() {
        let name = one.destination(id)?.name();
        let other_id = other.destination_named(name)?;
        for (policy, id) in [(one, id), (other, other_id)] {
            let space = Space::full(policy, id)?;
            if space.count()? > MAX_SITUATIONS {
                return None;
            }
            for situation in space.situations() {
                let event = space.event(&situation);
                let verdict = |policy: &Policy, id| {
                    let verdict = reference::explain(policy, &event, id).unwrap().verdict;
                    let refused: BTreeSet<String> = verdict
                        .refused()
                        .iter()
                        .map(|id| policy.category(*id).unwrap().key().to_owned())
                        .collect();
                    (verdict.reason(), refused)
                };
                let one_id = one.destination_named(name)?;
                if verdict(one, one_id) != verdict(other, other_id) {
                    return Some(false);
                }
            }
        }
    }
    Some(true)
}

/// A diff is empty exactly when the fingerprints are equal; both policies decide its events as their rows state; and every event is in rows
/// exactly when it is decided otherwise, all of which state how.
pub fn diffs_are_exact(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let old = Policy::parse(&text.text()).unwrap();
    assert!(diff(&old, &old).is_empty(), "{}", text.text());
    // Another policy, or the same one with some statements changed.
    let other = if u.ratio(1, 4)? { PolicyText::arbitrary(u)? } else { changed(&text, u)? };
    let Ok(new) = Policy::parse(&other.text()) else { return Ok(1) };
    let changes = diff(&old, &new);
    let (true, Ok(old_print), Ok(new_print)) =
        (changes.too_large.is_empty(), fingerprint(&old), fingerprint(&new))
    else {
        return Ok(1);
    };
    let both = format!("{}\n{}", text.text(), other.text());
    assert_eq!(changes.is_empty(), old_print == new_print, "{changes:?}\n{both}");
    let mut compared = 1;
    for (destination, change) in changes.changes() {
        let Some(witness) = &change.witness else {
            assert!(!changes.is_exact(), "{change:?}\n{both}");
            continue;
        };
        let stated = (
            change.before.clone().map(|before| (before, witness.refused_before.iter().cloned().collect())),
            change.after.clone().map(|after| (after, witness.refused_after.iter().cloned().collect())),
        );
        let said = |policy: &Policy| {
            let event = Event::read(witness.event.as_bytes(), policy.reading(), &Limits::default()).unwrap();
            decided(policy, &event, &destination.name)
        };
        assert_eq!((said(&old), said(&new)), stated, "{change:?}\n{both}");
        assert_ne!(stated.0, stated.1);
        compared += 1;
    }
    compared += touched(&old, &new, &changes, &text, &both, u)?;
    if changes.reading.is_none() && !old.has_conditions() && !new.has_conditions() {
        compared += every_event(&old, &new, &changes, &both);
    }
    Ok(compared)
}

/// How a policy decides an event for a destination, by its name, and the wire ids that a refusal names.
fn decided(policy: &Policy, event: &Event, name: &str) -> Option<(Decided, BTreeSet<String>)> {
    let explained = reference::explain(policy, event, policy.destination_named(name)?).unwrap();
    let verdict = explained.verdict;
    let reason = verdict.reason();
    let text = explained.drop_reason.filter(|_| reason == Reason::Dropped);
    let refused = verdict.refused().iter().map(|id| policy.category(*id).unwrap().key().to_owned());
    Some((Decided { reason, drop_reason: text }, refused.collect()))
}

/// The direction of a change between two decisions.
fn direction_of(
    before: &Option<(Decided, BTreeSet<String>)>,
    after: &Option<(Decided, BTreeSet<String>)>,
) -> Option<Direction> {
    let delivers = |said: &Option<(Decided, _)>| {
        said.as_ref().is_some_and(|(said, _)| said.reason.outcome() == Outcome::Deliver)
    };
    match (delivers(before), delivers(after), before, after) {
        (false, true, ..) => Some(Direction::Loosened),
        (true, false, ..) => Some(Direction::Tightened),
        (_, _, Some((old, old_names)), Some((new, new_names))) => {
            (old.reason != new.reason || old_names != new_names).then_some(Direction::Reason)
        }
        _ => None,
    }
}

/// An event is in rows of a destination exactly when it is decided otherwise, and each of them states how. Returns these rows.
fn rows_of(
    destination: &DestinationDiff,
    rows: &[Change],
    touching: &impl Fn(&Event<'_>, &Event<'_>) -> Vec<usize>,
    [old, new]: [(&Policy, &Event<'_>); 2],
    both: &str,
) -> Vec<usize> {
    let name = &destination.name;
    let (before, after) = (decided(old.0, old.1, name), decided(new.0, new.1, name));
    let found = touching(old.1, new.1);
    let shown = || format!("{name}: {:?}\n{before:?} -> {after:?}\n{both}", new.1);
    assert_eq!(found.is_empty(), direction_of(&before, &after).is_none(), "{}", shown());
    for row in found.iter().map(|place| &rows[*place]) {
        assert_eq!(Some(row.direction), direction_of(&before, &after), "{row:?} {}", shown());
        let stated = |said: &Option<(Decided, BTreeSet<String>)>| said.as_ref().map(|(said, _)| said.clone());
        assert_eq!((&row.before, &row.after), (&stated(&before), &stated(&after)), "{row:?} {}", shown());
    }
    found
}

/// Every event of a small space is in the rows that state how it is decided, and every state that a row lists is one of such an event.
fn every_event(old: &Policy, new: &Policy, changes: &Diff, both: &str) -> u64 {
    let mut compared = 0;
    let names: BTreeSet<&str> =
        old.destinations().iter().chain(new.destinations()).map(|one| one.name()).collect();
    for name in names {
        let Some(events) = space(old, new, name) else { continue };
        let Some(destination) = changes.destinations.iter().find(|one| one.name == name) else {
            for event in &events {
                let (before, after) = (decided(old, event, name), decided(new, event, name));
                assert!(direction_of(&before, &after).is_none(), "{name}: {event:?}\n{both}");
                compared += 1;
            }
            continue;
        };
        let (rows, touching) = (destination.changes().collect::<Vec<_>>(), destination.touching());
        let mut seen: BTreeSet<(usize, String)> = BTreeSet::new();
        for event in &events {
            for row in rows_of(destination, &rows, &touching, [(old, event), (new, event)], both) {
                seen.insert((row, event.consent.state().as_str().to_owned()));
                seen.insert((row, event.integrations.state().as_str().to_owned()));
            }
            compared += 1;
        }
        for (place, row) in rows.iter().enumerate() {
            for condition in row.conditions.iter() {
                let listed: Vec<String> = match condition {
                    Condition::Consent(states) => states.clone(),
                    Condition::Integrations(states) => states.iter().map(ToString::to_string).collect(),
                    _ => Vec::new(),
                };
                for state in listed {
                    assert!(seen.contains(&(place, state.clone())), "{state}: {}\n{both}", row.conditions);
                }
            }
        }
    }
    compared
}

/// Every event that can matter to a destination of two policies that read alike; `None` for too many.
fn space<'p>(old: &'p Policy, new: &'p Policy, name: &str) -> Option<Vec<Event<'p>>> {
    let (mut wire_ids, mut names, mut tracks) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for policy in [old, new] {
        let Some(id) = policy.destination_named(name) else { continue };
        let destination = policy.destination(id).unwrap();
        let needed = destination.requirement().into_iter().flat_map(Requirement::categories);
        wire_ids.extend(needed.flat_map(|id| policy.category(id).unwrap().wire_ids()));
        names.extend(destination.names());
        tracks.extend(policy.exempt_events().value.iter().map(|name| name.value.as_str()));
    }
    if wire_ids.len() > 4 || names.len() > 2 {
        return None;
    }
    let mut consents = vec![Consent::Empty, Consent::Malformed, Consent::Preferences(Vec::new())];
    if old.reading().has_state(ConsentState::Missing) {
        consents.push(Consent::Missing);
    }
    // Each wire id is listed with each value that the shape has, or not at all.
    let listed = old.reading().listed_values();
    let choices: Vec<Option<Preference>> = [Preference::Granted, Preference::Refused]
        .into_iter()
        .filter(|value| listed.contains(value))
        .map(Some)
        .chain([None])
        .collect();
    for number in 0..choices.len().pow(wire_ids.len() as u32) {
        let own = wire_ids.iter().enumerate().filter_map(|(place, wire_id)| {
            let value = choices[number / choices.len().pow(place as u32) % choices.len()]?;
            Some(((*wire_id).into(), value))
        });
        consents.push(Consent::Preferences(own.chain([("nobody's".into(), listed[0])]).collect()));
    }
    let entries: [&[Entry]; 5] =
        [&[], &[Entry::On], &[Entry::Off], &[Entry::Invalid], &[Entry::Invalid, Entry::On]];
    let names: Vec<&str> = names.into_iter().chain(["All"]).collect();
    let mut objects = vec![Integrations::Malformed, Integrations::default()];
    for number in 0..5usize.pow(names.len() as u32) {
        let own = names.iter().enumerate().flat_map(|(place, name)| {
            entries[number / 5usize.pow(place as u32) % 5].iter().map(|entry| ((*name).into(), *entry))
        });
        objects.push(Integrations::Entries(own.chain([("nobody's".into(), Entry::On)]).collect()));
    }
    // Then an entry `All` that is no boolean is none.
    let is_invalid =
        |(name, entry): &(consentry::event::Name, Entry)| *name == *"All" && *entry == Entry::Invalid;
    if old.non_boolean_all().value == NonBooleanAll::Malformed {
        objects.retain(|object| !object.entries().iter().any(is_invalid));
    }
    let tracks: Vec<Option<&str>> = std::iter::once(None).chain(tracks.into_iter().map(Some)).collect();
    let mut events = Vec::new();
    for consent in &consents {
        for integrations in &objects {
            events.extend(tracks.iter().map(|track| Event {
                consent: consent.clone(),
                integrations: integrations.clone(),
                track: track.map(Into::into),
                ..Event::default()
            }));
        }
    }
    Some(events)
}

/// A promise is said to be kept exactly when no event breaks it: what is shown to break it does, and what is proved is broken
/// by no event that is tried.
pub fn promises_are_decided(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let table = compile(&text.text());
    let policy = table.policy();
    let mut compared = 0;
    let mut events: Vec<String> = Vec::new();
    for _ in 0..60 {
        events.push(EventText::arbitrary(u, &text)?.text());
    }
    for promise in policy.promises() {
        let Ok(proof) = exact::prove(policy, promise) else { continue };
        let explained = |id, event: &Event, recorded| {
            reference::explain_recorded(policy, event, recorded, id).unwrap().verdict
        };
        let broken = |id, event: &Event, recorded| {
            let (delivers, used) = (explained(id, event, recorded).delivers(), used(policy, event, recorded));
            let without = promise.without.as_ref().is_none_or(|needs| !satisfied(policy, needs, &used));
            let is_asked = promise.when.iter().all(|condition| holds(policy, condition, &used));
            is_asked && if promise.always { !delivers } else { delivers && without }
        };
        let mut unkept = BTreeSet::new();
        for one in &proof.counterexamples {
            let event = read(&table, &one.event);
            assert!(covers(policy, promise, one.destination), "{one:?}\n{promise:?}\n{}", text.text());
            let recorded = one.recorded.as_ref().map_or(Recorded::Unknown, LedgerAnswer::recorded);
            assert!(broken(one.destination, &event, recorded), "{one:?}\n{promise:?}\n{}", text.text());
            let verdict = explained(one.destination, &event, recorded);
            assert_eq!(verdict.reason(), one.reason, "{one:?}\n{}", text.text());
            let refused: BTreeSet<&str> =
                verdict.refused().iter().map(|id| policy.category(*id).unwrap().key()).collect();
            assert_eq!(refused, one.refused.iter().map(String::as_str).collect(), "{one:?}\n{}", text.text());
            unkept.insert(one.destination);
            compared += 1;
        }
        let asked: Vec<_> = policy.destination_ids().filter(|id| covers(policy, promise, *id)).collect();
        for id in asked.into_iter().filter(|id| !unkept.contains(id)) {
            let space = Space::full(policy, id).unwrap();
            let situations = (0..200).map(|number| space.sample(number)).collect::<Vec<_>>();
            let all = situations.iter().map(|situation| space.event(situation));
            for event in events.iter().map(|event| read(&table, event)).chain(all) {
                assert!(!broken(id, &event, Recorded::Unknown), "{event:?}\n{promise:?}\n{}", text.text());
                let used = used(policy, &event, Recorded::Unknown);
                let is_asked = promise.when.iter().all(|condition| holds(policy, condition, &used));
                assert!(!is_asked || proof.situations != Some(0), "{event:?}\n{promise:?}\n{}", text.text());
                compared += 1;
            }
        }
    }
    Ok(compared + 1)
}

/// Returns an event with the consent that is used after the check, if there is one: conditions of promises are about that.
fn used<'e>(policy: &Policy, event: &Event<'e>, recorded: Recorded<'_>) -> Event<'e> {
    reference::check(policy, event, recorded).map_or_else(|| event.clone(), |(_, used)| used)
}

/// Returns true if a promise names a destination or its kind, or names none, and does not leave it out.
pub(crate) fn covers(policy: &Policy, promise: &Promise, id: DestinationId) -> bool {
    let kind = policy.destination(id).and_then(|one| policy.kind_of(one)).map(|kind| kind.name());
    let name = |subjects: &[PromiseSubject]| {
        subjects.iter().any(|subject| match subject {
            PromiseSubject::Destination(named) => *named == id,
            PromiseSubject::Kind(named) => kind == Some(policy.kinds()[named.index()].name()),
        })
    };
    promise.subjects.as_deref().is_none_or(name) && !name(&promise.except)
}

/// Whether an event grants what is asked for, also of what is unenforced.
pub(crate) fn satisfied(policy: &Policy, needs: &Requirement, event: &Event) -> bool {
    match needs {
        Requirement::Category(id) => {
            let category = policy.category(*id).unwrap();
            let value = value_of(policy, *id, event);
            let counts_unasked = category.unasked_granted.is_some();
            category.always.is_some()
                || value == Preference::Granted
                || value == Preference::Unasked && counts_unasked
        }
        Requirement::AllOf(elements) => elements.iter().all(|one| satisfied(policy, one, event)),
        Requirement::AnyOf(elements) => elements.iter().any(|one| satisfied(policy, one, event)),
    }
}

/// Returns the preference of a category on an event.
pub(crate) fn value_of(policy: &Policy, id: consentry::CategoryId, event: &Event) -> Preference {
    let category = policy.category(id).unwrap();
    if reference::refused_by_input(policy, event, id).is_some() {
        return Preference::Refused;
    }
    let own = event
        .consent
        .preferences()
        .iter()
        .filter(|(key, _)| category.wire_ids().any(|wire_id| key.as_bytes() == wire_id.as_bytes()));
    let own: Vec<_> = own.map(|(_, preference)| *preference).collect();
    let strongest = [Preference::Refused, Preference::Invalid, Preference::Granted, Preference::Unasked];
    match event.consent.state() {
        ConsentState::Missing | ConsentState::Empty => Preference::Unasked,
        ConsentState::Malformed => Preference::Invalid,
        ConsentState::Unanswered | ConsentState::Answered => {
            strongest.into_iter().find(|value| own.contains(value)).unwrap_or(policy.reading().unlisted())
        }
    }
}

/// Whether an event is one of those that a condition speaks of.
pub(crate) fn holds(policy: &Policy, condition: &PromiseCondition, event: &Event) -> bool {
    let track = event.track.as_ref().map(|name| name.to_text().into_owned());
    match condition {
        PromiseCondition::Consent(states) => states.contains(&event.consent.state()),
        PromiseCondition::Integrations(states) => states.contains(&event.integrations.state()),
        PromiseCondition::Input(condition) => {
            let state = event.inputs.get(condition.input).unwrap_or(&InputState::Absent);
            condition.states.iter().any(|one| one.value == *state)
        }
        PromiseCondition::Event(names) => track.is_some_and(|track| names.contains(&track)),
        PromiseCondition::Exempt(exempt) => {
            let mut names = policy.exempt_events().value.iter();
            names.any(|name| Some(&name.value) == track.as_ref()) == *exempt
        }
        PromiseCondition::Entry { name, states } => {
            let own: Vec<Entry> = event
                .integrations
                .entries()
                .iter()
                .filter(|(key, _)| key.to_text() == *name)
                .map(|(_, entry)| *entry)
                .collect();
            let is_off = policy.invalid_entries().value == InvalidEntries::Off;
            let state = if own.contains(&Entry::Off) {
                EntryState::Off
            } else if is_off && own.contains(&Entry::Invalid) {
                EntryState::Invalid
            } else if own.contains(&Entry::On) {
                EntryState::On
            } else if own.is_empty() {
                EntryState::Unlisted
            } else {
                EntryState::Invalid
            };
            let is_one = |state| name == "All" && matches!(state, EntryState::On | EntryState::Unlisted);
            states.iter().any(|one| *one == state || is_one(*one) && is_one(state))
        }
        // These policies ask for no check.
        PromiseCondition::Ledger(_) | PromiseCondition::Recorded { .. } => false,
        PromiseCondition::Preference { category, preference } => {
            let granted = satisfied(policy, &Requirement::Category(*category), event);
            let is_always = policy.category(*category).unwrap().always.is_some();
            let is = |value| !is_always && value_of(policy, *category, event) == value;
            match preference {
                StatedChoice::Granted => granted,
                StatedChoice::NotGranted => !granted,
                StatedChoice::Refused => is(Preference::Refused),
                StatedChoice::Unasked => is(Preference::Unasked),
                StatedChoice::Invalid => is(Preference::Invalid),
            }
        }
    }
}

/// Every event is in exactly one row of each destination's table, and is decided as the row says; no row can be left out, for its
/// own event is in no other one.
pub fn tables_are_complete(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let table = compile(&text.text());
    let policy = table.policy();
    let tables = decision_tables(policy, policy.destination_ids()).unwrap();
    let shared: usize = tables.iter().map(|table| table.destinations.len()).sum();
    assert_eq!(shared, policy.destinations().len(), "{}", text.text());
    // Entries under several names, and keys that occur twice.
    let texts = (0..6).map(|_| Ok(EventText::arbitrary(u, &text)?.text())).collect::<Result<Vec<_>>>()?;
    let events: Vec<Event> = texts.iter().map(|text| read(&table, text)).collect();
    let mut compared = 0;
    for own in &tables {
        for id in own.destinations.iter().copied() {
            let space = Space::full(policy, id).unwrap();
            let situations: Box<dyn Iterator<Item = _>> = match space.count() {
                Some(count) if count <= MAX_SITUATIONS => Box::new(space.situations()),
                _ => Box::new((0..MAX_SITUATIONS as u64).map(|number| space.sample(number))),
            };
            for situation in situations {
                is_in_its_row(policy, own, id, &space.event(&situation), &text);
                compared += 1;
            }
            for event in &events {
                is_in_its_row(policy, own, id, event, &text);
                compared += 1;
            }
            for (block, row) in
                own.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row)))
            {
                let witness = DecisionTable::witness(policy, id, block, row).unwrap();
                let event = read(&table, &witness);
                let rows: Vec<_> = own.rows_of(policy, policy.destination(id).unwrap(), &event).collect();
                assert!(
                    rows.len() == 1 && std::ptr::eq(rows[0].1, row),
                    "{witness} {row:?}\n{}",
                    text.text()
                );
                compared += 1;
            }
        }
    }
    Ok(compared)
}

/// An event is in one row, which says what the reference says.
fn is_in_its_row(
    policy: &Policy,
    table: &DecisionTable,
    id: DestinationId,
    event: &Event,
    text: &PolicyText,
) {
    let destination = policy.destination(id).unwrap();
    let verdict = reference::explain(policy, event, id).unwrap().verdict;
    let said = || format!("{} {event:?}\n{}", destination.name(), text.text());
    let rows: Vec<_> = table.rows_of(policy, destination, event).collect();
    assert_eq!(rows.len(), 1, "{rows:?} {}", said());
    let (block, row) = rows[0];
    assert_eq!(row.reason, verdict.reason(), "{}", said());
    let drop = reference::explain(policy, event, id).unwrap().drop_reason;
    let is_dropped = row.reason == consentry::Reason::Dropped;
    assert_eq!(row.drop_reason, drop.filter(|_| is_dropped), "{}", said());
    let granted = |key: &str| {
        let id = policy.category_ids().find(|id| policy.category(*id).unwrap().key() == key).unwrap();
        satisfied(policy, &Requirement::Category(id), event)
    };
    let named: BTreeSet<String> =
        verdict.refused().iter().map(|id| policy.category(*id).unwrap().key().to_owned()).collect();
    let is_refused = row.reason == consentry::Reason::Refused;
    let expected = if is_refused { block.refused(policy, destination, &granted) } else { BTreeSet::new() };
    assert_eq!(named, expected, "{}", said());
}

/// Of some policies that are alike in much each is compared with each: a diff is empty exactly when the fingerprints are equal, and
/// both policies decide each of its events as it says. The count is that of the pairs.
pub fn pairs_differ_as_fingerprints(u: &mut Unstructured) -> Result<u64> {
    let mut texts = vec![PolicyText::arbitrary(u)?];
    for _ in 1..8 {
        let base = texts[u.choose_index(texts.len())?].clone();
        texts.push(changed(&base, u)?);
    }
    let policies: Vec<(String, Table)> = texts
        .iter()
        .map(PolicyText::text)
        .filter_map(|text| Some((text.clone(), Table::new(Policy::parse(&text).ok()?))))
        .filter(|(_, table)| table.policy().categories().len() < 100)
        .collect();
    let prints: Vec<_> = policies.iter().map(|(_, table)| fingerprint(table.policy())).collect();
    let mut pairs = 0;
    for ((old_text, old), old_print) in policies.iter().zip(&prints) {
        for ((new_text, new), new_print) in policies.iter().zip(&prints) {
            let (Ok(old_print), Ok(new_print)) = (old_print, new_print) else { continue };
            let changes = diff(old.policy(), new.policy());
            if !changes.too_large.is_empty() {
                continue;
            }
            assert_eq!(changes.is_empty(), old_print == new_print, "{changes:?}\n{old_text}\n{new_text}");
            for (destination, change) in changes.changes() {
                let Some(witness) = &change.witness else { continue };
                let said = |table: &Table| {
                    let event = read(table, &witness.event);
                    decided(table.policy(), &event, &destination.name)
                };
                let (before, after) = (said(old), said(new));
                let stated = |said: &Option<(Decided, _)>| said.as_ref().map(|(said, _)| said.clone());
                assert_eq!(
                    (&stated(&before), &stated(&after)),
                    (&change.before, &change.after),
                    "{change:?}\n{old_text}\n{new_text}"
                );
                assert_ne!(before, after, "{change:?}\n{old_text}\n{new_text}");
            }
            pairs += 1;
        }
    }
    Ok(pairs + 1)
}

/// Sampled events are in the rows that state how both policies decide them, and in no others.
fn touched(
    old: &Policy,
    new: &Policy,
    changes: &Diff,
    text: &PolicyText,
    both: &str,
    u: &mut Unstructured,
) -> Result<u64> {
    if !changes.is_exact() {
        return Ok(0);
    }
    let limits = consentry::Limits::default();
    let mut events: Vec<String> = Vec::new();
    for _ in 0..30 {
        events.push(EventText::arbitrary(u, text)?.text());
    }
    for id in new.destination_ids() {
        let space = Space::full(new, id).unwrap();
        events.extend((0..20).map(|number| space.event(&space.sample(number)).to_json(new.reading())));
    }
    let mut compared = 0;
    for event in &events {
        let [as_old, as_new] =
            [old, new].map(|policy| Event::read(event.as_bytes(), policy.reading(), &limits).unwrap());
        let names: BTreeSet<&str> =
            old.destinations().iter().chain(new.destinations()).map(|one| one.name()).collect();
        for name in names {
            match changes.destinations.iter().find(|one| one.name == name) {
                Some(destination) => {
                    let rows: Vec<Change> = destination.changes().collect();
                    let events = [(old, &as_old), (new, &as_new)];
                    rows_of(destination, &rows, &destination.touching(), events, both);
                }
                None => {
                    let (before, after) = (decided(old, &as_old, name), decided(new, &as_new, name));
                    assert!(direction_of(&before, &after).is_none(), "{name}: {event}\n{both}");
                }
            }
            compared += 1;
        }
    }
    Ok(compared)
}
