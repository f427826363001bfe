//! Checking destinations: what they need, by which names they are known, and of which kind they are.

use super::checker::Checker;
use super::ids::{CategoryId, KindId};
use super::merge::MAX_SUGGESTIONS;
use super::policy::{Destination, Exemption};
use super::requirement::Requirement;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, nearest};

use crate::syntax;
use crate::syntax::tree::{
    DestinationAttribute, DestinationStatement, Element, Group, Needs, Quantifier, Text,
};
use std::collections::HashMap;

impl Checker<'_> {
    /// A destination. One that was cut short may have said more than could be read.
    pub(super) fn destination(
        &mut self,
        said: &Spanned<&DestinationStatement>,
        cut_short: bool,
        several: Quantifier,
    ) -> Destination {
        let destination = said.value;
        // Aliases add up.
        self.attributes(&destination.attributes, |one| matches!(one, DestinationAttribute::Alias(_)));
        if destination.name.value == "All" {
            self.called_all(&destination.name);
        }
        let mut checked = Destination {
            name: destination.name.clone(),
            aliases: Vec::new(),
            requirement: None,
            uses: Vec::new(),
            exempt: None,
            disabled: None,
            mode: None,
            kind: None,
            span: said.span,
        };
        let mut unmapped = None;
        for attribute in &destination.attributes {
            let at = attribute.span;
            match &attribute.value {
                DestinationAttribute::Alias(alias) => checked.aliases.extend(alias.names.iter().cloned()),
                DestinationAttribute::Needs(needs) => {
                    self.uses.clear();
                    checked.requirement = self.needs(needs, several).map(|needs| Spanned::new(needs, at));
                    checked.uses = std::mem::take(&mut self.uses);
                    if let Some(unmapped) = unmapped {
                        self.mapped_and_unmapped(at, unmapped);
                    }
                }
                DestinationAttribute::Unmapped => {
                    unmapped = Some(at);
                    if let Some(needs) = checked.requirement_span() {
                        self.mapped_and_unmapped(needs, at);
                    }
                }
                DestinationAttribute::Exempt { because } => {
                    checked.exempt = Some(Exemption { span: at, because: because.clone() });
                }
                DestinationAttribute::Disabled => checked.disabled = Some(at),
                DestinationAttribute::Mode(mode) => checked.mode = Some(Spanned::new(*mode, at)),
                DestinationAttribute::Kind(name) => checked.kind = self.kind_named(name),
            }
        }
        let says_needs =
            destination.attributes.iter().any(|one| matches!(one.value, DestinationAttribute::Needs(_)));
        if !says_needs && unmapped.is_none() && checked.exempt.is_none() && !cut_short {
            let message = format!("`{}` says neither what it needs nor that it is unmapped", checked.name());
            self.report(
                Diagnostic::new(Code::MissingMapping, message).at(destination.name.span, "needs what?").help(
                    "write `needs ...` with its categories, or `unmapped` if no category stands for it",
                ),
            );
        }
        checked
    }

    fn mapped_and_unmapped(&mut self, needs: Span, unmapped: Span) {
        self.report(
            Diagnostic::new(Code::MappedAndUnmapped, "a destination that needs categories is not unmapped")
                .at(unmapped, "unmapped")
                .at(needs, "but mapped here")
                .help("delete one of the two"),
        );
    }

    fn called_all(&mut self, name: &Text) {
        self.report(
            Diagnostic::new(Code::ReservedDestinationName, "no destination may be called `All`")
                .at(name.span, "taken")
                .help("in the integrations object `All` is the default for the destinations that are not listed"),
        );
    }

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
            let near = match self.suggests() {
                true => nearest(&name.value, self.categories.keys().copied()),
                false => None,
            };
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

    fn kind_named(&mut self, name: &Text) -> Option<Spanned<KindId>> {
        let known = self.kinds.get(name.value.as_str()).copied();
        if known.is_none() && !self.forest.may_have_lost(&name.value) {
            let near = match self.suggests() {
                true => nearest(&name.value, self.kinds.keys().copied()),
                false => None,
            };
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

    /// Checks aliases: none is `All` or another destination's own name, and destinations that have the same alias all declare it
    /// shared.
    pub(super) fn aliases(&mut self, destinations: &[Spanned<&DestinationStatement>]) {
        let own: HashMap<&str, Span> =
            destinations.iter().map(|one| (one.value.name.value.as_str(), one.value.name.span)).collect();
        let mut first_uses: HashMap<&str, (usize, bool, &Text)> = HashMap::new();
        for (index, destination) in destinations.iter().map(|said| said.value).enumerate() {
            let aliases = destination.attributes.iter().filter_map(|attribute| match &attribute.value {
                DestinationAttribute::Alias(alias) => Some(alias),
                _ => None,
            });
            let names: Vec<(&Text, bool)> =
                aliases.flat_map(|alias| alias.names.iter().map(|name| (name, alias.shared))).collect();
            if names.is_empty() {
                continue;
            }
            let with_own = std::iter::once(&destination.name).chain(names.iter().map(|(name, _)| *name));
            self.twice(with_own, "name");
            for (name, shared) in names {
                let text = name.value.as_str();
                if text == "All" {
                    self.called_all(name);
                }
                if let Some(at) = own.get(text).filter(|_| text != destination.name.value) {
                    let message = format!("`{text}` is the name of another destination");
                    self.report(
                        Diagnostic::new(Code::AliasTaken, message)
                            .at(name.span, "taken")
                            .at(*at, "by this destination")
                            .help("delete this alias: a destination's name is never an alias of another one"),
                    );
                }
                let (other, first_shared, first) = *first_uses.entry(text).or_insert((index, shared, name));
                if other != index && !(first_shared && shared) {
                    let message = format!("two destinations have the alias `{text}`");
                    self.report(
                        Diagnostic::new(Code::AliasTaken, message)
                            .at(name.span, "this one")
                            .at(first.span, "and this one")
                            .help(format!(
                                "if that is meant, write `shared alias {}` in both",
                                syntax::quoted(text)
                            )),
                    );
                }
            }
        }
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
