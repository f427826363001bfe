//! The integrations objects of events: what sources write into their code, and options that differ from event to event.

use super::catalogue::Catalogue;
use crate::random::{Random, Zipf};

/// How many objects sources write into their code.
const COMMON: usize = 40;

/// Of a thousand integrations objects, how many have an option of the event's own, such as a session's number.
const OWN: usize = 150;

/// Draws integrations objects.
pub(super) struct Integrations<'c> {
    catalogue: &'c Catalogue,
    common: Vec<String>,
    law: Zipf,
}

impl<'c> Integrations<'c> {
    pub(super) fn new(catalogue: &'c Catalogue, random: &mut Random) -> Self {
        let common = (0..COMMON).map(|_| object(catalogue, 1_764_000_000, random)).collect();
        Integrations { catalogue, common, law: Zipf::new(COMMON) }
    }

    /// The text of one object.
    pub(super) fn draw(&self, random: &mut Random) -> String {
        if random.chance(OWN) {
            let session = 1_764_000_000 + random.below(10_000_000);
            let name = &random.pick(&self.catalogue.destinations).name;
            return format!("{{\"All\":true,\"{name}\":{{\"session_id\":{session}}}}}");
        }
        self.common[self.law.draw(random)].clone()
    }
}

/// One to four entries, booleans and options, a default for all others in two objects of three.
fn object(catalogue: &Catalogue, session: usize, random: &mut Random) -> String {
    let mut members = Vec::new();
    if random.chance(667) {
        members.push(format!("\"All\":{}", random.chance(700)));
    }
    let mut named = Vec::new();
    for _ in 0..1 + random.below(4) {
        let name = &random.pick(&catalogue.destinations).name;
        if named.contains(&name) {
            continue;
        }
        named.push(name);
        members.push(match random.below(10) {
            0 | 1 => format!("\"{name}\":{{\"session_id\":{session},\"device\":{{\"type\":\"web\"}}}}"),
            2 => format!("\"{name}\":{{\"tags\":[\"a{{b\",\"c\"],\"enabled\":false}}"),
            3..=6 => format!("\"{name}\":true"),
            _ => format!("\"{name}\":false"),
        });
    }
    random.shuffle(&mut members);
    format!("{{{}}}", members.join(","))
}
