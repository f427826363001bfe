//! Trees → [`Policy`]: includes followed, overrides applied, names resolved, totality checked.
//!
//! A [`Policy`] that exists is total: it answers every event. `load` reads the files, `merge` finds the fact that is in
//! force for each thing that the files speak of, `check` and `destinations` resolve and verify, `reconcile` fills the table's cells.

mod check;
mod checker;
mod destinations;
mod error;
mod ledger;
mod load;
mod merge;
mod prelude;
mod program;
mod promise;
mod reading;
mod reconcile;
mod requirement;
mod role;
mod test;
mod visit;

pub use error::PolicyError;
pub use ledger::LedgerCheck;
pub use load::MAX_FILES;
pub use prelude::{prelude, prelude_names};
pub(crate) use program::{Mentions, Steps};
pub use promise::{Promise, PromiseCondition};
pub(crate) use reading::DOCUMENTED_SPELLINGS;
pub use reading::{Preference, Reading};
pub use reconcile::{Reconcile, ReconcileRow};
pub use requirement::Requirement;
pub(crate) use role::EventRole;
pub use test::{Expected, Test, TestCase, TestConsent, TestEvent, TestIntegrations};

#[cfg(feature = "lint")]
use crate::diagnostic::Diagnostic;
use crate::diagnostic::{Code, FileId, Files, Span, Spanned};
use crate::source::{Disk, Memory, Source};
#[cfg(feature = "lint")]
use crate::syntax::Tree;
pub use crate::syntax::tree::{
    AlsoRecords, Banner, CheckAction, Conflict, ConsentModel, ConsentState, DestinationSet, Enforce,
    EntryState, GateOpens, ImpliedConsent, IntegrationsState, InvalidEntries, Level, LoadTrigger, Mode,
    Quantifier, StatedEntry, StatedPreference, UnmappedDestinations, WithoutConsent,
};
#[cfg(feature = "lint")]
use std::collections::HashSet;
use std::path::Path;

/// The largest number of categories.
pub const MAX_CATEGORIES: usize = 10_000;

/// The largest number of destinations.
pub const MAX_DESTINATIONS: usize = 100_000;

/// A category by its place in the policy: declaration order, includes depth-first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CategoryId(pub(crate) u32);

/// A destination by its place in the policy: declaration order, includes depth-first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DestinationId(pub(crate) u32);

/// A kind by its place in the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(pub(crate) u32);

macro_rules! index {
    ($($id:ident)*) => {
        $(impl $id {
            /// The place, counted from 0.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of a place. Ids of places that the policy does not have are harmless: they match nothing.
            pub fn new(index: usize) -> Self {
                $id(u32::try_from(index).unwrap_or(u32::MAX))
            }
        })*
    };
}
index!(CategoryId DestinationId KindId);

/// What a file turned out to be.
#[cfg(feature = "lint")]
pub(crate) enum Loaded {
    /// A policy, and the tree of each of its files.
    Policy(Box<Policy>, Vec<Tree>),
    /// A file without a `policy` line, which others include, and what is wrong with its text.
    Part(Files, Vec<Diagnostic>),
}

/// Reads a file that may be a policy or a part of one.
#[cfg(feature = "lint")]
pub(crate) fn load_any(source: &dyn Source, path: &str) -> Result<Loaded, PolicyError> {
    let mut forest = load::load(source, path);
    if forest.is_part() {
        let old_comments: Vec<Diagnostic> = forest.old_comments().collect();
        forest.diagnostics.extend(old_comments);
        return Ok(Loaded::Part(forest.files, forest.diagnostics));
    }
    let merged = merge::merge(&forest);
    let policy = check::check(&forest, merged)?;
    Ok(Loaded::Policy(Box::new(policy), forest.trees))
}

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
    kinds: Vec<Kind>,
    destinations: Vec<Destination>,
    reconcile: Reconcile,
    unmapped_destinations: Spanned<UnmappedDestinations>,
    invalid_entries: Spanned<InvalidEntries>,
    several_categories: Spanned<Quantifier>,
    exempt_events: Spanned<Vec<Spanned<String>>>,
    preference_events: Spanned<Vec<Spanned<String>>>,
    reading: Spanned<Reading>,
    tests: Vec<Test>,
    lint_levels: Vec<LintLevel>,
    promises: Vec<Promise>,
    visit: visit::Visit,
    ledger: ledger::Ledger,
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
    wire_id: Spanned<String>,
    label: Option<Spanned<String>>,
    always: Option<Span>,
    unenforced: Option<Span>,
    span: Span,
}

/// A kind of destinations.
#[derive(Debug, Clone)]
pub struct Kind {
    name: Spanned<String>,
    label: Option<Spanned<String>>,
    ignores_all: Option<Span>,
    span: Span,
}

/// A destination.
#[derive(Debug, Clone)]
pub struct Destination {
    name: Spanned<String>,
    aliases: Vec<Spanned<String>>,
    requirement: Option<Spanned<Requirement>>,
    /// Where the requirement names categories.
    uses: Vec<Spanned<CategoryId>>,
    exempt: Option<Exemption>,
    disabled: Option<Span>,
    mode: Option<Spanned<Mode>>,
    kind: Option<Spanned<KindId>>,
    span: Span,
}

/// That a destination passes the consent step.
#[derive(Debug, Clone)]
struct Exemption {
    span: Span,
    because: Option<Spanned<String>>,
}

impl Policy {
    /// Reads a policy from a file. Its folder is the policy root, which no include leaves.
    ///
    /// To widen the root, give a [`Disk`] of a folder further up to [`Policy::from_source`].
    pub fn load(path: impl AsRef<Path>) -> Result<Policy, PolicyError> {
        let (disk, name) = Disk::beside(path.as_ref());
        Policy::from_source(&disk, &name)
    }

    /// Reads a policy from a text that includes nothing but preludes.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        Policy::from_source(&Memory::from([("policy", text)]), "policy")
    }

    /// Reads a policy and what it includes from a source. `path` is relative to the source's root.
    pub fn from_source(source: &dyn Source, path: &str) -> Result<Policy, PolicyError> {
        let forest = load::load(source, path);
        let merged = merge::merge(&forest);
        check::check(&forest, merged)
    }

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

    /// What a destination without categories gets when consent is enforced.
    pub fn unmapped_destinations(&self) -> Spanned<UnmappedDestinations> {
        self.unmapped_destinations.clone()
    }

    /// What an integrations entry counts as that is neither a boolean nor an object.
    pub fn invalid_entries(&self) -> Spanned<InvalidEntries> {
        self.invalid_entries.clone()
    }

    /// Whether a list of categories without a written formula asks for all or for any of them.
    pub fn several_categories(&self) -> Spanned<Quantifier> {
        self.several_categories.clone()
    }

    /// The names of the track events that pass every gate, write to the ledger and are never checked against it.
    pub fn preference_events(&self) -> &Spanned<Vec<Spanned<String>>> {
        &self.preference_events
    }

    /// The names of the track events that pass the consent step.
    pub fn exempt_events(&self) -> &Spanned<Vec<Spanned<String>>> {
        &self.exempt_events
    }

    /// Where an event says what its person chose.
    pub fn reading(&self) -> &Reading {
        &self.reading.value
    }

    /// Where the policy says [`Policy::reading`].
    pub fn reading_span(&self) -> Span {
        self.reading.span
    }

    /// What the policy and the files that it includes promise; [`crate::exact::prove`] decides whether it is so.
    pub fn promises(&self) -> &[Promise] {
        &self.promises
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

    /// The files that the policy was read from, for showing its [`Span`]s.
    pub fn files(&self) -> &Files {
        &self.files
    }
}

impl Category {
    /// The declared name.
    pub fn name(&self) -> &str {
        &self.name.value
    }

    /// What the consent platform stamps for this category.
    pub fn wire_id(&self) -> &str {
        &self.wire_id.value
    }

    /// The description.
    pub fn label(&self) -> Option<&Spanned<String>> {
        self.label.as_ref()
    }

    /// Where its wire id stands; its name, where the policy gives no other.
    pub fn wire_id_span(&self) -> Span {
        self.wire_id.span
    }

    /// Where the policy says that the category is granted whatever the event says, if it does.
    pub fn always(&self) -> Option<Span> {
        self.always
    }

    /// Where the policy says that the category leaves every requirement, if it does. This beats [`Category::always`].
    pub fn unenforced(&self) -> Option<Span> {
        self.unenforced
    }

    /// Returns true if requirements count the category: it is not unenforced.
    pub fn is_live(&self) -> bool {
        self.unenforced.is_none()
    }

    /// Returns true if the category is granted whatever the event says.
    pub fn is_always(&self) -> bool {
        self.always.is_some()
    }

    /// Returns true if grants of the category depend on the event and count: it is neither unenforced nor `always`.
    pub fn is_free(&self) -> bool {
        self.is_live() && !self.is_always()
    }

    /// Where the category is declared.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Where its name stands.
    pub fn name_span(&self) -> Span {
        self.name.span
    }
}

impl Kind {
    /// The declared name.
    pub fn name(&self) -> &str {
        &self.name.value
    }

    /// The description.
    pub fn label(&self) -> Option<&Spanned<String>> {
        self.label.as_ref()
    }

    /// Where its name stands.
    pub fn name_span(&self) -> Span {
        self.name.span
    }

    /// Where the policy says that `All: false` does not reach this kind, if it does.
    pub fn ignores_all(&self) -> Option<Span> {
        self.ignores_all
    }

    /// Where the kind is declared.
    pub fn span(&self) -> Span {
        self.span
    }
}

impl Destination {
    /// The own name.
    pub fn name(&self) -> &str {
        &self.name.value
    }

    /// The aliases that the integrations object may use.
    pub fn aliases(&self) -> &[Spanned<String>] {
        &self.aliases
    }

    /// The name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name()).chain(self.aliases.iter().map(|name| name.value.as_str()))
    }

    /// What the destination needs; `None` when it is unmapped.
    pub fn requirement(&self) -> Option<&Requirement> {
        self.requirement.as_ref().map(|requirement| &requirement.value)
    }

    /// Where the policy says what the destination needs.
    pub fn requirement_span(&self) -> Option<Span> {
        self.requirement.as_ref().map(|requirement| requirement.span)
    }

    /// Where the policy says that the destination passes the consent step, if it does.
    pub fn exempt(&self) -> Option<Span> {
        self.exempt.as_ref().map(|exempt| exempt.span)
    }

    /// Why the destination passes the consent step, where the policy says it.
    pub fn exempt_because(&self) -> Option<&Spanned<String>> {
        self.exempt.as_ref().and_then(|exempt| exempt.because.as_ref())
    }

    /// The categories that the requirement names, each where it does.
    pub fn category_uses(&self) -> &[Spanned<CategoryId>] {
        &self.uses
    }

    /// Where the policy says that the destination receives nothing, if it does.
    pub fn disabled(&self) -> Option<Span> {
        self.disabled
    }

    /// Where the destination's code runs, if the policy says it. For [`Mode::Device`] a block is advisory.
    pub fn mode(&self) -> Option<Mode> {
        self.mode.as_ref().map(|mode| mode.value)
    }

    /// Where the policy says the mode.
    pub fn mode_span(&self) -> Option<Span> {
        self.mode.as_ref().map(|mode| mode.span)
    }

    /// The kind, and where the policy says it.
    pub fn kind(&self) -> Option<&Spanned<KindId>> {
        self.kind.as_ref()
    }

    /// Where the destination is declared.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Where its name stands.
    pub fn name_span(&self) -> Span {
        self.name.span
    }
}
