//! What the checks of all facts share: the names that are declared, what was found, and the settings that are missing.

use super::ids::{CategoryId, DestinationId, KindId};
use super::inputs::InputReading;
use super::load::Forest;
use super::merge::duplicate;
use crate::diagnostic::{Code, Diagnostic, Edit, Span, Spanned};
use crate::syntax::Keyword;
use crate::syntax::tree::Text;
use std::cell::Cell;
use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

/// How many mistakes a [`super::PolicyError`] lists.
pub(super) const MAX_MISTAKES: usize = 1_000;

pub(super) struct Checker<'t> {
    pub(super) forest: &'t Forest,
    pub(super) found: Vec<Diagnostic>,
    /// The categories that the requirement in hand names.
    pub(super) uses: Vec<Spanned<CategoryId>>,
    /// How many mistakes there are beyond those in `found`.
    pub(super) more: usize,
    pub(super) categories: HashMap<&'t str, CategoryId>,
    /// Declared names by wire id, where they differ.
    pub(super) by_wire_id: HashMap<&'t str, &'t str>,
    /// Inputs by name, each by its place, and how each is read.
    pub(super) inputs: HashMap<&'t str, usize>,
    pub(super) readings: Vec<InputReading>,
    /// True if the policy says what `by strategy of` asks for.
    pub(super) has_strategy: bool,
    pub(super) kinds: HashMap<&'t str, KindId>,
    /// Destinations by their own name.
    pub(super) destinations: HashMap<&'t str, DestinationId>,
    /// The names that an integrations object may use, each with the own name of a destination that answers to it.
    pub(super) owners: HashMap<&'t str, &'t str>,
    pub(super) searched: Cell<usize>,
    /// The required settings that are missing.
    missing: Vec<Keyword>,
}

/// Writes a setting with its example value, in columns.
fn with_example(keyword: Keyword, width: usize) -> String {
    format!("{:width$} {}", keyword.as_str(), keyword.example().unwrap_or_default())
}

impl<'t> Checker<'t> {
    pub(super) fn new(forest: &'t Forest) -> Self {
        Checker {
            forest,
            found: Vec::new(),
            uses: Vec::new(),
            more: 0,
            missing: Vec::new(),
            categories: HashMap::new(),
            by_wire_id: HashMap::new(),
            inputs: HashMap::new(),
            readings: Vec::new(),
            has_strategy: false,
            kinds: HashMap::new(),
            destinations: HashMap::new(),
            owners: HashMap::new(),
            searched: Cell::new(0),
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        match self.found.len() < MAX_MISTAKES {
            true => self.found.push(diagnostic),
            false => self.more += 1,
        }
    }

    /// Keeps a required setting for the message if it is missing.
    pub(super) fn required<T>(&mut self, keyword: Keyword, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.forest.may_have_lost(keyword.first_word()) {
            self.missing.push(keyword);
        }
        value
    }

    pub(super) fn missing_settings(&mut self) {
        let missing = std::mem::take(&mut self.missing);
        let (Some(place), false) = (self.forest.files.first(), missing.is_empty()) else { return };
        let required = Keyword::ALL.iter().filter(|keyword| keyword.example().is_some());
        let is_all = missing.len() == required.count();
        let list = |text: fn(Keyword) -> String| {
            missing.iter().map(|one| format!("`{}`", text(*one))).collect::<Vec<_>>().join(", ")
        };
        let names = list(|one| one.as_str().to_owned());
        let examples = list(|one| with_example(one, 0));
        let message = match missing.len() {
            _ if is_all => "required settings are missing: the policy includes no prelude".to_owned(),
            1 => format!("a setting is missing: {names}"),
            count => format!("{count} settings are missing: {names}"),
        };
        let help = match missing.len() {
            _ if is_all => {
                "add `include prelude \"segment-strict\"`, or \"segment\" for Segment's published rules"
                    .to_owned()
            }
            1 => format!("set it, such as {examples}, or include a prelude"),
            2..=4 => format!("set them, such as {examples}, or include a prelude"),
            // A longer help would be cut.
            _ => "set each of them, or include a prelude that does".to_owned(),
        };
        let mut diagnostic =
            Diagnostic::new(Code::MissingSetting, message).at(place, "there are no defaults").help(help);
        // A policy in old words was written before these settings were required. Of any other policy the author chooses.
        // An included policy lacks them itself, and its own fix adds them there.
        let is_old = self.forest.diagnostics.iter().any(|one| one.code.is_old_word());
        if is_old && !self.forest.includes_a_policy() && !is_all && missing.iter().all(|one| one.is_neutral())
        {
            let title = "add the missing settings, with the values that change no decision";
            diagnostic = diagnostic.fix(title, [self.addition(place, &missing)]);
        }
        self.report(diagnostic);
    }

    /// Returns the edit that adds settings at the end of a file, in columns.
    fn addition(&self, place: Span, missing: &[Keyword]) -> Edit {
        let text = self.forest.files.text(place.file);
        let width = missing.iter().map(|one| one.as_str().len()).max().unwrap_or(0);
        let lines: String = missing.iter().map(|one| with_example(*one, width + 1) + "\n").collect();
        let before = if text.ends_with('\n') { "\n" } else { "\n\n" };
        Edit::new(Span::new(place.file, text.len(), text.len()), format!("{before}{lines}"))
    }

    pub(super) fn limit(&mut self, count: usize, limit: usize, what: &str) {
        if count > limit {
            self.report(
                Diagnostic::new(
                    Code::TooManyDeclarations,
                    format!("the policy has {count} {what}, and the limit is {limit}"),
                )
                .help("split it into several policies"),
            );
        }
    }

    /// Reports an attribute that is there twice, except those that may repeat.
    pub(super) fn attributes<A>(&mut self, attributes: &[Spanned<A>], may_repeat: fn(&A) -> bool) {
        // Most things have one attribute, and there are many things.
        if attributes.len() < 2 {
            return;
        }
        let mut seen: HashMap<Discriminant<A>, Span> = HashMap::new();
        for attribute in attributes.iter().filter(|one| !may_repeat(&one.value)) {
            if let Some(first) = seen.insert(discriminant(&attribute.value), attribute.span) {
                self.report(
                    duplicate("this is said twice of one thing", first, attribute.span)
                        .help("delete one of the two, or join them"),
                );
            }
        }
    }

    /// Reports a name that stands twice in one list.
    pub(super) fn twice<'n>(&mut self, names: impl Iterator<Item = &'n Text>, what: &str) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for name in names {
            if let Some(first) = seen.insert(&name.value, name.span) {
                self.report(
                    Diagnostic::new(
                        Code::DuplicateDeclaration,
                        format!("the {what} `{}` is named twice", name.value),
                    )
                    .at(name.span, "again here")
                    .at(first, "first named here")
                    .help("delete one of the two"),
                );
            }
        }
    }
}
