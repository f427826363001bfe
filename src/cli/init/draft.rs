//! A policy in the making: the statements that flags, files and answers declare, as text. The checker reports what is wrong with them.

use super::cases;
use crate::cli::shared::Result;
use consentry::diagnostic::visible;
use consentry::model::{
    ConsentState, Enforce, ForeignConsent, IntegrationsState, Mode, UnmappedDestinations,
};
use consentry::syntax::{name, quoted};
use consentry::{Policy, PolicyError};
use std::collections::{HashMap, HashSet};

/// A draft of a policy.
#[derive(Clone)]
pub(super) struct Draft {
    /// A policy of this name that declares nothing.
    pub(super) rules: Policy,
    pub(super) prelude: String,
    /// The statement about consent that the policy does not read, if the prelude needs one.
    foreign: &'static str,
    /// Comments that name the files which were read.
    pub(super) sources: Vec<String>,
    pub(super) categories: Vec<Category>,
    pub(super) destinations: Vec<Destination>,
    /// The places of the first statements about a name.
    destinations_by_name: HashMap<String, usize>,
}

/// The sheet and the line that declare something; `None` for flags, answers and events.
pub(super) type Origin = Option<(String, u64)>;

/// A category.
#[derive(Clone)]
pub(super) struct Category {
    pub(super) name: String,
    pub(super) wire_id: String,
    /// The counts of a stream of events, for a comment; empty if there are none.
    pub(super) counts: String,
    origin: Origin,
}

/// A destination.
#[derive(Clone, Default)]
pub(super) struct Destination {
    pub(super) name: String,
    /// The names of the categories that it needs, each once; empty until somebody decides.
    pub(super) needs: Vec<String>,
    pub(super) mode: Option<Mode>,
    pub(super) kind: Option<String>,
    /// The counts of a stream of events, for a comment; empty if there are none.
    pub(super) counts: String,
    pub(super) origin: Origin,
}

/// The statement after a prelude that ignores consent which the policy does not read.
const FOREIGN: &str =
    "// Consent in another shape or at another place is no silence.\noverride foreign consent malformed\n\n";

impl Draft {
    /// Starts a policy that has only a name and a prelude.
    pub(super) fn new(policy: &str, prelude: &str) -> Result<Self, PolicyError> {
        let rules = format!("consentry 1\npolicy {}\ninclude prelude {}", quoted(policy), quoted(prelude));
        let own = Policy::parse(&rules)?;
        // The author of a first policy does not know yet how every source stamps its events.
        let foreign = match own.foreign_consent().value {
            ForeignConsent::Malformed => "",
            ForeignConsent::Ignored => FOREIGN,
        };
        Ok(Draft {
            rules: Policy::parse(&format!("{rules}\n{foreign}"))?,
            foreign,
            prelude: prelude.to_owned(),
            sources: Vec::new(),
            categories: Vec::new(),
            destinations: Vec::new(),
            destinations_by_name: HashMap::new(),
        })
    }

    /// Declares a category, unless it is declared already. The wire id is the name if there is no other.
    pub(super) fn add_category(&mut self, name: &str, wire_id: Option<&str>, origin: Origin) {
        let known = self.categories.iter().find(|one| one.name == name);
        let is_same = |known: &Category| wire_id.is_none_or(|wire_id| wire_id == known.wire_id);
        // A contradiction becomes a second statement, which the checker reports.
        if !known.is_some_and(is_same) {
            let wire_id = wire_id.unwrap_or(name).to_owned();
            self.categories.push(Category { name: name.to_owned(), wire_id, counts: String::new(), origin });
        }
    }

    /// Notes the counts of a wire id in events; a new one becomes a category of that name.
    pub(super) fn add_counts(&mut self, wire_id: &str, counts: String) -> Result<(), String> {
        if let Some(known) = self.categories.iter_mut().find(|one| one.wire_id == wire_id) {
            known.counts = counts;
            return Ok(());
        }
        // A name is no wire id: what people have agreed to under one must not count under another.
        if let Some(Category { wire_id: other, .. }) = self.categories.iter().find(|one| one.name == wire_id)
        {
            return Err(format!(
                "events carry the wire id `{wire_id}`, and the category of that name is said to have `{other}`: \
                 leave that out, or give the category another name"
            ));
        }
        let name = wire_id.to_owned();
        self.categories.push(Category { wire_id: name.clone(), name, counts, origin: None });
        Ok(())
    }

    /// Declares a destination, or adds to one that is declared what was open.
    pub(super) fn add_destination(&mut self, new: Destination) {
        let next = self.destinations.len();
        let place = *self.destinations_by_name.entry(new.name.clone()).or_insert(next);
        match self.destinations.get_mut(place) {
            Some(known) if known.agrees_with(&new) => known.add(new),
            // A contradiction becomes a second statement, which the checker reports.
            _ => self.destinations.push(new),
        }
    }

    /// Returns the destinations that nobody has mapped.
    pub(super) fn undecided(&self) -> impl Iterator<Item = &Destination> {
        self.destinations.iter().filter(|one| one.needs.is_empty())
    }

    /// Returns the consent states in which those receive events anyway, without an integrations object.
    pub(super) fn open_states(&self) -> Vec<&'static str> {
        let is_open = |state: &ConsentState| {
            let row = self.rules.reconcile().row(*state, IntegrationsState::None);
            self.undecided().next().is_some()
                && matches!(row.enforce.value, Enforce::Nothing | Enforce::Integrations)
        };
        ConsentState::ALL.into_iter().filter(is_open).map(ConsentState::as_str).collect()
    }

    /// Checks the statements. The report shows the origin of each.
    pub(super) fn check(&self) -> Result<Policy, PolicyError> {
        Policy::parse(&self.text(true))
    }

    /// Returns the text of the policy with tests that hold, in the canonical layout.
    pub(super) fn finish(&self) -> Result<String> {
        let policy = self.check()?;
        let text = consentry::format::format(&(self.text(false) + &cases::tests(&policy)))
            .map_err(|error| format!("the policy cannot be written: {error}"))?;
        Policy::parse(&text)?;
        Ok(text)
    }

    /// Returns the statements, each with its origin or its counts as a comment.
    fn text(&self, with_origins: bool) -> String {
        let prelude = &self.prelude;
        let noted = |statement: String, origin: &Origin, counts: &str| match origin {
            Some((sheet, line)) if with_origins => {
                format!("{statement} {}", comment(&format!("line {line} of {sheet}")))
            }
            _ if with_origins || counts.is_empty() => statement + "\n",
            _ => format!("{statement} {}", comment(counts)),
        };
        let mut text: String = self.sources.iter().map(|source| comment(source)).collect();
        text += &format!(
            "consentry 1\npolicy {}\n\n// The rules that are in force beside what is said here: `consentry show {prelude}`.\ninclude prelude {}\n\n",
            quoted(self.rules.name()),
            quoted(prelude)
        );
        text += self.foreign;
        if !self.categories.is_empty() {
            text += "// The wire id is what the consent platform stamps on events: the name, or what stands behind `=`. Case counts.\n";
        }
        for Category { name: own, wire_id, counts, origin } in &self.categories {
            let alias = if own == wire_id { String::new() } else { format!(" = {}", quoted(wire_id)) };
            text += &noted(format!("category {}{alias}", name(own)), origin, counts);
        }
        text.push('\n');
        if self.destinations.is_empty() {
            let example = self.categories.first().map_or("Advertising".into(), |one| name(&one.name));
            text += &comment(&format!(
                "Who receives events, a line each: destination \"Google Ads\"  needs {example}"
            ));
        }
        let lead = format!("{} of", self.rules.several_categories().value);
        for one in self.destinations.iter().filter(|one| !one.needs.is_empty()) {
            text += &noted(one.statement(&lead), &one.origin, &one.counts);
        }
        let undecided: Vec<&Destination> = self.undecided().collect();
        if !undecided.is_empty() {
            text += "\n// What these need is not known: put `needs` and the categories in the place of `unmapped`. Until then they\n// receive nothing where consent is enforced, and `consentry lint` lists them.\n";
            let states = self.open_states();
            let states = (!states.is_empty()).then(|| format!("where it is {}", states.join(" or ")));
            let is_exempt = !self.rules.exempt_events().value.is_empty();
            let exempt = is_exempt.then(|| "for the events that `exempt events` names".to_owned());
            let open: Vec<String> = states.into_iter().chain(exempt).collect();
            if !open.is_empty() {
                let open = open.join(", and ");
                text += &format!("// `{prelude}` does not enforce it {open}: that reaches them even now.\n");
            }
            for one in undecided {
                let separator = if one.counts.is_empty() { "" } else { "; " };
                let todo = format!("decide: needs …{separator}{}", one.counts);
                text += &noted(one.statement(&lead), &one.origin, &todo);
            }
            if self.rules.unmapped_destinations().value == UnmappedDestinations::Deliver {
                text += "\noverride unmapped destinations block\n";
            }
        }
        text + "\n// What the policy decides today, case by case. Who maps a destination changes the rows that it stands in, too:\n// what `consentry test` shows then is what the change changes.\n"
    }
}

impl Destination {
    /// Returns true if both can be one statement. Only another source may add what a row of a sheet leaves open.
    fn agrees_with(&self, new: &Destination) -> bool {
        fn agree<T: PartialEq>(known: &Option<T>, new: &Option<T>) -> bool {
            known.is_none() || new.is_none() || known == new
        }
        let sheet = |origin: &Origin| origin.as_ref().map(|(sheet, _)| sheet.clone());
        let is_same_sheet = new.origin.is_some() && sheet(&self.origin) == sheet(&new.origin);
        let is_open = !is_same_sheet && (self.needs.is_empty() || new.needs.is_empty());
        let has_same_needs = self.needs.len() == new.needs.len()
            && new.needs.iter().all(|category| self.needs.contains(category));
        (is_open || has_same_needs) && agree(&self.mode, &new.mode) && agree(&self.kind, &new.kind)
    }

    fn add(&mut self, new: Destination) {
        if self.needs.is_empty() {
            self.needs = new.needs;
            self.origin = new.origin;
        }
        self.mode = self.mode.or(new.mode);
        self.kind = self.kind.take().or(new.kind);
        if !new.counts.is_empty() {
            self.counts = new.counts;
        }
    }

    fn statement(&self, lead: &str) -> String {
        let needs: Vec<String> = self.needs.iter().map(|category| name(category)).collect();
        let decides = match needs.as_slice() {
            [] => "unmapped".to_owned(),
            [one] => format!("needs {one}"),
            several => format!("needs {lead} {}", several.join(", ")),
        };
        let mode = self.mode.map_or_else(String::new, |mode| format!(" mode {mode}"));
        let kind = self.kind.as_ref().map_or_else(String::new, |kind| format!(" kind {}", name(kind)));
        format!("destination {} {decides}{mode}{kind}", quoted(&self.name))
    }
}

/// Returns the names, each once.
pub(super) fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut known = HashSet::new();
    names.filter(|name| known.insert(*name)).map(str::to_owned).collect()
}

fn comment(line: &str) -> String {
    format!("// {}\n", visible(line))
}
