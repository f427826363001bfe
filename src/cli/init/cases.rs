//! The tests of a first policy: what follows from it, decided by the reference interpreter and written as tables that a
//! reviewer can read. Large policies get the beginning of each table, and a comment that says what is left out.

use consentry::syntax::{name, quoted};
use consentry::{
    CategoryId, Consent, ConsentState, DestinationId, Enforce, Entry, Event, Integrations, Outcome, Policy,
    Preference, Reason, Requirement, Verdict, reference,
};
use std::collections::BTreeMap;

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

/// The tests as text; none for a policy without destinations.
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
        text.push_str(&format!(
            "// The tests name {named} of {mapped} destinations that need categories, and {} of {} combinations of these.\n",
            tested.len(),
            sets.len()
        ));
    }
    let writer = Writer { policy, all: &all };

    let mut agreeing = Vec::new();
    let mut refusing = Vec::new();
    for (set, destinations) in tested.iter().copied() {
        let granted: Vec<_> = set.iter().map(|category| (*category, true)).collect();
        agreeing.push(writer.case(Said::Choices(&granted), &[], Some(destinations)));
        let mut refusals: Vec<Vec<(CategoryId, bool)>> = Vec::new();
        for refused in set {
            refusals.push(set.iter().map(|category| (*category, category != refused)).collect());
        }
        if set.len() > 1 {
            refusals.push(set.iter().map(|category| (*category, false)).collect());
        }
        refusing.extend(refusals.iter().map(|choices| writer.named(Said::Choices(choices), destinations)));
    }
    table(&mut text, "who agrees to this and to nothing else is shared with these", &agreeing);
    table(&mut text, "who refuses this is not shared with these", &refusing);

    let states = ConsentState::ALL.into_iter().filter(|state| *state != ConsentState::Answered);
    let silent: Vec<Case> = states.map(|state| writer.case(Said::State(state), &[], None)).collect();
    table(&mut text, "no consent object, or one without preferences", &silent);

    let (title, rows) = match sets.first() {
        Some((first, _)) => {
            ("the integrations object takes away from what was agreed to", writer.narrowing(&sets, first))
        }
        None => ("until somebody says what they need, they receive nothing", writer.undecided()),
    };
    table(&mut text, title, &rows);
    text
}

/// What an event says of consent.
#[derive(Clone, Copy)]
enum Said<'c> {
    State(ConsentState),
    Choices(&'c [(CategoryId, bool)]),
}

/// A case as text: consent, integrations, expectations. Empty expectations: there is nothing to expect.
type Case = [String; 3];

struct Writer<'p> {
    policy: &'p Policy,
    all: &'p [DestinationId],
}

impl Writer<'_> {
    /// A person who agrees to everything that somebody needs, and an integrations object beside that.
    fn narrowing(&self, sets: &[Set], first: &[CategoryId]) -> Vec<Case> {
        let mut needed: Vec<CategoryId> = sets.iter().flat_map(|(set, _)| set.iter().copied()).collect();
        needed.sort_unstable();
        needed.dedup();
        let needed = if needed.len() > MAX_EVERYTHING { first.to_vec() } else { needed };
        let granted: Vec<_> = needed.into_iter().map(|category| (category, true)).collect();
        let said = Said::Choices(&granted);
        let mapped = sets.first().and_then(|(_, destinations)| destinations.get(..1)).unwrap_or_default();
        let one = mapped.first().and_then(|id| self.policy.destination(*id));
        let mut rows =
            vec![self.case(said, &[], Some(mapped)), self.case(said, &[("All", false)], Some(mapped))];
        rows.extend(one.map(|one| self.case(said, &[(one.name(), false)], Some(mapped))));
        rows
    }

    /// A person who agrees to everything, where nothing is mapped.
    fn undecided(&self) -> Vec<Case> {
        let granted: Vec<_> =
            self.policy.category_ids().take(MAX_EVERYTHING).map(|category| (category, true)).collect();
        vec![self.case(Said::Choices(&granted), &[], None)]
    }

    /// What is decided for every destination, in as few words as possible; of `about` where that is too many.
    fn case(
        &self,
        consent: Said<'_>,
        integrations: &[(&str, bool)],
        about: Option<&[DestinationId]>,
    ) -> Case {
        let event = self.event(consent, integrations);
        let verdicts: Vec<(DestinationId, Verdict)> =
            self.all.iter().filter_map(|id| Some((*id, self.verdict(&event, *id)?))).collect();
        let of = |outcome| verdicts.iter().filter(move |(_, verdict)| verdict.outcome() == outcome);
        let dropped = self.policy.reconcile().row(event.consent.state(), event.integrations.state());
        let (delivered, blocked) = (of(Outcome::Deliver).count(), of(Outcome::Block).count());
        let expected = if let Enforce::Drop(reason) = &dropped.enforce {
            format!("drop {}", quoted(reason))
        } else if delivered.min(blocked) == 0 {
            let outcome = if delivered > 0 { Outcome::Deliver } else { Outcome::Block };
            let because = of(outcome).map(|(_, verdict)| verdict.reason());
            format!("{} all{}", outcome.word(), common(because))
        } else if delivered.min(blocked) <= MAX_NAMES {
            let outcome = if delivered <= blocked { Outcome::Deliver } else { Outcome::Block };
            let names: Vec<DestinationId> = of(outcome).map(|(id, _)| *id).collect();
            let because = of(outcome).map(|(_, verdict)| verdict.reason());
            format!("{} only {}{}", outcome.word(), self.names(&names), common(because))
        } else {
            self.expectations(&event, about.unwrap_or(self.all))
        };
        [self.consent(consent), self.integrations(integrations), expected]
    }

    /// What is decided for these destinations.
    fn named(&self, consent: Said<'_>, about: &[DestinationId]) -> Case {
        let expected = self.expectations(&self.event(consent, &[]), about);
        [self.consent(consent), self.integrations(&[]), expected]
    }

    /// What is decided for some destinations, those with the same reason together.
    fn expectations(&self, event: &Event<'_>, about: &[DestinationId]) -> String {
        let mut groups: BTreeMap<(Reason, Vec<CategoryId>), Vec<DestinationId>> = BTreeMap::new();
        for id in about.iter().take(MAX_NAMES) {
            if let Some(verdict) = self.verdict(event, *id) {
                groups.entry((verdict.reason(), verdict.refused().to_vec())).or_default().push(*id);
            }
        }
        let expectations: Vec<String> = groups
            .iter()
            .map(|((reason, refused), destinations)| {
                let categories = self.categories(refused);
                format!(
                    "{} {} because {reason} {}",
                    reason.outcome().word(),
                    self.names(destinations),
                    categories.join(", ")
                )
            })
            .collect();
        expectations.join(" ")
    }

    fn verdict(&self, event: &Event<'_>, destination: DestinationId) -> Option<Verdict> {
        Some(reference::explain(self.policy, event, destination)?.verdict)
    }

    fn event<'e>(&'e self, consent: Said<'_>, integrations: &[(&'e str, bool)]) -> Event<'e> {
        let consent = match consent {
            Said::State(ConsentState::Missing) => Consent::Missing,
            Said::State(ConsentState::Empty) => Consent::Empty,
            Said::State(ConsentState::Malformed) => Consent::Malformed,
            Said::State(ConsentState::Unanswered | ConsentState::Answered) => {
                Consent::Preferences(Vec::new())
            }
            Said::Choices(choices) => {
                let known =
                    choices.iter().filter_map(|(id, granted)| Some((self.policy.category(*id)?, *granted)));
                let preference = |granted| if granted { Preference::Granted } else { Preference::Refused };
                Consent::Preferences(
                    known.map(|(one, granted)| (one.wire_id().into(), preference(granted))).collect(),
                )
            }
        };
        let entry = |on| if on { Entry::On } else { Entry::Off };
        let entries = integrations.iter().map(|(name, on)| ((*name).into(), entry(*on))).collect();
        Event { consent, integrations: Integrations::Entries(entries), ..Event::default() }
    }

    fn consent(&self, consent: Said<'_>) -> String {
        match consent {
            Said::State(state) => state.word().into(),
            Said::Choices([]) => "unanswered".into(),
            Said::Choices(choices) => {
                let ids: Vec<CategoryId> = choices.iter().map(|(id, _)| *id).collect();
                let names = self.categories(&ids).into_iter().zip(choices);
                let word = |granted| if granted { "granted" } else { "refused" };
                let choices: Vec<String> =
                    names.map(|(name, (_, granted))| format!("{name}: {}", word(*granted))).collect();
                format!("{{ {} }}", choices.join(", "))
            }
        }
    }

    fn integrations(&self, entries: &[(&str, bool)]) -> String {
        let entry = |(name, on): &(&str, bool)| {
            let name = if *name == "All" { "All".to_owned() } else { quoted(name) };
            format!("{name}: {}", if *on { "on" } else { "off" })
        };
        match entries {
            [] => "none".into(),
            entries => format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", ")),
        }
    }

    fn categories(&self, ids: &[CategoryId]) -> Vec<String> {
        ids.iter().filter_map(|id| self.policy.category(*id)).map(|one| name(one.name())).collect()
    }

    fn names(&self, ids: &[DestinationId]) -> String {
        let names = ids.iter().filter_map(|id| self.policy.destination(*id)).map(|one| quoted(one.name()));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// The sets of categories that destinations need, in the order of the policy, and who needs each.
fn sets(policy: &Policy) -> Vec<Set> {
    let mut places: BTreeMap<Vec<CategoryId>, usize> = BTreeMap::new();
    let mut sets: Vec<Set> = Vec::new();
    for (id, destination) in policy.destination_ids().zip(policy.destinations()) {
        let mut set = match destination.requirement() {
            None => continue,
            Some(Requirement::Category(category)) => vec![*category],
            Some(Requirement::AllOf(_) | Requirement::AnyOf(_)) => {
                destination.category_uses().iter().map(|one| one.value).collect()
            }
        };
        set.sort_unstable();
        let place = *places.entry(set.clone()).or_insert(sets.len());
        match sets.get_mut(place) {
            Some((_, destinations)) => destinations.push(id),
            None => sets.push((set, vec![id])),
        }
    }
    sets
}

/// The reason that all of them have, as an expectation says it; nothing where they differ.
fn common(mut reasons: impl Iterator<Item = Reason>) -> String {
    match reasons.next() {
        Some(first) if reasons.all(|reason| reason == first) => format!(" because {first}"),
        _ => String::new(),
    }
}

fn table(text: &mut String, title: &str, cases: &[Case]) {
    let cases: Vec<String> = cases
        .iter()
        .filter(|case| case.iter().all(|cell| !cell.is_empty()))
        .map(|case| case.join(" "))
        .collect();
    if !cases.is_empty() {
        text.push_str(&format!(
            "\ntest {} {{\nconsent integrations expect\n{}\n}}\n",
            quoted(title),
            cases.join("\n")
        ));
    }
}
