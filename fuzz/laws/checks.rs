//! Exact answers about policies with a ledger check are those that trying every event with every answer gives.

use super::exact;
use arbitrary::{Result, Unstructured};
use consentry::event::{
    Consent, Entry, Event, Integrations, Preference, Record, Recorded, RecordedPreference,
};
use consentry::exact::{counterfactuals, diff, prove};
use consentry::model::{CheckResult, PromiseCondition};
use consentry::{Input, Limits, Policy, Table, reference};
use std::collections::BTreeMap;

/// A promise under a policy with a check is proved exactly when no event with no answer of the ledger breaks it, of all those that
/// there are in a small policy. A counterexample breaks it.
pub(crate) fn checked_promises_are_decided(u: &mut Unstructured) -> Result<u64> {
    let choose = |u: &mut Unstructured, words: &[&'static str]| u.choose(words).copied();
    let mismatch = choose(u, &["drop", "use recorded", "report"])?;
    let unstamped = choose(u, &["use recorded", "use stamped", "refuse", "drop"])?;
    let unknown = choose(u, &["use stamped", "refuse", "drop"])?;
    let unreachable = choose(u, &["use stamped", "refuse", "drop"])?;
    let conflict = choose(u, &["refuse", "grant"])?;
    let also_records = choose(u, &["nothing", "identify"])?;
    let [a, b] = [choose(u, &["", "", "always", "unenforced"])?, choose(u, &["", "", "unenforced"])?];
    let prelude = choose(u, &["segment", "segment-strict"])?;
    let needs = choose(u, &["needs A", "needs A, B", "needs any of A, B", "unmapped", "needs A disabled"])?;
    let rows = choose(
        u,
        &[
            "",
            "override reconcile { consent integrations enforce\n missing any drop \"unsaid\"\n any any consent then integrations\n }",
            "override reconcile { consent integrations enforce\n answered any consent\n any any nothing\n }",
        ],
    )?;
    let whom = choose(
        u,
        &[
            "never deliver any",
            "never deliver \"X\" without A",
            "never deliver any without any of A, B",
            "always deliver all",
            "never deliver kind storage without A",
            "never deliver any except kind storage without A",
            "always deliver all except \"X\"",
            "always deliver kind warehouse, kind storage",
        ],
    )?;
    let kind = choose(u, &["", "kind storage"])?;
    let condition = |u: &mut Unstructured| {
        choose(
            u,
            &[
                "consent answered",
                "consent missing | unanswered",
                "ledger mismatch",
                "ledger unknown | unreachable",
                "ledger recording",
                "ledger agrees | unstamped | mismatch",
                "recorded A granted",
                "recorded C not granted",
                "A granted",
                "B not granted",
                "event not exempt",
                "event \"Segment Consent Preference\" | \"Other\"",
                "integrations none",
            ],
        )
    };
    let conditions = (0..u.int_in_range(0..=3)?).map(|_| condition(u)).collect::<Result<Vec<_>>>()?;
    let when =
        if conditions.is_empty() { String::new() } else { format!("when {}", conditions.join(" and ")) };
    let main = format!(
        "consentry 1 policy \"p\" include prelude \"{prelude}\" category A {a} category B {b} category C destination \"X\" {needs} {kind} \
         override exempt events \"Exempt\" override ledger mismatch {mismatch} override ledger unstamped {unstamped} \
         override ledger unknown {unknown} override ledger unreachable {unreachable} override ledger conflict {conflict} \
         override ledger also records {also_records} {rows} {whom} {when}"
    );
    let table = Table::new(Policy::parse(&main).unwrap_or_else(|error| panic!("{error}\n{main}")));
    let policy = table.policy();
    let promise = &policy.promises()[0];
    let proof = prove(policy, promise).unwrap();
    let (id, mut scratch) = (policy.destination_ids().next().unwrap(), table.scratch());
    let mut is_broken = |event: &Event, recorded: Recorded<'_>| {
        let decision = table.decide(Input::event(event).recorded(recorded), &mut scratch).unwrap();
        let explained = reference::explain_recorded(policy, event, recorded, id).unwrap();
        assert_eq!(Some(&explained.verdict), decision.verdict(id).as_ref(), "{event:?} {recorded:?}\n{main}");
        let (checked, used) = reference::check(policy, event, recorded).unwrap();
        let has_record =
            matches!(checked.result, CheckResult::Unstamped | CheckResult::Agrees | CheckResult::Mismatch);
        let records = |id: &consentry::CategoryId| match recorded {
            Recorded::Known(record) => {
                record.preference(policy.category(*id).unwrap().wire_id()) == RecordedPreference::Granted
            }
            _ => false,
        };
        let is_asked = promise.when.iter().all(|condition| match condition {
            PromiseCondition::Ledger(results) => results.contains(&checked.result),
            PromiseCondition::Recorded { category, granted } => has_record && records(category) == *granted,
            other => exact::holds(policy, other, &used),
        });
        let without = promise.without.as_ref().is_none_or(|needs| !exact::satisfied(policy, needs, &used));
        let is_asked = is_asked && exact::covers(policy, promise, id);
        is_asked && if promise.always { !decision.delivers(id) } else { decision.delivers(id) && without }
    };

    let values = [None, Some(Preference::Granted), Some(Preference::Refused)];
    let mut consents =
        vec![Consent::Missing, Consent::Empty, Consent::Malformed, Consent::Preferences(Vec::new())];
    let mut records = Vec::new();
    for number in 0..27 {
        let stamped = [("A", number % 3), ("B", number / 3 % 3), ("C", number / 9)];
        let stamped = stamped.into_iter().filter_map(|(name, value)| Some((name.into(), values[value]?)));
        let mut stamped: Vec<_> = stamped.collect();
        stamped.push(("other".into(), Preference::Granted));
        consents.push(Consent::Preferences(stamped));
        if number < 8 {
            let granted = |bit: usize| match number >> bit & 1 {
                1 => RecordedPreference::Granted,
                _ => RecordedPreference::Refused,
            };
            let preferences =
                ["A", "B", "C"].into_iter().zip(0..).map(|(name, bit)| (name.to_owned(), granted(bit)));
            records.push(Record { preferences: preferences.collect() });
        }
    }
    let answers: Vec<Recorded> =
        records.iter().map(Recorded::Known).chain([Recorded::Unknown, Recorded::Unreachable]).collect();
    let kinds = [None, Some("Exempt"), Some("Segment Consent Preference"), Some("Other")];
    let kinds = kinds.map(|track| (track, false)).into_iter().chain([(None, true)]);
    let mut compared = 0;
    let mut found = None;
    for (track, is_identify) in kinds {
        for consent in &consents {
            for entries in [
                vec![],
                vec![("X".into(), Entry::Off)],
                vec![("X".into(), Entry::On)],
                vec![("All".into(), Entry::Off)],
            ] {
                let integrations = Integrations::Entries(entries);
                let event = Event {
                    consent: consent.clone(),
                    integrations,
                    track: track.map(Into::into),
                    is_identify,
                    ..Event::default()
                };
                for answer in &answers {
                    compared += 1;
                    if is_broken(&event, *answer) {
                        found = Some(format!("{event:?} {answer:?}"));
                    }
                }
                if compared % 7 == 0 {
                    compared += flips(policy, &event, answers[compared as usize % answers.len()], &main);
                }
            }
        }
    }
    assert_eq!(proof.is_proved(), found.is_none(), "{found:?}\n{:?}\n{main}", proof.counterexamples);
    for one in &proof.counterexamples {
        let event = Event::read(one.event.as_bytes(), policy.reading(), &Limits::default()).unwrap();
        let recorded = one.recorded.as_ref().map_or(Recorded::Unknown, |answer| answer.recorded());
        assert!(is_broken(&event, recorded), "{one:?}\n{main}");
        let explained = reference::explain_recorded(policy, &event, recorded, id).unwrap();
        assert_eq!(explained.verdict.reason(), one.reason, "{one:?}\n{main}");
        compared += 1;
    }
    Ok(compared)
}

/// What is said to flip the outcome does, while the record stays as it is.
fn flips(policy: &Policy, event: &Event, recorded: Recorded<'_>, main: &str) -> u64 {
    let id = policy.destination_ids().next().unwrap();
    let found = counterfactuals(policy, event, recorded, id).unwrap();
    let explained = |event: &Event| reference::explain_recorded(policy, event, recorded, id).unwrap().verdict;
    for flip in &found.list {
        let changed = Event::read(flip.witness.as_bytes(), policy.reading(), &Limits::default()).unwrap();
        let (before, after) = (explained(event), explained(&changed));
        assert_ne!(before.outcome(), after.outcome(), "{event:?} {recorded:?} {flip:?}\n{main}");
        assert_eq!(after.reason(), flip.reason, "{event:?} {recorded:?} {flip:?}\n{main}");
    }
    found.list.len() as u64
}

/// What a changed check delivers or blocks, result by result, is what trying every event with every answer finds.
pub(crate) fn changed_checks_are_compared(u: &mut Unstructured) -> Result<u64> {
    let mut choose = |words: &[&'static str]| u.choose(words).copied();
    let needs = choose(&["needs A", "needs A, B", "needs any of A, B", "unmapped"])?;
    let prelude = choose(&["segment", "segment-strict"])?;
    let mut texts = Vec::new();
    for _ in 0..2 {
        let mismatch = choose(&["drop", "use recorded", "report", "ignore"])?;
        let unstamped = choose(&["use recorded", "use stamped", "refuse", "drop"])?;
        let unknown = choose(&["use stamped", "refuse", "drop"])?;
        let unreachable = choose(&["use stamped", "refuse", "drop"])?;
        let conflict = choose(&["refuse", "grant"])?;
        let also_records = choose(&["nothing", "identify"])?;
        let [b, c] = [choose(&["", "", "unenforced"])?, choose(&["", "", "always"])?];
        let names = choose(&["\"Choice\"", "\"Choice\", \"Other\""])?;
        texts.push(format!(
            "consentry 1 policy \"p\" include prelude \"{prelude}\" category A category B {b} category C {c} destination \"X\" {needs} \
             override exempt events none override preference events {names} override ledger mismatch {mismatch} \
             override ledger unstamped {unstamped} override ledger unknown {unknown} override ledger unreachable {unreachable} \
             override ledger conflict {conflict} override ledger also records {also_records}"
        ));
    }
    let policies: Vec<Policy> = texts
        .iter()
        .map(|text| Policy::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}")))
        .collect();
    let [old, new] = policies.as_slice() else { unreachable!() };
    let shown = texts.join("\n");
    let found = diff(old, new).check;
    let id = old.destination_ids().next().unwrap();
    let decide = |policy: &Policy, event: &Event, recorded: Recorded<'_>| {
        let result = reference::check(policy, event, recorded).map(|(checked, _)| checked.result);
        let verdict = reference::explain_recorded(policy, event, recorded, id).unwrap().verdict;
        (result, verdict.delivers())
    };
    let all = [RecordedPreference::Granted, RecordedPreference::Refused, RecordedPreference::Conflict];
    let record = |number: usize| {
        let preferences = ["A", "B", "C"].into_iter().zip([number % 3, number / 3 % 3, number / 9]);
        Record { preferences: preferences.map(|(name, value)| (name.to_owned(), all[value])).collect() }
    };
    let records: Vec<Record> = (0..27).map(record).collect();
    let answers: Vec<Recorded> =
        records.iter().map(Recorded::Known).chain([Recorded::Unknown, Recorded::Unreachable]).collect();
    let mut changes: BTreeMap<CheckResult, (bool, bool)> = BTreeMap::new();
    let mut compared = 0;
    for number in 0..11 {
        let consent = match number {
            0 => Consent::Missing,
            1 => Consent::Preferences(Vec::new()),
            2 => Consent::Malformed,
            _ => {
                let granted = |bit: usize| {
                    if (number - 3) >> bit & 1 == 1 { Preference::Granted } else { Preference::Refused }
                };
                let stamped = ["A", "B", "C"].into_iter().zip(0..);
                Consent::Preferences(stamped.map(|(name, bit)| (name.into(), granted(bit))).collect())
            }
        };
        for (track, is_identify) in
            [(None, false), (Some("Choice"), false), (Some("Other"), false), (None, true)]
        {
            let event = Event {
                consent: consent.clone(),
                track: track.map(Into::into),
                is_identify,
                ..Event::default()
            };
            for answer in &answers {
                let (before, was) = decide(old, &event, *answer);
                let (after, is) = decide(new, &event, *answer);
                compared += 1;
                for result in [before, after].into_iter().flatten() {
                    let change = changes.entry(result).or_default();
                    change.0 |= !was && is;
                    change.1 |= was && !is;
                }
            }
        }
    }
    let Some(found) = found else {
        // Nothing is to be seen in any event where the checks are the same; what the sheets change is told elsewhere.
        return Ok(compared);
    };
    for row in &found.rows {
        let own = row.destinations.first();
        let said =
            (own.is_some_and(|one| one.delivered.is_some()), own.is_some_and(|one| one.blocked.is_some()));
        let expected = changes.get(&row.result).copied().unwrap_or_default();
        assert_eq!(said, expected, "{row:?}\n{shown}");
        for (witness, is_delivered) in
            own.into_iter().flat_map(|one| [(&one.delivered, true), (&one.blocked, false)])
        {
            let Some(witness) = witness else { continue };
            let event = Event::read(witness.event.as_bytes(), new.reading(), &Limits::default()).unwrap();
            let (before, was) = decide(old, &event, witness.recorded.recorded());
            let (after, is) = decide(new, &event, witness.recorded.recorded());
            assert_eq!((was, is), (!is_delivered, is_delivered), "{witness:?}\n{shown}");
            assert!([before, after].contains(&Some(row.result)), "{witness:?} {row:?}\n{shown}");
            compared += 1;
        }
    }
    // A result that is not listed changes nothing by itself, unless another setting of the policies does.
    Ok(compared)
}
