//! Ledgers remember what section 6 of the semantics says, whatever the order of events, and checks say what it says.
//!
//! The model here keeps every event of a history and goes through them in the order of their times, where a ledger keeps of each id the latest.

use arbitrary::{Result, Unstructured};
use consentry::event::{Consent, Event, Preference, Record, Recorded, RecordedPreference};
use consentry::ledger::{
    Choices, DatedRecord, EntryLine, Forgotten, Id, LedgerEntry, LedgerEvent, LedgerReader, Links,
    MemoryStore, Recording, Rejection, Store, Timestamp, Write, WriteTime, forget, record, recorded,
};
use consentry::model::{CheckAction, CheckResult, Checked, Conflict, GateOpens};
use consentry::{Input, Limits, Outcome, Policy, Reason, Table, reference};
use std::collections::{BTreeMap, BTreeSet};

/// The second of every recording. Some times of a history are still to come then.
const NOW: u32 = 15;

/// The second of a recording after all times of a history.
const LATER: u32 = 40;

fn text(second: u32) -> String {
    format!("2026-10-01T00:00:{second:02}Z")
}

fn moment(second: u32) -> Timestamp {
    Timestamp::parse(&text(second)).unwrap()
}

/// An event of a history: its text, and what it says by the semantics.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    text: String,
    /// When, if it states a time that can be used at [`NOW`].
    at: Option<u32>,
    /// By whom, and what each named category is.
    write: Option<(Id, BTreeMap<String, bool>)>,
    /// A known id and the ids that are linked with it.
    links: Vec<(Id, Id)>,
    rejected: Option<Rejection>,
}

/// The settings of the ledger under which a history is recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    identify_writes: bool,
    keeps_unasked: bool,
    reads_integers: bool,
    alias_links: bool,
}

impl Settings {
    fn draw(u: &mut Unstructured) -> Result<Self> {
        Ok(Settings {
            identify_writes: u.arbitrary()?,
            keeps_unasked: u.ratio(1, 3)?,
            reads_integers: u.ratio(3, 4)?,
            alias_links: u.ratio(3, 4)?,
        })
    }

    fn policy(self) -> Policy {
        self.policy_with("")
    }

    fn policy_with(self, more: &str) -> Policy {
        let word = |is_so, yes: &'static str, no: &'static str| if is_so { yes } else { no };
        Policy::parse(&format!(
            "consentry 1 policy \"p\" include prelude \"segment\" override preference events \"Segment Consent Preference\" \
             override ledger also records {} override ledger unasked {} override ledger integer ids {} override ledger alias {} {more}",
            word(self.identify_writes, "identify", "nothing"),
            word(self.keeps_unasked, "kept", "refused"),
            word(self.reads_integers, "text", "invalid"),
            word(self.alias_links, "links", "ignored"),
        ))
        .unwrap()
    }
}

/// Some events of few people.
pub(crate) fn history(u: &mut Unstructured, settings: Settings) -> Result<Vec<Told>> {
    (0..u.int_in_range(1..=30)?).map(|_| told(u, settings)).collect()
}

/// An id as JSON, and as a ledger reads it: `None` if it cannot be read.
fn person(u: &mut Unstructured, settings: Settings) -> Result<Option<(String, Option<String>)>> {
    let name = ["1", "2", "p"][u.choose_index(3)?];
    Ok(match u.int_in_range(0..=11)? {
        0..=3 => None,
        4 => Some(("null".to_owned(), Some(String::new()))),
        5 => Some(("\"\"".to_owned(), Some(String::new()))),
        6 => Some(((*u.choose(&["[]", "1.0", "true", "1e1"])?).to_owned(), None)),
        7 | 8 if name != "p" => {
            Some((name.to_owned(), Some(name.to_owned()).filter(|_| settings.reads_integers)))
        }
        _ => Some((format!("\"{name}\""), Some(name.to_owned()))),
    })
}

fn told(u: &mut Unstructured, settings: Settings) -> Result<Told> {
    let mut members = Vec::new();
    let mut id = |key: &str, u: &mut Unstructured| -> Result<(Option<String>, bool)> {
        let Some((json, read)) = person(u, settings)? else { return Ok((None, true)) };
        members.push(format!("\"{key}\":{json}"));
        let is_readable = read.is_some();
        Ok((read.filter(|id| !id.is_empty()), is_readable))
    };
    let (user, reads_user) = id("userId", u)?;
    let (anonymous, reads_anonymous) = id("anonymousId", u)?;
    let (previous, reads_previous) = id("previousId", u)?;
    let (known, unknown) = (user.clone().map(Id::User), anonymous.clone().map(Id::Anonymous));
    // An id that cannot be read names no person, and neither does the other one then.
    let decides = if reads_user { known.clone().or(unknown.clone()) } else { None };

    let second = |u: &mut Unstructured| -> Result<u32> { u.int_in_range(0..=17) };
    let stated = match u.int_in_range(0..=9)? {
        0 => None,
        1 => {
            members.push("\"timestamp\":\"yesterday\"".to_owned());
            None
        }
        2 => {
            let second = second(u)?;
            members.push(format!("\"timestamp\":{}", moment(second).microseconds() / 1_000));
            Some(second)
        }
        _ => {
            let second = second(u)?;
            let spelled = text(second);
            let local = spelled.trim_end_matches('Z');
            let spelled =
                u.choose(&[spelled.as_str(), local, &format!("{local}.0000000000000Z")])?.to_string();
            members.push(format!("\"timestamp\":\"{spelled}\""));
            Some(second)
        }
    };
    let received = if u.ratio(1, 3)? { Some(second(u)?) } else { None };
    members.extend(received.map(|second| format!("\"receivedAt\":\"{}\"", text(second))));
    let at = match (stated, received) {
        (Some(stated), Some(received)) => Some(stated.min(received)),
        (stated, received) => stated.or(received),
    };
    let at = at.filter(|at| *at <= NOW);

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

    let kind =
        *u.choose(&["preference", "preference", "preference", "identify", "identify", "alias", "other"])?;
    members.push(
        match kind {
            "preference" => "\"type\":\"track\",\"event\":\"Segment Consent Preference\"",
            "identify" => "\"type\":\"identify\"",
            "alias" => "\"type\":\"alias\"",
            _ => *u.choose(&[
                "\"type\":\"track\",\"event\":\"Order Completed\"",
                // A name alone makes no preference event.
                "\"type\":\"page\",\"event\":\"Segment Consent Preference\"",
                "\"type\":\"track\",\"type\":\"track\",\"event\":\"Segment Consent Preference\"",
            ])?,
        }
        .to_owned(),
    );
    let is_identify = kind == "identify";
    let writes = kind == "preference" || is_identify && settings.identify_writes && preferences.is_some();
    let is_alias = kind == "alias" && settings.alias_links;
    let reads_all = match kind {
        "identify" => reads_user && reads_anonymous,
        "alias" => reads_user && reads_previous,
        // `userId` decides when present.
        _ if user.is_some() => true,
        _ => reads_user && reads_anonymous,
    };
    let rejected = match (writes, &preferences, &decides) {
        (true, None, _) => Some(Rejection::NoPreferences),
        (true, Some(_), _) if !reads_all => Some(Rejection::InvalidId),
        (true, Some(_), None) => Some(Rejection::NoPerson),
        (false, ..) if (is_identify || is_alias) && !reads_all => Some(Rejection::InvalidId),
        _ => None,
    };
    let others = match (is_identify, is_alias) {
        (true, _) => vec![unknown],
        // Nobody knows of which kind a previous id is.
        (_, true) => vec![previous.clone().map(Id::Anonymous), previous.map(Id::User)],
        _ => vec![],
    };
    let others = others.into_iter().flatten();
    let links = others.filter_map(|other| Some((known.clone()?, other))).filter(|(one, other)| one != other);
    let links = links.filter(|_| rejected.is_none()).collect();
    let write = decides.zip(preferences).filter(|_| writes);
    Ok(Told { text: format!("{{{}}}", members.join(",")), at, write, links, rejected })
}

/// Ids that a history may speak of.
pub(crate) fn everybody() -> Vec<Id> {
    let names = ["1", "2", "p", "nobody"];
    names.iter().flat_map(|name| [Id::User((*name).into()), Id::Anonymous((*name).into())]).collect()
}

/// The record of a person: the latest time, and for each category the preference and the time of the grant.
type Said = (Option<u32>, BTreeMap<String, Counts>);

/// The preference of a category: granted, refused or in conflict; and the time of the grant, if that is known.
type Counts = (RecordedPreference, Option<u32>);

const REFUSED: Counts = (RecordedPreference::Refused, None);

/// "Values that disagree become `conflict`."
fn both(one: Counts, other: Counts) -> (RecordedPreference, Vec<Option<u32>>) {
    let preference = if one.0 == other.0 { one.0 } else { RecordedPreference::Conflict };
    let granted = [one, other].into_iter().filter(|(said, _)| *said != RecordedPreference::Refused);
    (preference, granted.map(|(_, at)| at).collect())
}

/// Returns the preference that two people agree to. The older of two grants ends first.
fn agreed(one: Counts, other: Counts) -> Counts {
    let (preference, times) = both(one, other);
    (preference, times.into_iter().min().flatten())
}

/// Returns the preference of one person under two ids. The newer of two grants counts.
fn merged(one: Counts, other: Counts) -> Counts {
    let (preference, times) = both(one, other);
    (preference, times.into_iter().max().flatten())
}

/// A word of one id on one category. Without a time, a grant is older than everything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Link(Id, Id),
    Grant(Id),
    Refuse(Id),
}

/// What the events of a history come to.
#[derive(Debug, Clone, Default)]
struct Model {
    keeps_unasked: bool,
    /// Every write: under which id, when, and what each named category is.
    writes: Vec<(Id, Option<u32>, BTreeMap<String, bool>)>,
    /// Every link: when, a known id, and another one.
    links: Vec<(u32, Id, Id)>,
    /// Anonymous ids that forgotten people shared with others.
    shared: BTreeSet<Id>,
}

impl Model {
    fn of(history: &[Told], settings: Settings) -> Self {
        let mut model = Model { keeps_unasked: settings.keeps_unasked, ..Model::default() };
        for told in history.iter().filter(|told| told.rejected.is_none()) {
            model.writes.extend(told.write.clone().map(|(id, preferences)| (id, told.at, preferences)));
            let at = told.at.unwrap_or(NOW);
            model.links.extend(told.links.iter().map(|(known, other)| (at, known.clone(), other.clone())));
        }
        model
    }

    /// The known ids that are one person.
    fn class(&self, known: &Id) -> BTreeSet<Id> {
        let mut class = BTreeSet::from([known.clone()]);
        loop {
            let count = class.len();
            for (_, one, other) in self.links.iter().filter(|(_, _, other)| other.is_known()) {
                if class.contains(one) || class.contains(other) {
                    class.extend([one.clone(), other.clone()]);
                }
            }
            if class.len() == count {
                return class;
            }
        }
    }

    fn known_of(&self, anonymous: &Id) -> BTreeSet<Id> {
        self.links
            .iter()
            .filter(|(_, _, other)| other == anonymous)
            .map(|(_, known, _)| known.clone())
            .collect()
    }

    fn anonymous_of(&self, class: &BTreeSet<Id>) -> BTreeSet<Id> {
        let links = self.links.iter().filter(|(_, known, other)| class.contains(known) && !other.is_known());
        links.map(|(_, _, other)| other.clone()).collect()
    }

    fn is_theirs(&self, anonymous: &Id, class: &BTreeSet<Id>) -> bool {
        !self.shared.contains(anonymous) && self.known_of(anonymous).is_subset(class)
    }

    /// Returns true if a write says something: where what is unasked is kept, it must name a category.
    fn says(&self, preferences: &BTreeMap<String, bool>) -> bool {
        !self.keeps_unasked || !preferences.is_empty()
    }

    /// Every word of some ids on a category.
    fn words(&self, ids: &BTreeSet<Id>, name: &str) -> Vec<(Option<u32>, Word)> {
        let writes = self.writes.iter().filter(|(id, ..)| ids.contains(id));
        let words = writes.filter_map(|(id, at, preferences)| match preferences.get(name) {
            Some(true) => Some((*at, Word::Grant(id.clone()))),
            Some(false) => Some((Some(at.unwrap_or(NOW)), Word::Refuse(id.clone()))),
            // "A category missing from an update counts as refused."
            None if !self.keeps_unasked => Some((Some(at.unwrap_or(NOW)), Word::Refuse(id.clone()))),
            None => None,
        });
        words.collect()
    }

    fn latest(&self, ids: &BTreeSet<Id>) -> Option<u32> {
        let writes = self.writes.iter().filter(|(id, _, said)| ids.contains(id) && self.says(said));
        writes.map(|(_, at, _)| at.unwrap_or(NOW)).max()
    }

    fn names(&self) -> BTreeSet<String> {
        self.writes.iter().flat_map(|(_, _, said)| said.keys().cloned()).collect()
    }

    /// What is recorded of an id.
    fn said(&self, id: &Id) -> Option<Said> {
        if id.is_known() {
            return self.of_person(&self.class(id));
        }
        let known = self.known_of(id);
        let has_shared = self.shared.contains(id);
        if known.is_empty() && !has_shared {
            return self.of_ids(&BTreeSet::from([id.clone()]));
        }
        let people: BTreeSet<BTreeSet<Id>> = known.iter().map(|known| self.class(known)).collect();
        let mut all: Vec<Option<Said>> = people.iter().map(|class| self.of_person(class)).collect();
        // A forgotten person agrees to nothing.
        all.extend(has_shared.then(|| Some((None, BTreeMap::new()))));
        if all.iter().all(Option::is_none) {
            return None;
        }
        let all = all.into_iter().map(|said| said.unwrap_or((None, BTreeMap::new())));
        all.reduce(|one, other| {
            let get = |said: &Said, name: &String| said.1.get(name).copied().unwrap_or(REFUSED);
            let names: BTreeSet<&String> = one.1.keys().chain(other.1.keys()).collect();
            let each =
                names.into_iter().map(|name| (name.clone(), agreed(get(&one, name), get(&other, name))));
            (one.0.max(other.0), each.collect())
        })
    }

    /// Returns the record of ids that are one person's alone.
    fn of_ids(&self, ids: &BTreeSet<Id>) -> Option<Said> {
        let latest = self.latest(ids)?;
        let links = self.links.iter().filter(|(_, one, other)| ids.contains(one) && ids.contains(other));
        let links: Vec<_> =
            links.map(|(at, one, other)| (Some(*at), Word::Link(one.clone(), other.clone()))).collect();
        let mut all = BTreeMap::new();
        for name in self.names() {
            let mut words = self.words(ids, &name);
            words.extend(links.iter().cloned());
            words.sort();
            // Until they are linked, ids are apart.
            let mut groups: Vec<(BTreeSet<Id>, Option<Counts>)> =
                ids.iter().map(|id| (BTreeSet::from([id.clone()]), None)).collect();
            for (at, word) in words {
                let of = |groups: &[(BTreeSet<Id>, _)], id: &Id| {
                    groups.iter().position(|(group, _)| group.contains(id)).unwrap()
                };
                match word {
                    Word::Link(one, other) => {
                        let (one, other) = (of(&groups, &one), of(&groups, &other));
                        if one != other {
                            let (ids, said) = groups.swap_remove(one.max(other));
                            let (own, own_said) = &mut groups[one.min(other)];
                            own.extend(ids);
                            *own_said = match (*own_said, said) {
                                (Some(one), Some(other)) => Some(merged(one, other)),
                                (one, other) => one.or(other),
                            };
                        }
                    }
                    Word::Grant(id) => {
                        let at = (RecordedPreference::Granted, at);
                        let group = of(&groups, &id);
                        groups[group].1 = Some(at);
                    }
                    Word::Refuse(id) => {
                        let group = of(&groups, &id);
                        groups[group].1 = Some(REFUSED);
                    }
                }
            }
            let said = groups.into_iter().filter_map(|(_, said)| said).reduce(merged);
            all.extend(said.map(|said| (name, said)));
        }
        Some((Some(latest), all))
    }

    fn of_person(&self, class: &BTreeSet<Id>) -> Option<Said> {
        let anonymous = self.anonymous_of(class);
        let (theirs, shared): (BTreeSet<Id>, BTreeSet<Id>) =
            anonymous.into_iter().partition(|anonymous| self.is_theirs(anonymous, class));
        let own = self.of_ids(&class.union(&theirs).cloned().collect());
        // Of an id that others share every refusal counts until the person says it anew, and no grant does.
        let shared_latest = self.latest(&shared);
        let mut all = match (own, shared_latest) {
            (None, None) => return None,
            (own, _) => own.unwrap_or((None, BTreeMap::new())),
        };
        all.0 = all.0.max(shared_latest);
        for (name, said) in &mut all.1 {
            let is_refused = self
                .words(&shared, name)
                .iter()
                .any(|(at, word)| matches!(word, Word::Refuse(_)) && *at >= said.1);
            if is_refused && said.0 == RecordedPreference::Granted {
                said.0 = RecordedPreference::Conflict;
            }
        }
        Some(all)
    }

    /// Without a person.
    fn forget(&mut self, known: &Id) {
        let class = self.class(known);
        for anonymous in self.anonymous_of(&class) {
            match self.is_theirs(&anonymous, &class) {
                true => self.writes.retain(|(id, ..)| *id != anonymous),
                false => drop(self.shared.insert(anonymous)),
            }
        }
        self.writes.retain(|(id, ..)| !class.contains(id));
        self.links.retain(|(_, known, _)| !class.contains(known));
    }
}

fn notice<'t>(told: &'t Told, policy: &Policy) -> LedgerEvent<'t> {
    let slow = LedgerEvent::read(told.text.as_bytes(), policy, &Limits::default());
    let fast = LedgerReader::new(policy).read(told.text.as_bytes(), &Limits::default());
    assert_eq!(fast, slow, "{}", told.text);
    slow.unwrap_or_else(|error| panic!("{error}\n{}", told.text))
}

/// Records a history in some order, in some steps, and some of it again.
fn keep(store: &dyn Store, history: &[Told], policy: &Policy, now: u32, u: &mut Unstructured) -> Result<()> {
    let mut order: Vec<usize> = (0..history.len()).collect();
    for _ in 0..u.int_in_range(0..=5)? {
        order.push(u.choose_index(history.len())?);
    }
    super_shuffle(&mut order, u)?;
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let (part, later) = rest.split_at(u.int_in_range(1..=rest.len())?);
        let notices: Vec<LedgerEvent<'_>> = part.iter().map(|at| notice(&history[*at], policy)).collect();
        let recordings = record(store, &notices, moment(now)).unwrap();
        for (at, recording) in part.iter().zip(recordings).filter(|_| now == NOW) {
            let told = &history[*at];
            let has_time = told.at.is_some();
            let expected = match (told.rejected, told.write.is_some(), !told.links.is_empty()) {
                (Some(rejection), ..) => Recording::Rejected(rejection),
                (None, false, false) => Recording::Nothing,
                (None, preferences, link) => Recording::Recorded { preferences, link, has_time },
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
    let second = |at: Timestamp| ((at.microseconds() - moment(0).microseconds()) / 1_000_000) as u32;
    let of = |record: DatedRecord| {
        let each = record.preferences.into_iter();
        let each = each.map(|(name, said)| (name, (said.preference, said.granted.map(second))));
        named((record.at.map(second), each.collect()))
    };
    recorded(store, &everybody()).unwrap().into_iter().map(|record| record.map(of)).collect()
}

fn named((at, mut said): Said) -> Said {
    said.retain(|_, (preference, _)| *preference != RecordedPreference::Refused);
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
    let settings = Settings::draw(u)?;
    let (policy, history) = (settings.policy(), history(u, settings)?);
    keep(store, &history, &policy, NOW, u)?;
    let mut model = Model::of(&history, settings);
    let expected = |model: &Model| everybody().iter().map(|id| model.said(id).map(named)).collect::<Vec<_>>();
    let shown = || {
        let lines: String = history.iter().map(|told| format!("{}\n", told.text)).collect();
        format!("{settings:?}\n{lines}")
    };
    assert_eq!(all(store), expected(&model), "{}", shown());
    // Another order, once more, and in one step comes to the same entries.
    let other = MemoryStore::default();
    keep(&other, &history, &policy, NOW, u)?;
    let kept = entries(store);
    assert_eq!(entries(&other), kept, "{}", shown());
    keep(store, &history, &policy, NOW, u)?;
    assert_eq!(entries(store), kept, "{}", shown());
    // An export says all of it.
    for (id, entry) in &kept {
        let line = serde_json::to_string(&EntryLine::new(id, entry)).unwrap();
        let read: EntryLine = serde_json::from_str(&line).unwrap();
        assert_eq!(
            <(Id, LedgerEntry)>::try_from(read),
            Ok((id.clone(), entry.clone())),
            "{line}\n{}",
            shown()
        );
    }
    // Recorded once more after all times have come, an archive grants nothing that it did not grant.
    let before = all(&other);
    keep(&other, &history, &policy, LATER, u)?;
    for ((id, before), after) in everybody().iter().zip(before).zip(all(&other)) {
        let granted = |said: &Option<Said>| -> BTreeSet<String> {
            let said = said.iter().flat_map(|(_, said)| said);
            said.filter(|(_, (preference, _))| *preference == RecordedPreference::Granted)
                .map(|(name, _)| name.clone())
                .collect()
        };
        assert!(granted(&after).is_subset(&granted(&before)), "{id} {before:?} {after:?}\n{}", shown());
    }
    // What does not write changes nothing.
    let stale: Vec<Told> =
        history.iter().filter(|told| told.write.is_none() && told.links.is_empty()).cloned().collect();
    if !stale.is_empty() {
        keep(store, &stale, &policy, NOW, u)?;
        assert_eq!(entries(store), kept, "{}", shown());
    }
    // Forgetting takes one person away, and changes what is recorded of nobody else.
    let who = u.choose(&everybody())?.clone();
    let forgotten = forget(store, &who).unwrap();
    let left = entries(store);
    match forgotten {
        Forgotten::Erased { erased, shared } if who.is_known() => {
            let class = model.class(&who);
            model.forget(&who);
            assert_eq!(all(store), expected(&model), "{who}\n{}", shown());
            let is_gone = |id: &Id| kept.contains_key(id) && !left.contains_key(id);
            assert!(erased.iter().all(is_gone), "{erased:?}\n{}", shown());
            assert!(shared.iter().all(|id| left[id].shared), "{shared:?}\n{}", shown());
            let mentions = left.iter().any(|(id, entry)| {
                class.contains(id) || entry.links.iter().any(|(other, _)| class.contains(other))
            });
            assert!(!mentions, "{left:?}\n{}", shown());
        }
        Forgotten::Linked(with) => {
            assert!(!with.is_empty() && with.iter().all(|id| kept.contains_key(id)), "{}", shown());
            assert_eq!(left, kept, "{}", shown());
        }
        Forgotten::Erased { erased, .. } => {
            assert_eq!(erased.is_empty(), !kept.contains_key(&who), "{}", shown());
            assert!(kept.iter().all(|(id, entry)| *id == who || left.get(id) == Some(entry)), "{}", shown());
            assert!(!left.contains_key(&who), "{}", shown());
        }
    }
    Ok(history.len() as u64)
}

/// What is recorded is what the semantics say, in whatever order, in whatever steps and however often it is recorded; and a person can be forgotten.
pub(crate) fn ledgers_remember(u: &mut Unstructured) -> Result<u64> {
    history_in(&MemoryStore::default(), u)
}

/// Pieces that lines are damaged with.
const PIECES: [&str; 16] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "1e5",
    " ",
    "\"userId\":\"x\",",
    "\"timestamp\":1790812800000,",
    "\"context\":{\"consent\":{\"version\":\"2\"}},",
    "\\u0041",
    "\"version\":3,",
];

/// The fast reader of a ledger reads what the slow one does, also of lines that are damaged.
pub(crate) fn ledger_readers_agree(u: &mut Unstructured) -> Result<u64> {
    let settings = Settings::draw(u)?;
    let version = *u.choose(&[
        "none",
        "at context.consent.version",
        "at version",
        "at \"a\\\"\".version",
        "at timestamp",
        "at userId",
        "at event",
    ])?;
    let policy = settings.policy_with(&format!("override ledger version {version}"));
    let mut reader = LedgerReader::new(&policy);
    let mut compared = 0;
    for _ in 0..8 {
        let mut line = told(u, settings)?.text;
        let stated = *u.choose(&["", "\"version\":\"1\",", "\"version\":2,", "\"version\":[],"])?;
        line = line.replacen("\"categoryPreferences\"", &format!("{stated}\"categoryPreferences\""), 1);
        for _ in 0..u.int_in_range(0..=3)? {
            let at = (0..=line.len()).filter(|at| line.is_char_boundary(*at)).collect::<Vec<_>>();
            let at = *u.choose(&at)?;
            match u.int_in_range(0..=2)? {
                0 => line.truncate(at),
                1 => line.insert_str(at, u.choose(&PIECES)?),
                _ if at < line.len() => drop(line.remove(at)),
                _ => {}
            }
        }
        let slow = LedgerEvent::read(line.as_bytes(), &policy, &Limits::default());
        assert_eq!(reader.read(line.as_bytes(), &Limits::default()), slow, "{line}");
        compared += 1;
    }
    Ok(compared)
}

fn entry(u: &mut Unstructured) -> Result<LedgerEntry> {
    let moment = |u: &mut Unstructured| Ok(Timestamp::from_microseconds(u.int_in_range(0..=3)?));
    let mut entry = LedgerEntry::default();
    for _ in 0..u.int_in_range(0..=2)? {
        let mut preferences = BTreeMap::new();
        for name in ["A", "B"] {
            if u.arbitrary()? {
                preferences.insert(name.to_owned(), u.arbitrary()?);
            }
        }
        // No time is both one that has come and one that is still to come.
        let time = match u.int_in_range(0..=5)? {
            0 => WriteTime::Unusable { recorded: Timestamp::from_microseconds(4), future: None },
            1 => WriteTime::Unusable {
                recorded: Timestamp::from_microseconds(4),
                future: Some(Timestamp::from_microseconds(u.int_in_range(5..=7)?)),
            },
            _ => WriteTime::Stated(moment(u)?),
        };
        let version = if u.ratio(1, 4)? { Some((*u.choose(&["1", "2"])?).to_owned()) } else { None };
        let write = Write { time, preferences, refuses_others: u.arbitrary()?, version };
        entry.join(LedgerEntry::from(Choices::from(write)));
    }
    let mut links = BTreeMap::new();
    for id in [Id::User("x".into()), Id::Anonymous("y".into())] {
        if u.arbitrary()? {
            links.insert(id, moment(u)?);
        }
    }
    entry.links = if u.ratio(1, 20)? { Links::TooMany } else { Links::Known(links) };
    entry.shared = u.ratio(1, 4)?;
    Ok(entry)
}

fn a_record(u: &mut Unstructured) -> Result<Record> {
    let mut preferences = BTreeMap::new();
    for name in ["A", "B"] {
        if u.arbitrary()? {
            preferences.insert(name.to_owned(), *u.choose(&RecordedPreference::ALL)?);
        }
    }
    Ok(Record { preferences })
}

/// Entries are joined in any order and however often.
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
    // The later word counts, and on a tie the refusal.
    for name in ["A", "B", "C"] {
        let [one, other, both] = [&a, &b, &join(&a, &b)].map(|entry| entry.choices.choice(name));
        assert_eq!(both.refused, one.refused.max(other.refused), "{a:?} {b:?}");
        let granted = one.granted.max(other.granted);
        let counts = granted.filter(|grant| both.refused.is_none() || grant.at > both.refused);
        assert_eq!(both.granted, counts, "{a:?} {b:?}");
    }
    Ok(9)
}

/// Checks find, and do, what section 6 says: in the table, in the reference interpreter and in rewritten events.
pub(crate) fn checks_do_what_is_said(u: &mut Unstructured) -> Result<u64> {
    let mismatch = *u.choose(&["drop", "use recorded", "report"])?;
    let unstamped = *u.choose(&["use recorded", "use stamped", "refuse", "drop"])?;
    let unknown = *u.choose(&["use stamped", "refuse", "drop"])?;
    let unreachable = *u.choose(&["use stamped", "refuse", "drop"])?;
    let conflict = *u.choose(&["refuse", "grant"])?;
    let also_records = *u.choose(&["nothing", "identify"])?;
    let grants = *u.choose(&["never expire", "expire after 30 days"])?;
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
         override ledger unreachable {unreachable} override ledger conflict {conflict} override ledger also records {also_records} \
         override ledger grants {grants} {rows}"
    );
    let table = Table::new(Policy::parse(&main).unwrap_or_else(|error| panic!("{error}\n{main}")));
    let policy = table.policy();
    let settings =
        Settings { identify_writes: false, keeps_unasked: false, reads_integers: true, alias_links: true };
    let mut total = 0;
    for _ in 0..32 {
        let told = told(u, settings)?;
        let notice = notice(&told, policy);
        let known = a_record(u)?;
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
            RecordedPreference::Expired => grants == "never expire",
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
