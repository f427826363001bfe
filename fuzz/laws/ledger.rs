//! Ledgers remember what section 6 of the semantics says, whatever the order of events, and checks say what it says.
//!
//! The model here keeps every event of a history and goes through them in the order of their times, where a ledger keeps of each id the latest.

use arbitrary::{Result, Unstructured};
use consentry::event::{Consent, Event, Preference, Record, Recorded, RecordedPreference};
use consentry::ledger::{
    DatedRecord, Forgotten, Id, LedgerEntry, LedgerEvent, MemoryStore, Recording, Rejection, Store,
    Timestamp, Write, forget, record, recorded,
};
use consentry::model::{CheckAction, CheckResult, Checked, Conflict, GateOpens};
use consentry::{Input, Limits, Outcome, Policy, Reason, Table, reference};
use std::collections::{BTreeMap, BTreeSet};

/// The moment of every recording, after all times of a history.
const NOW: &str = "2026-10-01T00:01:00Z";

/// An event of a history: its text, and what it says by the semantics.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    text: String,
    at: Timestamp,
    /// By whom, and what each named category is.
    write: Option<(Id, BTreeMap<String, bool>)>,
    /// An anonymous id and a known one.
    link: Option<(String, String)>,
    rejected: Option<Rejection>,
}

/// Some events of few people.
pub(crate) fn history(u: &mut Unstructured, identify_writes: bool) -> Result<Vec<Told>> {
    (0..u.int_in_range(1..=30)?).map(|_| told(u, identify_writes)).collect()
}

fn told(u: &mut Unstructured, identify_writes: bool) -> Result<Told> {
    let user = u.ratio(2, 3)?.then(|| Ok(format!("p{}", u.choose_index(3)?))).transpose()?;
    let anonymous = u.ratio(2, 3)?.then(|| Ok(format!("p{}", u.choose_index(3)?))).transpose()?;
    let mut members = Vec::new();
    match &user {
        Some(user) => members.push(format!("\"userId\":\"{user}\"")),
        None => members
            .extend(u.choose(&[None, Some("\"userId\":null"), Some("\"userId\":\"\"")])?.map(str::to_owned)),
    }
    members.extend(anonymous.iter().map(|anonymous| format!("\"anonymousId\":\"{anonymous}\"")));
    // An id that cannot be read is nobody's, and makes the other one nobody's.
    let invalid = user.is_none() && u.ratio(1, 10)?;
    if invalid {
        members.retain(|member| !member.starts_with("\"userId\""));
        members.push(
            (*u.choose(&["\"userId\":7", "\"userId\":[]", "\"userId\":\"x\",\"userId\":\"y\""])?).to_owned(),
        );
    }
    let id = match (&user, &anonymous) {
        _ if invalid => None,
        (Some(user), _) => Some(Id::User(user.clone())),
        (None, Some(anonymous)) => Some(Id::Anonymous(anonymous.clone())),
        (None, None) => None,
    };

    let second = |u: &mut Unstructured| -> Result<u32> { u.int_in_range(0..=12) };
    let time = |second: u32| format!("2026-10-01T00:00:{second:02}Z");
    let stated = match u.int_in_range(0..=9)? {
        0 => None,
        1 => {
            members.push("\"timestamp\":\"yesterday\"".to_owned());
            None
        }
        _ => Some(second(u)?),
    };
    members.extend(stated.map(|second| format!("\"timestamp\":\"{}\"", time(second))));
    let received = if u.ratio(1, 3)? { Some(second(u)?) } else { None };
    members.extend(received.map(|second| format!("\"receivedAt\":\"{}\"", time(second))));
    let moment = |second: u32| Timestamp::parse(&time(second)).unwrap();
    let at = match (stated, received) {
        (Some(stated), Some(received)) => moment(stated.min(received)),
        (Some(stated), None) => moment(stated),
        (None, Some(received)) => moment(received),
        (None, None) => Timestamp::parse(NOW).unwrap(),
    };

    let mut preferences: Option<BTreeMap<String, bool>> = None;
    let consent = match u.int_in_range(0..=9)? {
        0 => "{}".to_owned(),
        1 => "{\"consent\":{}}".to_owned(),
        2 => "{\"consent\":{\"categoryPreferences\":true}}".to_owned(),
        _ => {
            let mut listed = Vec::new();
            let known = preferences.insert(BTreeMap::new());
            for _ in 0..u.int_in_range(0..=4)? {
                let (name, value) =
                    (*u.choose(&["A", "B", "C"])?, *u.choose(&["true", "true", "false", "null"])?);
                listed.push(format!("\"{name}\":{value}"));
                *known.entry(name.to_owned()).or_insert(true) &= value == "true";
            }
            format!("{{\"consent\":{{\"categoryPreferences\":{{{}}}}}}}", listed.join(","))
        }
    };
    members.push(format!("\"context\":{consent}"));

    let (is_preference, is_identify) = match u.int_in_range(0..=9)? {
        0..=4 => (true, false),
        5..=7 => (false, true),
        _ => (false, false),
    };
    members.push(match (is_preference, is_identify) {
        (true, _) => "\"type\":\"track\",\"event\":\"Segment Consent Preference\"".to_owned(),
        (_, true) => "\"type\":\"identify\"".to_owned(),
        _ => (*u.choose(&[
            "\"type\":\"track\",\"event\":\"Order Completed\"",
            // A name alone makes no preference event.
            "\"type\":\"page\",\"event\":\"Segment Consent Preference\"",
            "\"type\":\"track\",\"type\":\"track\",\"event\":\"Segment Consent Preference\"",
        ])?)
        .to_owned(),
    });
    let writes = is_preference || is_identify && identify_writes && preferences.is_some();
    let rejected = match (writes, &preferences, &id) {
        (true, None, _) => Some(Rejection::NoPreferences),
        (true, Some(_), None) => Some(Rejection::NoPerson),
        _ => None,
    };
    let link = match (&user, &anonymous) {
        (Some(user), Some(anonymous)) if is_identify => Some((anonymous.clone(), user.clone())),
        _ => None,
    };
    let write = id.zip(preferences).filter(|_| writes);
    Ok(Told { text: format!("{{{}}}", members.join(",")), at, write, link, rejected })
}

/// Ids that a history may speak of.
pub(crate) fn everybody() -> Vec<Id> {
    let names = ["p0", "p1", "p2", "nobody"];
    names.iter().flat_map(|name| [Id::User((*name).into()), Id::Anonymous((*name).into())]).collect()
}

/// What is said of a person, and when: granted, refused or in conflict.
type Said = (Timestamp, BTreeMap<String, RecordedPreference>);

fn get(said: &BTreeMap<String, RecordedPreference>, name: &str) -> RecordedPreference {
    // "A category missing from an update counts as refused."
    said.get(name).copied().unwrap_or(RecordedPreference::Refused)
}

fn names<'s>(one: &'s Said, other: &'s Said) -> BTreeSet<&'s String> {
    one.1.keys().chain(other.1.keys()).collect()
}

/// "Values that disagree become `conflict`."
fn merged(one: Option<Said>, other: Option<&Said>) -> Option<Said> {
    let (Some(one), Some(other)) = (one.as_ref(), other) else { return one.or_else(|| other.cloned()) };
    let each = names(one, other).into_iter().map(|name| {
        let (here, there) = (get(&one.1, name), get(&other.1, name));
        (name.clone(), if here == there { here } else { RecordedPreference::Conflict })
    });
    Some((one.0.max(other.0), each.collect()))
}

/// "Latest wins per person and category; on a tie the refusal wins"; "`conflict` … until a later write".
fn written(one: Option<Said>, write: &Said) -> Said {
    match one {
        Some(one) if one.0 == write.0 => {
            let each = names(&one, write).into_iter().map(|name| {
                let both = [get(&one.1, name), get(&write.1, name)];
                let is = |preference| both.contains(&preference);
                let together = match () {
                    () if is(RecordedPreference::Refused) => RecordedPreference::Refused,
                    () if is(RecordedPreference::Conflict) => RecordedPreference::Conflict,
                    () => RecordedPreference::Granted,
                };
                (name.clone(), together)
            });
            (one.0, each.collect())
        }
        Some(one) if one.0 > write.0 => one,
        _ => write.clone(),
    }
}

/// What happens to a known person.
enum Step<'m> {
    Own(&'m Said),
    Link(&'m String),
    Write(&'m String, &'m Said),
}

/// What the events of a history come to.
#[derive(Debug, Clone, Default)]
struct Model {
    /// What was written under each id, all of it, in the order of time.
    writes: BTreeMap<Id, BTreeMap<Timestamp, Said>>,
    /// By anonymous id the known ones, each since the earliest link.
    links: BTreeMap<String, BTreeMap<String, Timestamp>>,
    shared: BTreeSet<String>,
}

impl Model {
    fn of(history: &[Told]) -> Self {
        let mut model = Model::default();
        for told in history {
            if let (Some((id, preferences)), None) = (&told.write, told.rejected) {
                let of = |granted| match granted {
                    true => RecordedPreference::Granted,
                    false => RecordedPreference::Refused,
                };
                let each = preferences.iter().map(|(name, granted)| (name.clone(), of(*granted)));
                let said = (told.at, each.collect());
                let own = model.writes.entry(id.clone()).or_default();
                let together = written(own.remove(&told.at), &said);
                own.insert(told.at, together);
            }
            if let (Some((anonymous, user)), None) = (&told.link, told.rejected) {
                let since =
                    model.links.entry(anonymous.clone()).or_default().entry(user.clone()).or_insert(told.at);
                *since = told.at.min(*since);
            }
        }
        model.shared = model
            .links
            .iter()
            .filter(|(_, users)| users.len() > 1)
            .map(|(anonymous, _)| anonymous.clone())
            .collect();
        model
    }

    /// What is recorded of an id.
    fn said(&self, id: &Id) -> Option<Said> {
        match id {
            Id::User(user) => self.of_user(user),
            Id::Anonymous(anonymous) => match self.links.get(anonymous).filter(|users| !users.is_empty()) {
                Some(users) => users
                    .keys()
                    .filter_map(|user| self.of_user(user))
                    .fold(None, |all, one| merged(all, Some(&one))),
                None => self.writes.get(id)?.values().next_back().cloned(),
            },
        }
    }

    fn of_user(&self, user: &str) -> Option<Said> {
        let linked: Vec<(&String, Timestamp)> =
            self.links.iter().filter_map(|(anonymous, users)| Some((anonymous, *users.get(user)?))).collect();
        // Links come first at their moment, then what the known id writes, then the anonymous ones.
        let mut steps: Vec<(Timestamp, usize, Step<'_>)> = Vec::new();
        let own = self.writes.get(&Id::User(user.to_owned())).into_iter().flat_map(BTreeMap::values);
        steps.extend(own.map(|said| (said.0, 1, Step::Own(said))));
        let (shared, theirs): (Vec<_>, Vec<_>) =
            linked.iter().partition(|(anonymous, _)| self.shared.contains(*anonymous));
        for (anonymous, since) in theirs {
            steps.push((since, 0, Step::Link(anonymous)));
            let writes = self.writes.get(&Id::Anonymous((*anonymous).clone()));
            let writes: Vec<&Said> = writes.into_iter().flat_map(BTreeMap::values).collect();
            steps.extend(writes.iter().map(|said| (said.0, 2, Step::Write(anonymous, said))));
        }
        steps.sort_by_key(|(at, order, step)| {
            let (Step::Link(anonymous) | Step::Write(anonymous, _)) = step else {
                return (*at, *order, None);
            };
            (*at, *order, Some((*anonymous).clone()))
        });
        let (mut all, mut apart): (Option<Said>, BTreeMap<&String, &Said>) = (None, BTreeMap::new());
        let mut joined: BTreeSet<&String> = BTreeSet::new();
        for (_, _, step) in steps {
            match step {
                Step::Own(said) => all = Some(written(all, said)),
                Step::Link(anonymous) => {
                    joined.insert(anonymous);
                    all = merged(all, apart.get(anonymous).copied());
                }
                Step::Write(anonymous, said) if !joined.contains(anonymous) => {
                    apart.insert(anonymous, said);
                }
                Step::Write(_, said) => all = Some(written(all, said)),
            }
        }
        // Of an id that others share every refusal counts until the person says it anew, and no grant does.
        let all_of = |(anonymous, _): &(&String, Timestamp)| -> Vec<&Said> {
            let writes = self.writes.get(&Id::Anonymous((*anonymous).clone()));
            writes.into_iter().flat_map(BTreeMap::values).collect()
        };
        let refused = |writes: &[&Said], name: &str, from: Option<Timestamp>| {
            writes.iter().any(|said| {
                from.is_none_or(|from| said.0 >= from) && get(&said.1, name) == RecordedPreference::Refused
            })
        };
        if let Some((at, said)) = &mut all {
            for (name, preference) in said {
                let is_refused = shared.iter().any(|one| refused(&all_of(one), name, Some(*at)));
                if is_refused && *preference == RecordedPreference::Granted {
                    *preference = RecordedPreference::Conflict;
                }
            }
            return all;
        }
        for one in shared {
            let writes = all_of(&one);
            let Some(latest) = writes.last() else { continue };
            let mut latest = (*latest).clone();
            for (name, preference) in &mut latest.1 {
                if *preference == RecordedPreference::Granted && refused(&writes, name, None) {
                    *preference = RecordedPreference::Conflict;
                }
            }
            all = merged(all, Some(&latest));
        }
        all
    }

    /// Without a known person.
    fn forget(&mut self, user: &str) {
        self.writes.remove(&Id::User(user.to_owned()));
        let theirs: Vec<String> = self
            .links
            .iter()
            .filter(|(_, users)| users.contains_key(user))
            .map(|(anonymous, _)| anonymous.clone())
            .collect();
        for anonymous in theirs {
            if !self.shared.contains(&anonymous) {
                self.writes.remove(&Id::Anonymous(anonymous.clone()));
            }
            if let Some(users) = self.links.get_mut(&anonymous) {
                users.remove(user);
            }
        }
    }
}

fn policy(identify_writes: bool) -> Policy {
    let also = if identify_writes { "identify" } else { "nothing" };
    Policy::parse(&format!(
        "consentry 1 policy \"p\" include prelude \"segment\" override preference events \"Segment Consent Preference\" \
         override ledger also records {also}"
    ))
    .unwrap()
}

fn notice<'t>(told: &'t Told, policy: &Policy) -> LedgerEvent<'t> {
    LedgerEvent::read(told.text.as_bytes(), policy, &Limits::default())
        .unwrap_or_else(|error| panic!("{error}\n{}", told.text))
}

/// Records a history in some order, in some steps, and some of it again.
fn keep(store: &dyn Store, history: &[Told], policy: &Policy, u: &mut Unstructured) -> Result<()> {
    let mut order: Vec<usize> = (0..history.len()).collect();
    for _ in 0..u.int_in_range(0..=5)? {
        order.push(u.choose_index(history.len())?);
    }
    super_shuffle(&mut order, u)?;
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(u.int_in_range(1..=rest.len())?);
        let notices: Vec<LedgerEvent<'_>> = now.iter().map(|at| notice(&history[*at], policy)).collect();
        let recordings = record(store, &notices, Timestamp::parse(NOW).unwrap()).unwrap();
        for (at, recording) in now.iter().zip(recordings) {
            let told = &history[*at];
            let expected = match (told.rejected, told.write.is_some(), told.link.is_some()) {
                (Some(rejection), ..) => Recording::Rejected(rejection),
                (None, false, false) => Recording::Nothing,
                (None, preferences, link) => Recording::Recorded { preferences, link },
            };
            assert_eq!(recording, expected, "{}", told.text);
        }
        rest = later;
    }
    Ok(())
}

fn super_shuffle<T>(items: &mut [T], u: &mut Unstructured) -> Result<()> {
    for at in (1..items.len()).rev() {
        items.swap(at, u.int_in_range(0..=at)?);
    }
    Ok(())
}

/// What a store says of everybody. What is refused need not be named.
fn all(store: &dyn Store) -> Vec<Option<Said>> {
    let of = |record: DatedRecord| named((record.at, record.record.preferences));
    recorded(store, &everybody()).unwrap().into_iter().map(|record| record.map(of)).collect()
}

fn named((at, mut said): Said) -> Said {
    said.retain(|_, preference| *preference != RecordedPreference::Refused);
    (at, said)
}

pub(crate) fn entries(store: &dyn Store) -> BTreeMap<Id, LedgerEntry> {
    let mut entries = BTreeMap::new();
    let mut add = |id, entry| entries.insert(id, entry).is_none();
    store.each(&mut add).unwrap();
    entries
}

/// A history through an empty store, and what becomes of it there; the same for every store.
pub(crate) fn history_in(store: &dyn Store, u: &mut Unstructured) -> Result<u64> {
    let identify_writes = u.arbitrary()?;
    let (policy, history) = (policy(identify_writes), history(u, identify_writes)?);
    keep(store, &history, &policy, u)?;
    let mut model = Model::of(&history);
    let expected = |model: &Model| everybody().iter().map(|id| model.said(id).map(named)).collect::<Vec<_>>();
    let shown = || history.iter().map(|told| format!("{}\n", told.text)).collect::<String>();
    assert_eq!(all(store), expected(&model), "{}", shown());
    // Another order, once more, and in one step comes to the same entries.
    let other = MemoryStore::default();
    keep(&other, &history, &policy, u)?;
    let kept = entries(store);
    assert_eq!(entries(&other), kept, "{}", shown());
    keep(store, &history, &policy, u)?;
    assert_eq!(entries(store), kept, "{}", shown());
    // What does not write changes nothing.
    let stale: Vec<Told> =
        history.iter().filter(|told| told.write.is_none() && told.link.is_none()).cloned().collect();
    if !stale.is_empty() {
        keep(store, &stale, &policy, u)?;
        assert_eq!(entries(store), kept, "{}", shown());
    }
    // Forgetting takes one person away, and changes what is recorded of nobody else.
    let who = u.choose(&everybody())?.clone();
    let forgotten = forget(store, &who).unwrap();
    match (&who, forgotten) {
        (Id::User(user), Forgotten::Erased(erased)) => {
            model.forget(user);
            assert_eq!(all(store), expected(&model), "{who}\n{}", shown());
            let left = entries(store);
            assert!(
                erased.iter().all(|id| kept.contains_key(id) && !left.contains_key(id)),
                "{erased:?}\n{}",
                shown()
            );
            let mentions = left.iter().any(|(id, entry)| {
                *id == who || matches!(id, Id::Anonymous(_)) && entry.links.contains_key(user)
            });
            assert!(!mentions, "{left:?}\n{}", shown());
        }
        (Id::Anonymous(_), Forgotten::Linked(with)) => {
            assert!(!with.is_empty() && with.iter().all(|id| kept.contains_key(id)), "{}", shown());
            assert_eq!(entries(store), kept, "{}", shown());
        }
        (Id::Anonymous(_), Forgotten::Erased(erased)) => {
            let left = entries(store);
            assert_eq!(erased.is_empty(), !kept.contains_key(&who), "{}", shown());
            assert!(kept.iter().all(|(id, entry)| *id == who || left.get(id) == Some(entry)), "{}", shown());
            assert!(!left.contains_key(&who), "{}", shown());
        }
        (who, forgotten) => panic!("{who}: {forgotten:?}"),
    }
    Ok(history.len() as u64)
}

/// What is recorded is what the semantics say, in whatever order, in whatever steps and however often it is recorded; and a person can be forgotten.
pub(crate) fn ledgers_remember(u: &mut Unstructured) -> Result<u64> {
    history_in(&MemoryStore::default(), u)
}

fn entry(u: &mut Unstructured) -> Result<LedgerEntry> {
    let moment = |u: &mut Unstructured| Ok(Timestamp::from_microseconds(u.int_in_range(0..=3)?));
    let write = match u.ratio(3, 4)? {
        true => {
            let mut preferences = BTreeMap::new();
            for name in ["A", "B"] {
                if u.arbitrary()? {
                    preferences.insert(name.to_owned(), u.arbitrary()?);
                }
            }
            Some(Write { at: moment(u)?, preferences })
        }
        false => None,
    };
    let mut links = BTreeMap::new();
    for name in ["x", "y"] {
        if u.arbitrary()? {
            links.insert(name.to_owned(), moment(u)?);
        }
    }
    let whose = Id::Anonymous("a".into());
    let mut entry = write.map_or_else(LedgerEntry::default, |write| LedgerEntry::of(&whose, write));
    entry.links = links;
    entry.shared = u.ratio(1, 4)?;
    Ok(entry)
}

fn a_record(u: &mut Unstructured) -> Result<DatedRecord> {
    let mut preferences = BTreeMap::new();
    for name in ["A", "B"] {
        if u.arbitrary()? {
            let all =
                [RecordedPreference::Granted, RecordedPreference::Refused, RecordedPreference::Conflict];
            preferences.insert(name.to_owned(), *u.choose(&all)?);
        }
    }
    let at = Timestamp::from_microseconds(u.int_in_range(0..=3)?);
    Ok(DatedRecord { at, record: Record { preferences } })
}

/// Entries are joined, and records merged, in any order and however often.
pub(crate) fn joining_is_a_lattice(u: &mut Unstructured) -> Result<u64> {
    let [a, b, c] = [entry(u)?, entry(u)?, entry(u)?];
    let join = |one: &LedgerEntry, other: &LedgerEntry| {
        let mut joined = one.clone();
        joined.join(other.clone());
        joined
    };
    assert_eq!(join(&a, &b), join(&b, &a), "{a:?} {b:?}");
    assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)), "{a:?} {b:?} {c:?}");
    assert_eq!(join(&join(&a, &b), &b), join(&a, &b), "{a:?} {b:?}");
    assert_eq!(join(&a, &a), a, "{a:?}");
    assert_eq!(join(&a, &LedgerEntry::default()), a, "{a:?}");
    // Ties refuse, and so does what is missing.
    if let (Some(one), Some(other), Some(both)) = (&a.write, &b.write, join(&a, &b).write)
        && one.at == other.at
    {
        for name in ["A", "B"] {
            let granted = |write: &Write| write.preferences.get(name) == Some(&true);
            assert_eq!(granted(&both), granted(one) && granted(other), "{a:?} {b:?}");
        }
    }
    let [a, b, c] = [a_record(u)?, a_record(u)?, a_record(u)?];
    let merge = |one: &DatedRecord, other: &DatedRecord| {
        let mut merged = one.clone();
        merged.merge(other);
        merged
    };
    // A name that nobody grants may be left out.
    let same = |one: &DatedRecord, other: &DatedRecord| {
        one.at == other.at
            && ["A", "B"].iter().all(|name| one.record.preference(name) == other.record.preference(name))
    };
    assert!(same(&merge(&a, &b), &merge(&b, &a)), "{a:?} {b:?}");
    assert!(same(&merge(&merge(&a, &b), &c), &merge(&a, &merge(&b, &c))), "{a:?} {b:?} {c:?}");
    assert!(same(&merge(&merge(&a, &b), &b), &merge(&a, &b)), "{a:?} {b:?}");
    for name in ["A", "B"] {
        let (one, other) = (a.record.preference(name), b.record.preference(name));
        let both = if one == other { one } else { RecordedPreference::Conflict };
        assert_eq!(merge(&a, &b).record.preference(name), both, "{a:?} {b:?}");
    }
    Ok(12)
}

/// Checks find, and do, what section 6 says: in the table, in the reference interpreter and in rewritten events.
pub(crate) fn checks_do_what_is_said(u: &mut Unstructured) -> Result<u64> {
    let mismatch = *u.choose(&["drop", "use recorded", "report"])?;
    let unstamped = *u.choose(&["use recorded", "use stamped", "refuse", "drop"])?;
    let unknown = *u.choose(&["use stamped", "refuse", "drop"])?;
    let unreachable = *u.choose(&["use stamped", "refuse", "drop"])?;
    let conflict = *u.choose(&["refuse", "grant"])?;
    let also_records = *u.choose(&["nothing", "identify"])?;
    let a = *u.choose(&["", "always", "unenforced"])?;
    let prelude = *u.choose(&["segment", "segment-strict"])?;
    let rows = *u.choose(&[
        "",
        "override reconcile { consent integrations enforce\n missing any drop \"unsaid\"\n any any consent then integrations\n }",
        "override reconcile { consent integrations enforce\n answered none drop \"said\"\n any any consent\n }",
    ])?;
    let main = format!(
        "consentry 1 policy \"p\" include prelude \"{prelude}\" category A {a} category B category D = \"C\" \
         destination \"X\" needs A destination \"Y\" needs any of B, D destination \"Z\" unmapped destination \"W\" needs B, D disabled \
         override ledger mismatch {mismatch} override ledger unstamped {unstamped} override ledger unknown {unknown} \
         override ledger unreachable {unreachable} override ledger conflict {conflict} override ledger also records {also_records} {rows}"
    );
    let table = Table::new(Policy::parse(&main).unwrap_or_else(|error| panic!("{error}\n{main}")));
    let policy = table.policy();
    let mut total = 0;
    for _ in 0..32 {
        let told = told(u, false)?;
        let notice = notice(&told, policy);
        let known = a_record(u)?.record;
        let answer = *u.choose(&[
            Recorded::Known(&known),
            Recorded::Known(&known),
            Recorded::Unknown,
            Recorded::Unreachable,
            Recorded::Unchecked,
        ])?;
        let (mut scratch, mut other_scratch) = (table.scratch(), table.scratch());
        let input = Input::line(told.text.as_bytes()).recorded(answer);
        let decision = table.decide(input, &mut scratch).unwrap();
        let checked = decision.check().unwrap();
        let shown = || format!("{}\n{answer:?}\n{checked:?}\n{main}", told.text);

        let then = |word: &str| match word {
            "drop" => CheckAction::Drop,
            "use recorded" => CheckAction::UseRecorded,
            "refuse" => CheckAction::Refuse,
            _ => CheckAction::UseStamped,
        };
        let preferences = notice.event.consent.preferences();
        let stamps = |wire_id: &str| {
            let mut named =
                preferences.iter().filter(|(name, _)| *name == *wire_id).map(|(_, one)| *one).peekable();
            named.peek().is_some() && named.all(|one| one == Preference::Granted)
        };
        let records = |wire_id: &str| match known.preference(wire_id) {
            RecordedPreference::Granted => true,
            RecordedPreference::Refused => false,
            RecordedPreference::Conflict => conflict == "grant",
        };
        let compared: Vec<_> = policy
            .category_ids()
            .filter(|id| {
                let category = policy.category(*id).unwrap();
                category.always.is_none() && category.unenforced.is_none()
            })
            .filter(|id| {
                let wire_id = policy.category(*id).unwrap().wire_id();
                stamps(wire_id) != records(wire_id)
            })
            .collect();
        let is_recording = notice.kind.writes();
        let stamped = CheckAction::UseStamped;
        let (result, action) = match answer {
            _ if is_recording => (CheckResult::Recording, stamped),
            Recorded::Unchecked => (CheckResult::Unchecked, stamped),
            Recorded::Unreachable => (CheckResult::Unreachable, then(unreachable)),
            Recorded::Unknown => (CheckResult::Unknown, then(unknown)),
            Recorded::Known(_) if preferences.is_empty() => (CheckResult::Unstamped, then(unstamped)),
            Recorded::Known(_) if compared.is_empty() => (CheckResult::Agrees, stamped),
            Recorded::Known(_) => (CheckResult::Mismatch, then(mismatch)),
        };
        let categories = if result == CheckResult::Mismatch { compared } else { Vec::new() };
        assert_eq!(checked, Checked { result, action, categories }, "{}", shown());
        assert_eq!(policy.ledger_check().unwrap().conflict == Conflict::Grant, conflict == "grant");

        // The event as the check would have it stamped; one that its own row drops stays what it is.
        let mut event = notice.event.clone();
        let drop_reason = |event: &Event| {
            policy
                .reconcile()
                .row(event.consent.state(), event.integrations.state())
                .drop_reason()
                .map(str::to_owned)
        };
        let stamp = |granted: &dyn Fn(&str) -> bool| {
            let all = ["A", "B", "C"].map(|name| {
                (name.into(), if granted(name) { Preference::Granted } else { Preference::Refused })
            });
            Consent::Preferences(all.to_vec())
        };
        match action {
            _ if drop_reason(&event).is_some() => {}
            CheckAction::UseRecorded => event.consent = stamp(&records),
            CheckAction::Refuse => event.consent = stamp(&|_| false),
            CheckAction::UseStamped | CheckAction::Drop => {}
        }
        let mut line = Vec::new();
        let rewritten = table.rewrite(input, &mut other_scratch, &mut line).unwrap();
        let router = table.read(&line, &Limits::default()).unwrap();
        let is_dropped = action == CheckAction::Drop;
        let reason = match result {
            _ if !is_dropped => drop_reason(&event),
            CheckResult::Mismatch => Some("Consent mismatch".to_owned()),
            CheckResult::Unstamped => Some("Consent not stamped".to_owned()),
            CheckResult::Unknown => Some("Person not in the ledger".to_owned()),
            _ => Some("Ledger unreachable".to_owned()),
        };
        assert_eq!(decision.drop_reason(), reason.as_deref(), "{}", shown());
        assert_eq!(decision.consent(), event.consent.state(), "{}", shown());
        assert!(!is_recording || !is_dropped);
        for id in policy.destination_ids() {
            let as_stamped = reference::explain(policy, &notice.event, id).unwrap().verdict;
            let explained = reference::explain(policy, &event, id).unwrap().verdict.reason();
            let expected =
                if is_dropped && explained != Reason::Disabled { Reason::Dropped } else { explained };
            assert_eq!(decision.reason(id), Some(expected), "{id:?}\n{}", shown());
            assert_eq!(rewritten.reason(id), Some(expected), "{id:?}\n{}", shown());
            let stepwise = reference::explain_recorded(policy, &notice.event, answer, id).unwrap();
            assert_eq!(Some(&stepwise.verdict), decision.verdict(id).as_ref(), "{id:?}\n{}", shown());
            assert_eq!(stepwise.drop_reason.as_deref(), decision.drop_reason(), "{id:?}\n{}", shown());
            // "Under `refuse` a destination is delivered only if it is delivered both as stamped and with nothing granted", but for
            // rows that ask less of an answer than of its absence.
            let delivers = expected.outcome() == Outcome::Deliver;
            assert!(!delivers || drop_reason(&notice.event).is_none(), "{id:?}\n{}", shown());
            if delivers && action == CheckAction::Refuse && rows.is_empty() && prelude == "segment" {
                assert!(as_stamped.delivers(), "{id:?}\n{}", shown());
            }
            let name = policy.destination(id).unwrap().name();
            let entry =
                |wanted: &str| router.integrations.entries().iter().find(|(name, _)| *name == *wanted);
            let is_routed =
                entry(name).or(entry("All")).is_none_or(|(_, entry)| *entry == consentry::event::Entry::On);
            assert_eq!(is_routed, delivers, "{name}\n{}\n{}", String::from_utf8_lossy(&line), shown());
        }
        // A source has no ledger: the gate is that of the event as it is stamped.
        let unchecked = table
            .decide(Input::event(&notice.event).recorded(Recorded::Unchecked), &mut other_scratch)
            .unwrap();
        for opens in GateOpens::ALL {
            assert_eq!(decision.passes_gate(opens), unchecked.passes_gate(opens), "{opens}\n{}", shown());
        }
        // The result, the text of a drop and the state, four of each destination, and the gates.
        total += 3 + 4 * policy.destinations().len() as u64 + 3;
    }
    Ok(total)
}
