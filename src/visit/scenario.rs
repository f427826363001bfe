//! The visits that the platform's documents describe in their tables, run through a policy.
//!
//! Source: "Analytics.js OneTrust Wrapper", the tables "Segment library desired behavior", "First time users" and "Return users".

use super::machine::{Choice, Visit, VisitStep, Visitor};
use super::site::Site;
use crate::decide::Table;
use crate::event::Event;
use crate::model::{Banner, ConsentModel, Policy};
use serde::Serialize;
use std::collections::BTreeSet;

spelled! {
    /// How likely data is lost, as the documents rate it. They have nothing below and nothing above.
    Possibility {
        /// Libraries load after the choice, or the site assumes that people agree; "until a user changes their preferences".
        Low = "low",
        /// Libraries load before the choice: they cannot be unloaded ("compliance risk"), and those for what is agreed to later are not
        /// there before the next page load ("possibility of data loss").
        Medium = "medium",
    }
}

impl Possibility {
    /// The rating of a banner.
    pub fn of(banner: Banner) -> Self {
        match banner {
            Banner::Mandatory | Banner::NeverShown => Possibility::Low,
            Banner::Stays | Banner::Disappears => Possibility::Medium,
        }
    }
}

/// A row of "Segment library desired behavior".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BannerRow {
    /// The banner.
    pub banner: Banner,
    /// True if it is displayed on page load.
    pub displayed: bool,
    /// True if the person must interact with it.
    pub required: bool,
    /// True if the library loads with the page for a first-time visitor under opt-out, and under opt-in. The documents have one
    /// column for both, which contradicts their rows for opt-in; the rows win.
    pub loads_with_page: [bool; 2],
    /// The rating.
    pub possibility: Possibility,
}

spelled! {
    /// What a person does.
    Action {
        /// Provides preferences and closes the banner.
        Choose = "choose",
        /// Does not interact with the banner.
        Ignore = "ignore",
        /// Rejects all and closes the banner.
        RejectAll = "reject_all",
        /// Opens the banner, updates the preferences and closes it.
        Update = "update",
    }
}

/// What a row of the scenario tables is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Scenario {
    /// True if the person's choice is stored.
    #[serde(skip)]
    pub returning: bool,
    /// The consent model.
    pub model: ConsentModel,
    /// The banner; where the documents say "optional", one that stays, and where they name none, too.
    pub banner: Banner,
    /// What the person does.
    pub action: Action,
}

/// What becomes of an event in a phase of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phase<'p> {
    /// True if the library has loaded when the event is tracked.
    pub loaded: bool,
    /// True if the event waits first.
    pub buffered: bool,
    /// True if it is lost.
    pub lost: bool,
    /// The destinations that receive it.
    #[serde(rename = "deliver")]
    pub delivered: Vec<&'p str>,
}

/// A row of the scenario tables, as a policy has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScenarioRow<'p> {
    /// What it is about.
    #[serde(flatten)]
    pub scenario: Scenario,
    /// An event before the person acts; none where a banner lets nobody use the site before.
    pub before: Option<Phase<'p>>,
    /// An event after that.
    pub after: Phase<'p>,
    /// Of an update: an event after the person rejects all instead.
    pub after_rejecting: Option<Phase<'p>>,
    /// True if events that were tracked are lost in this visit.
    pub loses: bool,
    /// True if some are lost once the person leaves, or closes the banner, without choosing. What is tracked after a mandatory banner was
    /// closed so is among them.
    pub may_lose: bool,
    /// Device-mode destinations whose libraries may go on collecting what was taken back, be it by rejecting all.
    pub keep_collecting: Vec<&'p str>,
    /// Device-mode destinations whose libraries are not there before the next page load.
    pub need_page_load: Vec<&'p str>,
}

/// The rows of the documents' tables of scenarios, in their order.
const SCENARIOS: [(bool, ConsentModel, Banner, Action); 14] = {
    use Action::{Choose, Ignore, RejectAll, Update};
    use Banner::{Mandatory, Stays};
    use ConsentModel::{Implied, OptIn, OptOut};
    [
        (false, OptIn, Stays, Choose),
        (false, OptIn, Stays, Ignore),
        (false, OptIn, Stays, RejectAll),
        (false, OptIn, Mandatory, Choose),
        (false, OptOut, Stays, Choose),
        (false, OptOut, Stays, Ignore),
        (false, OptOut, Stays, RejectAll),
        (false, Implied, Stays, Ignore),
        (true, OptIn, Stays, Ignore),
        (true, OptIn, Stays, Update),
        (true, OptOut, Stays, Ignore),
        (true, OptOut, Stays, Update),
        (true, Implied, Stays, Ignore),
        (true, Implied, Stays, Update),
    ]
};

/// Returns Segment's table of banners, as a policy has it.
pub fn banners(table: &Table) -> Vec<BannerRow> {
    let row = |banner| BannerRow {
        banner,
        displayed: banner != Banner::NeverShown,
        required: banner == Banner::Mandatory,
        loads_with_page: [ConsentModel::OptOut, ConsentModel::OptIn].map(|model| {
            let site = Site::with(table.policy(), banner, model);
            Visit::start(table, site, Visitor::First).0.is_loaded()
        }),
        possibility: Possibility::of(banner),
    };
    [Banner::Mandatory, Banner::Stays, Banner::Disappears, Banner::NeverShown].into_iter().map(row).collect()
}

/// Returns Segment's tables of scenarios, as a policy has them. Returning visitors have granted `stored`; visitors who choose or
/// update grant `chosen`.
pub fn scenarios<'t>(table: &'t Table, stored: &Choice, chosen: &Choice) -> Vec<ScenarioRow<'t>> {
    let rows = SCENARIOS.into_iter().map(|(returning, model, banner, action)| {
        let site = Site::with(table.policy(), banner, model);
        row(table, site, Scenario { returning, model, banner, action }, stored, chosen)
    });
    rows.collect()
}

fn row<'t>(
    table: &'t Table,
    site: Site,
    scenario: Scenario,
    stored: &Choice,
    chosen: &Choice,
) -> ScenarioRow<'t> {
    let policy = table.policy();
    let run = |action: Option<Action>| {
        let visitor = if scenario.returning { Visitor::Returning(stored.clone()) } else { Visitor::First };
        let (mut visit, mut steps) = Visit::start(table, site, visitor);
        let is_usable = scenario.returning || scenario.banner != Banner::Mandatory;
        let loaded_before = visit.is_loaded();
        if is_usable {
            steps.extend(visit.event(Event::default()));
        }
        match action {
            Some(Action::Choose | Action::Update) => steps.extend(visit.choose(chosen.clone())),
            Some(Action::RejectAll) => steps.extend(visit.choose(Choice::nothing(policy))),
            Some(Action::Ignore) => {}
            None => steps.extend(visit.close()),
        }
        let loaded_after = visit.is_loaded();
        // Who closes an optional banner without choosing leaves; a mandatory one is closed to use the site.
        if action.is_some() || !is_usable {
            steps.extend(visit.event(Event::default()));
        }
        steps.extend(visit.leave());
        let before = is_usable.then(|| phase(policy, &steps, 1, loaded_before));
        let after = phase(policy, &steps, 1 + usize::from(is_usable), loaded_after);
        (steps, before, after)
    };
    let (steps, before, after) = run(Some(scenario.action));
    let lost = |steps: &[VisitStep<'_>]| steps.iter().any(|step| matches!(step, VisitStep::Lost { .. }));
    let rejecting = (scenario.action == Action::Update).then(|| run(Some(Action::RejectAll)));
    // What either of the two updates does to a library is to be told.
    let (mut keep_collecting, mut need_page_load) = (BTreeSet::new(), BTreeSet::new());
    for step in steps.iter().chain(rejecting.iter().flat_map(|(steps, ..)| steps)) {
        match step {
            VisitStep::KeepsCollecting(id) => drop(keep_collecting.insert(*id)),
            VisitStep::NeedsPageLoad(id) => drop(need_page_load.insert(*id)),
            _ => {}
        }
    }
    let loses = lost(&steps);
    ScenarioRow {
        scenario,
        before,
        after,
        may_lose: loses || lost(&run(None).0),
        loses,
        after_rejecting: rejecting.map(|(.., after)| after),
        keep_collecting: policy.destination_names(keep_collecting),
        need_page_load: policy.destination_names(need_page_load),
    }
}

/// What the steps of a visit say of one event.
fn phase<'p>(policy: &'p Policy, steps: &[VisitStep<'_>], wanted: usize, loaded: bool) -> Phase<'p> {
    let mut phase = Phase { loaded, buffered: false, lost: false, delivered: Vec::new() };
    for step in steps {
        match step {
            VisitStep::Buffered { event } if *event == wanted => phase.buffered = true,
            VisitStep::Lost { event, .. } if *event == wanted => phase.lost = true,
            VisitStep::Sent { event, delivered, .. } if *event == wanted => {
                phase.delivered = policy.destination_names(delivered.iter().copied())
            }
            _ => {}
        }
    }
    phase
}

/// Who never gets the library under opt-in.
#[cfg(feature = "lint")]
pub(crate) enum NeverLoads {
    /// Everybody who does not look for the banner, which no page shows.
    Everybody,
    /// A first-time visitor who rejects all.
    WhoRejects,
}

/// Who never gets the library, if somebody does not.
#[cfg(feature = "lint")]
pub(crate) fn never_loads(table: &Table, site: Site) -> Option<NeverLoads> {
    let (mut visit, _) = Visit::start(table, site, Visitor::First);
    if site.banner == Banner::NeverShown && !visit.is_loaded() {
        return Some(NeverLoads::Everybody);
    }
    visit.choose(Choice::nothing(table.policy()));
    (!visit.is_loaded()).then_some(NeverLoads::WhoRejects)
}
