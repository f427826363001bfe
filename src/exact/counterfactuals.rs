//! What would have to change of an event so that a destination's outcome were the other one.

use super::cases::of_event;
use super::checked;
use super::diagram::moved;
use super::function::{DecisionFunction, reason};
use super::inputs::{ALL, ENTRIES, Input, Inputs, place_of};
use super::minimal::{ChangeSet, minimal};
use crate::diagnostic::listed;
use crate::event::{Consent, Entry, Event, Integrations, Name, Recorded, text, with_first};
use crate::fingerprint::TooLargeError;
use crate::model::{ConsentState, DestinationId, IntegrationsState, Policy, Reading};
use crate::reason::Reason;
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;

/// The most counterfactuals that are listed.
pub const MAX_COUNTERFACTUALS: usize = 20;

/// The most inputs for which all counterfactuals are searched for: the states of the two objects, whether the event is exempt, the entry under
/// each name of the destination, `All`, and each category that it needs.
pub const MAX_EXACT_INPUTS: usize = 12;

/// The most candidates that are kept for each part of a decision that has more inputs than that.
const MAX_CANDIDATES: usize = 256;

/// The most steps that the diagram of a decision may take: nobody should wait for an explanation.
const MAX_STEPS: usize = 1_000_000;

/// The smallest changes of an event that flip an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counterfactuals {
    /// Those with the fewest changes first; among as many, what changes preferences and entries first.
    pub list: Vec<Counterfactual>,
    /// True if there may be more, because a cap cut something off.
    pub more: bool,
}

impl Counterfactuals {
    /// Writes who the event is about into each changed event, so that a ledger finds the same record. `None` for an id that it has not.
    pub fn name_person(&mut self, user_id: Option<&str>, anonymous_id: Option<&str>) {
        let ids = [("userId", user_id), ("anonymousId", anonymous_id)];
        let ids: Vec<String> =
            ids.into_iter().filter_map(|(key, id)| Some(format!("\"{key}\":{}", text(id?)))).collect();
        for one in self.list.iter_mut().filter(|_| !ids.is_empty()) {
            one.witness = with_first(&one.witness, &ids.join(","));
        }
    }
}

/// Changes that together flip the outcome, and none of which can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterfactual {
    /// In the order in which a decision asks.
    pub changes: Vec<InputChange>,
    /// The reason with which the changed event is decided.
    pub reason: Reason,
    /// The changed event, as JSON.
    pub witness: String,
    /// True if the integrations object of the changed event has `All: true` because it would have no entry otherwise, and so not
    /// be given.
    is_filled: bool,
}

/// One input of a decision that gets another value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum InputChange {
    /// The consent object gets another state. `answered` means preferences that grant nothing but what else is changed.
    Consent {
        /// The new state.
        state: ConsentState,
    },
    /// The integrations object gets another state.
    Integrations {
        /// The new state.
        state: IntegrationsState,
    },
    /// The event becomes an exempt one, or one that is not exempt.
    Event {
        /// The name of the exempt event.
        exempt: Option<String>,
    },
    /// The event becomes one that writes to the ledger, and so is decided as it is stamped, or one that does not write.
    Recording {
        /// The name of the preference event; `None` for an identify event.
        event: Option<String>,
        /// Whether it writes.
        writes: bool,
    },
    /// The entry under one of the destination's names; `None` for no entry.
    Entry {
        /// The name.
        name: String,
        /// The new entry.
        #[serde(serialize_with = "serialize_entry")]
        entry: Option<Entry>,
    },
    /// `All` becomes on or off.
    All {
        /// The new entry.
        entry: Entry,
    },
    /// A category becomes granted.
    Grant {
        /// Its declared name.
        category: String,
    },
    /// A category becomes refused.
    Refuse {
        /// Its declared name.
        category: String,
    },
}

fn serialize_entry<S: Serializer>(entry: &Option<Entry>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(Entry::or_unlisted(*entry))
}

/// Returns the smallest changes of an event that flip its outcome for a destination, at most [`MAX_COUNTERFACTUALS`] of them; none for a destination
/// that the policy does not have. With up to [`MAX_EXACT_INPUTS`] inputs they are all searched for, and the smallest listed. With
/// more inputs some may be missed, which is said, but no change of one that is listed can be left out.
///
/// A change that makes an object malformed is listed only where nothing else flips the outcome. What is recorded of the person stays what
/// it is.
///
/// # Errors
///
/// [`TooLargeError`] for a requirement whose decision has no diagram of reasonable size.
///
/// ```
/// use consentry::event::Recorded;
/// use consentry::exact::counterfactuals;
/// use consentry::{Event, Limits, Policy};
///
/// let policy = Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment-strict"
///        category Analytics destination "Braze" needs Analytics"#,
/// )?;
/// let refusal = br#"{"context":{"consent":{"categoryPreferences":{"Analytics":false}}}}"#;
/// let event = Event::read(refusal, policy.reading(), &Limits::default())?;
/// let found = counterfactuals(&policy, &event, Recorded::Unchecked, policy.destination_named("Braze").unwrap())?;
/// let words: Vec<String> = found.list.iter().map(ToString::to_string).collect();
/// assert_eq!(words, ["grant Analytics", r#"make it the exempt event "Segment Consent Preference""#]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn counterfactuals(
    policy: &Policy,
    event: &Event<'_>,
    recorded: Recorded<'_>,
    destination: DestinationId,
) -> Result<Counterfactuals, TooLargeError> {
    // The inputs of the event stay as they are.
    let policy = &*of_event(policy, event);
    let Some(declared) = policy.destination(destination) else { return Ok(Counterfactuals::default()) };
    let inputs = Inputs::of(&[(policy, destination)]);
    let check = policy.ledger_check().filter(|_| recorded != Recorded::Unchecked);
    let inputs = if check.is_some() { checked::inputs_for(policy, destination, recorded) } else { inputs };
    let Some(mut at) = inputs.values_of(&[event]) else { return Ok(Counterfactuals::default()) };
    let mut decision = match check {
        None => DecisionFunction::over(inputs, MAX_STEPS, policy, declared)?,
        Some(check) => {
            at = inputs.with_record(at, &check, recorded);
            DecisionFunction::checked(inputs, MAX_STEPS, policy, declared, recorded)?
        }
    };
    let outcome = decision.reason(&at).outcome();
    let is_other = |leaf| u32::from(reason(leaf).outcome() != outcome);
    let flipped = decision.diagrams.map(decision.function.reason, &is_other)?;
    let DecisionFunction { inputs, diagrams, .. } = &decision;

    let limit = if at.len() <= MAX_EXACT_INPUTS { usize::MAX } else { MAX_CANDIDATES };
    let search = |malformed| minimal(diagrams, flipped, &at, &offered(policy, inputs, &at, malformed), limit);
    let mut found = search(false)?;
    if found.sets.is_empty() {
        found = search(true)?;
    }
    let mut sets = found.sets;
    sets.sort_by_cached_key(|set| order(inputs, set));
    let is_cut = found.is_cut || sets.len() > MAX_COUNTERFACTUALS;
    sets.truncate(MAX_COUNTERFACTUALS);
    let flip = |set: &ChangeSet| {
        let (changed, is_filled) = changed(event, inputs, set, policy.reading());
        Counterfactual {
            changes: set
                .iter()
                .filter_map(|(variable, value)| change(policy, inputs, &at, *variable, *value))
                .collect(),
            reason: decision.reason(&moved(at.clone(), set.iter().copied())),
            witness: changed.to_json(policy.reading()),
            is_filled,
        }
    };
    Ok(Counterfactuals { list: sets.iter().map(flip).collect(), more: is_cut })
}

/// Returns the key of the order: few changes come first, then changes of preferences, then of entries; those of whole objects come last.
fn order(inputs: &Inputs, set: &ChangeSet) -> (usize, u8, ChangeSet) {
    let rank = |(variable, _): &(usize, usize)| match *variable {
        Inputs::CONSENT => 4,
        Inputs::EVENT => 3,
        Inputs::INTEGRATIONS => 2,
        variable if variable < inputs.first_category() => 1,
        _ => 0,
    };
    (set.len(), set.iter().map(rank).max().unwrap_or(0), set.clone())
}

/// Returns the values that each input may get, the simplest first. None is invalid, which is always as good as another value.
fn offered(policy: &Policy, inputs: &Inputs, at: &[usize], malformed: bool) -> Vec<Vec<usize>> {
    let mut consent =
        vec![ConsentState::Answered, ConsentState::Missing, ConsentState::Empty, ConsentState::Unanswered];
    let mut integrations = vec![IntegrationsState::None, IntegrationsState::Present];
    if malformed {
        consent.push(ConsentState::Malformed);
        integrations.push(IntegrationsState::Malformed);
    }
    let offered = inputs.all().map(|input| -> Vec<usize> {
        match input {
            Input::Consent => consent.iter().filter_map(|state| inputs.shape(&[*state])).collect(),
            Input::Integrations => {
                integrations.iter().map(|state| place_of(&IntegrationsState::ALL, state)).collect()
            }
            // One event represents all that are equally exempt and equally write to the ledger.
            Input::Event => {
                let mut seen = BTreeSet::new();
                let values = 0..inputs.values().get(Inputs::EVENT).copied().unwrap_or(0);
                values.filter(|value| seen.insert(event_class(policy, inputs, *value))).collect()
            }
            Input::Entry(_) => {
                [None, Some(Entry::On), Some(Entry::Off)].map(|entry| place_of(&ENTRIES, &entry)).into()
            }
            Input::All => [None, Some(Entry::Off)].map(|entry| place_of(&ALL, &entry)).into(),
            Input::Category(_) => vec![0, 1],
            Input::Requirement(_) | Input::Recorded | Input::OthersDiffer => Vec::new(),
        }
    });
    let others = offered.zip(at).map(|(values, at)| values.into_iter().filter(|value| value != at).collect());
    others.collect()
}

/// Returns whether an event, by the value of its variable, is exempt, and whether it writes to the ledger. Without a check nobody asks.
fn event_class(policy: &Policy, inputs: &Inputs, value: usize) -> (bool, bool) {
    let is_identify = value == inputs.identify_event();
    let Some(name) = inputs.named_event(value) else { return (false, inputs.check.is_some() && is_identify) };
    let is_exempt = policy.exempt_events().value.iter().any(|own| own.value == *name);
    let is_preference_event = policy.preference_events().value.iter().any(|own| own.value == *name);
    (is_exempt, inputs.check.is_some() && is_preference_event)
}

/// Returns an input that gets a value, in the words of the interface.
fn change(
    policy: &Policy,
    inputs: &Inputs,
    at: &[usize],
    variable: usize,
    value: usize,
) -> Option<InputChange> {
    Some(match inputs.all().nth(variable)? {
        Input::Consent => InputChange::Consent { state: *inputs.shapes.get(value)?.states.first()? },
        Input::Integrations => InputChange::Integrations { state: *IntegrationsState::ALL.get(value)? },
        Input::Event => {
            let (_, wrote) = event_class(policy, inputs, at.get(variable).copied().unwrap_or(0));
            let (is_exempt, writes) = event_class(policy, inputs, value);
            let event = inputs.named_event(value).cloned();
            match wrote || writes {
                true => InputChange::Recording { event, writes },
                false => InputChange::Event { exempt: event.filter(|_| is_exempt) },
            }
        }
        Input::Entry(name) => InputChange::Entry { name: name.to_owned(), entry: *ENTRIES.get(value)? },
        // On and unlisted are one; only on says it whatever else the object has.
        Input::All => InputChange::All { entry: ALL.get(value)?.unwrap_or(Entry::On) },
        Input::Category(key) if value == 1 => InputChange::Grant { category: inputs.called(key).to_owned() },
        Input::Category(key) => InputChange::Refuse { category: inputs.called(key).to_owned() },
        Input::Requirement(_) | Input::Recorded | Input::OthersDiffer => return None,
    })
}

/// Returns the event with some changes and otherwise as it was, and whether `All: true` fills its integrations object.
fn changed<'e>(event: &Event<'e>, inputs: &Inputs, set: &ChangeSet, reading: &Reading) -> (Event<'e>, bool) {
    let mut changed = event.clone();
    let all: Vec<Input<'_>> = inputs.all().collect();
    for (variable, value) in set {
        match all.get(*variable) {
            Some(Input::Consent) => {
                // Preferences that are given refuse every category of the destination, and have a member.
                let refused = || {
                    let mut listed = Vec::new();
                    inputs
                        .categories
                        .iter()
                        .for_each(|key| inputs.set_category(&mut listed, key, 0, reading));
                    if listed.is_empty() {
                        listed.push(inputs.other_listing(reading));
                    }
                    listed
                };
                let shape = inputs.shapes.get(*value);
                changed.consent = shape.map_or(Consent::Missing, |shape| shape.consent(refused).0);
            }
            Some(Input::Integrations) => {
                // A malformed object has no members, and other changes give a present one its members.
                let is_malformed = IntegrationsState::ALL.get(*value) == Some(&IntegrationsState::Malformed);
                let empty = Integrations::Entries(Vec::new());
                changed.integrations = if is_malformed { Integrations::Malformed } else { empty };
            }
            Some(Input::Event) => {
                changed.track = inputs.named_event(*value).cloned().map(Name::from);
                changed.is_identify = *value == inputs.identify_event();
            }
            Some(Input::Entry(name)) => set_entry(&mut changed, name, ENTRIES.get(*value).copied().flatten()),
            Some(Input::All) => {
                set_entry(&mut changed, "All", ALL.get(*value).copied().flatten().or(Some(Entry::On)));
            }
            Some(Input::Category(key)) => {
                if let Consent::Preferences(listed) = &mut changed.consent {
                    inputs.set_category(listed, key, *value, reading);
                }
            }
            Some(Input::Requirement(_) | Input::Recorded | Input::OthersDiffer) | None => {}
        }
    }
    let state = set.iter().find(|(variable, _)| *variable == Inputs::INTEGRATIONS);
    let state = state.and_then(|(_, value)| IntegrationsState::ALL.get(*value)).copied();
    let is_given = state.unwrap_or(event.integrations.state()) == IntegrationsState::Present;
    let is_filled = is_given && changed.integrations.state() == IntegrationsState::None;
    if is_filled {
        set_entry(&mut changed, "All", Some(Entry::On));
    }
    (changed, is_filled)
}

fn set_entry(event: &mut Event<'_>, name: &str, value: Option<Entry>) {
    if let Integrations::Entries(entries) = &mut event.integrations {
        set_member(entries, name, value);
    }
}

/// Gives the member of a name another value, once and where it was.
fn set_member<T>(members: &mut Vec<(Name<'_>, T)>, name: &str, value: Option<T>) {
    let place = members.iter().position(|(known, _)| *known == *name).unwrap_or(members.len());
    members.retain(|(known, _)| *known != *name);
    if let Some(value) = value {
        members.insert(place, (Name::from(name.to_owned()), value));
    }
}

/// As people read it: `grant Analytics, set "All": true`.
impl fmt::Display for Counterfactual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut granted, mut refused, mut removed, mut set) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut first, mut is_given) = (Vec::new(), false);
        for change in &self.changes {
            match change {
                InputChange::Consent { state: ConsentState::Answered } => is_given = true,
                // Its entries say it, or `All` does.
                InputChange::Integrations { state: IntegrationsState::Present } => {}
                InputChange::Consent { .. }
                | InputChange::Integrations { .. }
                | InputChange::Event { .. }
                | InputChange::Recording { .. } => first.push(change.to_string()),
                InputChange::Entry { name, entry: None } => removed.push(format!("{name:?}")),
                InputChange::Entry { .. } | InputChange::All { .. } => set.push(change.to_string()),
                InputChange::Grant { category: name } => granted.push(name.as_str()),
                InputChange::Refuse { category: name } => refused.push(name.as_str()),
            }
        }
        let mut phrases = Vec::new();
        match (is_given, granted.is_empty()) {
            (true, true) => phrases.push("give preferences that grant nothing".to_owned()),
            (true, false) => phrases.push(format!("give preferences that grant {}", listed(&granted, "and"))),
            (false, true) => {}
            (false, false) => phrases.push(format!("grant {}", listed(&granted, "and"))),
        }
        if !refused.is_empty() {
            phrases.push(format!("refuse {}", listed(&refused, "and")));
        }
        phrases.append(&mut first);
        match (removed.is_empty(), self.is_filled) {
            (true, true) => phrases.push(InputChange::All { entry: Entry::On }.to_string()),
            (true, false) => {}
            (false, true) => phrases.push(format!("replace {} with \"All\": true", listed(&removed, "and"))),
            (false, false) => phrases.push(format!("remove {}", listed(&removed, "and"))),
        }
        phrases.append(&mut set);
        f.write_str(&phrases.join(", "))
    }
}

/// One change by itself.
impl fmt::Display for InputChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InputChange::Consent { state: ConsentState::Missing } => f.write_str("remove the consent object"),
            InputChange::Consent { state: ConsentState::Empty } => {
                f.write_str("leave the consent object without preferences")
            }
            InputChange::Consent { state: ConsentState::Unanswered } => {
                f.write_str("leave the preferences object empty")
            }
            InputChange::Consent { state: ConsentState::Answered } => f.write_str("give preferences"),
            InputChange::Consent { state: ConsentState::Malformed } => {
                f.write_str("make the consent object malformed")
            }
            InputChange::Integrations { state: IntegrationsState::None } => {
                f.write_str("remove the integrations object")
            }
            InputChange::Integrations { state: IntegrationsState::Present } => {
                f.write_str("give an integrations object")
            }
            InputChange::Integrations { state: IntegrationsState::Malformed } => {
                f.write_str("make the integrations object malformed")
            }
            InputChange::Event { exempt: Some(name) } => write!(f, "make it the exempt event {name:?}"),
            InputChange::Event { exempt: None } => f.write_str("make it an event that is not exempt"),
            InputChange::Recording { event: Some(name), writes: true } => {
                write!(f, "make it the preference event {name:?}")
            }
            InputChange::Recording { event: None, writes: true } => f.write_str("make it an identify event"),
            InputChange::Recording { event: Some(name), writes: false } => {
                write!(f, "make it the event {name:?}, which does not write to the ledger")
            }
            InputChange::Recording { event: None, writes: false } => {
                f.write_str("make it an event that does not write to the ledger")
            }
            InputChange::Entry { name, entry: None } => write!(f, "remove {name:?}"),
            InputChange::Entry { name, entry: Some(entry) } => {
                write!(f, "set {name:?}: {}", *entry == Entry::On)
            }
            InputChange::All { entry } => write!(f, "set \"All\": {}", *entry == Entry::On),
            InputChange::Grant { category: name } => write!(f, "grant {name}"),
            InputChange::Refuse { category: name } => write!(f, "refuse {name}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use crate::event::Limits;

    /// The flips for the destination `X`, in words.
    fn words(policy: &str, event: &str) -> Vec<String> {
        let flips = found(policy, event).unwrap();
        assert!(!flips.more);
        flips.list.iter().map(ToString::to_string).collect()
    }

    fn found(policy: &str, event: &str) -> Result<Counterfactuals, TooLargeError> {
        let policy = Policy::parse(&format!("consentry 1 policy \"p\" {policy}")).unwrap();
        let event = Event::read(event.as_bytes(), policy.reading(), &Limits::default()).unwrap();
        counterfactuals(&policy, &event, Recorded::Unchecked, policy.destination_named("X").unwrap())
    }

    const STRICT: &str =
        "include prelude \"segment-strict\" override exempt events \"Z\" category A category B";

    fn given(preferences: &str, integrations: &str) -> String {
        format!(
            r#"{{"context":{{"consent":{{"categoryPreferences":{{{preferences}}}}}}},"integrations":{{{integrations}}}}}"#
        )
    }

    #[test]
    fn flips_are_said_as_what_to_do() {
        let needs = |what: &str| format!("{STRICT} destination \"X\" {what}");
        let refused = given(r#""A":false,"B":false"#, "");
        for (what, event, expected) in [
            ("needs A, B", refused.as_str(), &[r#"make it the exempt event "Z""#, "grant A and B"][..]),
            ("needs any of A, B", &refused, &["grant A", "grant B", r#"make it the exempt event "Z""#]),
            ("needs A", "{}", &[r#"make it the exempt event "Z""#, "give preferences that grant A"]),
            (
                "needs A",
                &given(r#""A":true"#, ""),
                &["refuse A", "remove the consent object", "set \"X\": false", "set \"All\": false"],
            ),
            // An object from which the only entry is taken would be given no more.
            (
                "needs A",
                &given(r#""A":true"#, r#""X":false"#),
                &["replace \"X\" with \"All\": true", "set \"X\": true", "remove the integrations object"],
            ),
            (
                "needs A",
                &given(r#""A":true"#, r#""X":false,"other":true"#),
                &["remove \"X\"", "set \"X\": true", "remove the integrations object"],
            ),
            ("needs A disabled", &refused, &[]),
        ] {
            assert_eq!(words(&needs(what), event), expected, "{what} {event}");
        }
    }

    #[test]
    fn what_is_malformed_comes_only_where_nothing_else_flips() {
        let table = |row: &str| {
            format!(
                "{STRICT} override reconcile {{ consent integrations enforce\n{row} nothing\n }} destination \"X\" needs A"
            )
        };
        let only = table("any malformed drop \"unread\"\n any any");
        assert_eq!(words(&only, "{}"), ["make the integrations object malformed"]);
        let also = table("any malformed drop \"unread\"\n missing any drop \"unsaid\"\n any any");
        assert_eq!(words(&also, &given("", "")), ["remove the consent object"]);
    }

    /// One of two categories of each of twenty pairs: a million flips, of which no more than the cap come out.
    #[test]
    fn a_cap_is_said_and_what_is_too_large_is_not_guessed() {
        // In their order the pairs stand side by side, or apart, where the diagram has to remember all of the first ones.
        let pairs = |one: &dyn Fn(usize) -> String, other: &dyn Fn(usize) -> String| {
            let pairs = (0..20).map(|pair| (one(pair), other(pair)));
            let categories: String =
                pairs.clone().map(|(one, other)| format!("category {one} category {other} ")).collect();
            let pairs: Vec<String> = pairs.map(|(one, other)| format!("(any of {one}, {other})")).collect();
            format!("{STRICT} {categories} destination \"X\" needs all of {}", pairs.join(", "))
        };
        let side_by_side = pairs(&|pair| format!("P{pair}a"), &|pair| format!("P{pair}b"));
        let event = given("\"other\":true", "");
        let many = found(&side_by_side, &event).unwrap();
        assert!(many.more);
        let mut sizes = vec![20; MAX_COUNTERFACTUALS];
        sizes[0] = 1;
        assert_eq!(many.list.iter().map(|flip| flip.changes.len()).collect::<Vec<_>>(), sizes);
        let apart = pairs(&|pair| format!("P{pair}"), &|pair| format!("Q{pair}"));
        assert_eq!(found(&apart, &event), Err(TooLargeError));
    }

    #[test]
    fn an_event_keeps_what_is_not_changed() {
        let event = r#"{"messageId":"m","context":{"consent":{"categoryPreferences":{"Q":true,"A":false,"B":true}}},"integrations":{"X":true,"Y":{}}}"#;
        let flips = found(&format!("{STRICT} destination \"X\" needs A"), event).unwrap();
        let first = flips.list.first().unwrap();
        assert_eq!(
            (first.reason, first.changes.as_slice()),
            (Reason::Consented, &[InputChange::Grant { category: "A".into() }][..])
        );
        assert_eq!(
            first.witness,
            r#"{"messageId":"m","context":{"consent":{"categoryPreferences":{"Q":true,"A":true,"B":true}}},"integrations":{"X":true,"Y":true}}"#
        );
    }
}
