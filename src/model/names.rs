//! Names of categories, kinds and destinations: what they mean, or what may have been meant.

use super::checker::Checker;
use super::ids::{CategoryId, DestinationId, KindId};
use super::merge::MAX_SUGGESTIONS;
use super::requirement::Requirement;
use crate::diagnostic::{Code, Diagnostic, Spanned, nearest};
use crate::syntax;
use crate::syntax::tree::{Element, Group, Needs, Quantifier, Text};
use std::collections::HashMap;

impl Checker<'_> {
    pub(super) fn needs(&mut self, needs: &Needs, several: Quantifier) -> Option<Requirement> {
        match needs {
            Needs::Group(group) => self.group(group),
            // A destination has an arm for it, and a promise never has it.
            Needs::ByStrategy(_) => None,
            Needs::List(names) => {
                self.twice(names.iter(), "category");
                let elements = names.iter().filter_map(|name| self.category_named(name));
                Requirement::joined(elements.map(Requirement::Category).collect(), several)
            }
        }
    }

    /// A group, or `None` where it has no element that could be resolved; each such element has its diagnostic.
    fn group(&mut self, group: &Group) -> Option<Requirement> {
        if group.elements.is_empty() {
            self.report(
                Diagnostic::new(Code::EmptyGroup, "the group has no category")
                    .at(group.span, "all or any of what?")
                    .help("name the categories, or write `unmapped` if there are none"),
            );
        }
        let named = group.elements.iter().filter_map(|element| match element {
            Element::Category(name) => Some(name),
            Element::Group(_) => None,
        });
        self.twice(named, "category");
        let mut elements: Vec<Requirement> = Vec::new();
        for element in &group.elements {
            elements.extend(match element {
                Element::Category(name) => self.category_named(name).map(Requirement::Category),
                Element::Group(group) => self.group(group),
            });
        }
        Requirement::joined(elements, group.quantifier)
    }

    pub(super) fn category_named(&mut self, name: &Text) -> Option<CategoryId> {
        let known = self.categories.get(name.value.as_str()).copied();
        self.uses.extend(known.map(|id| Spanned::new(id, name.span)));
        if known.is_none() && !self.forest.may_have_lost(&name.value) {
            let wire_id = self.by_wire_id.get(name.value.as_str()).copied();
            let near = self.near(name, &self.categories);
            let help = match (wire_id, near, name.value.as_str()) {
                (Some(category), _, wire_id) => {
                    format!("`{wire_id}` is the wire id of a category: write `{}`", syntax::name(category))
                }
                (None, Some(near), _) => format!("did you mean `{}`?", syntax::name(near)),
                (None, None, "one") => "for a choice write `any of A, B`".to_owned(),
                (None, None, "not") => "there is no `not`: name what must be granted".to_owned(),
                (None, None, unknown) => format!("declare it: `category {}`", syntax::name(unknown)),
            };
            self.report_unknown(Code::UnknownCategory, "category", name, help);
        }
        known
    }

    pub(super) fn kind_named(&mut self, name: &Text) -> Option<Spanned<KindId>> {
        let known = self.kinds.get(name.value.as_str()).copied();
        if known.is_none() && !self.forest.may_have_lost(&name.value) {
            let help = match self.near(name, &self.kinds) {
                Some(near) => format!("did you mean `{}`?", syntax::name(near)),
                None => format!("declare it: `destination kind {}`", syntax::name(&name.value)),
            };
            self.report_unknown(Code::UnknownKind, "destination kind", name, help);
        }
        known.map(|kind| Spanned::new(kind, name.span))
    }

    /// Returns the known name that is nearest. Only the first names are looked for, because each is compared with all known ones.
    pub(super) fn near<'n, Id>(&self, name: &Text, known: &HashMap<&'n str, Id>) -> Option<&'n str> {
        let searched = self.searched.replace(self.searched.get() + 1);
        if searched < MAX_SUGGESTIONS { nearest(&name.value, known.keys().copied()) } else { None }
    }

    pub(super) fn report_unknown(&mut self, code: Code, what: &str, name: &Text, help: String) {
        let message = format!("there is no {what} `{}`", name.value);
        self.report(Diagnostic::new(code, message).at(name.span, "unknown").help(help));
    }

    pub(super) fn destinations_named(&mut self, names: &[Text]) -> Option<Vec<DestinationId>> {
        self.twice(names.iter(), "destination");
        let ids: Vec<_> = names.iter().map(|name| self.destination_named(name)).collect();
        ids.into_iter().collect()
    }

    pub(super) fn destination_named(&mut self, name: &Text) -> Option<DestinationId> {
        let known = self.destinations.get(name.value.as_str()).copied();
        if known.is_none() {
            self.unknown_destination(name);
        }
        known
    }

    pub(super) fn unknown_destination(&mut self, name: &Text) {
        if self.forest.may_have_lost(&name.value) {
            return;
        }
        let help = if let Some(own) = self.owners.get(name.value.as_str()) {
            format!("it is an alias: write the destination's own, \"{own}\"")
        } else if let Some(near) = self.near(name, &self.destinations) {
            format!("did you mean \"{near}\"?")
        } else {
            "names of destinations are compared exactly".to_owned()
        };
        self.report_unknown(Code::UnknownDestination, "destination", name, help);
    }
}
