//! The tree of one file: what the author wrote, statement by statement, with the place of everything.
//!
//! Nothing is resolved here: names are text, and facts may contradict each other.

pub use super::enforce::Enforce;
use super::keywords::Keyword;
pub use super::values::*;
use crate::diagnostic::{FileId, Span, Spanned};
use std::fmt;

/// One parsed file.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Which file.
    pub file: FileId,
    /// The edition, where the file names one that this version knows.
    pub edition: Option<Spanned<u32>>,
    /// The statements, in the order of the text.
    pub statements: Vec<Statement>,
    /// Every word, text, mark and comment, in the order of the text; between two tokens there is white space only.
    pub tokens: Vec<Token>,
    pub(crate) text: Box<str>,
}

/// A smallest piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word, a text in quotes, a number or a mark.
    Word,
    /// A comment.
    Comment,
    /// A byte-order mark.
    ByteOrderMark,
    /// Text that is no statement of this version.
    Bad,
}

/// The tree prints back as the text it was read from: tokens, and the white space between them.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut end = 0;
        for token in &self.tokens {
            let range = token.span.range();
            let space = self.text.get(end..range.start).unwrap_or("");
            debug_assert!(space.trim().is_empty(), "only white space is not a token: {space:?}");
            f.write_str(space)?;
            f.write_str(self.text.get(range.clone()).unwrap_or(""))?;
            end = range.end;
        }
        f.write_str(self.text.get(end..).unwrap_or(""))
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The whole statement.
    pub span: Span,
    /// The word `override`, where it is there.
    pub overrides: Option<Span>,
    /// What it says.
    pub fact: Fact,
    /// False if text that could not be parsed follows and may belong to it.
    pub complete: bool,
    /// True if its words are of an earlier version. It has an error already; see `old_words`.
    pub is_old: bool,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// `policy "acme web"`.
    Policy(Text),
    /// `include "categories.consent"` or `include prelude "segment"`.
    Include {
        /// True if it names a prelude.
        prelude: bool,
        /// The path, or the prelude's name.
        target: Text,
    },
    /// `category …`.
    Category(CategoryStatement),
    /// `destination kind …`.
    Kind(KindStatement),
    /// `destination "…" …`.
    Destination(DestinationStatement),
    /// `reconcile { … }`.
    Reconcile(ReconcileTable),
    /// `unmapped destinations …`.
    UnmappedDestinations(UnmappedDestinations),
    /// `several categories need …`.
    SeveralCategories(Quantifier),
    /// `invalid entries …`.
    InvalidEntries(InvalidEntries),
    /// `exempt events …`; empty for `none`.
    ExemptEvents(Vec<Text>),
    /// `preference events …`; empty for `none`.
    PreferenceEvents(Vec<Text>),
    /// `consent at …`.
    ConsentAt(ConsentStatement),
    /// `input …`.
    Input(InputStatement),
    /// `strategy …`.
    Strategy(Strategy),
    /// `test "…" { … }`.
    Test(TestStatement),
    /// `lint unmapped-destination off because "…"`.
    Lint(Lint),
    /// `never deliver …` or `always deliver …`.
    Promise(PromiseStatement),
    /// `banner …`.
    Banner(Banner),
    /// `model …`.
    Model(ConsentModel),
    /// `implied consent …`.
    ImpliedConsent(ImpliedConsent),
    /// `gate opens on …`.
    GateOpens(GateOpens),
    /// `gate without consent …`.
    GateWithoutConsent(WithoutConsent),
    /// `library loads when …`.
    LibraryLoads(LoadTrigger),
    /// `router knows …`.
    RouterKnows(RouterKnows),
    /// `non-boolean All …`.
    NonBooleanAll(NonBooleanAll),
    /// `batches …`.
    Batches(Batches),
    /// `foreign consent …`.
    ForeignConsent(ForeignConsent),
    /// `ledger also records …`: which events write to the ledger next to preference events.
    LedgerAlsoRecords(AlsoRecords),
    /// `ledger mismatch …`: the event's grants differ from the recorded ones. `None` for `ignore`, which turns the check off.
    LedgerMismatch(Option<CheckAction>),
    /// `ledger unstamped …`: the event has no preferences, and the person has a record.
    LedgerUnstamped(CheckAction),
    /// `ledger unknown …`: the person has no record.
    LedgerUnknown(CheckAction),
    /// `ledger unreachable …`: the ledger does not answer.
    LedgerUnreachable(CheckAction),
    /// `ledger conflict …`: how a category is read for which two records of one person disagree.
    LedgerConflict(Conflict),
    /// `ledger unasked …`: what an event that writes says of a category that it does not list.
    LedgerUnasked(LedgerUnasked),
    /// `ledger grants …`: for how many days a recorded grant counts; `None` for ever.
    LedgerGrants(Option<u32>),
    /// `ledger integer ids …`: how an id is read that is an integer.
    LedgerIntegerIds(IntegerIds),
    /// `ledger alias …`: whether an alias event links the ids of a person.
    LedgerAlias(LedgerAlias),
    /// `ledger version …`: the path of the version of the consent text; empty for `none`.
    LedgerVersion(Vec<Text>),
}

/// A text or a name with its place; escapes are resolved.
pub type Text = Spanned<String>;

/// `category Advertising = "C0004", "ads" "Ads that follow people"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryStatement {
    /// The declared name.
    pub name: Text,
    /// The wire ids; empty where the name is the wire id.
    pub wire_ids: Vec<Text>,
    /// What is said about it.
    pub attributes: Vec<Spanned<CategoryAttribute>>,
}

/// What is said about a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryAttribute {
    /// `always`.
    Always,
    /// `unenforced`.
    Unenforced,
    /// `unasked granted`.
    UnaskedGranted,
    /// `refused when …`; a category may have several, and each of them refuses.
    RefusedWhen(Vec<InputCondition>),
    /// `from …`: the places that list the category.
    From(Vec<Text>),
    /// A description.
    Label(Text),
}

/// `destination kind warehouse ignores All`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindStatement {
    /// The declared name.
    pub name: Text,
    /// What is said about it.
    pub attributes: Vec<Spanned<KindAttribute>>,
}

/// What is said about a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KindAttribute {
    /// `ignores All`.
    IgnoresAll,
    /// A description.
    Label(Text),
}

/// `destination "Braze" needs Advertising mode device`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationStatement {
    /// The own name.
    pub name: Text,
    /// What is said about it.
    pub attributes: Vec<Spanned<DestinationAttribute>>,
}

impl DestinationStatement {
    /// The other names, shared ones too.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = &Text> {
        let aliases = self.attributes.iter().filter_map(|attribute| match &attribute.value {
            DestinationAttribute::Alias(alias) => Some(&alias.names),
            _ => None,
        });
        aliases.flatten()
    }
}

/// What is said about a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationAttribute {
    /// `alias "a", "b"` or `shared alias "a"`; a destination may have several.
    Alias(Alias),
    /// `needs …`.
    Needs(Needs),
    /// `needs when …`; a destination may have several, and the first that holds counts.
    NeedsWhen {
        /// The events that it is about: those for which all of this holds.
        when: Vec<InputCondition>,
        /// The requirement on these events.
        needs: Needs,
    },
    /// `otherwise …`: the requirement where no `needs when` holds.
    Otherwise(Otherwise),
    /// `unmapped`.
    Unmapped,
    /// `exempt because "…"`.
    Exempt {
        /// Why, where the author says it.
        because: Option<Text>,
    },
    /// `disabled`.
    Disabled,
    /// `mode …`.
    Mode(Mode),
    /// `kind …`.
    Kind(Text),
}

/// Other names of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The names.
    pub names: Vec<Text>,
    /// True if other destinations have the same names.
    pub shared: bool,
}

/// What a destination needs, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// A list without a written formula.
    List(Vec<Text>),
    /// A written formula.
    Group(Group),
    /// `by strategy of A, B`. A promise never has it.
    ByStrategy(Vec<Text>),
}

/// `otherwise …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Otherwise {
    /// `otherwise unmapped`.
    Unmapped,
    /// `otherwise` with a requirement.
    Needs(Needs),
}

/// `all of …` or `any of …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// All, or any.
    pub quantifier: Quantifier,
    /// What it asks for; the checker refuses an empty group.
    pub elements: Vec<Element>,
    /// The whole group.
    pub span: Span,
}

/// An element of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// A category.
    Category(Text),
    /// A group in parentheses.
    Group(Group),
}

/// `reconcile { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconcileTable {
    /// The inputs that the header names.
    pub inputs: Vec<Text>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of the reconcile table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The consent states; all five for `any`.
    pub consent: Vec<Spanned<ConsentState>>,
    /// The integrations states; all three for `any`.
    pub integrations: Vec<Spanned<IntegrationsState>>,
    /// One for each input of the header.
    pub inputs: Vec<Spanned<InputCell>>,
    /// What is enforced.
    pub enforce: Spanned<Enforce>,
    /// Why, where the author says it.
    pub because: Option<Text>,
    /// The whole row.
    pub span: Span,
}

/// The states of one input in a row of the reconcile table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputCell {
    /// `any`.
    Any,
    /// `"custom" | absent`.
    States(Vec<Spanned<InputState>>),
}

/// `consent at …`: the place at which an event carries preferences, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentStatement {
    /// The places. One without a rule, or several with one.
    pub places: Vec<ConsentAt>,
    /// The way in which several places come together.
    pub rule: Option<Spanned<PlacesRule>>,
}

spelled! {
    /// The way in which several places come together.
    PlacesRule {
        /// Granted where all places grant.
        All = "all",
        /// Refused where one place refuses; otherwise granted where one grants.
        AnyRefuses = "any refuses",
        /// The first place that an event has decides alone.
        FirstPresent = "first present",
    }
}

/// `context.consent.deniedConsentIds refused list unlisted granted skip ""`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentAt {
    /// The name, where there are several.
    pub name: Option<Text>,
    /// The members that lead from the event to the preferences.
    pub path: Vec<Text>,
    /// Other accepted spellings of the last of them.
    pub aliases: Vec<Text>,
    /// The form in which the value there lists what a person chose. Where none is written, it stands at the path.
    pub shape: Spanned<Shape<Text>>,
    /// `unlisted …`: the preference of a category that the value does not list.
    pub unlisted: Option<Spanned<Preference>>,
    /// `skip "…"`: names that count as not listed.
    pub skip: Vec<Text>,
    /// `absent …`: values that count as no value.
    pub absent: Vec<Spanned<Scalar>>,
}

/// `input provider at context.provider values "custom", "ketch" absent null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputStatement {
    /// The declared name.
    pub name: Text,
    /// The members that lead from the event to the value.
    pub path: Vec<Text>,
    /// The values that decide.
    pub values: Vec<Spanned<Scalar>>,
    /// `absent …`: values that count as no value.
    pub absent: Vec<Spanned<Scalar>>,
}

/// `provider "custom" | absent`: a condition on the value of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputCondition<Input = Text> {
    /// The input.
    pub input: Input,
    /// Its alternative states.
    pub states: Vec<Spanned<InputState>>,
}

/// `strategy all when provider "custom", any otherwise`: what `by strategy of` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    /// The cases; the first that holds counts.
    pub cases: Vec<StrategyCase>,
    /// All or any, where no case holds.
    pub otherwise: Spanned<Quantifier>,
}

/// `all when provider "custom"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyCase {
    /// All, or any.
    pub quantifier: Quantifier,
    /// The events that it is about: those for which all of this holds.
    pub when: Vec<InputCondition>,
    /// The whole case.
    pub span: Span,
}

/// `lint unmapped-destination off because "…"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// The name of the finding, as written.
    pub finding: Text,
    /// What becomes of it.
    pub level: Level,
    /// Why.
    pub because: Option<Text>,
}

/// `never deliver "Facebook Pixel" without Advertising when consent answered`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromiseStatement {
    /// True if it promises that an event is always delivered, and not that it never is.
    pub always: bool,
    /// The destinations and kinds that it names; `None` for every destination.
    pub subjects: Option<Vec<StatedSubject>>,
    /// Those that it leaves out.
    pub except: Vec<StatedSubject>,
    /// What is not granted.
    pub without: Option<Needs>,
    /// Of which events it speaks: of those for which all of this holds.
    pub when: Vec<Spanned<StatedCondition>>,
    /// Why.
    pub because: Option<Text>,
}

/// Destinations that a promise speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedSubject<Destination = Text, Kind = Text> {
    /// A destination, by its own name.
    Destination(Destination),
    /// Every destination of a kind.
    Kind(Kind),
}

/// What a promise asks of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedCondition<Name = Text, Category = Text, Input = Text> {
    /// `consent answered | empty`.
    Consent(Vec<ConsentState>),
    /// `integrations none`.
    Integrations(Vec<IntegrationsState>),
    /// `event "Order Completed"`: the name of a track event.
    Event(Vec<Name>),
    /// `event not exempt`: whether it is an event that passes the consent step.
    Exempt(bool),
    /// `"Braze" off`, by any name of a destination, or `All`.
    Entry {
        /// The name.
        name: Name,
        /// What it may be.
        states: Vec<EntryState>,
    },
    /// `ledger mismatch | unreachable`: what the check against the ledger may find.
    Ledger(Vec<CheckResult>),
    /// `recorded Advertising not granted`: what is recorded of a category; not true where nothing is.
    Recorded {
        /// The category.
        category: Category,
        /// True if it is recorded as granted.
        granted: bool,
    },
    /// `Advertising not granted`.
    Preference {
        /// The category.
        category: Category,
        /// Its preference on the event.
        preference: StatedChoice,
    },
    /// `provider "custom" | absent`.
    Input(InputCondition<Input>),
}

/// `test "…" { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestStatement {
    /// What is tested.
    pub name: Text,
    /// What the event is, and what is expected of it; in front of cases, the event alone.
    pub lines: Vec<Spanned<TestLine>>,
    /// The inputs that the header of a table names.
    pub inputs: Vec<Text>,
    /// The cases of a table.
    pub cases: Option<Vec<Case>>,
}

/// A line of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestLine {
    /// `event "Order Completed"`: the name of a track event.
    Event(Text),
    /// `event { … }`: the whole event as JSON.
    Json(String),
    /// `events from "refusals.ndjson"`: each event of a file.
    EventsFrom(Text),
    /// `consent …`.
    Consent(StatedConsent),
    /// `integrations …`.
    Integrations(StatedIntegrations),
    /// `input …`.
    Input {
        /// The input.
        input: Text,
        /// Its state.
        state: Spanned<InputState>,
    },
    /// `recorded …`.
    Recorded(StatedRecorded),
    /// What is expected.
    Expectation(Expectation),
}

/// A row of a table of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The consent object.
    pub consent: Spanned<StatedConsent>,
    /// The integrations object, if the table has a column for it.
    pub integrations: Option<Spanned<StatedIntegrations>>,
    /// One for each input of the header.
    pub inputs: Vec<Spanned<InputState>>,
    /// The ledger's answer, if the table has a column for it.
    pub recorded: Option<Spanned<StatedRecorded>>,
    /// What is expected. Never empty.
    pub expectations: Vec<Spanned<Expectation>>,
    /// The whole row.
    pub span: Span,
}

/// The consent object of a test's event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedConsent<Name = Text> {
    /// `missing`.
    Missing,
    /// `empty`.
    Empty,
    /// `malformed`.
    Malformed,
    /// `{ Advertising: granted }`, by names of categories; `unanswered` is `{}`.
    Preferences(Vec<(Name, StatedPreference)>),
}

/// The integrations object of a test's event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedIntegrations<Name = Text> {
    /// `none`.
    None,
    /// `malformed`.
    Malformed,
    /// `{ "Google Ads": on, All: off }`.
    Entries(Vec<(Name, StatedEntry)>),
}

/// The ledger's answer about the person of a test's event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedRecorded<Name = Text> {
    /// `unknown`.
    Unknown,
    /// `unreachable`.
    Unreachable,
    /// `{ Advertising: refused }`, by names of categories.
    Record(Vec<(Name, RecordedPreference)>),
}

/// What is expected of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// `deliver …` or `block …`.
    Destinations {
        /// True if they receive the event.
        deliver: bool,
        /// Which ones.
        which: DestinationSet<Text>,
        /// Why.
        because: Option<ExpectedReason>,
    },
    /// `drop "…"`: the event is dropped, with this reason where one is said.
    Drop(Option<Text>),
}

/// Which destinations an expectation speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationSet<D> {
    /// All of them.
    All,
    /// These.
    These(Vec<D>),
    /// These, and the other outcome for every other one.
    Only(Vec<D>),
}

/// `because refused Analytics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedReason {
    /// The reason as reports spell it.
    pub reason: Text,
    /// The categories that a refusal names.
    pub categories: Vec<Text>,
}

impl Fact {
    /// Returns the words that lead the statement.
    pub fn keyword(&self) -> Keyword {
        macro_rules! keyword {
            ($($alike:ident)*) => {
                match self {
                    Fact::Kind(_) => Keyword::DestinationKind,
                    Fact::Promise(PromiseStatement { always: true, .. }) => Keyword::AlwaysDeliver,
                    Fact::Promise(_) => Keyword::NeverDeliver,
                    $(Fact::$alike { .. } => Keyword::$alike,)*
                }
            };
        }
        keyword!(
            Policy Include Category Destination Reconcile UnmappedDestinations SeveralCategories InvalidEntries
            NonBooleanAll ExemptEvents PreferenceEvents ConsentAt Input Strategy Test Lint Banner Model ImpliedConsent GateOpens
            GateWithoutConsent LibraryLoads RouterKnows Batches ForeignConsent LedgerAlsoRecords LedgerMismatch LedgerUnstamped LedgerUnknown
            LedgerUnreachable LedgerConflict LedgerUnasked LedgerGrants LedgerIntegerIds LedgerAlias LedgerVersion
        )
    }

    /// Returns the name of what is declared or set, unless there is only one.
    pub(crate) fn name(&self) -> Option<&Text> {
        match self {
            Fact::Category(CategoryStatement { name, .. })
            | Fact::Kind(KindStatement { name, .. })
            | Fact::Destination(DestinationStatement { name, .. })
            | Fact::Input(InputStatement { name, .. })
            | Fact::Test(TestStatement { name, .. })
            | Fact::Lint(Lint { finding: name, .. }) => Some(name),
            _ => None,
        }
    }

    /// Returns how the statement begins, for messages.
    pub fn phrase(&self) -> String {
        let keyword = self.keyword().as_str();
        match (self, self.name()) {
            (_, None) => keyword.into(),
            (Fact::Destination(_) | Fact::Test(_), Some(name)) => format!("{keyword} {:?}", name.value),
            (_, Some(name)) => format!("{keyword} {}", name.value),
        }
    }
}
