//! A visit delivers nothing that the decision for its stamped consent blocks, and loses nothing without saying so.

use super::{compile, events::EventText, policies::PolicyText, read};
use arbitrary::{Result, Unstructured};
use consentry::event::{Consent, Preference};
use consentry::model::{Banner, ConsentModel, GateOpens, ImpliedConsent, LoadTrigger, Mode};
use consentry::visit::{Choice, Site, Visit, VisitStep, Visitor};
use consentry::{CategoryId, DestinationId, Event, Policy, reference};
use std::collections::{BTreeMap, BTreeSet};

/// How many actions a visit has.
const ACTIONS: usize = 1_000;

/// An event, and what the person had chosen when it was tracked.
type Tracked<'v> = (Event<'v>, Option<BTreeSet<CategoryId>>);

/// What the law itself knows of a visit.
struct Known<'v> {
    policy: &'v Policy,
    site: Site,
    /// The events that have not ended, by their numbers.
    open: BTreeMap<usize, Tracked<'v>>,
    events: usize,
    /// What the person has chosen.
    choice: Option<BTreeSet<CategoryId>>,
    /// The libraries of device-mode destinations on the page.
    libraries: BTreeSet<DestinationId>,
    is_loaded: bool,
    ended: u64,
}

pub fn visits_lose_nothing(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?;
    let table = compile(&text.text());
    let policy = table.policy();
    let site = Site {
        banner: *u.choose(&[Banner::Mandatory, Banner::Stays, Banner::Disappears, Banner::NeverShown])?,
        model: *u.choose(&[
            ConsentModel::OptIn,
            ConsentModel::OptOut,
            ConsentModel::Implied,
            ConsentModel::NoticeOnly,
            ConsentModel::Custom,
        ])?,
        implied: *u.choose(&[ImpliedConsent::OptIn, ImpliedConsent::OptOut])?,
        loads: *u.choose(&[LoadTrigger::GateOpen, LoadTrigger::Granted])?,
        gate: *u.choose(&GateOpens::ALL)?,
    };
    let texts: Vec<String> =
        (0..8).map(|_| Ok(EventText::arbitrary(u, &text)?.text())).collect::<Result<_>>()?;
    let events: Vec<Event> = texts.iter().map(|text| read(&table, text)).collect();
    let stored = if u.ratio(1, 3)? { Some(categories(policy, u)?) } else { None };
    let visitor = match &stored {
        Some(granted) => Visitor::Returning(choice(policy, granted)),
        None => Visitor::First,
    };
    let (mut visit, steps) = Visit::start(&table, site, visitor);
    let mut known = Known {
        policy,
        site,
        open: BTreeMap::new(),
        events: 0,
        choice: stored,
        libraries: BTreeSet::new(),
        is_loaded: false,
        ended: 0,
    };
    known.check(&steps, &text);
    for _ in 0..ACTIONS {
        let steps = match u.int_in_range(0..=30)? {
            0 | 1 => {
                let granted = categories(policy, u)?;
                known.choice = Some(granted.clone());
                visit.choose(choice(policy, &granted))
            }
            2 => visit.close(),
            3 => visit.act(),
            4 => visit.load_page(),
            _ => {
                let event = u.choose(&events)?;
                known.events += 1;
                known.open.insert(known.events, (event.clone(), known.choice.clone()));
                visit.event(event.clone())
            }
        };
        known.check(&steps, &text);
        assert_eq!(visit.buffered(), known.open.len(), "{}", text.text());
        assert_eq!(visit.is_loaded(), known.is_loaded, "{}", text.text());
    }
    known.check(&visit.leave(), &text);
    assert!(known.open.is_empty(), "{:?}\n{}", known.open, text.text());
    assert_eq!(known.ended as usize, known.events);
    Ok(known.ended + 1)
}

fn categories(policy: &Policy, u: &mut Unstructured) -> Result<BTreeSet<CategoryId>> {
    let mut granted = BTreeSet::new();
    for id in policy.category_ids() {
        if u.arbitrary()? {
            granted.insert(id);
        }
    }
    Ok(granted)
}

fn choice(policy: &Policy, granted: &BTreeSet<CategoryId>) -> Choice {
    Choice::of(policy, &granted.iter().copied().collect::<Vec<_>>())
}

impl<'v> Known<'v> {
    fn check(&mut self, steps: &[VisitStep<'v>], text: &PolicyText) {
        let said = || format!("{:?}\n{steps:?}\n{}", self.site, text.text());
        let is_opt_in = match self.site.model {
            ConsentModel::OptIn => true,
            ConsentModel::Implied => self.site.implied == ImpliedConsent::OptIn,
            _ => false,
        };
        for step in steps {
            match step {
                VisitStep::PageLoads { .. } => {
                    self.libraries.clear();
                    self.is_loaded = false;
                }
                VisitStep::LibraryLoads => {
                    assert!(!self.is_loaded && (!is_opt_in || self.choice.is_some()), "{}", said());
                    self.is_loaded = true;
                }
                VisitStep::DeviceLoads(id) => {
                    assert!(is_device(self.policy, *id) && self.libraries.insert(*id), "{}", said());
                }
                VisitStep::Buffered { event } => {
                    assert!(!self.is_loaded && *event == self.events, "{}", said());
                }
                VisitStep::Sent { event, stamped, dropped, delivered, missed, .. } => {
                    let tracked = self.open.remove(event).unwrap_or_else(|| panic!("{}", said()));
                    assert!(self.is_loaded, "{}", said());
                    self.stamp(&tracked, stamped, is_opt_in, &said());
                    let reached: BTreeSet<DestinationId> = delivered.iter().chain(missed).copied().collect();
                    assert_eq!(reached, receivers(self.policy, stamped), "{}", said());
                    let row =
                        self.policy.reconcile().row(stamped.consent.state(), stamped.integrations.state());
                    assert_eq!(*dropped, row.drop_reason(), "{}", said());
                    for id in delivered {
                        assert!(!is_device(self.policy, *id) || self.libraries.contains(id), "{}", said());
                    }
                    for id in missed {
                        assert!(is_device(self.policy, *id) && !self.libraries.contains(id), "{}", said());
                    }
                    // `passes` reads the requirements of events without inputs.
                    let passes = passes(self.policy, self.site.gate, stamped);
                    assert!(passes || !stamped.inputs.is_empty(), "{}", said());
                    self.ended += 1;
                }
                VisitStep::Withheld { event, stamped, unreached } => {
                    let tracked = self.open.remove(event).unwrap_or_else(|| panic!("{}", said()));
                    self.stamp(&tracked, stamped, is_opt_in, &said());
                    let unreached: BTreeSet<DestinationId> = unreached.iter().copied().collect();
                    assert_eq!(unreached, receivers(self.policy, stamped), "{}", said());
                    let passes = passes(self.policy, self.site.gate, stamped);
                    assert!(!passes || !stamped.inputs.is_empty(), "{}", said());
                    self.ended += 1;
                }
                VisitStep::Lost { event, .. } => {
                    assert!(!self.is_loaded && self.open.remove(event).is_some(), "{}", said());
                    self.ended += 1;
                }
                VisitStep::KeepsCollecting(id) => assert!(self.libraries.contains(id), "{}", said()),
                VisitStep::NeedsPageLoad(id) => assert!(!self.libraries.contains(id), "{}", said()),
                VisitStep::BannerShown | VisitStep::Chosen(_) | VisitStep::BannerGone | VisitStep::Left => {}
            }
        }
    }

    /// A stamped event is the tracked one but for its consent, which is what the person had chosen when it was tracked; or else has chosen
    /// now, or what opt-out takes for granted.
    fn stamp(&self, tracked: &Tracked<'v>, stamped: &Event<'v>, is_opt_in: bool, said: &str) {
        let (tracked, choice) = tracked;
        assert_eq!(
            (&tracked.id, &tracked.integrations, &tracked.track),
            (&stamped.id, &stamped.integrations, &stamped.track),
            "{said}"
        );
        let Consent::Preferences(preferences) = &stamped.consent else { panic!("{said}") };
        // Every category of the policy has its choice, and nothing else is there but what keeps a list from being empty.
        let reading = self.policy.reading();
        assert!(preferences.len() <= self.policy.categories().len().max(1), "{said}");
        for id in self.policy.category_ids() {
            let category = self.policy.category(id).unwrap();
            let granted = match choice.as_ref().or(self.choice.as_ref()) {
                Some(choice) => choice.contains(&id) || category.always.is_some(),
                None => {
                    assert!(!is_opt_in, "{said}");
                    true
                }
            };
            let expected = if granted { Preference::Granted } else { Preference::Refused };
            let own: Vec<Preference> = preferences
                .iter()
                .filter(|(name, _)| *name == *category.wire_id())
                .map(|(_, preference)| *preference)
                .collect();
            let is_listed = reading.listed_values().contains(&expected);
            assert_eq!(own, if is_listed { vec![expected] } else { Vec::new() }, "{said}");
        }
    }
}

fn is_device(policy: &Policy, id: DestinationId) -> bool {
    policy.destination(id).unwrap().mode() == Some(Mode::Device)
}

/// Who receives an event, as the reference decides it.
fn receivers(policy: &Policy, event: &Event) -> BTreeSet<DestinationId> {
    let delivers = |id: &DestinationId| reference::explain(policy, event, *id).unwrap().verdict.delivers();
    policy.destination_ids().filter(delivers).collect()
}

/// Section 5 of the semantics, word by word.
fn passes(policy: &Policy, reading: GateOpens, event: &Event) -> bool {
    let is_preference_event = event.track.as_ref().is_some_and(|track| {
        policy.preference_events().value.iter().any(|name| name.value.as_bytes() == track.as_bytes())
    });
    if is_preference_event {
        return true;
    }
    let live = |id: CategoryId| policy.category(id).unwrap().unenforced.is_none();
    let needs = |id: DestinationId| -> Vec<CategoryId> {
        let requirement = policy.destination(id).unwrap().requirement();
        requirement.into_iter().flat_map(|one| one.categories()).filter(|id| live(*id)).collect()
    };
    let enabled: Vec<DestinationId> =
        policy.destination_ids().filter(|id| policy.destination(*id).unwrap().disabled.is_none()).collect();
    let (mapped, unmapped): (Vec<_>, Vec<_>) = enabled.into_iter().partition(|id| !needs(*id).is_empty());
    let needed: BTreeSet<CategoryId> = mapped.iter().flat_map(|id| needs(*id)).collect();
    let counts = |id: &CategoryId| {
        let category = policy.category(*id).unwrap();
        let of_event = super::exact::satisfied(policy, &consentry::model::Requirement::Category(*id), event);
        let granted = match category.always {
            Some(_) => needed.contains(id),
            None => of_event,
        };
        live(*id) && granted
    };
    let granted: BTreeSet<CategoryId> = policy.category_ids().filter(counts).collect();
    match reading {
        GateOpens::Delivery => !receivers(policy, event).is_empty(),
        GateOpens::AnyGrant => !(unmapped.is_empty() && (granted.is_empty() || mapped.is_empty())),
        GateOpens::NeededGrant => !unmapped.is_empty() || granted.iter().any(|id| needed.contains(id)),
    }
}
