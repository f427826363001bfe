//! The tests of a first policy, decided by the reference interpreter and written as tables that a reviewer can read. Large
//! policies get the beginning of each table, and a comment that names what is left out.

use consentry::event::{Consent, Entry, Integrations, Name, Preference};
use consentry::syntax::{name, quoted};
use consentry::{CategoryId, DestinationId, Event, Outcome, Policy, Reason, Verdict, reference};
use std::collections::{BTreeMap, BTreeSet};
use std::{mem, slice};

/// The most sets of categories whose destinations are tested.
const MAX_SETS: usize = 20;

/// The most categories of such a set.
const MAX_CATEGORIES: usize = 12;

/// The most categories of a person who agrees to everything.
const MAX_EVERYTHING: usize = 6;

/// The most destinations that one case names.
const MAX_NAMES: usize = 8;

/// Categories, and the destinations that need just these.
type Set = (Vec<CategoryId>, Vec<DestinationId>);

/// Returns the tests as text; none for a policy without destinations.
pub(super) fn tests(policy: &Policy) -> String {
    let all: Vec<DestinationId> = policy.destination_ids().collect();
    if all.is_empty() {
        return String::new();
    }
    let sets = sets(policy);
    let tested: Vec<&Set> =
        sets.iter().filter(|(set, _)| set.len() <= MAX_CATEGORIES).take(MAX_SETS).collect();
    let mut text = String::from("\n");
    let named: usize = tested.iter().map(|(_, destinations)| destinations.len().min(MAX_NAMES)).sum();
    let mapped: usize = sets.iter().map(|(_, destinations)| destinations.len()).sum();
    if named < mapped {
        text += &format!(
            "// The tests name {named} of {mapped} destinations that need categories, and {} of {} combinations of these.\n",
            tested.len(),
            sets.len()
        );
    }
    let writer = Writer { policy };

    let (mut agreeing, mut refusing) = (Vec::new(), Vec::new());
    for (set, destinations) in tested {
        agreeing.push(writer.row(writer.consent(set, &[]), None, destinations));
        let all = (set.len() > 1).then_some(set.as_slice());
        for refused in set.iter().map(slice::from_ref).chain(all) {
            let event = Event { consent: writer.consent(set, refused), ..Event::default() };
            refusing.push(writer.cells(&event, None, &writer.expectations(&event, destinations)));
        }
    }
    table(&mut text, "who agrees to this and to nothing else is shared with these", &agreeing);
    table(&mut text, "who refuses this is not shared with these", &refusing);

    let silent = [Consent::Missing, Consent::Empty, Consent::Preferences(Vec::new()), Consent::Malformed];
    let silent = silent.map(|consent| writer.row(consent, None, &all));
    table(&mut text, "no consent object, or one without preferences", &silent);

    let Some((first, destinations)) = sets.first() else {
        let everything: Vec<CategoryId> = policy.category_ids().take(MAX_EVERYTHING).collect();
        let row = writer.row(writer.consent(&everything, &[]), None, &all);
        table(&mut text, "until somebody says what they need, they receive nothing", &[row]);
        return text;
    };
    let needed: BTreeSet<&CategoryId> = sets.iter().flat_map(|(set, _)| set).collect();
    let needed: Vec<CategoryId> = needed.into_iter().copied().collect();
    let everything = if needed.len() > MAX_EVERYTHING { first } else { &needed };
    let mapped = destinations.get(..1).unwrap_or_default();
    let own = mapped.iter().filter_map(|id| policy.destination(*id)).map(|one| Some(one.name()));
    let off = [None, Some("All")].into_iter().chain(own);
    let narrowing: Vec<String> =
        off.map(|name| writer.row(writer.consent(everything, &[]), name, mapped)).collect();
    table(&mut text, "the integrations object takes away from what was agreed to", &narrowing);
    text
}

struct Writer<'p> {
    policy: &'p Policy,
}

impl<'p> Writer<'p> {
    /// Returns preferences for some categories, which are granted if they are not refused. What is left out is not granted.
    fn consent(&self, categories: &[CategoryId], refused: &[CategoryId]) -> Consent<'p> {
        let is_granted_unlisted = self.policy.reading().unlisted() == Preference::Granted;
        let others: Vec<CategoryId> =
            self.policy.category_ids().filter(|id| is_granted_unlisted && !categories.contains(id)).collect();
        let refused: Vec<CategoryId> = refused.iter().chain(&others).copied().collect();
        let categories: Vec<CategoryId> = categories.iter().chain(&others).copied().collect();
        let preference = |id: &CategoryId| {
            let is_refused = refused.contains(id);
            let preference = if is_refused { Preference::Refused } else { Preference::Granted };
            Some((self.policy.category(*id)?.wire_id(), preference))
        };
        Consent::stating(categories.iter().filter_map(preference), self.policy)
    }

    /// Returns a row with the decision for every destination, in as few words as possible; for `about` where that is too many.
    fn row(&self, consent: Consent<'p>, off: Option<&'p str>, about: &[DestinationId]) -> String {
        let entries = off.into_iter().map(|name| (name.into(), Entry::Off)).collect();
        let event = Event { consent, integrations: Integrations::Entries(entries), ..Event::default() };
        let row = self.policy.reconcile().row(event.consent.state(), event.integrations.state());
        if let Some(reason) = row.drop_reason() {
            return self.cells(&event, off, &format!("drop {}", quoted(reason)));
        }
        let verdicts = self.verdicts(&event, self.policy.destination_ids());
        let (mut fewer, mut more): (Vec<_>, Vec<_>) = verdicts.partition(|(_, verdict)| verdict.delivers());
        if fewer.len() > more.len() {
            mem::swap(&mut fewer, &mut more);
        }
        let (which, verdicts) = match fewer.len() {
            0 => ("all".to_owned(), more),
            1..=MAX_NAMES => (format!("only {}", self.names(fewer.iter().map(|(id, _)| *id))), fewer),
            _ => return self.cells(&event, off, &self.expectations(&event, about)),
        };
        let mut reasons: Vec<Reason> = verdicts.iter().map(|(_, verdict)| verdict.reason()).collect();
        reasons.dedup();
        let expected = match reasons.as_slice() {
            [reason] => format!("{} {which} because {reason}", reason.outcome()),
            reasons => format!("{} {which}", reasons.first().map_or(Outcome::Block, |one| one.outcome())),
        };
        self.cells(&event, off, &expected)
    }

    /// Returns the expectations for some destinations, those with the same reason together.
    fn expectations(&self, event: &Event<'_>, about: &[DestinationId]) -> String {
        let mut groups: BTreeMap<(Reason, Vec<CategoryId>), Vec<DestinationId>> = BTreeMap::new();
        for (id, verdict) in self.verdicts(event, about.iter().copied().take(MAX_NAMES)) {
            groups.entry((verdict.reason(), verdict.refused().to_vec())).or_default().push(id);
        }
        let expectation = |((reason, refused), destinations): ((Reason, Vec<CategoryId>), Vec<_>)| {
            let refused = refused.iter().filter_map(|id| self.policy.category(*id));
            let refused: Vec<String> = refused.map(|one| name(one.name())).collect();
            let destinations = self.names(destinations.into_iter());
            format!("{} {destinations} because {reason} {}", reason.outcome(), refused.join(", "))
        };
        groups.into_iter().map(expectation).collect::<Vec<_>>().join(" ")
    }

    fn verdicts(
        &self,
        event: &Event<'_>,
        about: impl Iterator<Item = DestinationId>,
    ) -> impl Iterator<Item = (DestinationId, Verdict)> {
        about.filter_map(|id| Some((id, reference::explain(self.policy, event, id)?.verdict)))
    }

    fn cells(&self, event: &Event<'_>, off: Option<&str>, expected: &str) -> String {
        let consent = match event.consent.preferences() {
            [] => event.consent.state().as_str().to_owned(),
            // A list of refusals says what is granted by leaving it out.
            preferences if self.policy.reading().unlisted() == Preference::Granted => {
                let value = |category: &consentry::model::Category| {
                    let is_own = |(wire_id, _): &&(Name<'_>, Preference)| {
                        category.wire_ids().any(|own| *wire_id == *own)
                    };
                    let own = preferences.iter().find(is_own).map(|(_, preference)| *preference);
                    format!("{}: {}", name(category.name()), own.unwrap_or(Preference::Granted))
                };
                let values: Vec<String> = self.policy.categories().iter().map(value).collect();
                format!("{{ {} }}", values.join(", "))
            }
            preferences => {
                let value = |(wire_id, preference): &(Name<'_>, Preference)| {
                    let is_own =
                        |one: &&consentry::model::Category| one.wire_ids().any(|own| *wire_id == *own);
                    let category = self.policy.categories().iter().find(is_own)?;
                    Some(format!("{}: {preference}", name(category.name())))
                };
                let values: Vec<String> = preferences.iter().filter_map(value).collect();
                format!("{{ {} }}", values.join(", "))
            }
        };
        let integrations = match off {
            None => "none".to_owned(),
            Some("All") => "{ All: off }".to_owned(),
            Some(name) => format!("{{ {}: off }}", quoted(name)),
        };
        format!("{consent} {integrations} {expected}")
    }

    fn names(&self, ids: impl Iterator<Item = DestinationId>) -> String {
        let destinations = ids.filter_map(|id| self.policy.destination(id));
        destinations.map(|one| quoted(one.name())).collect::<Vec<_>>().join(", ")
    }
}

/// Returns the sets of categories that destinations need, in the order of the policy, and who needs each.
fn sets(policy: &Policy) -> Vec<Set> {
    let mut sets: BTreeMap<Vec<CategoryId>, Vec<DestinationId>> = BTreeMap::new();
    for (id, destination) in policy.destination_ids().zip(policy.destinations()) {
        let mut set: Vec<CategoryId> = destination.category_uses.iter().map(|one| one.value).collect();
        set.sort_unstable();
        if !set.is_empty() {
            sets.entry(set).or_default().push(id);
        }
    }
    let mut sets: Vec<Set> = sets.into_iter().collect();
    sets.sort_by_key(|(_, destinations)| destinations.first().copied());
    sets
}

fn table(text: &mut String, title: &str, rows: &[String]) {
    if !rows.is_empty() {
        let (title, rows) = (quoted(title), rows.join("\n"));
        *text += &format!("\ntest {title} {{\nconsent integrations expect\n{rows}\n}}\n");
    }
}
