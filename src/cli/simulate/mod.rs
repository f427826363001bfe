//! `consentry simulate`: what a banner does around decisions, told to people, programs and reviewers, one renderer a file.

mod actions;
mod json;
mod tables;
mod words;

use super::{Failure, PolicyArguments, Status};
use actions::Action;
use consentry::visit::{Choice, Site, Step, Unsaid, Visit, Visitor};
use consentry::{Banner, ConsentModel, Event, Name, Policy, Table};
use std::io::Write;

/// Say what happens in a visit: when the library loads, which events wait, who receives them, and what is lost.
///
/// Actions, in their order; one that has several words is put in quotes:
///
///   event, event NAME    the site tracks an event; once the library has loaded, a
///                        preference event is sent whatever was chosen
///   choose CATEGORY, …   the person chooses, for the first time or anew, and closes the
///                        banner; `choose all`, `choose nothing`
///   reject               the same as `choose nothing`: what is `always` granted stays so
///   close                the person closes the banner without choosing
///   scroll               a click or scroll somewhere, after which some banners disappear
///   load                 a page loads, the next one or the same again
///   leave                the person leaves the site; every event after that is lost
///
/// A category that has a comma in its name, or is called `all` or `nothing`, is put in
/// double quotes. Exit status: 0 told, whatever was lost, 2 usage, a policy that does not
/// compile, or one that leaves open what a visit depends on.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Simulate {
    #[command(flatten)]
    policy: PolicyArguments,
    /// What the person and the site do.
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ACTION")]
    actions: Vec<String>,
    /// Print the tables of the platform's documents as this policy has them: banners, first-time and returning visitors, and the gate.
    #[arg(long)]
    all: bool,
    /// What a returning visitor has granted: categories, `all` or `nothing` [default: a first-time visitor; in the tables, `all`].
    #[arg(long, value_name = "CATEGORIES")]
    stored: Option<String>,
    /// What is granted in the tables by who chooses or updates [default: all but the last category that a choice can change].
    #[arg(long, requires = "all", value_name = "CATEGORIES")]
    chosen: Option<String>,
    /// The banner, in place of the policy's.
    #[arg(long, value_enum)]
    banner: Option<BannerArgument>,
    /// The consent model, in place of the policy's.
    #[arg(long, value_enum)]
    model: Option<ModelArgument>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// One document, for programs.
    Json,
    /// For repositories and comments.
    Markdown,
}

/// A banner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum BannerArgument {
    /// Shown on load; nobody uses the site before acting on it.
    Mandatory,
    /// Shown on load; it is optional and always there.
    Stays,
    /// Shown on load; it is optional and goes on a click or scroll.
    Disappears,
    /// Optional and never shown.
    NeverShown,
}

/// A consent model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ModelArgument {
    /// Nothing is granted before the person chooses.
    OptIn,
    /// Everything is granted until the person refuses.
    OptOut,
    /// What the policy says that it means.
    Implied,
    /// Taken as opt-out.
    NoticeOnly,
    /// Taken as opt-out.
    Custom,
}

/// A visit that was run.
struct Told<'t> {
    policy: &'t Policy,
    site: Site,
    visitor: Visitor,
    /// The names of the events, in the order of their numbers.
    events: Vec<Option<String>>,
    lines: Vec<Line<'t>>,
    /// How many events still wait at the end.
    buffered: usize,
}

/// What is told of a visit, one after the other.
enum Line<'t> {
    Step(Step<'t>),
    /// What the person did changed nothing.
    Nothing {
        action: &'static str,
    },
}

/// How many events became what, and whether there were cookies.
#[derive(Default)]
struct Counts {
    sent: usize,
    /// Of those sent, how many a device-mode destination missed.
    missed: usize,
    /// Of those sent, how many the policy drops.
    dropped: usize,
    withheld: usize,
    lost: usize,
    cookies: bool,
}

impl Simulate {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status, Failure> {
        let table = Table::new(self.policy.load()?);
        let policy = table.policy();
        let choice = |text: &Option<String>| {
            let choice = text.as_deref().map(|text| actions::choice(policy, text));
            choice.transpose().map_err(Failure::Other)
        };
        let stored = choice(&self.stored)?;
        if self.all {
            if self.banner.is_some() || self.model.is_some() {
                return Err(Failure::Other(
                    "the tables of --all have banners and models of their own".into(),
                ));
            }
            let tables = tables::Tables::of(&table, stored, choice(&self.chosen)?);
            match self.format {
                Format::Human => tables::human(to, &tables)?,
                Format::Json => json::tables(to, &tables)?,
                Format::Markdown => tables::markdown(to, &tables)?,
            }
            return Ok(Status::Fine);
        }
        let actions: Vec<Action> = self
            .actions
            .iter()
            .map(|text| Action::of(policy, text))
            .collect::<Result<_, String>>()
            .map_err(Failure::Other)?;
        let site = self.site(policy).map_err(|unsaid| Failure::Other(unsaid.to_string()))?;
        let told = told(&table, site, stored, actions);
        match self.format {
            Format::Human => words::human(to, &told)?,
            Format::Json => json::visit(to, &told)?,
            Format::Markdown => words::markdown(to, &told)?,
        }
        Ok(Status::Fine)
    }

    /// What the policy says, with what the arguments say in its place.
    fn site(&self, policy: &Policy) -> Result<Site, Unsaid> {
        let banner = self.banner.map(|banner| match banner {
            BannerArgument::Mandatory => Banner::Mandatory,
            BannerArgument::Stays => Banner::Stays,
            BannerArgument::Disappears => Banner::Disappears,
            BannerArgument::NeverShown => Banner::NeverShown,
        });
        let model = self.model.map(|model| match model {
            ModelArgument::OptIn => ConsentModel::OptIn,
            ModelArgument::OptOut => ConsentModel::OptOut,
            ModelArgument::Implied => ConsentModel::Implied,
            ModelArgument::NoticeOnly => ConsentModel::NoticeOnly,
            ModelArgument::Custom => ConsentModel::Custom,
        });
        let said = policy.banner().map(|said| said.value);
        let banner = banner.or(said).ok_or(Unsaid("banner mandatory"))?;
        let said = policy.consent_model().map(|said| said.value);
        let model = model.or(said).ok_or(Unsaid("model opt-in"))?;
        Ok(Site::with(policy, banner, model))
    }
}

fn told(table: &Table, site: Site, stored: Option<Choice>, actions: Vec<Action>) -> Told<'_> {
    let visitor = stored.map_or(Visitor::First, Visitor::Returning);
    let (mut visit, steps) = Visit::start(table, site, visitor.clone());
    let mut lines: Vec<Line<'_>> = steps.into_iter().map(Line::Step).collect();
    let mut events = Vec::new();
    for action in actions {
        let (action, steps) = match action {
            Action::Event(name) => {
                let track = name.as_ref().map(|name| Name::from(name.as_str()).into_owned());
                events.push(name);
                ("event", visit.event(Event { track, ..Event::default() }))
            }
            Action::Choose(choice) => ("choose", visit.choose(choice)),
            Action::Close => ("close", visit.close()),
            Action::Scroll => ("scroll", visit.act()),
            Action::Load => ("load", visit.load_page()),
            Action::Leave => ("leave", visit.leave()),
        };
        if steps.is_empty() {
            lines.push(Line::Nothing { action });
        }
        lines.extend(steps.into_iter().map(Line::Step));
    }
    Told { policy: table.policy(), site, visitor, events, lines, buffered: visit.buffered() }
}

impl Told<'_> {
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for line in &self.lines {
            match line {
                Line::Step(Step::Sent { dropped, missed, .. }) => {
                    counts.sent += 1;
                    counts.dropped += usize::from(dropped.is_some());
                    counts.missed += usize::from(!missed.is_empty());
                }
                Line::Step(Step::Withheld { .. }) => counts.withheld += 1,
                Line::Step(Step::Lost { .. }) => counts.lost += 1,
                Line::Step(Step::LibraryLoads) => counts.cookies = true,
                _ => {}
            }
        }
        counts
    }

    /// How people know an event: `event 2 "Order Completed"`.
    fn event(&self, number: usize) -> String {
        let name = self.events.get(number.wrapping_sub(1)).and_then(Option::as_ref);
        name.map_or_else(|| format!("event {number}"), |name| format!("event {number} {name:?}"))
    }
}
