//! SQLite, as one would write it by hand.

use super::contender::{Answer, Contender, on_disk};
use consentry::event::RecordedPreference;
use consentry::ledger::Id;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Whether it keeps which ids are one person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// It does not: each id is a person.
    LeftOut,
    /// In a table, and a look-up puts together what is recorded under all ids of a person.
    Kept,
}

/// A file of SQLite, whose commits are on the disk.
pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
    links: Links,
}

const PEOPLE: &str = "create table person (id text primary key, at integer, preferences text)";

const LINKS: &str = "
    create table link (known text, anonymous text, since integer, primary key (known, anonymous)) without rowid;
    create index known_by_anonymous on link (anonymous, known)";

const PREFER: &str = "
    insert into person values (?1, ?2, ?3)
    on conflict (id) do update set at = excluded.at, preferences = excluded.preferences
    where excluded.at > person.at";

const LINK: &str = "
    insert into link values (?1, ?2, ?3)
    on conflict (known, anonymous) do update set since = excluded.since where excluded.since < link.since";

const FIND: &str = "select preferences from person where id = ?1";

/// What is recorded of a known person, and under the anonymous ids that are linked with them.
const FIND_KNOWN: &str = "
    select preferences from person where id in (select ?1 union all select anonymous from link where known = ?1)";

/// What is recorded under an anonymous id, of the known people that are linked with it, and under all anonymous ids of these.
const FIND_ANONYMOUS: &str = "
    select preferences from person where id in (
        select ?1 union all select known from link where anonymous = ?1
        union all select two.anonymous from link one join link two using (known) where one.anonymous = ?1)";

type Preferences = BTreeMap<String, bool>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    r#type: Cow<'a, str>,
    event: Option<Cow<'a, str>>,
    user_id: Option<Cow<'a, str>>,
    anonymous_id: Option<Cow<'a, str>>,
    timestamp: Cow<'a, str>,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    consent: Option<Consent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consent {
    category_preferences: Option<Preferences>,
}

/// What an event writes.
enum Change<'a> {
    Prefer { id: Cow<'a, str>, at: i64, preferences: String },
    Link { user: Cow<'a, str>, anonymous: Cow<'a, str>, at: i64 },
}

impl<'a> Change<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let event: Event<'a> = serde_json::from_slice(line).expect("events are JSON");
        let at = event.timestamp.parse::<Timestamp>().expect("events have their time").as_microsecond();
        match (&*event.r#type, event.event.as_deref()) {
            ("track", Some("Segment Consent Preference Updated")) => {
                let preferences = event.context.consent?.category_preferences?;
                let preferences = serde_json::to_string(&preferences).expect("preferences are JSON");
                Some(Change::Prefer { id: event.user_id.or(event.anonymous_id)?, at, preferences })
            }
            ("identify", _) => {
                Some(Change::Link { user: event.user_id?, anonymous: event.anonymous_id?, at })
            }
            _ => None,
        }
    }
}

impl Sqlite {
    /// Makes an empty one.
    pub(super) fn new(folder: &Path, links: Links) -> Self {
        let path = folder.join(if links == Links::Kept { "links.sqlite" } else { "plain.sqlite" });
        let connection = Connection::open(&path).expect("the file can be made");
        let settings = "pragma journal_mode = wal; pragma synchronous = full";
        connection.execute_batch(settings).expect("SQLite has these settings");
        connection.execute_batch(PEOPLE).expect("the table can be made");
        if links == Links::Kept {
            connection.execute_batch(LINKS).expect("the table can be made");
        }
        Sqlite { connection, path, links }
    }

    fn write(&mut self, changes: &[Change<'_>]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut prefer = transaction.prepare_cached(PREFER)?;
            let mut link =
                (self.links == Links::Kept).then(|| transaction.prepare_cached(LINK)).transpose()?;
            for change in changes {
                match (change, &mut link) {
                    (Change::Prefer { id, at, preferences }, _) => {
                        prefer.execute(params![id, at, preferences])?;
                    }
                    (Change::Link { user, anonymous, at }, Some(link)) => {
                        link.execute(params![user, anonymous, at])?;
                    }
                    (Change::Link { .. }, None) => {}
                }
            }
        }
        transaction.commit()
    }

    /// What is recorded of some people: under all their ids, or under the one.
    fn find(&mut self, people: &[Id]) -> rusqlite::Result<Vec<Vec<Preferences>>> {
        let transaction = self.connection.transaction()?;
        let mut found = Vec::with_capacity(people.len());
        {
            let read = |text: &str| serde_json::from_str(text).expect("preferences are JSON");
            let mut find = transaction.prepare_cached(FIND)?;
            let mut linked = match self.links {
                Links::LeftOut => None,
                Links::Kept => Some((
                    transaction.prepare_cached(FIND_KNOWN)?,
                    transaction.prepare_cached(FIND_ANONYMOUS)?,
                )),
            };
            for id in people {
                let (Id::User(text) | Id::Anonymous(text)) = id;
                let preferences = |row: &rusqlite::Row<'_>| Ok(read(row.get_ref(0)?.as_str()?));
                let find = match (&mut linked, id) {
                    (None, _) => &mut find,
                    (Some((known, _)), Id::User(_)) => known,
                    (Some((_, anonymous)), Id::Anonymous(_)) => anonymous,
                };
                found.push(find.query_map([text], preferences)?.collect::<rusqlite::Result<_>>()?);
            }
        }
        transaction.commit()?;
        Ok(found)
    }
}

/// What one id says of a person; where several disagree, there is a conflict.
fn answer(found: Vec<Preferences>) -> Answer {
    let word = |granted| if granted { RecordedPreference::Granted } else { RecordedPreference::Refused };
    let mut found = found.into_iter();
    let mut answer: BTreeMap<_, _> =
        found.next()?.into_iter().map(|(name, granted)| (name, word(granted))).collect();
    for (name, granted) in found.flatten() {
        let one = answer.entry(name).or_insert(word(granted));
        if *one != word(granted) {
            *one = RecordedPreference::Conflict;
        }
    }
    Some(answer)
}

impl Contender for Sqlite {
    fn name(&self) -> &'static str {
        match self.links {
            Links::LeftOut => "SQLite",
            Links::Kept => "SQLite, with links",
        }
    }

    fn ingest(&mut self, lines: &[u8]) -> Duration {
        let start = Instant::now();
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let changes: Vec<Change<'_>> = lines.filter_map(Change::read).collect();
        let reading = start.elapsed();
        self.write(&changes).expect("SQLite answers");
        reading
    }

    fn look_up(&mut self, people: &[Id]) -> usize {
        let found = self.find(people).expect("SQLite answers");
        std::hint::black_box(found).iter().filter(|found| !found.is_empty()).count()
    }

    fn answers(&mut self, people: &[Id]) -> Vec<Answer> {
        self.find(people).expect("SQLite answers").into_iter().map(answer).collect()
    }

    fn merges(&self) -> bool {
        // With links it puts together what it finds, whatever was said after the link.
        false
    }

    fn bytes(&mut self) -> Option<u64> {
        let all = "pragma wal_checkpoint(truncate)";
        self.connection.query_row(all, [], |_| Ok(())).expect("SQLite answers");
        Some(on_disk(&self.path))
    }
}
