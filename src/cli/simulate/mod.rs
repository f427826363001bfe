//! `consentry simulate`.

mod actions;

use super::format::Format;
use super::shared::{PolicyArguments, Result, Status};
use actions::Action;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use consentry::event::Name;
use consentry::model::{Banner, ConsentModel};
use consentry::report::visit::VisitReport;
use consentry::report::visit_tables::VisitTablesReport;
use consentry::visit::{Choice, MissingSettingError, Site, Visit, Visitor};
use consentry::{Event, Policy, Table};
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
    // `requires = "all"` would have no effect: a requirement that conflicts with what is there is dropped.
    #[arg(long, conflicts_with = "actions", value_name = "CATEGORIES")]
    chosen: Option<String>,
    /// The banner, in place of the policy's.
    #[arg(long, value_parser = choice_of(&BANNERS))]
    banner: Option<Banner>,
    /// The consent model, in place of the policy's.
    #[arg(long, value_parser = choice_of(&MODELS))]
    model: Option<ConsentModel>,
    /// How it is written.
    #[arg(long, value_parser = Format::among(&[Format::Human, Format::Json, Format::Markdown]), default_value = "human")]
    format: Format,
}

const BANNERS: [(&str, Banner, &str); 4] = [
    ("mandatory", Banner::Mandatory, "Shown on load; nobody uses the site before acting on it"),
    ("stays", Banner::Stays, "Shown on load; it is optional and always there"),
    ("disappears", Banner::Disappears, "Shown on load; it is optional and goes on a click or scroll"),
    ("never-shown", Banner::NeverShown, "Optional and never shown"),
];

const MODELS: [(&str, ConsentModel, &str); 5] = [
    ("opt-in", ConsentModel::OptIn, "Nothing is granted before the person chooses"),
    ("opt-out", ConsentModel::OptOut, "Everything is granted until the person refuses"),
    ("implied", ConsentModel::Implied, "What the policy says that it means"),
    ("notice-only", ConsentModel::NoticeOnly, "Taken as opt-out"),
    ("custom", ConsentModel::Custom, "Taken as opt-out"),
];

/// Returns a parser of words, each with its value and its help.
fn choice_of<T: Copy + Send + Sync + 'static>(
    words: &'static [(&'static str, T, &'static str)],
) -> impl TypedValueParser<Value = T> {
    let values = words.iter().map(|(word, _, help)| PossibleValue::new(*word).help(*help));
    PossibleValuesParser::new(values).try_map(|text| {
        let known = words.iter().find(|(word, ..)| *word == text);
        known.map(|(_, value, _)| *value).ok_or("unknown word")
    })
}

impl Simulate {
    pub(super) fn run(&self, to: &mut impl Write) -> Result<Status> {
        let table = Table::new(self.policy.load()?);
        let policy = table.policy();
        let choice =
            |text: &Option<String>| text.as_deref().map(|text| actions::choice(policy, text)).transpose();
        let stored = choice(&self.stored)?;
        if self.all {
            if self.banner.is_some() || self.model.is_some() {
                return Err("the tables of --all have banners and models of their own".into());
            }
            self.format.write(to, &VisitTablesReport::new(&table, stored, choice(&self.chosen)?))?;
            return Ok(Status::Fine);
        }
        let actions = self.actions.iter().map(|text| Action::parse(policy, text));
        let actions = actions.collect::<Result<_, String>>()?;
        let site = self.site(policy).map_err(|unsaid| unsaid.to_string())?;
        self.format.write(to, &visit(&table, site, stored, actions))?;
        Ok(Status::Fine)
    }

    /// Returns the settings of the policy, with those of the arguments in their place.
    fn site(&self, policy: &Policy) -> Result<Site, MissingSettingError> {
        let banner = self.banner.or(policy.banner().map(|banner| banner.value));
        let model = self.model.or(policy.consent_model().map(|model| model.value));
        let banner = banner.ok_or(MissingSettingError("banner mandatory"))?;
        Ok(Site::with(policy, banner, model.ok_or(MissingSettingError("model opt-in"))?))
    }
}

fn visit(table: &Table, site: Site, stored: Option<Choice>, actions: Vec<Action>) -> VisitReport<'_> {
    let visitor = stored.map_or(Visitor::First, Visitor::Returning);
    let mut report = VisitReport::new(table.policy(), &site, &visitor);
    let (mut visit, steps) = Visit::start(table, site, visitor);
    report.add(&steps);
    for action in actions {
        let (action, steps) = match action {
            Action::Event(name) => {
                let track = name.as_ref().map(|name| Name::from(name.as_str()).into_owned());
                report.track(name);
                ("event", visit.event(Event { track, ..Event::default() }))
            }
            Action::Choose(choice) => ("choose", visit.choose(choice)),
            Action::Close => ("close", visit.close()),
            Action::Scroll => ("scroll", visit.act()),
            Action::Load => ("load", visit.load_page()),
            Action::Leave => ("leave", visit.leave()),
        };
        report.act(action, &steps);
    }
    report.end(visit.buffered());
    report
}
