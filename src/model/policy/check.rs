//! The facts in force → [`Policy`]: names resolved, contradictions and gaps reported.

use super::consent::category_key;
use super::{Category, Destination, Include, Kind, LintLevel, Policy, Settings};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::checker::{Checker, MAX_MISTAKES};
use crate::model::error::PolicyError;
use crate::model::ids::{CategoryId, DestinationId, KindId};
use crate::model::inputs::When;
use crate::model::load::Forest;
use crate::model::merge::{Merged, said};
use crate::model::reading::Reading;
use crate::model::reconcile;
use crate::syntax::Keyword;
use crate::syntax::tree::{
    CategoryAttribute, CategoryStatement, Fact, ForeignConsent, KindAttribute, KindStatement, Lint,
    NonBooleanAll, Quantifier, Row, Text,
};
use std::collections::HashMap;

/// The largest number of categories.
pub const MAX_CATEGORIES: usize = 10_000;

/// The largest number of destinations.
pub const MAX_DESTINATIONS: usize = 100_000;

/// The largest number of exempt events, and of preference events.
pub const MAX_EVENTS: usize = 63;

/// Checks the facts in force. All mistakes of all stages come out together.
pub(in crate::model) fn check(forest: &Forest, merged: Merged) -> Result<Policy, PolicyError> {
    let mut checker = Checker::new(forest);
    let policy = checker.policy(&merged);
    let (found, mut more) = (checker.found, checker.more);
    let mut all: Vec<Diagnostic> =
        forest.diagnostics.iter().cloned().chain(merged.diagnostics).chain(found).collect();
    if all.iter().any(|diagnostic| diagnostic.code == Code::UnknownEdition) {
        // What another edition means is not for this version to say.
        all.retain(|diagnostic| diagnostic.code == Code::UnknownEdition);
        more = 0;
    }
    match policy {
        Some(mut policy) if all.is_empty() => {
            policy.files = forest.files.clone();
            Ok(policy)
        }
        _ => {
            // Lint reads no comments of a policy that does not compile, and a fix shall find all old words at once.
            all.extend(forest.old_comments());
            all.sort_by_key(|diagnostic| diagnostic.span().map(|span| (span.file, span.start)));
            // Old words do not count: a fix writes all of them in one run.
            let mut room = MAX_MISTAKES;
            all.retain(|diagnostic| {
                let is_listed = diagnostic.code.is_old_word() || room > 0;
                match is_listed {
                    true => room -= usize::from(!diagnostic.code.is_old_word()),
                    false => more += 1,
                }
                is_listed
            });
            if more > 0 {
                let message = format!("{more} more mistakes are not listed");
                all.push(
                    Diagnostic::new(Code::TooManyErrors, message).help("fix the first ones and run again"),
                );
            }
            Err(PolicyError::new(all, forest.files.clone()))
        }
    }
}

impl<'t> Checker<'t> {
    /// The policy, or `None` when a part of it is missing; that part has its diagnostic then.
    fn policy(&mut self, merged: &Merged<'t>) -> Option<Policy> {
        let edition =
            self.forest.trees.first().and_then(|tree| tree.edition.as_ref()).map(|edition| edition.value);
        let name = self.name(merged);

        self.limit(merged.categories.len(), MAX_CATEGORIES, "categories");
        for (index, category) in merged.categories.iter().enumerate() {
            let name = category.value.name.value.as_str();
            self.categories.insert(name, CategoryId::new(index));
            for wire_id in &category.value.wire_ids {
                self.by_wire_id.insert(&wire_id.value, name);
            }
        }
        let inputs = self.inputs(&merged.inputs);
        let strategy = said!(merged, Strategy)
            .map(|strategy| Spanned::new(self.strategy(&strategy.value), strategy.span));
        self.has_strategy = strategy.is_some();
        let mut categories: Vec<Category> =
            merged.categories.iter().map(|category| self.category(category)).collect();
        self.wire_ids(&categories);

        for (index, kind) in merged.kinds.iter().enumerate() {
            self.kinds.insert(&kind.value.name.value, KindId::new(index));
        }
        let kinds = merged.kinds.iter().map(|kind| self.kind(kind)).collect();

        let settings = Settings::read(merged, self);
        let quantifier =
            settings.as_ref().map_or(Quantifier::All, |settings| settings.several_categories.value);
        self.limit(merged.destinations.len(), MAX_DESTINATIONS, "destinations");
        self.aliases(&merged.destinations);
        for (index, destination) in merged.destinations.iter().enumerate() {
            self.destinations.insert(&destination.value.name.value, DestinationId::new(index));
        }
        let destinations: Vec<Destination> = merged
            .destinations
            .iter()
            .map(|destination| {
                self.destination(destination, merged.cut_short.contains(&destination.span), quantifier)
            })
            .collect();

        for (names, what) in [
            (said!(merged, ExemptEvents), "exempt events"),
            (said!(merged, PreferenceEvents), "preference events"),
        ] {
            let Some(names) = names else { continue };
            self.limit(names.value.len(), MAX_EVENTS, what);
            self.twice(names.value.iter(), "event");
        }
        let all_is_boolean = settings
            .as_ref()
            .is_some_and(|settings| settings.non_boolean_all.value == NonBooleanAll::Malformed);
        // Without the setting there is no policy in the end.
        let foreign = said!(merged, ForeignConsent).map_or(ForeignConsent::Malformed, |said| said.value);
        let reading = said!(merged, ConsentAt)
            .and_then(|said| {
                let is_cut_short = merged.cut_short.contains(&said.span);
                self.readings_of(&said.value, foreign, is_cut_short, &categories)
            })
            .map(|reading| Reading { all_is_boolean, ..reading });
        if let Some(reading) = &reading {
            self.apart_from_consent(&inputs, reading);
            self.listable(&categories, reading);
            self.decidable(&categories, reading);
            if let Some(mismatch) = settings.as_ref().map(|settings| &settings.ledger_mismatch)
                && mismatch.value.is_some()
            {
                self.comparable(&categories, reading, mismatch.span);
            }
            categories.iter_mut().for_each(|category| category.key = category_key(category, reading));
        }
        let reconcile = said!(merged, Reconcile).map(|table| {
            let stated = &table.value;
            self.twice(stated.inputs.iter(), "input");
            let rows = stated.rows.iter().map(|row| (row, self.cells(&stated.inputs, &row.inputs)));
            let rows: Vec<(Row, When)> =
                rows.map(|(row, when)| (row.clone(), when.unwrap_or_default())).collect();
            let possible =
                |state| reading.as_ref().map_or(Vec::new(), |reading| reading.states_of_inputs(state));
            reconcile::check(rows, table.span, &possible, &mut self.found)
        });

        // Most policies are large and have neither.
        if !merged.tests.is_empty() || !merged.promises.is_empty() {
            for destination in merged.destinations.iter().map(|said| said.value) {
                let names = std::iter::once(&destination.name).chain(destination.aliases());
                self.owners.extend(names.map(|name| (name.value.as_str(), destination.name.value.as_str())));
            }
        }
        let has_check = settings.as_ref().is_none_or(|settings| settings.ledger_mismatch.value.is_some());
        let tests =
            merged.tests.iter().filter_map(|said| self.test(said, has_check, reading.as_ref())).collect();
        let lint_levels = merged.lint_levels.iter().filter_map(|said| self.lint_level(said)).collect();
        let promises = merged.promises.iter().filter_map(|said| self.promise(said)).collect();
        self.missing_settings();
        let policy = Policy {
            name: name?,
            edition: edition?,
            by_key: categories
                .iter()
                .enumerate()
                .map(|(id, one)| (one.key.clone(), CategoryId::new(id)))
                .collect(),
            categories,
            inputs,
            strategy,
            has_conditions: false,
            kinds,
            destinations,
            reconcile: reconcile?,
            reading: reading?,
            settings: settings?,
            banner: said!(merged, Banner),
            model: said!(merged, Model),
            tests,
            lint_levels,
            promises,
            includes: self.includes(),
            #[cfg(feature = "lint")]
            files_in_force: merged.files.clone(),
            files: Default::default(),
        };
        for (id, destination) in policy.destination_ids().zip(&policy.destinations) {
            self.readable(&destination.name, policy.inputs_of(&[id]).len());
        }
        // Whoever does not ask for a case sees the one without inputs.
        Some(policy.settled())
    }

    fn lint_level(&mut self, said: &Spanned<&Lint>) -> Option<LintLevel> {
        let finding = &said.value.finding;
        // A policy takes the name only, so that no two statements speak of one finding.
        let (message, help) = match finding.value.parse::<Code>().ok() {
            Some(code) if code.is_lint() => {
                return Some(LintLevel { code, level: said.value.level, span: said.span });
            }
            Some(code) => (
                format!("`{}` prevents compilation, so a policy cannot set its level", code.name()),
                "correct what it reports".to_owned(),
            ),
            None => {
                let meant = Code::nearest(&finding.value, Code::is_lint);
                let help = meant.map_or_else(
                    || {
                        "write a name such as `unmapped-destination`; `consentry help` lists all of them"
                            .to_owned()
                    },
                    |code| format!("write `{}`", code.name()),
                );
                let message = format!("there is no finding `{}`", finding.value);
                (message, help)
            }
        };
        self.report(
            Diagnostic::new(Code::UnknownFinding, message).at(finding.span, "unknown to lint").help(help),
        );
        None
    }

    fn includes(&self) -> Vec<Include> {
        let all = self.forest.includes.iter().flatten();
        all.map(|(file, span)| Include { span: *span, file: *file }).collect()
    }

    fn name(&mut self, merged: &Merged) -> Option<Text> {
        if let (None, Some(place), false) =
            (&merged.name, self.forest.files.first(), self.forest.may_have_lost("policy"))
        {
            self.report(
                Diagnostic::new(Code::MissingPolicyName, "the policy has no name")
                    .at(place, "nothing here says `policy`")
                    .help("add a line such as `policy \"acme web\"`; a file without one is a part that others include"),
            );
        }
        merged.name.clone()
    }

    fn category(&mut self, said: &Spanned<&CategoryStatement>) -> Category {
        let category = said.value;
        self.attributes(&category.attributes, |one| matches!(one, CategoryAttribute::RefusedWhen(_)));
        let mut checked = Category {
            name: category.name.clone(),
            wire_ids: match category.wire_ids.as_slice() {
                [] => vec![category.name.clone()],
                wire_ids => wire_ids.to_vec(),
            },
            label: None,
            always: None,
            unenforced: None,
            unasked_granted: None,
            from: Vec::new(),
            refused_when: Vec::new(),
            refused: None,
            key: String::new(),
            span: said.span,
        };
        for attribute in &category.attributes {
            match &attribute.value {
                CategoryAttribute::Always => checked.always = Some(attribute.span),
                CategoryAttribute::Unenforced => checked.unenforced = Some(attribute.span),
                CategoryAttribute::UnaskedGranted => checked.unasked_granted = Some(attribute.span),
                CategoryAttribute::RefusedWhen(when) => {
                    let when = self.when(when).map(|when| (when, attribute.span));
                    checked.refused_when.extend(when);
                }
                CategoryAttribute::From(places) => {
                    self.twice(places.iter(), "place");
                    checked.from.clone_from(places);
                }
                CategoryAttribute::Label(label) => checked.label = Some(label.clone()),
            }
        }
        self.refusable(&checked);
        checked
    }

    fn wire_ids(&mut self, categories: &[Category]) {
        let mut seen: HashMap<&str, (&Category, Span)> = HashMap::new();
        let all = categories.iter().flat_map(|one| one.wire_ids.iter().map(move |wire_id| (one, wire_id)));
        for (category, wire_id) in all {
            if let Some((first, at)) = seen.insert(&wire_id.value, (category, wire_id.span)) {
                let message = match first.name() == category.name() {
                    true => format!("`{}` has one wire id twice", category.name()),
                    false => format!("`{}` and `{}` have one wire id", first.name(), category.name()),
                };
                self.report(
                    Diagnostic::new(Code::DuplicateWireId, message)
                        .at(wire_id.span, format!("`{}` again", wire_id.value))
                        .at(at, "already taken here")
                        .help(
                            "a preference must belong to one category: give one of the two another wire id",
                        ),
                );
            }
        }
    }

    fn kind(&mut self, said: &Spanned<&KindStatement>) -> Kind {
        let kind = said.value;
        self.attributes(&kind.attributes, |_| false);
        let ignores = kind.attributes.iter().find(|attribute| attribute.value == KindAttribute::IgnoresAll);
        let label = kind.attributes.iter().find_map(|attribute| match &attribute.value {
            KindAttribute::Label(label) => Some(label.clone()),
            KindAttribute::IgnoresAll => None,
        });
        Kind {
            name: kind.name.clone(),
            label,
            ignores_all: ignores.map(|attribute| attribute.span),
            span: said.span,
        }
    }
}
