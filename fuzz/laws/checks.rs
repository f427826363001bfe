//! Exact answers about policies with a ledger check are those that trying every event with every answer gives.

use super::exact;
use arbitrary::{Result, Unstructured};
use consentry::event::{
    Consent, Entry, Event, Integrations, Name, Preference, Record, Recorded, RecordedPreference,
};
use consentry::exact::{CheckedWitness, Direction, counterfactuals, diff, prove};
use consentry::ledger::LedgerEvent;
use consentry::model::{CheckResult, PromiseCondition};
use consentry::reference::Explanation;
use consentry::{DestinationId, Input, Limits, Policy, Reason, Table, reference};
use std::collections::BTreeSet;

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
                record.preference_of(policy.category(*id).unwrap().wire_ids()) == RecordedPreference::Granted
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
    // By answer the outcomes that some event has, and those of events that nothing is said to flip.
    let (mut outcomes, mut unflipped) = (BTreeSet::new(), BTreeSet::new());
    for (track, is_identify) in kinds {
        for consent in &consents {
            let entries = [
                vec![],
                vec![("X".into(), Entry::Off)],
                vec![("X".into(), Entry::On)],
                vec![("All".into(), Entry::Off)],
            ];
            // A policy may drop an event for its integrations object alone.
            let objects = entries.map(Integrations::Entries).into_iter().chain([Integrations::Malformed]);
            for integrations in objects {
                let event = Event {
                    consent: consent.clone(),
                    integrations,
                    track: track.map(Into::into),
                    is_identify,
                    ..Event::default()
                };
                for (place, answer) in answers.iter().enumerate() {
                    compared += 1;
                    if is_broken(&event, *answer) {
                        found = Some(format!("{event:?} {answer:?}"));
                    }
                    let explained = reference::explain_recorded(policy, &event, *answer, id).unwrap();
                    outcomes.insert((place, explained.verdict.delivers()));
                }
                let place = compared as usize % answers.len();
                if compared % 7 == 0 {
                    let listed = flips(policy, &event, answers[place], &main);
                    let explained = reference::explain_recorded(policy, &event, answers[place], id).unwrap();
                    if listed == 0 {
                        unflipped.insert((place, explained.verdict.delivers()));
                    }
                    compared += listed;
                }
            }
        }
    }
    for (place, delivers) in unflipped {
        assert!(!outcomes.contains(&(place, !delivers)), "{:?} {delivers}\n{main}", answers[place]);
    }
    assert_eq!(proof.is_proved(), found.is_none(), "{found:?}\n{:?}\n{main}", proof.counterexamples);
    for one in &proof.counterexamples {
        let event = Event::read(one.event.as_bytes(), policy.reading(), &Limits::default()).unwrap();
        let recorded = one.recorded.as_ref().map_or(Recorded::Unknown, |answer| answer.recorded());
        one.recorded.iter().for_each(|_| names_somebody(policy, &one.event));
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
    found.list.len().max(usize::from(found.more)) as u64
}

/// Settings of a policy that `diff` compares, and that decide which consent is used.
const ROWS: [&str; 5] = [
    "",
    "",
    "override reconcile { consent integrations enforce\n missing any drop \"unsaid\"\n any any consent then integrations\n }",
    "override reconcile { consent integrations enforce\n answered none drop \"said\"\n any any consent\n }",
    "override reconcile { consent integrations enforce\n malformed any drop \"unread\"\n any any nothing\n }",
];
const READINGS: [&str; 4] = [
    "",
    "",
    "override consent at context.consent.categoryPreferences alias consentPreferences",
    "override consent at context.prefs",
];

/// The rest of an event: its consent, in the forms that the readings tell apart.
fn consents() -> Vec<String> {
    let preferences = |number: usize| {
        let value = |bit: usize| number >> bit & 1 == 1;
        format!("{{\"A\":{},\"B\":{},\"C\":{}}}", value(0), value(1), value(2))
    };
    let forms = ["", ",\"context\":{\"consent\":{\"categoryPreferences\":{}}}", ",\"context\":null"];
    let mut consents: Vec<String> = forms.map(str::to_owned).into();
    for number in 0..8 {
        let own = preferences(number);
        consents
            .push(format!(",\"context\":{{\"consent\":{{\"categoryPreferences\":{own}}},\"prefs\":{own}}}"));
        if number % 3 == 1 {
            consents.push(format!(",\"context\":{{\"consent\":{{\"consentPreferences\":{own}}}}}"));
        }
    }
    consents
}

/// Every change for an event with an answer of the ledger is in a row of the sheets or of the check, and every row of the check is true. The
/// policies differ in their checks, their rows, their readings, or in all of that.
pub(crate) fn changed_checks_are_compared(u: &mut Unstructured) -> Result<u64> {
    let mut choose = |words: &[&'static str]| u.choose(words).copied();
    let differs = choose(&["check", "rows", "reading", "all"])?;
    let mut parts: Vec<[String; 3]> = Vec::new();
    for _ in 0..2 {
        let needs = choose(&["needs A", "needs all of A, B", "needs any of A, B", "unmapped"])?;
        let prelude = choose(&["segment", "segment-strict"])?;
        let mismatch = choose(&["drop", "use recorded", "report", "ignore"])?;
        let unstamped = choose(&["use recorded", "use stamped", "refuse", "drop"])?;
        let unknown = choose(&["use stamped", "refuse", "drop"])?;
        let unreachable = choose(&["use stamped", "refuse", "drop"])?;
        let conflict = choose(&["refuse", "grant"])?;
        let also_records = choose(&["nothing", "identify"])?;
        let grants = choose(&["never expire", "expire after 30 days", "expire after 395 days"])?;
        let [b, c] = [choose(&["", "", "unenforced"])?, choose(&["", "", "always"])?];
        let names = choose(&["\"Choice\"", "\"Choice\", \"Other\""])?;
        let check = format!(
            "include prelude \"{prelude}\" category A category B {b} category C {c} destination \"X\" {needs} \
             override exempt events none override preference events {names} override ledger mismatch {mismatch} \
             override ledger unstamped {unstamped} override ledger unknown {unknown} override ledger unreachable {unreachable} \
             override ledger conflict {conflict} override ledger also records {also_records} override ledger grants {grants}"
        );
        parts.push([check, choose(&ROWS)?.to_owned(), choose(&READINGS)?.to_owned()]);
    }
    let mut texts: Vec<String> = Vec::new();
    for own in &parts {
        let part = |place: usize, word: &str| {
            let own = if [word, "all"].contains(&differs) { own } else { &parts[0] };
            own[place].as_str()
        };
        let [check, rows, reading] = [part(0, "check"), part(1, "rows"), part(2, "reading")];
        texts.push(format!("consentry 1 policy \"p\" {check} {rows} {reading}"));
    }
    let policies: Vec<Policy> = texts
        .iter()
        .map(|text| Policy::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}")))
        .collect();
    let [old, new] = policies.as_slice() else { unreachable!() };
    let shown = texts.join("\n");
    let found = diff(old, new);
    assert!(found.too_large.is_empty(), "{shown}");
    let rows = || found.check_rows.iter().flat_map(|row| row.destinations.iter().map(move |one| (row, one)));
    let sheet = found.destinations.first();
    let directions: Vec<Direction> =
        sheet.map(|sheet| sheet.changes().map(|change| change.direction).collect()).unwrap_or_default();
    let touching = sheet.map(|sheet| sheet.touching());
    let id = old.destination_ids().next().unwrap();
    // A sheet is about the categories that the destination names. Used consent may differ in others.
    let own: BTreeSet<&str> = [old, new]
        .iter()
        .flat_map(|policy| {
            let needs = policy.destination(id).unwrap().requirement().into_iter();
            needs.flat_map(|needs| needs.categories()).map(|one| policy.category(one).unwrap().wire_id())
        })
        .collect();
    let all = RecordedPreference::ALL;
    let record = |number: usize| {
        let preferences = ["A", "B", "C"].into_iter().zip([number % 4, number / 4 % 4, number / 16]);
        Record { preferences: preferences.map(|(name, value)| (name.to_owned(), all[value])).collect() }
    };
    let records: Vec<Record> = (0..64).map(record).collect();
    let answers: Vec<Recorded> =
        records.iter().map(Recorded::Known).chain([Recorded::Unknown, Recorded::Unreachable]).collect();
    let kinds = [
        "",
        "\"type\":\"track\",\"event\":\"Choice\",",
        "\"type\":\"track\",\"event\":\"Other\",",
        "\"type\":\"identify\",",
    ];
    let (mut compared, mut changes) = (0, BTreeSet::new());
    // Where the policies read other members of an event, rows speak of events that have the same in both.
    for (kind, consent) in kinds.iter().flat_map(|kind| consents().into_iter().map(move |one| (kind, one))) {
        let text = format!("{{{kind}\"userId\":\"u\"{consent}}}");
        let [as_old, as_new] = [old, new].map(|policy| read(policy, &text));
        let is_alike = found.is_exact() || as_old.consent == as_new.consent;
        for answer in answers.iter().filter(|_| is_alike) {
            let [before, after] = [(old, &as_old, new), (new, &as_new, old)].map(|(policy, event, other)| {
                let known = as_read(policy, other, *answer);
                decide(policy, event, known.as_ref().map_or(*answer, Recorded::Known), id)
            });
            compared += 1;
            if before.decided() == after.decided() {
                continue;
            }
            let direction = before.direction(&after);
            for result in [before.result, after.result].into_iter().flatten() {
                changes.insert((result, direction));
            }
            let in_check = rows().any(|(row, one)| {
                [before.result, after.result].contains(&Some(row.result)) && one.witness(direction).is_some()
            });
            // Sheets speak of the consent that is used.
            let in_sheet = touching.as_ref().is_some_and(|touching| {
                touching(&with_only(&own, &before.used), &with_only(&own, &after.used))
                    .into_iter()
                    .any(|place| directions[place] == direction)
            });
            let in_drops = direction == Direction::Reason && !found.drops.is_empty();
            assert!(in_check || in_sheet || in_drops, "{direction}: {text} {answer:?}\n{found:?}\n{shown}");
        }
    }
    for ((row, one), direction) in rows().flat_map(|row| Direction::ALL.map(|direction| (row, direction))) {
        let Some(CheckedWitness { event: Some(text), recorded }) = one.witness(direction) else { continue };
        names_somebody(new, text);
        let [before, after] = [(old, new), (new, old)].map(|(policy, other)| {
            let known = as_read(policy, other, recorded.recorded());
            let answer = known.as_ref().map_or(recorded.recorded(), Recorded::Known);
            decide(policy, &read(policy, text), answer, id)
        });
        assert!(before.decided() != after.decided(), "{text} {recorded:?}\n{shown}");
        assert_eq!(before.direction(&after), direction, "{text} {recorded:?}\n{shown}");
        assert!([before.result, after.result].contains(&Some(row.result)), "{text} {row:?}\n{shown}");
        compared += 1;
    }
    // A row says all that changes after its result.
    for (row, direction) in found.check_rows.iter().flat_map(|row| Direction::ALL.map(|one| (row, one))) {
        let is_said = row.destinations.iter().any(|one| one.witness(direction).is_some());
        let is_so = changes.contains(&(row.result, direction));
        assert!(is_said || !is_so, "{direction} {row:?}\n{shown}");
        compared += 1;
    }
    Ok(compared)
}

fn read<'t>(policy: &Policy, text: &'t str) -> Event<'t> {
    Event::read(text.as_bytes(), policy.reading(), &Limits::default()).unwrap()
}

/// Returns the record as a policy reads it. An expired grant is older than the shorter of the two times.
fn as_read(policy: &Policy, other: &Policy, answer: Recorded<'_>) -> Option<Record> {
    let Recorded::Known(record) = answer else { return None };
    let (own, others) = (policy.ledger_grants().value, other.ledger_grants().value);
    // A policy that does not check reads no record.
    let is_longer = own > others && others.is_some() && other.ledger_check().is_some();
    let preference = |recorded| match recorded {
        RecordedPreference::Expired if is_longer => RecordedPreference::Granted,
        recorded => recorded,
    };
    let each = record.preferences.iter().map(|(name, recorded)| (name.clone(), preference(*recorded)));
    Some(Record { preferences: each.collect() })
}

/// An event without a person is `unknown` to every ledger: an answer is about somebody.
fn names_somebody(policy: &Policy, text: &str) {
    let event = LedgerEvent::read(text.as_bytes(), policy, &Limits::default()).unwrap();
    assert!(event.person.id.is_some(), "{text}");
}

/// Returns an event with the preferences for some categories, and one for another so that its state stays.
fn with_only<'t>(wire_ids: &BTreeSet<&str>, event: &Event<'t>) -> Event<'t> {
    let mut event = event.clone();
    if let Consent::Preferences(preferences) = &mut event.consent
        && !preferences.is_empty()
    {
        preferences.retain(|(name, _)| wire_ids.contains(&*name.to_text()));
        preferences.push((Name::from("another"), Preference::Refused));
    }
    event
}

/// An event as a policy decides it with an answer of the ledger.
struct CheckedDecision<'t> {
    result: Option<CheckResult>,
    explanation: Explanation,
    /// The event with the consent that is used.
    used: Event<'t>,
    /// By wire id.
    refused: BTreeSet<String>,
}

impl CheckedDecision<'_> {
    fn decided(&self) -> (Reason, &BTreeSet<String>, Option<&str>) {
        (self.explanation.verdict.reason(), &self.refused, self.explanation.drop_reason.as_deref())
    }

    fn direction(&self, after: &Self) -> Direction {
        match (self.explanation.verdict.delivers(), after.explanation.verdict.delivers()) {
            (false, true) => Direction::Loosened,
            (true, false) => Direction::Tightened,
            _ => Direction::Reason,
        }
    }
}

fn decide<'t>(
    policy: &Policy,
    event: &Event<'t>,
    recorded: Recorded<'_>,
    id: DestinationId,
) -> CheckedDecision<'t> {
    let explanation = reference::explain_recorded(policy, event, recorded, id).unwrap();
    let refused = explanation.verdict.refused().iter();
    let refused = refused.map(|id| policy.category(*id).unwrap().key().to_owned()).collect();
    let (result, used) = match reference::check(policy, event, recorded) {
        Some((checked, used)) => (Some(checked.result), used),
        None => (None, event.clone()),
    };
    CheckedDecision { result, explanation, used, refused }
}
