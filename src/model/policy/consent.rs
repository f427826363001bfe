//! `consent at …` → [`Reading`]: the path and the shape of the preferences, verified.

use super::Category;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::checker::Checker;
use crate::model::claims::{Claim, Claims};
use crate::model::reading::{AbsentValue, MAX_PATH, Places, Reading, TAKEN};
use crate::syntax;
use crate::syntax::tree::{
    ConsentAt, ConsentStatement, ForeignConsent, PlacesRule, Preference, Scalar, Shape, Text,
};
use std::sync::Arc;

/// The most places.
const MAX_PLACES: usize = 8;

/// The place that most policies read.
const PLATFORM_PLACE: &str = "the platform's own place is `context.consent.categoryPreferences`";

impl Checker<'_> {
    /// Returns where an event carries consent, and in which shape: at one place, or at several.
    pub(super) fn readings_of(
        &mut self,
        stated: &ConsentStatement,
        foreign: ForeignConsent,
        is_cut_short: bool,
        categories: &[Category],
    ) -> Option<Reading> {
        let each = stated.places.iter().filter_map(|place| self.reading(place, foreign, is_cut_short));
        let each: Vec<Reading> = each.collect();
        let Some(rule) = &stated.rule else {
            let named = categories.iter().filter_map(|category| category.from.first());
            let named: Vec<&Text> = named.filter(|place| !self.forest.may_have_lost(&place.value)).collect();
            for place in named {
                self.report(
                    Diagnostic::new(Code::UnknownPlace, "the policy reads one place, which has no name")
                        .at(place.span, "delete this")
                        .help("delete `from ...`, or name several places: `consent at places any refuses { ... }`"),
                );
            }
            return each.into_iter().next();
        };
        let each = Reading::beside_each_other(each);
        self.several(stated, rule.span, &each);
        let first = Reading { inputs: self.readings.clone(), foreign, ..each.first()?.clone() };
        let mut places = Places { rule: rule.value, each, claims: Claims::default() };
        for category in categories {
            let named = self.places_of(category, stated);
            let all: Vec<usize> = (0..places.each.len()).collect();
            if !named.is_empty() && rule.value == PlacesRule::FirstPresent {
                self.report(
                    Diagnostic::new(
                        Code::UnusableShape,
                        format!("`{}` cannot have places of its own", category.name()),
                    )
                    .at(category.span, "the first place that an event has decides alone")
                    .help("delete `from ...`, or write `any refuses` or `all`"),
                );
            }
            let own = if named.is_empty() { all.clone() } else { named };
            // A name that is not listed is unasked anyway.
            let values = |asked: &[usize]| {
                let listed = places.listed_values(asked).into_iter();
                listed.filter(|value| *value != Preference::Unasked).collect::<Vec<_>>()
            };
            if values(&own) != values(&all) && rule.value != PlacesRule::FirstPresent {
                let words = |asked: &[usize]| {
                    let words: Vec<&str> = values(asked).into_iter().map(Preference::as_str).collect();
                    words.join(", ")
                };
                let (own, all) = (words(&own), words(&all));
                self.report(
                    Diagnostic::new(
                        Code::UnusableShape,
                        format!("the places of `{}` cannot list what others can", category.name()),
                    )
                    .at(category.span, format!("they list {own}; all places list {all}"))
                    .help("give the places shapes that list the same preferences, or let the category be read from all"),
                );
            }
            let wire_ids = category.wire_ids().map(str::to_owned).collect();
            places.claims.add(Claim { wire_ids, places: own });
        }
        Some(Reading { places: Some(Arc::new(places)), ..first })
    }

    /// Returns the numbers of the places that a category names; reports unknown ones.
    fn places_of(&mut self, category: &Category, stated: &ConsentStatement) -> Vec<usize> {
        let mut places = Vec::new();
        for from in &category.from {
            let is_it = |place: &ConsentAt| place.name.as_ref().is_some_and(|name| name.value == from.value);
            match stated.places.iter().position(is_it) {
                Some(place) => places.push(place),
                None => {
                    let names = stated.places.iter().filter_map(|place| place.name.as_ref());
                    let names: Vec<String> = names.map(|name| syntax::name(&name.value)).collect();
                    self.report(
                        Diagnostic::new(Code::UnknownPlace, format!("there is no place `{}`", from.value))
                            .at(from.span, "unknown")
                            .help(format!("the places are {}", names.join(", "))),
                    );
                }
            }
        }
        places.sort_unstable();
        places
    }

    /// Checks that several places can come together.
    fn several(&mut self, stated: &ConsentStatement, rule: Span, each: &[Reading]) {
        self.twice(stated.places.iter().filter_map(|place| place.name.as_ref()), "place");
        if stated.places.len() < 2 || stated.places.len() > MAX_PLACES {
            self.report(
                Diagnostic::new(
                    Code::UnusableShape,
                    match stated.places.len() {
                        0 => "the policy reads no place".to_owned(),
                        1 => "the policy reads one place alone".to_owned(),
                        count => format!("the policy reads {count} places"),
                    },
                )
                .at(rule, format!("2 to {MAX_PLACES} places come together"))
                .help(match stated.places.len() {
                    0 | 1 => "write one place as `consent at ...`, without a name and braces",
                    _ => "read the places that sources fill",
                }),
            );
        }
        let all: Vec<Preference> = each
            .iter()
            .flat_map(Reading::listed_values)
            .filter(|value| *value != Preference::Unasked)
            .collect();
        let lists_all = |place: &Reading| {
            let own = place.listed_values();
            all.iter().all(|value| own.contains(value))
        };
        let is_first_present =
            stated.rule.as_ref().is_some_and(|rule| rule.value == PlacesRule::FirstPresent);
        if is_first_present && !each.iter().any(lists_all) {
            self.report(
                Diagnostic::new(Code::UnusableShape, "no place lists all preferences that the places list")
                    .at(rule, "one of them must")
                    .help("a list of grants and a list of refusals cannot stand in for each other: write `any refuses`"),
            );
        }
        for (place, reading) in stated.places.iter().zip(each) {
            if let Some(unlisted) =
                place.unlisted.as_ref().filter(|_| reading.unlisted != Preference::Unasked)
            {
                self.report(
                    Diagnostic::new(
                        Code::UnusableShape,
                        "a place among several cannot decide about categories that it does not list",
                    )
                    .at(unlisted.span, "write `unlisted unasked`")
                    .help(
                        "a category that this place does not list is then unasked, which grants nothing without `unasked granted`",
                    ),
                );
            }
        }
        for (number, reading) in each.iter().enumerate() {
            let earlier = each.get(..number).unwrap_or_default();
            let place = stated.places.get(number).and_then(|place| place.path.last());
            if let (Some(place), true) =
                (place, earlier.iter().any(|one| reads_into(one, reading) || reads_into(reading, one)))
            {
                self.report(
                    Diagnostic::new(Code::UnusablePath, "two places stand on one path")
                        .at(place.span, "another place reads preferences here")
                        .help("one value is read at one place; spellings of the last key are `alias`"),
                );
            }
        }
    }

    /// Returns how one place is read.
    fn reading(&mut self, place: &ConsentAt, foreign: ForeignConsent, is_cut_short: bool) -> Option<Reading> {
        let (last, parents) = place.path.split_last()?;
        let spellings = std::iter::once(last).chain(&place.aliases);
        self.twice(spellings.clone(), "spelling");
        self.path(&place.path, "preferences", PLATFORM_PLACE);
        // Each spelling is a member of the event when the path is that short.
        if parents.is_empty() {
            place.aliases.iter().for_each(|alias| self.not_taken(alias, "preferences", PLATFORM_PLACE));
        }
        if place.aliases.len() >= MAX_PATH {
            let message = format!("the preferences have more than {MAX_PATH} spellings");
            self.report(
                Diagnostic::new(Code::UnusablePath, message)
                    .at(last.span, "too many spellings")
                    .help("accept the spellings that events have"),
            );
        }
        let owned = |texts: &mut dyn Iterator<Item = &Text>| texts.map(|text| text.value.clone()).collect();
        let parents = owned(&mut parents.iter());
        let spellings = owned(&mut spellings.into_iter());
        let (shape, unlisted) = self.shape(place, is_cut_short);
        self.twice(place.skip.iter(), "name");
        let absent = place.absent.iter().filter_map(|value| self.absent_value(value)).collect();
        let mut reading = Reading {
            parents,
            spellings,
            shape,
            unlisted,
            skip: Vec::new(),
            absent,
            inputs: self.readings.clone(),
            given: Vec::new(),
            all_is_boolean: false,
            foreign,
            others: Vec::new(),
            places: None,
        };
        // A name that the shape cannot list needs no `skip`.
        let skip = place.skip.iter().filter(|name| reading.can_list(&name.value));
        reading.skip = skip.map(|name| name.value.clone()).collect();
        Some(reading)
    }

    /// Checks the path of something that a decision reads; `usual` says where that usually is.
    pub(super) fn path(&mut self, path: &[Text], what: &str, usual: &str) {
        path.iter().take(1).for_each(|first| self.not_taken(first, what, usual));
        if let [only] = path
            && self.forest.files.excerpt(only.span).contains('.')
        {
            let message = "the whole path is in quotes, so that it is the name of one member";
            self.report(
                Diagnostic::new(Code::UnusablePath, message)
                    .at(only.span, "one member with `.` in its name")
                    .help(format!(
                        "write each member by itself: `{}`; for a `.` in a name write \\u{{2E}}",
                        syntax::path(only.value.split('.'))
                    )),
            );
        }
        if let (true, Some(last)) = (path.len() > MAX_PATH, path.last()) {
            let message = format!("the path has more than {MAX_PATH} members");
            self.report(
                Diagnostic::new(Code::UnusablePath, message)
                    .at(last.span, "too deep")
                    .help(format!("read {what} from a place further up")),
            );
        }
    }

    /// Reports a member of the event that a decision reads as something else.
    fn not_taken(&mut self, first: &Text, what: &str, usual: &str) {
        if TAKEN.contains(&first.value.as_str()) {
            self.report(
                Diagnostic::new(
                    Code::UnusablePath,
                    format!("{what} cannot be read through `{}`", first.value),
                )
                .at(first.span, "a decision reads this member as something else")
                .help(usual),
            );
        }
    }

    /// Returns a value that counts as no preferences. Events carry texts and `null` there; other values are malformed.
    fn absent_value(&mut self, stated: &Spanned<Scalar>) -> Option<AbsentValue> {
        match &stated.value {
            Scalar::Null => Some(AbsentValue::Null),
            Scalar::Text(text) => Some(AbsentValue::Text(text.clone())),
            Scalar::Boolean(_) | Scalar::Number(_) => {
                self.report(
                    Diagnostic::new(Code::UnusableShape, "only `null` and texts may count as no preferences")
                        .at(stated.span, "is malformed in every shape")
                        .help("delete it; the row for `malformed` decides such events"),
                );
                None
            }
        }
    }

    /// Checks what the shape says, and returns it with the preference of a category that is not listed.
    fn shape(&mut self, stated: &ConsentAt, is_cut_short: bool) -> (Shape, Preference) {
        let at = stated.shape.span;
        let mut unusable = |at: Span, message: String, help: &str| {
            self.report(Diagnostic::new(Code::UnusableShape, message).at(at, "unusable").help(help));
        };
        let mut separators: Vec<&Text> = Vec::new();
        let mut words: Vec<&Text> = Vec::new();
        match &stated.shape.value {
            Shape::Booleans { .. } | Shape::List { .. } => {}
            Shape::Words { granted, refused, unasked } => {
                words.extend(granted.iter().chain(refused).chain(unasked))
            }
            Shape::DelimitedText { separator, .. } => separators.push(separator),
            Shape::Pairs { between, within, granted, refused } => {
                separators.extend([between, within]);
                words.extend(granted.iter().chain(refused));
            }
        }
        for separator in &separators {
            if separator.value.is_empty() {
                unusable(
                    separator.span,
                    "the separator is empty".into(),
                    "write what stands between two names, such as `\",\"`",
                );
            }
        }
        if let [between, within] = separators.as_slice()
            && (between.value.contains(&within.value) || within.value.contains(&between.value))
        {
            unusable(
                within.span,
                "one separator contains the other".into(),
                "pairs such as `C0001:1,C0002:0` are `pairs by \",\" and \":\"`",
            );
        }
        if let Shape::Pairs { between, within, .. } = &stated.shape.value {
            let is_whole = |word: &str| {
                let pair = format!("{}{word}", within.value);
                pair.rfind(&within.value) == Some(0) && Reading::keeps_whole(word, &between.value)
            };
            for word in words.iter().filter(|word| !is_whole(&word.value)) {
                let message = format!("no pair has the value `{}`", word.value);
                unusable(word.span, message, "a separator is in it, or begins or ends with a part of it");
            }
        }
        let mut sorted: Vec<&&Text> = words.iter().collect();
        sorted.sort_by(|one, other| (&one.value, one.span.start).cmp(&(&other.value, other.span.start)));
        for pair in sorted.windows(2) {
            if let [first, again] = pair
                && first.value == again.value
            {
                unusable(again.span, format!("`{}` has two meanings", again.value), "name each text once");
            }
        }
        let is_listed = |value| match &stated.shape.value {
            Shape::List { listed } | Shape::DelimitedText { listed, .. } => {
                Preference::from(*listed) == value
            }
            Shape::Booleans { .. } | Shape::Words { .. } | Shape::Pairs { .. } => false,
        };
        let lists_names = match stated.shape.value {
            Shape::Booleans { .. } | Shape::Words { .. } => false,
            Shape::List { .. } | Shape::DelimitedText { .. } | Shape::Pairs { .. } => true,
        };
        let unlisted = match &stated.unlisted {
            None if lists_names && !is_cut_short => {
                unusable(
                    at,
                    "the shape does not say what it means that a category is not listed".into(),
                    match stated.name {
                        Some(_) => "add `unlisted unasked`: another place may list it",
                        None => "add `unlisted refused`, or `unlisted granted` for a list of refusals",
                    },
                );
                Preference::Refused
            }
            None => Preference::Unasked,
            Some(unlisted) if !lists_names => {
                unusable(
                    unlisted.span,
                    "in an object a category without a member is unasked".into(),
                    "delete `unlisted`; to deliver then, write `unasked granted` behind a category",
                );
                Preference::Unasked
            }
            Some(unlisted) => {
                if is_listed(unlisted.value) {
                    unusable(
                        unlisted.span,
                        format!("every category would be {}, listed or not", unlisted.value),
                        "give listed and unlisted categories different preferences",
                    );
                }
                unlisted.value
            }
        };
        (owned(&stated.shape.value), unlisted)
    }

    /// Reports a ledger check of a policy whose events grant categories that they do not list.
    pub(super) fn comparable(&mut self, categories: &[Category], reading: &Reading, check: Span) {
        let is_granted_unlisted = categories.iter().any(|one| one.is_free() && one.unasked_granted.is_some());
        if reading.unlisted == Preference::Unasked && !is_granted_unlisted {
            return;
        }
        self.report(
            Diagnostic::new(
                Code::UncomparableCheck,
                "a ledger check cannot compare consent that events do not list",
            )
            .at(check, "would compare it")
            .help("leave the check off with `ledger mismatch ignore`; this version compares listed preferences only"),
        );
    }

    /// Reports the categories of which no list decides anything.
    pub(super) fn decidable(&mut self, categories: &[Category], reading: &Reading) {
        for category in categories.iter().filter(|category| category.is_free()) {
            let mut grants = reading.values().into_iter().map(|value| category.is_granted_by(value));
            let first = grants.next().unwrap_or_default();
            if grants.any(|other| other != first) {
                continue;
            }
            let name = category.name();
            let (message, help) = match first {
                true => (
                    format!("every event grants `{name}`, whatever it lists"),
                    "write `unlisted refused` at `consent at`, or `always` behind the category",
                ),
                false if reading.places.is_some() => (
                    format!("no event can grant `{name}`"),
                    "read it from a place that lists grants, or write `unasked granted` behind the category",
                ),
                false => (
                    format!("no event can grant `{name}`"),
                    "write `unlisted granted` at `consent at`, or `unasked granted` behind the category",
                ),
            };
            self.report(
                Diagnostic::new(Code::ConstantCategory, message)
                    .at(category.span, "the list does not matter")
                    .help(help),
            );
        }
    }

    /// Reports the wire ids that the shape cannot list: nobody could grant or refuse such a category.
    pub(super) fn listable(&mut self, categories: &[Category], reading: &Reading) {
        for wire_id in categories.iter().flat_map(|category| &category.wire_ids) {
            if !reading.can_list(&wire_id.value) {
                let message = format!("no event can list the wire id `{}`", wire_id.value);
                self.report(
                    Diagnostic::new(Code::UnlistableWireId, message)
                        .at(wire_id.span, "`skip` has it, or a separator is in it")
                        .help("change the wire id, or `skip` and the separators of `consent at`"),
                );
            }
        }
    }
}

/// Returns true if one place reads what another one stands on, or would find it to be a wrong spelling.
fn reads_into(one: &Reading, other: &Reading) -> bool {
    let parents = || one.parents.iter().map(String::as_str);
    let wrong: Vec<&str> = one.wrong_spellings().collect();
    let spellings = one.spellings.iter().map(String::as_str).chain(wrong);
    let mut paths = spellings.map(|last| parents().chain([last]).collect::<Vec<_>>());
    paths.any(|path| other.paths().any(|other| other.starts_with(&path)))
}

/// The shape with its texts alone.
fn owned(shape: &Shape<Text>) -> Shape {
    let text = |text: &Text| text.value.clone();
    let texts = |texts: &[Text]| texts.iter().map(|text| text.value.clone()).collect();
    match shape {
        Shape::Booleans { within, reversed } => {
            Shape::Booleans { within: within.as_ref().map(text), reversed: *reversed }
        }
        Shape::Words { granted, refused, unasked } => {
            Shape::Words { granted: texts(granted), refused: texts(refused), unasked: texts(unasked) }
        }
        Shape::List { listed } => Shape::List { listed: *listed },
        Shape::DelimitedText { listed, separator } => {
            Shape::DelimitedText { listed: *listed, separator: text(separator) }
        }
        Shape::Pairs { between, within, granted, refused } => Shape::Pairs {
            between: text(between),
            within: text(within),
            granted: texts(granted),
            refused: texts(refused),
        },
    }
}

/// Returns what tells the grants of a category from those of other categories, also of other policies: its wire ids, whether it is
/// granted where an event does not list it, and the shape that lists it.
///
/// Most categories have one wire id, and this is it.
pub(super) fn category_key(category: &Category, reading: &Reading) -> String {
    // Several places are compared with the same places alone.
    let shape = reading.shape_text().filter(|_| reading.places.is_none());
    let is_granted_unasked = category.unasked_granted.is_some() && reading.unlisted == Preference::Unasked;
    let from = places_text(category, reading);
    match category.wire_ids.as_slice() {
        [only]
            if !is_granted_unasked && shape.is_none() && from.is_empty() && !only.value.starts_with('[') =>
        {
            only.value.clone()
        }
        all => {
            let mut wire_ids: Vec<&str> = all.iter().map(|wire_id| wire_id.value.as_str()).collect();
            wire_ids.sort_unstable();
            let quoted: Vec<String> = wire_ids.into_iter().map(syntax::quoted).collect();
            let suffix = if is_granted_unasked { " or unasked" } else { "" };
            let shape = shape.map_or(String::new(), |shape| format!(" in {shape}"));
            format!("[{}]{suffix}{shape}{from}", quoted.join(", "))
        }
    }
}

/// Returns the places that list a category, where not all of several do.
fn places_text(category: &Category, reading: &Reading) -> String {
    let Some(places) = &reading.places else { return String::new() };
    let claim = places.claims.of(category.wire_id()).filter(|claim| claim.places.len() < places.each.len());
    let Some(claim) = claim else { return String::new() };
    let paths = places.paths_of(claim).into_iter();
    let paths: Vec<String> = paths.map(|path| syntax::path(path.into_iter())).collect();
    format!(" from {}", paths.join(", "))
}
