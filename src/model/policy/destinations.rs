//! Checking destinations: what they need, by which names they are known, and of which kind they are.

use super::Destination;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::checker::Checker;
use crate::syntax;
use crate::syntax::tree::{DestinationAttribute, DestinationStatement, Needs, Quantifier, Text};
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
        // Aliases add up, and so do requirements with a condition.
        self.attributes(&destination.attributes, |one| {
            matches!(one, DestinationAttribute::Alias(_) | DestinationAttribute::NeedsWhen { .. })
        });
        if destination.name.value == "All" {
            self.called_all(&destination.name);
        }
        let mut checked = Destination {
            name: destination.name.clone(),
            aliases: Vec::new(),
            arms: Vec::new(),
            requirement: None,
            category_uses: Vec::new(),
            exempt: None,
            exempt_because: None,
            disabled: None,
            mode: None,
            kind: None,
            span: said.span,
        };
        let (mut unmapped, mut needed, mut arm, mut otherwise, mut last) = (None, None, None, None, None);
        for attribute in &destination.attributes {
            let at = attribute.span;
            match &attribute.value {
                DestinationAttribute::Alias(alias) => checked.aliases.extend(alias.names.iter().cloned()),
                DestinationAttribute::Needs(needs @ Needs::ByStrategy(_)) => {
                    needed.get_or_insert(at);
                    checked.arms.extend(self.arm(&[], Some(needs), several, at));
                }
                DestinationAttribute::Needs(needs) => {
                    needed.get_or_insert(at);
                    self.uses.clear();
                    checked.requirement = self.needs(needs, several).map(|needs| Spanned::new(needs, at));
                    checked.category_uses.append(&mut self.uses);
                }
                DestinationAttribute::NeedsWhen { when, needs } => {
                    arm.get_or_insert(at);
                    checked.arms.extend(self.arm(when, Some(needs), several, at));
                }
                DestinationAttribute::Otherwise(needs) => {
                    otherwise.get_or_insert(at);
                    last = self.otherwise(needs, several, at);
                }
                DestinationAttribute::Unmapped => unmapped = Some(at),
                DestinationAttribute::Exempt { because } => {
                    checked.exempt = Some(at);
                    checked.exempt_because.clone_from(because);
                }
                DestinationAttribute::Disabled => checked.disabled = Some(at),
                DestinationAttribute::Mode(mode) => checked.mode = Some(Spanned::new(*mode, at)),
                DestinationAttribute::Kind(name) => checked.kind = self.kind_named(name),
            }
        }
        if let (Some(needed), Some(unmapped)) = (needed.or(arm).or(otherwise), unmapped) {
            self.mapped_and_unmapped(needed, unmapped);
        }
        self.one_mapping(&destination.name, needed, arm, otherwise, cut_short);
        checked.arms.extend(last);
        let uses = checked.arms.iter().flat_map(|arm| arm.uses.iter().cloned());
        checked.category_uses.extend(uses);
        let says_needs = needed.or(arm).or(otherwise).is_some();
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

    /// Reports a destination that has conditions and no last word, or a last word twice.
    fn one_mapping(
        &mut self,
        name: &Text,
        needed: Option<Span>,
        arm: Option<Span>,
        otherwise: Option<Span>,
        cut_short: bool,
    ) {
        let error = match (needed, arm, otherwise) {
            (Some(needed), Some(arm), _) => Diagnostic::new(
                Code::MissingOtherwise,
                "the destination has a requirement next to its conditions",
            )
            .at(needed, "holds for every event")
            .at(arm, "holds for some events")
            .help("write it last, as `otherwise ...`"),
            (Some(needed), None, Some(otherwise)) => {
                Diagnostic::new(Code::MissingOtherwise, "`otherwise` stands behind `needs when` only")
                    .at(otherwise, "otherwise than what?")
                    .at(needed, "holds for every event")
                    .help("delete one of the two")
            }
            (None, None, Some(otherwise)) => {
                Diagnostic::new(Code::MissingOtherwise, "`otherwise` stands behind `needs when` only")
                    .at(otherwise, "otherwise than what?")
                    .help("write `needs ...`, or a `needs when ...` in front of it")
            }
            (None, Some(arm), None) if !cut_short => {
                let message = format!("`{}` does not say what it needs of other events", name.value);
                Diagnostic::new(Code::MissingOtherwise, message)
                    .at(arm, "holds for some events")
                    .help("add `otherwise ...` with its categories, or `otherwise unmapped`")
            }
            _ => return,
        };
        self.report(error);
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
