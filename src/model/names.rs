//! Names of categories, kinds and destinations: what they mean, or what may have been meant.

use super::checker::Checker;
use super::ids::{CategoryId, DestinationId, KindId};
use super::merge::MAX_SUGGESTIONS;
use super::requirement::Requirement;
use crate::diagnostic::{Code, Diagnostic, Spanned, nearest};
use crate::syntax;
use crate::syntax::tree::{Element, Group, Needs, Quantifier, Text};

impl Checker<'_> {
    pub(super) fn needs(&mut self, needs: &Needs, several: Quantifier) -> Option<Requirement> {
        match needs {
            Needs::Group(group) => self.group(group),
            Needs::List(names) => {
                self.twice(names.iter(), "category");
                let elements = names.iter().filter_map(|name| self.category_named(name));
                joined(elements.map(Requirement::Category).collect(), several)
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
        joined(elements, group.quantifier)
    }

    pub(super) fn category_named(&mut self, name: &Text) -> Option<CategoryId> {
        let known = self.categories.get(name.value.as_str()).copied();
        self.uses.extend(known.map(|id| Spanned::new(id, name.span)));
        if known.is_none() && !self.forest.may_have_lost(&name.value) {
            let wire_id = self.by_wire_id.get(name.value.as_str()).copied();
            let near =
                self.suggests().then(|| nearest(&name.value, self.categories.keys().copied())).flatten();
            let help = match (wire_id, near, name.value.as_str()) {
                (Some(category), _, wire_id) => {
                    format!("`{wire_id}` is the wire id of a category: write `{}`", syntax::name(category))
                }
                (None, Some(near), _) => format!("did you mean `{}`?", syntax::name(near)),
                (None, None, "one") => "for a choice write `any of A, B`".to_owned(),
                (None, None, "not") => "there is no `not`: name what must be granted".to_owned(),
                (None, None, unknown) => format!("declare it: `category {}`", syntax::name(unknown)),
            };
            self.report(
                Diagnostic::new(Code::UnknownCategory, format!("there is no category `{}`", name.value))
                    .at(name.span, "unknown")
                    .help(help),
            );
        }
        known
    }

    pub(super) fn kind_named(&mut self, name: &Text) -> Option<Spanned<KindId>> {
        let known = self.kinds.get(name.value.as_str()).copied();
        if known.is_none() && !self.forest.may_have_lost(&name.value) {
            let near = self.suggests().then(|| nearest(&name.value, self.kinds.keys().copied())).flatten();
            let help = match near {
                Some(near) => format!("did you mean `{}`?", syntax::name(near)),
                None => format!("declare it: `destination kind {}`", syntax::name(&name.value)),
            };
            self.report(
                Diagnostic::new(Code::UnknownKind, format!("there is no destination kind `{}`", name.value))
                    .at(name.span, "unknown")
                    .help(help),
            );
        }
        known.map(|kind| Spanned::new(kind, name.span))
    }

    /// Whether one more name is compared with all the known ones.
    pub(super) fn suggests(&mut self) -> bool {
        self.suggested += 1;
        self.suggested <= MAX_SUGGESTIONS
    }

    pub(super) fn destinations_named(&mut self, names: &[Text]) -> Option<Vec<DestinationId>> {
        self.twice(names.iter(), "destination");
        let mut ids = Vec::new();
        for name in names {
            match self.destinations.get(name.value.as_str()).copied() {
                Some(id) => ids.push(id),
                None => self.unknown_destination(name),
            }
        }
        (ids.len() == names.len()).then_some(ids)
    }

    pub(super) fn unknown_destination(&mut self, name: &Text) {
        if self.forest.may_have_lost(&name.value) {
            return;
        }
        let help = if let Some(own) = self.owners.get(name.value.as_str()) {
            format!("it is an alias: write the destination's own, \"{own}\"")
        } else if self.suggests()
            && let Some(near) = nearest(&name.value, self.destinations.keys().copied())
        {
            format!("did you mean \"{near}\"?")
        } else {
            "names of destinations are compared exactly".to_owned()
        };
        self.report(
            Diagnostic::new(Code::UnknownDestination, format!("there is no destination `{}`", name.value))
                .at(name.span, "unknown")
                .help(help),
        );
    }
}

/// What asks for all or any of some elements; `None` where there are none.
fn joined(mut elements: Vec<Requirement>, quantifier: Quantifier) -> Option<Requirement> {
    match (elements.len(), quantifier) {
        (0, _) => None,
        (1, _) => elements.pop(),
        (_, Quantifier::All) => Some(Requirement::AllOf(elements)),
        (_, Quantifier::Any) => Some(Requirement::AnyOf(elements)),
    }
}
