//! The finite space on which one destination's decision depends.
//!
//! Of an event only these facts can matter to a destination: the two states, the preferences of the categories that it
//! needs, its own entry, `All`, and whether the event is exempt. A [`Space`] counts and lists all combinations of them
//! that an event can have; [`Space::reduced`] leaves out only what makes no difference to this policy.

use crate::event::{Consent, Entry, Event, Integrations, Name, Preference};
use crate::model::{
    CategoryId, ConsentState, DestinationId, IntegrationsState, InvalidEntries, Mentions, Policy, Requirement,
};

/// One combination of the facts that can matter to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Situation {
    /// The state of the consent object.
    pub consent: ConsentState,
    /// In the state `answered`, the preference of each of the space's categories; else empty.
    pub preferences: Vec<Preference>,
    /// The state of the integrations object.
    pub integrations: IntegrationsState,
    /// In the state `answered`, the destination's own entry, if there is one.
    pub entry: Option<Entry>,
    /// In the state `answered`, the entry `All`, if there is one.
    pub all: Option<Entry>,
    /// Whether the event is exempt.
    pub exempt_event: bool,
}

/// All situations of one destination.
#[derive(Debug, Clone)]
pub struct Space<'p> {
    policy: &'p Policy,
    destination: DestinationId,
    categories: Vec<CategoryId>,
    /// The states, and for each of the other facts the values that it can take.
    consent: Vec<ConsentState>,
    integrations: Vec<IntegrationsState>,
    preferences: Vec<Vec<Preference>>,
    entry: Vec<Option<Entry>>,
    all: Vec<Option<Entry>>,
    exempt_event: Vec<bool>,
}

const PREFERENCES: [Preference; 4] =
    [Preference::Granted, Preference::Refused, Preference::Unasked, Preference::Invalid];
const ENTRIES: [Option<Entry>; 4] = [None, Some(Entry::On), Some(Entry::Off), Some(Entry::Invalid)];

impl<'p> Space<'p> {
    /// Every combination of the facts that an event can have; `None` for a destination that the policy does not have.
    pub fn full(policy: &'p Policy, destination: DestinationId) -> Option<Self> {
        let requirement = policy.destination(destination)?.requirement();
        let mut categories: Vec<CategoryId> =
            requirement.into_iter().flat_map(Requirement::categories).collect();
        categories.sort_unstable();
        categories.dedup();
        let exempt_event =
            if policy.exempt_events().value.is_empty() { vec![false] } else { vec![false, true] };
        Some(Space {
            policy,
            destination,
            preferences: vec![PREFERENCES.to_vec(); categories.len()],
            categories,
            consent: policy.reading().states().collect(),
            integrations: IntegrationsState::ALL.to_vec(),
            entry: ENTRIES.to_vec(),
            all: ENTRIES.to_vec(),
            exempt_event,
        })
    }

    /// The combinations that can differ in outcome, reason or named categories. Every situation decides like
    /// [`Space::project`] of it, which is among these.
    pub fn reduced(policy: &'p Policy, destination: DestinationId) -> Option<Self> {
        let mut space = Space::full(policy, destination)?;
        let declared = policy.destination(destination)?;
        let disabled = declared.disabled().is_some();
        let rows = policy.reconcile().rows();
        let any = |wanted: &dyn Fn(Mentions) -> bool| {
            !disabled && rows.iter().any(|row| wanted(row.enforce.mentions()))
        };
        let consent_step = any(&|row| row.consent);
        let own_entry = any(&|row| row.integrations || row.listed);
        let integrations_step = any(&|row| row.integrations);
        let ignores_all = policy.kind_of(declared).is_some_and(|kind| kind.ignores_all().is_some());

        let exempt = declared.exempt().is_some();
        for (category, preferences) in space.categories.iter().zip(&mut space.preferences) {
            let constant = policy
                .category(*category)
                .is_none_or(|category| category.always().is_some() || category.unenforced().is_some());
            // Only whether a category is granted matters.
            *preferences = match consent_step && !exempt && !constant {
                true => vec![Preference::Granted, Preference::Refused],
                false => vec![Preference::Unasked],
            };
        }
        space.entry = match own_entry {
            true => vec![None, Some(Entry::On), Some(Entry::Off)],
            false => vec![None],
        };
        space.all = match integrations_step && !ignores_all {
            true => vec![None, Some(Entry::Off)],
            false => vec![None],
        };
        if !consent_step || exempt {
            space.exempt_event = vec![false];
        }
        Some(space)
    }

    /// The situation of this space that decides like `situation`, which is one of the full space.
    pub fn project(&self, situation: &Situation) -> Situation {
        let mut projected = situation.clone();
        for (preference, values) in projected.preferences.iter_mut().zip(&self.preferences) {
            if !values.contains(preference) {
                *preference = match values.as_slice() {
                    [only] => *only,
                    _ => Preference::Refused,
                };
            }
        }
        let invalid = match self.policy.invalid_entries().value {
            InvalidEntries::Off => Some(Entry::Off),
            InvalidEntries::Unlisted => None,
        };
        for (entry, values) in [(&mut projected.entry, &self.entry), (&mut projected.all, &self.all)] {
            if *entry == Some(Entry::Invalid) && !values.contains(entry) {
                *entry = invalid;
            }
            if !values.contains(entry) {
                *entry = None;
            }
        }
        if !self.exempt_event.contains(&projected.exempt_event) {
            projected.exempt_event = false;
        }
        projected
    }

    /// The destination.
    pub fn destination(&self) -> DestinationId {
        self.destination
    }

    /// The categories that the destination needs, in declaration order.
    pub fn categories(&self) -> &[CategoryId] {
        &self.categories
    }

    /// How many situations there are; `None` when there are more than fit.
    pub fn count(&self) -> Option<u128> {
        let given = self
            .preferences
            .iter()
            .try_fold(1u128, |product, values| product.checked_mul(values.len() as u128))?;
        let consent = (self.consent.len() as u128 - 1).checked_add(given)?;
        let integrations = self.integrations.len() - 1 + self.entry.len() * self.all.len();
        consent.checked_mul((integrations * self.exempt_event.len()) as u128)
    }

    /// The situation of a number below [`Space::count`]; numbers beyond begin again.
    pub fn situation(&self, number: u128) -> Situation {
        let mut rest = number;
        let exempt_event = pick(&self.exempt_event, &mut rest).unwrap_or(false);
        let listed = self.entry.len() * self.all.len();
        let others: Vec<_> =
            self.integrations.iter().copied().filter(|state| *state != IntegrationsState::Present).collect();
        let kinds = (others.len() + listed) as u128;
        let mut kind = rest % kinds;
        rest /= kinds;
        let mut situation = Situation {
            consent: ConsentState::Answered,
            preferences: Vec::new(),
            integrations: IntegrationsState::Present,
            entry: None,
            all: None,
            exempt_event,
        };
        match others.get(kind as usize) {
            Some(state) => situation.integrations = *state,
            None => {
                kind -= others.len() as u128;
                situation.entry = pick(&self.entry, &mut kind).unwrap_or(None);
                situation.all = pick(&self.all, &mut kind).unwrap_or(None);
            }
        }
        let others: Vec<_> =
            self.consent.iter().copied().filter(|state| *state != ConsentState::Answered).collect();
        match usize::try_from(rest).ok().and_then(|rest| others.get(rest)) {
            Some(state) => situation.consent = *state,
            None => {
                rest -= others.len() as u128;
                situation.preferences =
                    self.preferences.iter().filter_map(|values| pick(values, &mut rest)).collect();
            }
        }
        situation
    }

    /// One of a sample of situations: the combinations of everything but the preferences come in turn, all of them, and
    /// the preferences are drawn anew for each number, always the same ones for the same number.
    pub fn sample(&self, number: u64) -> Situation {
        let mut rest = u128::from(number);
        let consent = pick(&self.consent, &mut rest).unwrap_or(ConsentState::Answered);
        let integrations = pick(&self.integrations, &mut rest).unwrap_or(IntegrationsState::Present);
        let exempt_event = pick(&self.exempt_event, &mut rest).unwrap_or(false);
        let mut situation = Situation {
            consent,
            preferences: Vec::new(),
            integrations,
            entry: None,
            all: None,
            exempt_event,
        };
        if integrations == IntegrationsState::Present {
            situation.entry = pick(&self.entry, &mut rest).unwrap_or(None);
            situation.all = pick(&self.all, &mut rest).unwrap_or(None);
        }
        if consent == ConsentState::Answered {
            let mut state = number;
            let drawn = self.preferences.iter().map(|values| {
                // SplitMix64: well spread, and the same everywhere.
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                pick(values, &mut u128::from(mixed ^ (mixed >> 31))).unwrap_or(Preference::Unasked)
            });
            situation.preferences = drawn.collect();
        }
        situation
    }

    /// Whether a situation is one of this space.
    pub fn contains(&self, situation: &Situation) -> bool {
        let given = situation.consent == ConsentState::Answered;
        let listed = situation.integrations == IntegrationsState::Present;
        let preferences = match given {
            true => {
                situation.preferences.len() == self.preferences.len()
                    && situation
                        .preferences
                        .iter()
                        .zip(&self.preferences)
                        .all(|(one, values)| values.contains(one))
            }
            false => situation.preferences.is_empty(),
        };
        let entries = match listed {
            true => self.entry.contains(&situation.entry) && self.all.contains(&situation.all),
            false => situation.entry.is_none() && situation.all.is_none(),
        };
        preferences
            && entries
            && self.consent.contains(&situation.consent)
            && self.integrations.contains(&situation.integrations)
            && self.exempt_event.contains(&situation.exempt_event)
    }

    /// Every situation. Ask [`Space::count`] first.
    pub fn situations(&self) -> impl Iterator<Item = Situation> {
        (0..self.count().unwrap_or(u128::MAX)).map(|number| self.situation(number))
    }

    /// The smallest event that has the facts of a situation of this space; [`json`](super::json) writes it.
    pub fn event(&self, situation: &Situation) -> Event<'p> {
        let consent = match situation.consent {
            ConsentState::Missing => Consent::Missing,
            ConsentState::Empty => Consent::Empty,
            ConsentState::Unanswered => Consent::Preferences(Vec::new()),
            ConsentState::Malformed => Consent::Malformed,
            ConsentState::Answered => Consent::Preferences(self.preferences(situation)),
        };
        let integrations = match situation.integrations {
            IntegrationsState::None => Integrations::Entries(Vec::new()),
            IntegrationsState::Malformed => Integrations::Malformed,
            IntegrationsState::Present => Integrations::Entries(self.entries(situation)),
        };
        let exempt = self.policy.exempt_events().value.first().filter(|_| situation.exempt_event);
        Event { id: None, consent, integrations, track: exempt.map(|name| Name::from(name.value.as_str())) }
    }

    fn preferences(&self, situation: &Situation) -> Vec<(Name<'p>, Preference)> {
        let named = self.categories.iter().zip(&situation.preferences);
        let mut preferences: Vec<(Name, Preference)> = named
            .filter(|(_, preference)| **preference != Preference::Unasked)
            .filter_map(|(id, preference)| {
                Some((Name::from(self.policy.category(*id)?.wire_id()), *preference))
            })
            .collect();
        if preferences.is_empty() {
            // Preferences that are given have a member, and this one is nobody's.
            let claimed =
                |name: &str| self.policy.categories().iter().any(|category| category.wire_id() == name);
            preferences.push((unclaimed(claimed), Preference::Granted));
        }
        preferences
    }

    fn entries(&self, situation: &Situation) -> Vec<(Name<'p>, Entry)> {
        let own = self
            .policy
            .destination(self.destination)
            .map(|destination| destination.name())
            .unwrap_or_default();
        let mut entries: Vec<(Name, Entry)> = Vec::new();
        entries.extend(situation.entry.map(|entry| (Name::from(own), entry)));
        entries.extend(situation.all.map(|entry| (Name::from("All"), entry)));
        if entries.is_empty() {
            let claimed = |name: &str| {
                self.policy
                    .destinations()
                    .iter()
                    .any(|destination| destination.names().any(|own| own == name))
            };
            entries.push((unclaimed(claimed), Entry::On));
        }
        entries
    }
}

/// Takes the lowest digit off a number, in the base of the values, and gives its value.
fn pick<T: Copy>(values: &[T], rest: &mut u128) -> Option<T> {
    let base = values.len().max(1) as u128;
    let digit = *rest % base;
    *rest /= base;
    values.get(digit as usize).copied()
}

/// A short name that nobody claims.
fn unclaimed<'n>(claimed: impl Fn(&str) -> bool) -> Name<'n> {
    let mut name = String::from("?");
    while claimed(&name) {
        name.push('?');
    }
    Name::from(name)
}
