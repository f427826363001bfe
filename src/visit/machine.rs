//! One person on a site: a state machine that a wrapper can drive.

use super::site::Site;
use crate::decide::{Scratch, Table};
use crate::event::{Consent, Event, Preference};
use crate::model::{Banner, CategoryId, DestinationId, ImpliedConsent, LoadTrigger, Mode, Policy};
use std::collections::BTreeSet;

/// What a person agrees to. Categories that are `always` granted are among it whatever the person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// For each category of the policy, whether it is granted.
    granted: Vec<bool>,
}

impl Choice {
    /// These categories and no others.
    pub fn of(policy: &Policy, categories: &[CategoryId]) -> Self {
        let all = policy.categories().iter().enumerate();
        let is_chosen = |index: usize| categories.iter().any(|id| id.index() == index);
        Choice { granted: all.map(|(index, one)| one.is_always() || is_chosen(index)).collect() }
    }

    /// Every category.
    pub fn everything(policy: &Policy) -> Self {
        Choice { granted: vec![true; policy.categories().len()] }
    }

    /// No category but those that are always granted.
    pub fn nothing(policy: &Policy) -> Self {
        Choice::of(policy, &[])
    }

    /// Each category of the policy, and whether it is granted, in declaration order.
    pub fn categories(&self) -> impl Iterator<Item = bool> {
        self.granted.iter().copied()
    }

    /// The preferences that an event is stamped with.
    pub fn stamp<'p>(&self, policy: &'p Policy) -> Consent<'p> {
        let all = policy.categories().iter().zip(&self.granted).map(|(one, granted)| {
            let preference = if *granted { Preference::Granted } else { Preference::Refused };
            (one.wire_id(), preference)
        });
        Consent::stating(all, policy.reading())
    }
}

/// Who visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// Somebody who has not chosen yet, or whose choice is no longer stored: "Return users with no valid prior session are
    /// treated as first time users."
    First,
    /// Somebody whose choice is stored.
    Returning(Choice),
}

/// What happens in a visit, in its order. Events are numbered from 1 on, as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisitStep<'v> {
    /// A page of the site loads. What was loaded on the page before is gone.
    PageLoads {
        /// True if it is one after the first: "could cause duplicate page events" and "a loss of form state".
        again: bool,
    },
    /// The banner is shown.
    BannerShown,
    /// The person chose.
    Chosen(Choice),
    /// The banner is gone and nothing was chosen.
    BannerGone,
    /// The library loads and sets its cookies.
    LibraryLoads,
    /// The library of a device-mode destination loads.
    DeviceLoads(DestinationId),
    /// An event waits until the library loads.
    Buffered {
        /// The event.
        event: usize,
    },
    /// The source sends an event.
    Sent {
        /// The event.
        event: usize,
        /// True if it had waited.
        buffered: bool,
        /// The event with the consent that it is stamped with.
        stamped: Event<'v>,
        /// Why the decision for it drops it, if it does: then nobody receives it.
        dropped: Option<&'v str>,
        /// Who receives it: what the decision for it delivers, but for those that are missed.
        delivered: Vec<DestinationId>,
        /// Device-mode destinations that it should reach and whose library is not there.
        missed: Vec<DestinationId>,
    },
    /// The gate is closed for an event, which the source does not send.
    Withheld {
        /// The event.
        event: usize,
        /// The event with the consent that it is stamped with.
        stamped: Event<'v>,
        /// Whom the decision for it delivers to all the same, and who do not receive it: exempt destinations that are mapped hold no gate
        /// open but the exact one.
        unreached: Vec<DestinationId>,
    },
    /// An event is lost.
    Lost {
        /// The event.
        event: usize,
        /// Why.
        cause: Loss,
    },
    /// The person took back what a device-mode destination needs, and its library cannot be unloaded: it may go on collecting by
    /// itself until the next page load.
    KeepsCollecting(DestinationId),
    /// The person granted what a device-mode destination needs, and its library is not there before the next page load.
    NeedsPageLoad(DestinationId),
    /// The person left.
    Left,
}

spelled! {
    /// Why an event is lost.
    Loss {
        /// The page was left before the person chose.
        NoChoice = "no_choice",
        /// The page was left, and the library had not loaded for what the person chose.
        NotLoaded = "not_loaded",
        /// The visit was over.
        Over = "over",
    }
}

/// A visit: events and choices go in, steps come out. An event that goes in comes out once: as sent, withheld or lost, after it may have been
/// buffered.
///
/// ```
/// use consentry::visit::{Choice, Loss, Site, VisitStep, Visit, Visitor};
/// use consentry::{Event, Policy, Table};
///
/// let table = Table::new(Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment" banner stays model opt-in
///        category Stats destination "Amplitude" needs Stats"#
/// )?);
/// let site = Site::of(table.policy()).unwrap();
/// let (mut visit, _) = Visit::start(&table, site, Visitor::First);
/// assert_eq!(visit.event(Event::default()), [VisitStep::Buffered { event: 1 }]);
/// let steps = visit.choose(Choice::everything(table.policy()));
/// assert!(matches!(steps.as_slice(), [VisitStep::Chosen(_), VisitStep::LibraryLoads, VisitStep::Sent { event: 1, buffered: true, .. }]));
/// # Ok::<(), consentry::PolicyError>(())
/// ```
#[derive(Debug)]
pub struct Visit<'v> {
    table: &'v Table,
    site: Site,
    scratch: Scratch,
    /// What the person has chosen, now or before.
    choice: Option<Choice>,
    is_banner_shown: bool,
    /// True if the person closed the banner without choosing: it does not come again by itself.
    is_banner_closed: bool,
    is_loaded: bool,
    /// The device-mode destinations whose libraries came with the platform's own to the page.
    libraries: BTreeSet<DestinationId>,
    buffer: Vec<Waiting<'v>>,
    /// How many events there were.
    events: usize,
    is_over: bool,
}

/// An event that waits until the library loads.
#[derive(Debug)]
struct Waiting<'v> {
    number: usize,
    event: Event<'v>,
    /// What the person had chosen when it was tracked: a later grant must not be stamped on what was tracked under a refusal.
    choice: Option<Choice>,
}

impl<'v> Visit<'v> {
    /// The first page loads.
    pub fn start(table: &'v Table, site: Site, visitor: Visitor) -> (Self, Vec<VisitStep<'v>>) {
        let mut visit = Visit {
            table,
            site,
            scratch: table.scratch(),
            choice: match visitor {
                Visitor::First => None,
                Visitor::Returning(choice) => Some(choice),
            },
            is_banner_shown: false,
            is_banner_closed: false,
            is_loaded: false,
            libraries: BTreeSet::new(),
            buffer: Vec::new(),
            events: 0,
            is_over: false,
        };
        let mut steps = Vec::new();
        visit.open_page(false, &mut steps);
        (visit, steps)
    }

    /// Returns true if the library has loaded on this page, and so set its cookies.
    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// How many events wait.
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// The site tracks an event. Whatever consent it carries already, the wrapper's stamp takes its place.
    pub fn event(&mut self, event: Event<'v>) -> Vec<VisitStep<'v>> {
        self.events += 1;
        let number = self.events;
        if self.is_over {
            return vec![VisitStep::Lost { event: number, cause: Loss::Over }];
        }
        if !self.is_loaded {
            self.buffer.push(Waiting { number, event, choice: self.choice.clone() });
            return vec![VisitStep::Buffered { event: number }];
        }
        let stamp = self.stamp();
        vec![self.send(number, event, stamp, false)]
    }

    /// The person chooses, for the first time or anew, and closes the banner.
    pub fn choose(&mut self, choice: Choice) -> Vec<VisitStep<'v>> {
        if self.is_over {
            return Vec::new();
        }
        self.is_banner_shown = false;
        let mut steps = vec![VisitStep::Chosen(choice.clone())];
        self.choice = Some(choice);
        if self.is_loaded {
            let wanted = self.wanted();
            steps.extend(self.libraries.difference(&wanted).copied().map(VisitStep::KeepsCollecting));
            steps.extend(wanted.difference(&self.libraries).copied().map(VisitStep::NeedsPageLoad));
        } else {
            self.load_if_due(&mut steps);
        }
        steps
    }

    /// The person closes the banner without choosing. Of a mandatory banner that is the action after which the site may be used.
    pub fn close(&mut self) -> Vec<VisitStep<'v>> {
        if self.is_over || !self.is_banner_shown {
            return Vec::new();
        }
        self.is_banner_shown = false;
        self.is_banner_closed = true;
        let mut steps = vec![VisitStep::BannerGone];
        if !self.is_loaded {
            self.load_if_due(&mut steps);
        }
        steps
    }

    /// The person clicks or scrolls somewhere on the page, which some banners disappear after.
    pub fn act(&mut self) -> Vec<VisitStep<'v>> {
        if self.site.banner == Banner::Disappears { self.close() } else { Vec::new() }
    }

    /// A page loads: the same one again, or the next one.
    pub fn load_page(&mut self) -> Vec<VisitStep<'v>> {
        if self.is_over {
            return Vec::new();
        }
        let mut steps = self.lose();
        self.open_page(true, &mut steps);
        steps
    }

    /// The person leaves the site.
    pub fn leave(&mut self) -> Vec<VisitStep<'v>> {
        if self.is_over {
            return Vec::new();
        }
        let mut steps = self.lose();
        self.is_over = true;
        steps.push(VisitStep::Left);
        steps
    }

    fn open_page(&mut self, again: bool, steps: &mut Vec<VisitStep<'v>>) {
        self.is_loaded = false;
        // Who has chosen looks for the banner; it does not come by itself.
        let is_open = self.choice.is_none() && !self.is_banner_closed;
        self.is_banner_shown = is_open && self.site.banner != Banner::NeverShown;
        steps.push(VisitStep::PageLoads { again });
        let waits = self.is_banner_shown && self.site.banner == Banner::Mandatory;
        if !waits {
            self.load_if_due(steps);
        }
        if self.is_banner_shown {
            steps.push(VisitStep::BannerShown);
        }
    }

    /// Returns true if the library loads for what the person has chosen, or has not: opt-out never waits for a choice.
    fn loads(&mut self) -> bool {
        if self.site.taken_as() == ImpliedConsent::OptOut {
            return true;
        }
        let Some(choice) = &self.choice else { return false };
        match self.site.loads {
            LoadTrigger::Granted => {
                let mut categories = self.table.policy().categories().iter().zip(choice.categories());
                categories.any(|(category, granted)| granted && category.is_live())
            }
            LoadTrigger::GateOpen => {
                let event = self.plain();
                self.table.decide_event(&event, &mut self.scratch).passes_gate(self.site.gate)
            }
        }
    }

    /// Loads the library if it is due, and with it those of the device-mode destinations that may receive something; then sends what
    /// has waited.
    fn load_if_due(&mut self, steps: &mut Vec<VisitStep<'v>>) {
        if !self.loads() {
            return;
        }
        self.is_loaded = true;
        steps.push(VisitStep::LibraryLoads);
        self.libraries = self.wanted();
        steps.extend(self.libraries.iter().copied().map(VisitStep::DeviceLoads));
        for Waiting { number, event, choice } in std::mem::take(&mut self.buffer) {
            let stamp = choice.map_or_else(|| self.stamp(), |choice| choice.stamp(self.table.policy()));
            steps.push(self.send(number, event, stamp, true));
        }
    }

    /// The device-mode destinations that receive an event of which nothing else is known.
    fn wanted(&mut self) -> BTreeSet<DestinationId> {
        let event = self.plain();
        let table = self.table;
        let decision = table.decide_event(&event, &mut self.scratch);
        decision.delivered().filter(|id| is_device(table.policy(), *id)).collect()
    }

    /// The consent of events now: what the person has chosen, or else what the model takes for granted.
    fn stamp(&self) -> Consent<'v> {
        let policy = self.table.policy();
        match (&self.choice, self.site.taken_as()) {
            (Some(choice), _) => choice.stamp(policy),
            (None, ImpliedConsent::OptOut) => Choice::everything(policy).stamp(policy),
            (None, ImpliedConsent::OptIn) => Choice::nothing(policy).stamp(policy),
        }
    }

    /// A stamped event of which nothing else is known.
    fn plain(&self) -> Event<'v> {
        Event { consent: self.stamp(), ..Event::default() }
    }

    fn send(&mut self, number: usize, event: Event<'v>, stamp: Consent<'v>, buffered: bool) -> VisitStep<'v> {
        let stamped = Event { consent: stamp, ..event };
        let table = self.table;
        let decision = table.decide_event(&stamped, &mut self.scratch);
        let row = table.policy().reconcile().row(decision.consent(), decision.integrations());
        if !decision.passes_gate(self.site.gate) {
            let unreached = decision.delivered().collect();
            return VisitStep::Withheld { event: number, stamped, unreached };
        }
        let is_missing = |id: &DestinationId| is_device(table.policy(), *id) && !self.libraries.contains(id);
        let (missed, delivered) = decision.delivered().partition(is_missing);
        let dropped = row.drop_reason();
        VisitStep::Sent { event: number, buffered, stamped, dropped, delivered, missed }
    }

    /// What waits is lost with the page.
    fn lose(&mut self) -> Vec<VisitStep<'v>> {
        let cause = if self.choice.is_none() { Loss::NoChoice } else { Loss::NotLoaded };
        self.buffer.drain(..).map(|waiting| VisitStep::Lost { event: waiting.number, cause }).collect()
    }
}

/// Returns true if the code of a destination runs on the page.
fn is_device(policy: &Policy, id: DestinationId) -> bool {
    policy.destination(id).is_some_and(|one| one.mode() == Some(Mode::Device))
}
