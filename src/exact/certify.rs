//! Does the table equal the reference, in every situation that can matter?

use super::cases::{Case, Cases};
use super::space::{Situation, Space, Unclaimed};
use crate::decide::{Input, Scratch, Table};
use crate::event::{
    Consent, Entry, Event, Integrations, LedgerAnswer, Name, Preference, Record, RecordedPreference,
};
use crate::model::{Category, DestinationId, InputState, Policy};
use crate::reference;
use crate::verdict::Verdict;

/// The number of other categories and destinations around a situation: more than a word of bits has.
const MAX_OTHERS: usize = 100;

/// How many events are compared with an answer of the ledger, over all destinations.
const MAX_CHECKED: u64 = 1_000_000;

/// The most differences that are kept; one is enough to know.
const MAX_DIFFERENCES: usize = 100;

/// The comparisons that were made, and their differences.
#[derive(Debug, Clone, Default)]
pub struct Certificate {
    /// The coverage of each destination, in declaration order.
    pub coverage: Vec<(DestinationId, Coverage)>,
    /// How many events were compared with an answer of the ledger: a sample, where the policy asks for a check.
    pub checked: u64,
    /// Decisions of the table that the reference does not share.
    pub differences: Vec<Disagreement>,
}

/// The situations of a destination that were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// All of them, as many as these.
    Full(u128),
    /// All that can make a difference, as many as these. Every other situation is one of them but for how a category
    /// that is not granted, an invalid entry, or a fact that nothing asks for is put.
    Reduced(u128),
    /// Some of those that can make a difference: `compared` of `of`, or of more than can be counted. Everything but the
    /// preferences comes in every combination, the preferences are drawn by chance from a fixed seed.
    Sampled {
        /// The number that were compared.
        compared: u128,
        /// The number that there are.
        of: Option<u128>,
    },
}

impl Coverage {
    /// Returns how many situations were compared.
    fn compared(self) -> u128 {
        match self {
            Coverage::Full(compared) | Coverage::Reduced(compared) | Coverage::Sampled { compared, .. } => {
                compared
            }
        }
    }
}

/// A decision of the table that the reference does not share.
#[derive(Debug, Clone)]
pub struct Disagreement {
    /// The destination.
    pub destination: DestinationId,
    /// An event that shows it.
    pub event: String,
    /// What the ledger says of its person; `None` for an event that is decided as it is stamped.
    pub recorded: Option<LedgerAnswer>,
    /// The verdict of the table.
    pub table: Option<Verdict>,
    /// The verdict of the reference.
    pub reference: Option<Verdict>,
}

impl Certificate {
    /// Returns how many comparisons were made: each situation alone and among facts that must not matter, or one of both in a sample.
    pub fn comparisons(&self) -> u128 {
        let made = |coverage: &Coverage| match coverage {
            Coverage::Sampled { compared, .. } => *compared,
            Coverage::Full(compared) | Coverage::Reduced(compared) => 2 * compared,
        };
        self.coverage.iter().map(|(_, coverage)| made(coverage)).sum()
    }
}

/// Compares table and reference over the whole space of each destination.
///
/// `most` is the largest number of situations of one destination that is compared. Where the full space is larger, what
/// makes no difference is left out first; where it still is, some situations are, and [`Coverage`] says so.
pub fn certify(table: &Table, most: u64) -> Certificate {
    let most = u128::from(most.max(1));
    let policy = table.policy();
    let mut certificate = Certificate::default();
    let mut scratch = table.scratch();
    let unclaimed = Unclaimed::of(policy);
    let mut cases = Cases::new(&[policy]);
    for id in policy.destination_ids() {
        // At most as many cases as there are, one for each value of the few inputs of a destination: certify has no other answer for more.
        let own = cases.of(Some(&[&[id]]), &[]).unwrap_or_default();
        let each = most.div_ceil(own.len().max(1) as u128);
        let mut whole = None;
        for case in &own {
            let Some(given) = case.policy() else { continue };
            let Some((space, coverage)) = covered(given, id, &unclaimed, each) else { continue };
            certificate.compare(table, case, id, (&space, coverage), each, &mut scratch);
            whole = Some(Coverage::both(whole, coverage));
        }
        let whole = whole.unwrap_or(Coverage::Sampled { compared: 0, of: None });
        certificate.coverage.push((id, whole));
    }
    certificate
}

impl Coverage {
    /// Returns the coverage of both of two cases: as good as that of the worse.
    fn both(one: Option<Coverage>, other: Coverage) -> Coverage {
        let Some(one) = one else { return other };
        let compared = one.compared() + other.compared();
        let of = |coverage: Coverage| match coverage {
            Coverage::Sampled { of, .. } => of,
            whole => Some(whole.compared()),
        };
        match (one, other) {
            (Coverage::Full(_), Coverage::Full(_)) => Coverage::Full(compared),
            (Coverage::Sampled { .. }, _) | (_, Coverage::Sampled { .. }) => {
                let of = of(one).zip(of(other)).and_then(|(one, other)| one.checked_add(other));
                Coverage::Sampled { compared, of }
            }
            _ => Coverage::Reduced(compared),
        }
    }
}

impl Certificate {
    /// Compares the situations of a destination in one case of the inputs.
    fn compare(
        &mut self,
        table: &Table,
        case: &Case<'_>,
        id: DestinationId,
        (space, coverage): (&Space, Coverage),
        most: u128,
        scratch: &mut Scratch,
    ) {
        let policy = table.policy();
        let Some(given) = case.policy() else { return };
        let inputs = case.event_inputs();
        // Equivalent destinations show different situations.
        let first = coverage.compared() as u64 * id.index() as u64;
        for number in 0..coverage.compared() {
            let situation = match coverage {
                Coverage::Sampled { .. } => space.sample(first.wrapping_add(number as u64)),
                _ => space.situation(number),
            };
            let alone = Event { inputs: inputs.clone(), ..space.event(&situation) };
            let among = among_others(space, given, id, &situation, &alone);
            let events = match coverage {
                // The next situation is compared the other way.
                Coverage::Sampled { .. } if (id.index() + number as usize).is_multiple_of(2) => vec![alone],
                Coverage::Sampled { .. } => vec![among],
                Coverage::Full(_) | Coverage::Reduced(_) => vec![alone, among],
            };
            for event in events {
                let decision = table.decide_event(&event, scratch);
                let verdict = decision.verdict(id);
                let bit = verdict.as_ref().is_some_and(Verdict::delivers) == decision.delivers(id);
                let expected = reference::explain(policy, &event, id).map(|explanation| explanation.verdict);
                if (!bit || verdict != expected) && self.differences.len() < MAX_DIFFERENCES {
                    self.differences.push(Disagreement {
                        destination: id,
                        event: event.to_json(policy.reading()),
                        recorded: None,
                        table: verdict,
                        reference: expected,
                    });
                }
            }
        }
        if policy.ledger_check().is_some() {
            // An answer speaks of every category.
            let cost = 1 + policy.categories().len() as u64 / 64;
            let count = MAX_CHECKED.div_ceil(policy.destinations().len().max(1) as u64 * cost);
            (0..count.min(most as u64))
                .for_each(|number| self.check(table, scratch, id, (space, &inputs), number));
        }
    }
}

/// Returns the situations of a destination, and how many of them are compared.
fn covered(
    policy: &Policy,
    id: DestinationId,
    unclaimed: &Unclaimed,
    most: u128,
) -> Option<(Space, Coverage)> {
    let full = Space::full_with(policy, id, unclaimed)?;
    let reduced = full.reduced_for(policy, id)?;
    Some(match (full.count(), reduced.count()) {
        (Some(count), _) if count <= most => (full, Coverage::Full(count)),
        (_, Some(count)) if count <= most => (reduced, Coverage::Reduced(count)),
        (_, count) => (reduced, Coverage::Sampled { compared: most, of: count }),
    })
}

/// The most situations of one destination that are compared where nobody asks for more.
const MAX_SITUATIONS: u64 = 1 << 20;

/// The most work for all destinations together where nobody asks for more.
const MAX_WORK: u128 = 24_000_000;

/// Returns how many situations of each destination are compared where nobody asks for more: 1,048,576, and fewer for a policy that has
/// very many destinations or categories.
pub fn default_situations(policy: &Policy) -> u64 {
    let every_decision = (policy.destinations().len() + policy.categories().len()) / 64;
    if policy.destinations().len() as u128 * (32 + every_decision) as u128 > MAX_WORK {
        return 1;
    }
    let unclaimed = Unclaimed::of(policy);
    let destinations = policy.destination_ids().filter_map(|id| {
        let (space, coverage) = covered(policy, id, &unclaimed, u128::from(MAX_SITUATIONS))?;
        // The reference looks for each category among the preferences of all.
        let categories = space.categories().len();
        let one_decision = 32 + categories + categories * categories / 128 + every_decision;
        Some((coverage.compared(), one_decision as u128))
    });
    let destinations: Vec<(u128, u128)> = destinations.collect();
    let work =
        |most: u128| -> u128 { destinations.iter().map(|(count, cost)| (*count).min(most) * cost).sum() };
    let mut most = MAX_SITUATIONS;
    while most > 1 && work(u128::from(most)) > MAX_WORK {
        most /= 2;
    }
    most
}

impl Certificate {
    /// Compares an event with an answer of the ledger, both by a number.
    fn check(
        &mut self,
        table: &Table,
        scratch: &mut Scratch,
        id: DestinationId,
        (space, inputs): (&Space, &[InputState]),
        number: u64,
    ) {
        let policy = table.policy();
        let situation = space.sample(number);
        let mut event = Event { inputs: inputs.to_vec(), ..space.event(&situation) };
        let bits = scattered(number);
        if let (0, Some(name)) = (bits >> 60, policy.preference_events().value.first()) {
            event.track = Some(Name::from(name.value.as_str()));
        }
        event.is_identify = event.track.is_none() && bits >> 60 == 1;
        let answer = answer(policy, number);
        let input = Input::event(&event).recorded(answer.recorded());
        let decided =
            table.decide(input, scratch).ok().map(|decision| (decision.verdict(id), decision.check()));
        let (decided, check) = decided.unwrap_or_default();
        let expected = reference::explain_recorded(policy, &event, answer.recorded(), id);
        let expected = expected.map(|explanation| explanation.verdict);
        let expected_check = reference::check(policy, &event, answer.recorded()).map(|(checked, _)| checked);
        self.checked += 1;
        if (decided != expected || check != expected_check) && self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(Disagreement {
                destination: id,
                event: event.to_json(policy.reading()),
                recorded: Some(answer),
                table: decided,
                reference: expected,
            });
        }
    }
}

/// Returns bits that differ in all places from number to number.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Returns an answer of the ledger by a number. Numbers that follow each other have every sort of answer.
fn answer(policy: &Policy, number: u64) -> LedgerAnswer {
    let mut bits = scattered(number);
    let preference = |category: &Category| {
        bits = bits.rotate_left(7).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let preference = match bits >> 61 {
            0 | 1 => RecordedPreference::Conflict,
            2 => RecordedPreference::Refused,
            3 => RecordedPreference::Expired,
            _ => RecordedPreference::Granted,
        };
        (category.wire_id().to_owned(), preference)
    };
    match number % 8 {
        0 => LedgerAnswer::Unknown,
        1 => LedgerAnswer::Unreachable,
        _ => {
            LedgerAnswer::Known(Record { preferences: policy.categories().iter().map(preference).collect() })
        }
    }
}

/// Returns the same situation among facts that must not matter: those of other categories and destinations, and repetitions of
/// its own names that lose against what is there. What can be said by several names is said by another than alone.
fn among_others<'e>(
    space: &Space,
    policy: &'e Policy,
    id: DestinationId,
    situation: &Situation,
    alone: &Event<'e>,
) -> Event<'e> {
    let mut event = alone.clone();
    if situation.exempt_event
        && let Some(last) = policy.exempt_events().value.last()
    {
        // Each exempt event is as exempt as the first, which the event alone is.
        event.track = Some(Name::from(last.value.as_str()));
    }
    if let Consent::Preferences(preferences) = &mut event.consent
        && !preferences.is_empty()
    {
        // "Among duplicate keys any refusal wins, then any invalid value."
        let reading = policy.reading();
        let weakest = |value: Preference| {
            let grants = reading.listed_values().contains(&Preference::Granted);
            if grants && value > Preference::Granted { Preference::Granted } else { value }
        };
        let losing = preferences.iter().map(|(name, value)| (name.clone(), weakest(*value))).collect();
        surround(preferences, losing);
        let others = policy.category_ids().filter(|id| space.categories().binary_search(id).is_err());
        let others = others.take(MAX_OTHERS);
        for (index, category) in others.filter_map(|id| policy.category(id)).enumerate() {
            let listed = reading.listed_values();
            let preference = if index % 3 == 2 { listed.last() } else { listed.first() };
            let wire_id = category.wire_ids().last().unwrap_or_default();
            preferences.extend(preference.map(|preference| (Name::from(wire_id), *preference)));
        }
    }
    if let Integrations::Entries(entries) = &mut event.integrations
        && !entries.is_empty()
    {
        let own: Vec<&str> = policy.destination(id).into_iter().flat_map(|own| own.names()).collect();
        // "Among duplicate keys and among the names of one destination `off` wins, then `on`."
        let mut losing = Vec::new();
        if matches!(situation.entry, Some(Entry::On | Entry::Off)) {
            losing.extend(own.iter().take(MAX_OTHERS).map(|name| (Name::from(*name), Entry::On)));
        }
        if situation.all.is_some() {
            losing.push((Name::from("All"), Entry::On));
        }
        // Its last name, which it may share, serves as well as its own.
        if let [first, .., last] = own.as_slice() {
            let under_its_own = entries.iter_mut().filter(|(name, _)| *name == **first);
            under_its_own.for_each(|(name, _)| *name = Name::from(*last));
        }
        surround(entries, losing);
        // The destinations around it say the opposite of what it says.
        let opposite = if situation.entry == Some(Entry::Off) { Entry::On } else { Entry::Off };
        let (before, after) = policy.destinations().split_at(id.index());
        let others = after.iter().skip(1).chain(before);
        for other in others.take(MAX_OTHERS).filter(|other| !own.contains(&other.name())) {
            entries.push((Name::from(other.name()), opposite));
        }
    }
    event
}

/// Puts the same members in front of a list and behind it.
fn surround<T: Clone>(list: &mut Vec<T>, members: Vec<T>) {
    list.splice(0..0, members.iter().cloned());
    list.extend(members);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

    use super::*;
    use crate::decide::Bits;
    use crate::event::Limits;

    const POLICY: &str = r#"consentry 1
        policy "p"
        include prelude "segment"
        category A
        category B
        category Always always
        destination "X" needs A, B
        destination "Y" needs Always, A
        destination "Lake" needs B kind warehouse
        destination "Exempt" needs A exempt
        destination "Gone" unmapped disabled
        destination "Free" unmapped"#;

    /// Numbers that follow each other have each sort of answer, and each sort of recorded preference.
    #[test]
    fn every_sort_of_answer_is_compared() {
        let policy = Policy::parse(POLICY).unwrap();
        let answers: Vec<LedgerAnswer> = (0..64).map(|number| answer(&policy, number)).collect();
        for one in [LedgerAnswer::Unknown, LedgerAnswer::Unreachable] {
            assert_eq!(answers.iter().filter(|answer| **answer == one).count(), 8);
        }
        let recorded: Vec<RecordedPreference> = answers
            .into_iter()
            .filter_map(|answer| match answer {
                LedgerAnswer::Known(record) => Some(record.preferences.into_values()),
                _ => None,
            })
            .flatten()
            .collect();
        assert_eq!(recorded.len(), 48 * policy.categories().len());
        for preference in RecordedPreference::ALL {
            assert!(recorded.contains(&preference));
        }
    }

    /// Tables with a mistake in them: each is found, and the event that shows it can be run.
    #[test]
    fn a_mistake_in_the_table_is_found() {
        let good = || Table::new(Policy::parse(POLICY).unwrap());
        let flipped = |bits: &mut Bits, bit| match bits.contains(bit) {
            true => bits.remove(bit),
            false => bits.insert(bit),
        };
        type Mistake<'m> = (&'m str, &'m dyn Fn(&mut Table));
        let mistakes: [Mistake; 8] = [
            ("X is disabled", &|table| flipped(&mut table.enabled, 0)),
            ("Gone is enabled", &|table| flipped(&mut table.enabled, 4)),
            ("Exempt is not exempt", &|table| flipped(&mut table.exempt, 3)),
            ("Lake obeys All", &|table| flipped(&mut table.ignores_all, 2)),
            ("X ignores All", &|table| flipped(&mut table.ignores_all, 0)),
            ("A is always granted", &|table| flipped(&mut table.always, 0)),
            ("Always is not always granted", &|table| flipped(&mut table.always, 2)),
            ("invalid is off", &|table| table.invalid_is_off = true),
        ];
        assert!(certify(&good(), 1 << 20).differences.is_empty());
        for (name, mistake) in mistakes {
            let mut bad = good();
            mistake(&mut bad);
            let certificate = certify(&bad, 1 << 20);
            let difference = certificate.differences.first().unwrap_or_else(|| panic!("{name}"));
            assert_ne!(difference.table, difference.reference, "{name}");
            assert!(certificate.differences.len() <= MAX_DIFFERENCES);
            let event = bad.read(difference.event.as_bytes(), &Limits::default()).unwrap();
            let decided = |table: &Table| {
                table.decide_event(&event, &mut table.scratch()).verdict(difference.destination)
            };
            assert_eq!(decided(&bad), difference.table, "{name}: {}", difference.event);
            assert_eq!(decided(&good()), difference.reference, "{name}: {}", difference.event);
        }
    }
}
