//! What some people said, as the platform's library for Node posts it, from a fixed seed.

use crate::random::{Random, mix};
use consentry::ledger::Id;
use jiff::Timestamp;
use std::fmt::Write;

/// The categories of every event.
const CATEGORIES: [&str; 5] = ["Advertising", "Analytics", "Functional", "DataSharing", "Personalization"];

/// Shares, per mille.
mod share {
    /// People who write twice.
    pub(super) const TWICE: usize = 200;
    /// Second writes that are a day late: what they say was said in front of everything else.
    pub(super) const LATE: usize = 250;
    /// Of the identify events those with an anonymous id under which something may be written.
    pub(super) const JOINS: usize = 500;
}

/// Of so many people one is known by an anonymous id alone.
const ANONYMOUS: usize = 5;

/// How many events there are to one that links.
const LINKS: usize = 10;

/// When the first event was, in milliseconds after the beginning of 1970, and how many pass until the next one.
const BEGIN: i64 = 1_790_812_800_000;
const STEP: i64 = 10;
const DAY: i64 = 86_400_000;

/// All events.
pub(super) struct History {
    people: usize,
    steps: Vec<Step>,
    /// The people of whom more than their own events says something.
    joined: Vec<bool>,
}

#[derive(Clone, Copy)]
enum Step {
    /// A preference event.
    Prefer { person: u32, late: bool },
    /// An identify event of a known person, with their own anonymous id or with that of an anonymous person.
    Link { person: u32, also: Option<u32> },
}

impl History {
    /// The history of so many people, in one order of all orders.
    pub(super) fn new(people: usize) -> Self {
        let mut random = Random::new(0x001E_D6E4);
        let mut steps = Vec::new();
        let mut joined = vec![false; people];
        for person in 0..people as u32 {
            steps.push(Step::Prefer { person, late: false });
            if random.chance(share::TWICE) {
                steps.push(Step::Prefer { person, late: random.chance(share::LATE) });
            }
        }
        for _ in 0..steps.len() / (LINKS - 1) {
            let person = 1 + random.below(people - 1);
            let (person, anonymous) = match person % ANONYMOUS {
                0 => (person - 1, person),
                _ => (person, random.below(people.div_ceil(ANONYMOUS)) * ANONYMOUS),
            };
            let also = random.chance(share::JOINS).then_some(anonymous as u32);
            if also.is_some() {
                (joined[person], joined[anonymous]) = (true, true);
            }
            steps.push(Step::Link { person: person as u32, also });
        }
        random.shuffle(&mut steps);
        History { people, steps, joined }
    }

    /// How many events there are.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// So many events from one on, as far as there are so many, one a line.
    pub(super) fn batch(&self, from: usize, count: usize) -> Vec<u8> {
        let mut text = String::new();
        for (number, step) in self.steps.iter().enumerate().skip(from).take(count) {
            write_event(&mut text, *step, number);
        }
        text.into_bytes()
    }

    /// Some people, drawn at random.
    pub(super) fn some(&self, count: usize) -> Vec<Id> {
        let mut random = Random::new(count as u64);
        (0..count).map(|_| id(random.below(self.people))).collect()
    }

    /// The same, but for people of whom more than their own events says something.
    pub(super) fn some_apart(&self, count: usize) -> Vec<Id> {
        let mut random = Random::new(count as u64);
        let drawn = (0..count).map(|_| random.below(self.people));
        drawn.filter(|person| !self.joined[*person]).map(id).collect()
    }
}

fn is_anonymous(person: usize) -> bool {
    person.is_multiple_of(ANONYMOUS)
}

/// The id under which something is recorded of a person.
fn id(person: usize) -> Id {
    match is_anonymous(person) {
        true => Id::Anonymous(anonymous_id(person)),
        false => Id::User(user_id(person)),
    }
}

fn user_id(person: usize) -> String {
    uuid(2 * person as u64)
}

fn anonymous_id(person: usize) -> String {
    uuid(2 * person as u64 + 1)
}

/// Ids in no order, as most systems give them: the hardest ones for a store.
fn uuid(number: u64) -> String {
    let (high, low) = (mix(number.wrapping_mul(2) + 1), mix(number.wrapping_mul(2) + 2));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFF,
        low >> 52,
        low & 0xFFFF_FFFF_FFFF
    )
}

fn write_event(text: &mut String, step: Step, number: usize) {
    let mut random = Random::new(mix(number as u64));
    let mut at = BEGIN + number as i64 * STEP;
    let ids = |text: &mut String, user: Option<usize>, anonymous: usize| {
        if let Some(user) = user {
            let _ = write!(text, "\"userId\":\"{}\",", user_id(user));
        }
        let _ = write!(text, "\"anonymousId\":\"{}\",", anonymous_id(anonymous));
    };
    let (what, who) = match step {
        Step::Prefer { person, late } => {
            at -= if late { DAY } else { 0 };
            let person = person as usize;
            let user = (!is_anonymous(person)).then_some(person);
            (r#""event":"Segment Consent Preference Updated","type":"track","properties":{}"#, (user, person))
        }
        Step::Link { person, also } => {
            (r#""type":"identify","traits":{}"#, (Some(person as usize), also.unwrap_or(person) as usize))
        }
    };
    let moment = Timestamp::from_millisecond(at).expect("the history is in this century");
    let _ = write!(text, "{{\"timestamp\":\"{moment:.3}\",\"integrations\":{{}},{what},");
    text.push_str(r#""context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"},"#);
    text.push_str(r#""consent":{"categoryPreferences":"#);
    for (place, category) in CATEGORIES.iter().enumerate() {
        let begin = if place == 0 { '{' } else { ',' };
        let _ = write!(text, "{begin}\"{category}\":{}", random.chance(600));
    }
    text.push_str("}}},");
    ids(text, who.0, who.1);
    let _ = write!(
        text,
        "\"messageId\":\"node-next-{at}-{}\",\"_metadata\":{{\"nodeVersion\":\"v20.20.2\",\"jsRuntime\":\"node\"}},",
        uuid(random.bits())
    );
    let _ = writeln!(text, "\"sentAt\":\"{moment:.3}\"}}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_has_what_it_should() {
        let history = History::new(10_000);
        let text = String::from_utf8(history.batch(0, history.len())).unwrap();
        assert_eq!(text.lines().count(), history.len());
        let identify = text.lines().filter(|line| line.contains("\"identify\"")).count();
        assert_eq!(identify, history.len() / LINKS);
        let writes = history.len() - identify;
        assert!((11_850..12_150).contains(&writes), "{writes}");
        let late = text.lines().filter(|line| line.starts_with("{\"timestamp\":\"2026-09-30")).count();
        assert!((400..600).contains(&late), "{late}");
        let apart = history.joined.iter().filter(|joined| !**joined).count();
        assert!((8_500..9_500).contains(&apart), "{apart}");
        let mut ids: Vec<Id> = (0..10_000).map(id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 10_000);
        assert_eq!(text.as_bytes(), History::new(10_000).batch(0, history.len()));
    }
}
