//! A checked policy, and what it declares.

pub(super) mod check;
mod consent;
mod destinations;
mod given;
mod inputs;

use crate::diagnostic::{Code, FileId, Files, Place, Span, Spanned};
use crate::model::checker::Checker;
use crate::model::declared::declared;
use crate::model::ids::{CategoryId, DestinationId, KindId};
use crate::model::inputs::{Arm, ArmNeeds, EventInput, StrategyCases, When};
use crate::model::ledger::LedgerCheck;
use crate::model::merge::{Merged, said};
use crate::model::promise::Promise;
use crate::model::reading::Reading;
use crate::model::reconcile::Reconcile;
use crate::model::requirement::Requirement;
use crate::model::test::Test;
use crate::syntax::Keyword;
use crate::syntax::tree::{
    AlsoRecords, Banner, Batches, CheckAction, CheckResult, Conflict, ConsentModel, ConsentState,
    ConsentStatement, Fact, ForeignConsent, GateOpens, ImpliedConsent, IntegerIds, InvalidEntries,
    LedgerAlias, LedgerUnasked, Level, LoadTrigger, Mode, NonBooleanAll, Preference, Quantifier,
    ReconcileTable, RouterKnows, Text, UnmappedDestinations, WithoutConsent,
};
use std::collections::{HashMap, HashSet};

/// A checked policy.
///
/// It says what is decided; [`compile`](crate::Table::new) makes a [`Table`](crate::Table) of it that decides fast.
///
/// ```
/// let policy = consentry::Policy::parse(r#"
///     consentry 1
///     policy "acme web"
///     include prelude "segment"
///     category Advertising = "C0004"
///     destination "Google Ads" needs Advertising
/// "#)?;
/// assert_eq!(policy.name(), "acme web");
/// assert_eq!(policy.categories()[0].wire_id(), "C0004");
/// # Ok::<(), consentry::PolicyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    name: Spanned<String>,
    edition: u32,
    categories: Vec<Category>,
    by_key: HashMap<String, CategoryId>,
    inputs: Vec<EventInput>,
    strategy: Option<Spanned<StrategyCases>>,
    /// Whether a decision depends on an input.
    has_conditions: bool,
    kinds: Vec<Kind>,
    destinations: Vec<Destination>,
    reconcile: Reconcile,
    reading: Reading,
    settings: Settings,
    banner: Option<Spanned<Banner>>,
    model: Option<Spanned<ConsentModel>>,
    tests: Vec<Test>,
    lint_levels: Vec<LintLevel>,
    promises: Vec<Promise>,
    includes: Vec<Include>,
    /// The files that declare or set something that is in force.
    #[cfg(feature = "lint")]
    files_in_force: HashSet<FileId>,
    files: Files,
}

/// What becomes of a finding of lint in this policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintLevel {
    /// The finding.
    pub code: Code,
    /// What becomes of it.
    pub level: Level,
    /// Where the policy says it.
    pub span: Span,
}

/// That one file of a policy includes another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// Where the including file says it: the path, or the prelude's name.
    pub span: Span,
    /// The included file.
    pub file: FileId,
}

/// A consent category.
#[derive(Debug, Clone)]
pub struct Category {
    name: Spanned<String>,
    /// Never empty. A record of the ledger holds the category under the first.
    wire_ids: Vec<Spanned<String>>,
    /// The description.
    pub label: Option<Spanned<String>>,
    /// The place of `always`, which grants the category whatever the event holds.
    pub always: Option<Span>,
    /// The place of `unenforced`, which removes the category from every requirement. It beats [`Category::always`].
    pub unenforced: Option<Span>,
    /// The place of `unasked granted`, which lets unasked people count as having granted.
    pub unasked_granted: Option<Span>,
    /// The places that list the category, by the names that the policy gives them; none where all do.
    pub(crate) from: Vec<Text>,
    /// The conditions under which an input refuses the category, each with its place.
    pub(crate) refused_when: Vec<(When, Span)>,
    /// Where the policy says that the inputs of this case refuse the category, if they do.
    pub(crate) refused: Option<Span>,
    key: String,
    span: Span,
}

/// A kind of destinations.
#[derive(Debug, Clone)]
pub struct Kind {
    name: Spanned<String>,
    /// The description.
    pub label: Option<Spanned<String>>,
    /// Where the policy says that `All: false` does not reach this kind, if it does.
    pub ignores_all: Option<Span>,
    span: Span,
}

/// A destination.
#[derive(Debug, Clone)]
pub struct Destination {
    name: Spanned<String>,
    /// The aliases that the integrations object may use.
    pub aliases: Vec<Spanned<String>>,
    /// The requirements with conditions, if there are any, in the order of the policy; the last holds always.
    pub(crate) arms: Vec<Arm>,
    /// The requirement where the event has none of the inputs, or in the case of them that was fixed.
    requirement: Option<Spanned<Requirement>>,
    /// The categories that the requirements name, each where one does.
    pub category_uses: Vec<Spanned<CategoryId>>,
    /// Where the policy says that the destination passes the consent step, if it does.
    pub exempt: Option<Span>,
    /// Why the destination passes the consent step, where the policy says it.
    pub exempt_because: Option<Spanned<String>>,
    /// Where the policy says that the destination receives nothing, if it does.
    pub disabled: Option<Span>,
    mode: Option<Spanned<Mode>>,
    /// The kind, and where the policy says it.
    pub kind: Option<Spanned<KindId>>,
    span: Span,
}

/// Defines the required settings by their facts, in the order of the message that lists missing ones. Those with a getter are public.
macro_rules! settings {
    ($($field:ident: $value:ty = $fact:ident $(=> $(#[$doc:meta])* $getter:ident)?,)*) => {
        #[derive(Debug, Clone)]
        struct Settings {
            $($field: Spanned<$value>,)*
        }

        impl Settings {
            /// Reads the settings; `None` if one is missing.
            fn read(merged: &Merged, checker: &mut Checker) -> Option<Self> {
                $(let $field = checker.required(Keyword::$fact, said!(merged, $fact));)*
                Some(Settings { $($field: $field?,)* })
            }
        }

        impl Policy {
            $($(
                $(#[$doc])*
                pub fn $getter(&self) -> &Spanned<$value> {
                    &self.settings.$field
                }
            )?)*
        }
    };
}

settings! {
    several_categories: Quantifier = SeveralCategories =>
        /// Whether a list of categories without a written formula asks for all or for any of them.
        several_categories,
    unmapped_destinations: UnmappedDestinations = UnmappedDestinations =>
        /// What a destination without categories gets when consent is enforced.
        unmapped_destinations,
    invalid_entries: InvalidEntries = InvalidEntries =>
        /// What an integrations entry counts as that is neither a boolean nor an object.
        invalid_entries,
    non_boolean_all: NonBooleanAll = NonBooleanAll =>
        /// `non-boolean All …`: how an entry `All` is read that is neither `true` nor `false`.
        non_boolean_all,
    exempt_events: Vec<Text> = ExemptEvents =>
        /// The names of the track events that pass the consent step.
        exempt_events,
    preference_events: Vec<Text> = PreferenceEvents =>
        /// The names of the track events that pass every gate, write to the ledger and are never checked against it.
        preference_events,
    consent_at: ConsentStatement = ConsentAt,
    reconcile: ReconcileTable = Reconcile,
    gate_opens: GateOpens = GateOpens =>
        /// `gate opens on …`: which events the source sends at all.
        gate_opens,
    gate_without_consent: WithoutConsent = GateWithoutConsent =>
        /// `gate without consent …`: whether the source sends events without a consent object.
        gate_without_consent,
    implied_consent: ImpliedConsent = ImpliedConsent =>
        /// `implied consent …`: how the consent model `implied` is read.
        implied_consent,
    library_loads: LoadTrigger = LibraryLoads =>
        /// `library loads when …`: when the library loads after a choice under opt-in.
        library_loads,
    router_knows: RouterKnows = RouterKnows =>
        /// `router knows …`: under which names the router that obeys rewritten events finds a destination.
        router_knows,
    batches: Batches = Batches =>
        /// `batches …`: how the events of a line that is a batch are decided.
        batches,
    foreign_consent: ForeignConsent = ForeignConsent =>
        /// `foreign consent …`: whether consent that the policy does not read makes an event's consent malformed.
        foreign_consent,
    ledger_also_records: AlsoRecords = LedgerAlsoRecords,
    ledger_mismatch: Option<CheckAction> = LedgerMismatch,
    ledger_unstamped: CheckAction = LedgerUnstamped,
    ledger_unknown: CheckAction = LedgerUnknown,
    ledger_unreachable: CheckAction = LedgerUnreachable,
    ledger_conflict: Conflict = LedgerConflict,
    ledger_unasked: LedgerUnasked = LedgerUnasked =>
        /// `ledger unasked …`: what an event that writes says of a category that it does not list.
        ledger_unasked,
    ledger_grants: Option<u32> = LedgerGrants =>
        /// `ledger grants …`: for how many days a recorded grant counts; `None` for ever.
        ledger_grants,
    ledger_integer_ids: IntegerIds = LedgerIntegerIds =>
        /// `ledger integer ids …`: how an id is read that is an integer.
        integer_ids,
    ledger_alias: LedgerAlias = LedgerAlias =>
        /// `ledger alias …`: whether an alias event links the ids of a person.
        ledger_alias,
    ledger_version: Vec<Text> = LedgerVersion,
}

impl Policy {
    /// The name, which every decision carries.
    pub fn name(&self) -> &str {
        &self.name.value
    }

    /// Where the name stands.
    pub fn name_span(&self) -> Span {
        self.name.span
    }

    /// The edition of the language that the policy is written in.
    pub fn edition(&self) -> u32 {
        self.edition
    }

    /// The categories, in declaration order.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }

    /// The destinations, in declaration order.
    pub fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// The declared kinds of destinations.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The inputs, in declaration order.
    pub fn inputs(&self) -> &[EventInput] {
        &self.inputs
    }

    /// Returns what `by strategy of` asks for.
    pub(crate) fn strategy(&self) -> Option<&StrategyCases> {
        self.strategy.as_ref().map(|strategy| &strategy.value)
    }

    /// Returns where the policy says what `by strategy of` asks for.
    pub(crate) fn strategy_span(&self) -> Option<Span> {
        self.strategy.as_ref().map(|strategy| strategy.span)
    }

    /// A category.
    pub fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.get(id.index())
    }

    /// A destination.
    pub fn destination(&self, id: DestinationId) -> Option<&Destination> {
        self.destinations.get(id.index())
    }

    /// The kind of a destination, if it has one.
    pub fn kind_of(&self, destination: &Destination) -> Option<&Kind> {
        destination.kind.as_ref().and_then(|kind| self.kinds.get(kind.value.index()))
    }

    /// The ids of all categories.
    pub fn category_ids(&self) -> impl Iterator<Item = CategoryId> + use<> {
        (0..self.categories.len()).map(CategoryId::new)
    }

    /// The ids of all destinations.
    pub fn destination_ids(&self) -> impl Iterator<Item = DestinationId> + use<> {
        (0..self.destinations.len()).map(DestinationId::new)
    }

    /// Returns `router knows …` if it makes a difference: if a destination has an alias.
    pub fn router_known_names(&self) -> Option<RouterKnows> {
        let has_alias = self.destinations.iter().any(|destination| !destination.aliases.is_empty());
        has_alias.then_some(self.settings.router_knows.value)
    }

    /// The destination of an own name.
    pub fn destination_named(&self, name: &str) -> Option<DestinationId> {
        self.destinations.iter().position(|destination| destination.name() == name).map(DestinationId::new)
    }

    /// The category of a declared name.
    pub fn category_named(&self, name: &str) -> Option<CategoryId> {
        self.categories.iter().position(|category| category.name() == name).map(CategoryId::new)
    }

    /// What is enforced for each pair of states (section 2 of the semantics).
    pub fn reconcile(&self) -> &Reconcile {
        &self.reconcile
    }

    /// Where the policy says [`Policy::reconcile`].
    pub fn reconcile_span(&self) -> Span {
        self.settings.reconcile.span
    }

    /// Where an event says what its person chose.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Returns whether a category is granted in a consent state, `always` aside; `None` where that depends on what the event lists.
    pub(crate) fn grants_in(&self, state: ConsentState, category: &Category) -> Option<bool> {
        if let Some(value) = self.reading.common_value(state) {
            return Some(category.is_granted_by(value));
        }
        let mut grants = self.reading.values().into_iter().map(|value| category.is_granted_by(value));
        let first = grants.next()?;
        grants.all(|other| other == first).then_some(first)
    }

    /// Returns a name that an event can list, and that no category has.
    pub(crate) fn other_name(&self) -> String {
        let wire_ids: HashSet<&str> = self.categories.iter().flat_map(Category::wire_ids).collect();
        self.reading.unclaimed("?", |name| wire_ids.contains(name))
    }

    /// Returns the category of a [`Category::key`].
    pub(crate) fn category_of_key(&self, key: &str) -> Option<&Category> {
        self.by_key.get(key).and_then(|id| self.category(*id))
    }

    /// Returns true if a category is granted in a consent state, whatever an event of it lists.
    pub(crate) fn always_grants(&self, state: ConsentState, key: &str) -> bool {
        self.category_of_key(key).and_then(|category| self.grants_in(state, category)) == Some(true)
    }

    /// Where the policy says [`Policy::reading`].
    pub fn reading_span(&self) -> Span {
        self.settings.consent_at.span
    }

    /// `banner …`: what the site shows to a person who has not chosen yet, if the policy sets it.
    pub fn banner(&self) -> Option<Spanned<Banner>> {
        self.banner.clone()
    }

    /// `model …`: the consent model, if the policy sets it.
    pub fn consent_model(&self) -> Option<Spanned<ConsentModel>> {
        self.model.clone()
    }

    /// Which events write to the ledger next to [`Policy::preference_events`].
    pub fn also_records(&self) -> AlsoRecords {
        self.settings.ledger_also_records.value
    }

    /// Returns the path of the version of the consent text that a person saw; empty for `ledger version none`.
    pub fn ledger_version(&self) -> impl Iterator<Item = &str> {
        self.settings.ledger_version.value.iter().map(|key| key.value.as_str())
    }

    /// The check against the ledger; `None` under `ledger mismatch ignore`.
    pub fn ledger_check(&self) -> Option<LedgerCheck> {
        self.settings.ledger_mismatch.value.map(|mismatch| LedgerCheck {
            mismatch,
            unstamped: self.settings.ledger_unstamped.value,
            unknown: self.settings.ledger_unknown.value,
            unreachable: self.settings.ledger_unreachable.value,
            conflict: self.settings.ledger_conflict.value,
            grants_expire: self.settings.ledger_grants.value,
        })
    }

    /// Where the policy says what happens after a result of the check; `None` for a result that no setting is about.
    pub(crate) fn ledger_span(&self, result: CheckResult) -> Option<Span> {
        let settings = &self.settings;
        match result {
            CheckResult::Recording | CheckResult::Unchecked | CheckResult::Agrees => None,
            CheckResult::Unknown => Some(settings.ledger_unknown.span),
            CheckResult::Unreachable => Some(settings.ledger_unreachable.span),
            CheckResult::Unstamped => Some(settings.ledger_unstamped.span),
            CheckResult::Mismatch => Some(settings.ledger_mismatch.span),
        }
    }

    /// What the policy and the files that it includes promise; [`crate::exact::prove`] decides whether it is so.
    pub fn promises(&self) -> &[Promise] {
        &self.promises
    }

    /// Returns the destinations that a promise of the policy covers: the named ones in the order of the promise, then those of a named
    /// kind in that of the policy.
    pub fn covered_by(&self, promise: &Promise) -> Vec<DestinationId> {
        promise.covered(self.destinations.iter().map(|one| one.kind.as_ref().map(|kind| kind.value)))
    }

    /// The tests that the policy and the files that it includes say.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// What the policy says of the findings of lint.
    pub fn lint_levels(&self) -> &[LintLevel] {
        &self.lint_levels
    }

    /// Returns true if a file declares or sets something that is in force.
    #[cfg(feature = "lint")]
    pub(crate) fn is_in_force(&self, file: FileId) -> bool {
        self.files_in_force.contains(&file)
    }

    /// Which file includes which, in the order of the files.
    pub fn includes(&self) -> &[Include] {
        &self.includes
    }

    /// Returns the text at a place of the policy on one line, for reports. A row of the reconcile table is written with an arrow,
    /// because its columns are gone.
    pub fn line_at(&self, span: Span) -> String {
        match self.reconcile.rows().iter().find(|row| row.span == span) {
            Some(row) => row.to_string(),
            None => self.files.excerpt(span).split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    /// Returns a place of the policy with its text.
    pub fn locate(&self, span: Span) -> Place<'_> {
        Place { text: self.line_at(span), ..self.files.locate(span) }
    }

    /// Returns the names of categories.
    pub(crate) fn category_names(&self, ids: &[CategoryId]) -> Vec<&str> {
        ids.iter().filter_map(|id| self.category(*id)).map(Category::name).collect()
    }

    /// Returns the names of destinations.
    pub(crate) fn destination_names(&self, ids: impl IntoIterator<Item = DestinationId>) -> Vec<&str> {
        ids.into_iter().map(|id| self.destination_name(id)).collect()
    }

    /// Returns the name of a destination.
    pub(crate) fn destination_name(&self, id: DestinationId) -> &str {
        self.destination(id).map_or("", Destination::name)
    }

    /// Returns the policy without its destinations, and so without tests and promises: it delivers to nobody. A policy that is new is
    /// compared with it.
    pub fn without_destinations(&self) -> Policy {
        Policy { destinations: Vec::new(), tests: Vec::new(), promises: Vec::new(), ..self.clone() }
    }

    /// The files that the policy was read from, for showing its [`Span`]s.
    pub fn files(&self) -> &Files {
        &self.files
    }
}

declared!(Category Kind Destination);

impl Category {
    /// Returns the first of its wire ids: the id that the consent platform stamps for this category.
    pub fn wire_id(&self) -> &str {
        self.wire_ids.first().map_or("", |wire_id| &wire_id.value)
    }

    /// Returns all ids that consent platforms stamp for this category.
    pub fn wire_ids(&self) -> impl Iterator<Item = &str> {
        self.wire_ids.iter().map(|wire_id| wire_id.value.as_str())
    }

    /// The wire ids with their places; its name, where the policy gives no other.
    pub fn wire_id_spans(&self) -> &[Spanned<String>] {
        &self.wire_ids
    }

    /// Returns the key that tells its grants from those of other categories, also of other policies. Most categories have one wire id, which is
    /// the key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns true if a value of the category satisfies a requirement: a grant, and with `unasked granted` also that nobody was asked. Where
    /// an input refuses the category, none does.
    pub fn is_granted_by(&self, value: Preference) -> bool {
        let is_grant =
            value == Preference::Granted || value == Preference::Unasked && self.unasked_granted.is_some();
        is_grant && self.refused.is_none()
    }

    /// Returns true if the place is that of a condition under which an input refuses the category.
    pub(crate) fn is_refused_at(&self, place: Span) -> bool {
        let mut conditions = self.refused_when.iter().map(|(_, span)| *span).chain(self.refused);
        conditions.any(|own| own == place)
    }

    /// Returns true if requirements count the category: it is not unenforced.
    pub fn is_live(&self) -> bool {
        self.unenforced.is_none()
    }

    /// Returns true if the category is granted whatever the event says.
    pub fn is_always(&self) -> bool {
        self.always.is_some()
    }

    /// Returns whether the category is granted whatever the event lists: by `always`, or never where an input refuses it; `None` where the list
    /// decides.
    pub(crate) fn fixed(&self) -> Option<bool> {
        if self.refused.is_some() { Some(false) } else { self.always.map(|_| true) }
    }

    /// Returns true if grants of the category depend on the event and count: it is neither unenforced nor `always`, and no input refuses it.
    pub fn is_free(&self) -> bool {
        self.is_live() && self.fixed().is_none()
    }
}

impl Destination {
    /// The name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name()).chain(self.aliases.iter().map(|name| name.value.as_str()))
    }

    /// What the destination needs; `None` when it is unmapped.
    pub fn requirement(&self) -> Option<&Requirement> {
        self.requirement.as_ref().map(|requirement| &requirement.value)
    }

    /// Returns each requirement that the destination has for some events, where the policy states it, with the categories that it names. Those
    /// by strategy are left out.
    #[cfg(feature = "lint")]
    pub(crate) fn requirements(&self) -> impl Iterator<Item = (&Requirement, Span, &[Spanned<CategoryId>])> {
        let own = self.requirement.as_ref().filter(|_| self.arms.is_empty());
        let own = own.map(|needs| (&needs.value, needs.span, self.category_uses.as_slice()));
        let arms = self.arms.iter().filter_map(|arm| match &arm.needs {
            ArmNeeds::Requirement(needs) => Some((needs, arm.span, arm.uses.as_slice())),
            ArmNeeds::Unmapped | ArmNeeds::ByStrategy(_) => None,
        });
        own.into_iter().chain(arms)
    }

    /// Where the policy says that the destination is unmapped on some events.
    #[cfg(feature = "lint")]
    pub(crate) fn unmapped_arm(&self) -> Option<Span> {
        self.arms.iter().find(|arm| arm.needs == ArmNeeds::Unmapped).map(|arm| arm.span)
    }

    /// Returns true if the destination needs something on some events.
    pub fn is_mapped(&self) -> bool {
        let needs = |arm: &Arm| arm.needs != ArmNeeds::Unmapped;
        self.requirement.is_some() || self.arms.iter().any(needs)
    }

    /// Where the policy says what the destination needs.
    pub fn requirement_span(&self) -> Option<Span> {
        self.requirement.as_ref().map(|requirement| requirement.span)
    }

    /// Where the destination's code runs, if the policy says it. For [`Mode::Device`] a block is advisory.
    pub fn mode(&self) -> Option<Mode> {
        self.mode.as_ref().map(|mode| mode.value)
    }

    /// Where the policy says the mode.
    pub fn mode_span(&self) -> Option<Span> {
        self.mode.as_ref().map(|mode| mode.span)
    }
}

impl Requirement {
    /// Returns the requirement without its unenforced categories; `None` if nothing is left.
    pub(crate) fn live(&self, policy: &Policy) -> Option<Requirement> {
        let live_all = |elements: &[Requirement]| -> Vec<Requirement> {
            elements.iter().filter_map(|element| element.live(policy)).collect()
        };
        match self {
            Requirement::Category(id) => {
                policy.category(*id).is_none_or(Category::is_live).then_some(Requirement::Category(*id))
            }
            Requirement::AllOf(elements) => {
                Some(live_all(elements)).filter(|elements| !elements.is_empty()).map(Requirement::AllOf)
            }
            Requirement::AnyOf(elements) => {
                let mut elements = live_all(elements);
                match elements.len() {
                    0 => None,
                    // Any of one is that one, and may then be part of a conjunction.
                    1 => elements.pop(),
                    _ => Some(Requirement::AnyOf(elements)),
                }
            }
        }
    }
}
