//! The tree of one file: what the author wrote, statement by statement, with the place of everything.
//!
//! Nothing is resolved here: names are text, and facts may contradict each other.

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
    pub(super) text: Box<str>,
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
    /// Whether nothing unreadable follows that may have been meant to go on with it.
    pub complete: bool,
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// `policy "acme web"`.
    Policy(Text),
    /// `include "categories.consent"` or `include prelude "segment"`.
    Include {
        /// Whether it names a prelude.
        prelude: bool,
        /// The path, or the prelude's name.
        target: Text,
    },
    /// `category …`.
    Category(Category),
    /// `destination kind …`.
    Kind(Kind),
    /// `destination "…" …`.
    Destination(Destination),
    /// `reconcile { … }`.
    Reconcile(Vec<Row>),
    /// `unmapped destinations …`.
    UnmappedDestinations(UnmappedDestinations),
    /// `several categories need …`.
    SeveralCategories(Quantifier),
    /// `unreadable integrations count as …`.
    UnreadableIntegrations(UnreadableIntegrations),
    /// `exempt event …`; empty for `none`.
    ExemptEvent(Vec<Text>),
    /// `preferences at …`.
    Preferences(Preferences),
    /// `test "…" { … }`.
    Test(Test),
    /// `lint delivered-without-consent off because "…"`.
    Lint(Lint),
    /// `never deliver …` or `always deliver …`.
    Promise(Promise),
    /// `banner …`, `model …`, `gate …` or `visit …`.
    Visit(VisitSetting),
    /// `verify …`.
    Verify(VerifySetting),
    /// `ledger records …`.
    Records(Records),
}

/// A text or a name with its place; escapes are resolved.
pub type Text = Spanned<String>;

/// `category Advertising = "C0004" "Ads that follow people"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The declared name.
    pub name: Text,
    /// The wire id, where it is not the name.
    pub wire_id: Option<Text>,
    /// What is said about it.
    pub attributes: Vec<Spanned<CategoryAttribute>>,
}

/// What is said about a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryAttribute {
    /// `always`.
    Always,
    /// `switched off`.
    SwitchedOff,
    /// A description.
    Label(String),
}

/// `destination kind warehouse ignores All`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
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
    Label(String),
}

/// `destination "Braze" needs Advertising mode device`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The own name.
    pub name: Text,
    /// What is said about it.
    pub attributes: Vec<Spanned<DestinationAttribute>>,
}

/// What is said about a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationAttribute {
    /// `also "a", shared "b"`.
    Also(Vec<FurtherName>),
    /// `needs …`.
    Needs(Needs),
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

/// One further name of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FurtherName {
    /// The name.
    pub name: Text,
    /// Whether another destination may answer to it too.
    pub shared: bool,
}

/// What a destination needs, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// A list without a written formula.
    List(Vec<Text>),
    /// A written formula.
    Group(Group),
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

/// All, or any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// Every one.
    All,
    /// At least one.
    Any,
}

/// Where a destination's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// In the browser or the app: a decision on a server is only advisory.
    Device,
    /// On a server.
    Cloud,
}

/// What a destination without categories gets when consent is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnmappedDestinations {
    /// Everything.
    Deliver,
    /// Nothing.
    Block,
}

/// What a visit depends on beside who visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VisitSetting {
    /// `banner …`.
    Banner(Banner),
    /// `model …`.
    Model(ConsentModel),
    /// `model implied means …`.
    Implied(Folding),
    /// `gate …`.
    Gate(GateReading),
    /// `gate … without consent`.
    WithoutConsent(WithoutConsent),
    /// `visit loads when …`.
    Loads(Loading),
}

/// What a site shows who has not chosen yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Banner {
    /// A banner on page load, and nobody can use the site before acting on it.
    Mandatory,
    /// An optional banner on page load, which is always there.
    Stays,
    /// An optional banner on page load, which goes on a click or scroll.
    Disappears,
    /// An optional banner that is never displayed.
    NeverShown,
}

/// The consent model of the consent platform: what is granted before a person chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentModel {
    /// Nothing but what is always granted.
    OptIn,
    /// Everything.
    OptOut,
    /// What [`Folding`] says: the documents say both.
    Implied,
    /// Everything: it is taken as opt-out.
    NoticeOnly,
    /// Everything: it is taken as opt-out.
    Custom,
}

/// What a consent model is taken as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Folding {
    /// Nothing is granted before a person chooses.
    OptIn,
    /// Everything is.
    OptOut,
}

/// By which reading of the documents a source sends an event at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GateReading {
    /// The seven rows of "Expected wrapper behavior".
    Table,
    /// The vendor's web wrapper: a grant counts only if an enabled destination needs it.
    Relevant,
    /// If some destination would be delivered.
    Exact,
}

/// What the gate does with an event that has no consent object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WithoutConsent {
    /// The source sends it.
    Open,
    /// The source does not.
    Closed,
}

/// When the library loads for what a person chose under opt-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loading {
    /// Where the gate is open for that choice.
    GateOpen,
    /// Where some category is granted.
    Granted,
}

/// What the check of an event against a ledger comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerifySetting {
    /// `verify mismatch …`: the event is stamped with other grants than are recorded. Who says it asks for the check.
    Mismatch(Verified),
    /// `verify unstamped …`: the event has no preferences, and the person's are recorded.
    Unstamped(Verified),
    /// `verify unknown …`: nothing is recorded of the person.
    Unknown(Verified),
    /// `verify unreachable …`: the ledger does not answer.
    Unreachable(Verified),
    /// `verify conflict …`: what a recorded `conflict` counts as.
    Conflict(Conflict),
}

/// What becomes of an event that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verified {
    /// `drop`: the whole event.
    Drop,
    /// `use recorded`: it is decided with the recorded preferences.
    UseRecorded,
    /// `use stamped`, of a mismatch `report`: it is decided as it is stamped.
    UseStamped,
    /// `refuse`: it is decided as if nothing were granted.
    Refuse,
}

/// What a category counts as of which the ledger has two values: the person's records were merged and disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// Refused.
    Refuse,
    /// Granted.
    Grant,
}

/// `ledger records "Segment Consent Preference", identify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// The names of the track events.
    pub events: Vec<Text>,
    /// `identify`, as often as it is said: identify events with preferences.
    pub identify: Vec<Text>,
}

/// What an integrations entry counts as that is neither a boolean nor an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnreadableIntegrations {
    /// As if it were not there.
    Unlisted,
    /// As `false`.
    Off,
}

/// A row of the reconcile table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The consent states; all five for `any`.
    pub consent: Vec<Spanned<ConsentState>>,
    /// The integrations states; all three for `any`.
    pub integrations: Vec<Spanned<IntegrationsState>>,
    /// What is enforced.
    pub enforce: Spanned<Enforce>,
    /// Why, where the author says it.
    pub because: Option<Text>,
    /// The whole row.
    pub span: Span,
}

/// What an event's consent object holds (section 1 of the semantics).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConsentState {
    /// There is no consent object.
    Missing,
    /// The consent object holds no preferences.
    Empty,
    /// The preferences object has no member.
    NoneGiven,
    /// The preferences object has at least one member.
    Given,
    /// The consent object cannot be read.
    Malformed,
}

/// What an event's integrations object holds (section 1 of the semantics).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IntegrationsState {
    /// There is no integrations object, or it has no member.
    None,
    /// The integrations object has at least one member.
    Given,
    /// The integrations object cannot be read.
    Malformed,
}

/// What a cell of the reconcile table enforces (section 2 of the semantics).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Enforce {
    /// `nothing`: every destination receives the event.
    Nothing,
    /// `integrations`: the integrations step.
    Integrations,
    /// `listed integrations`: only what the integrations object turns on.
    ListedIntegrations,
    /// `consent`: the consent step.
    Consent,
    /// `consent then integrations`: both steps.
    ConsentThenIntegrations,
    /// `consent or integrations`: either step.
    ConsentOrIntegrations,
    /// `consent or listed, then integrations`.
    ConsentOrListedThenIntegrations,
    /// `drop "…"`: the event is dropped, for this reason.
    Drop(String),
}

/// `preferences at context.consent.categoryPreferences, also spelled consentPreferences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// The members that lead from the event to the preferences.
    pub path: Vec<Text>,
    /// Other accepted spellings of the last of them.
    pub also_spelled: Vec<Text>,
}

/// `lint delivered-without-consent off because "…"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// The number of the finding, as written.
    pub finding: Text,
    /// What becomes of it.
    pub level: Level,
    /// Why.
    pub because: Option<Text>,
}

/// What becomes of a finding of lint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It is not reported.
    Off,
    /// It is reported.
    Warning,
    /// It fails `lint`.
    Error,
}

/// `never deliver "Facebook Pixel" without Advertising when consent given`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// Whether it promises that an event is always delivered, and not that it never is.
    pub always: bool,
    /// The destinations; `None` for every one.
    pub destinations: Option<Vec<Text>>,
    /// What is not granted.
    pub without: Option<Needs>,
    /// Of which events it speaks: of those for which all of this holds.
    pub when: Vec<Spanned<PromiseCondition>>,
    /// Why.
    pub because: Option<Text>,
}

/// What a promise asks of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromiseCondition {
    /// `consent given | empty`.
    Consent(Vec<ConsentState>),
    /// `integrations none`.
    Integrations(Vec<IntegrationsState>),
    /// `event "Order Completed"`: the name of a track event.
    Event(Vec<Text>),
    /// `event not exempt`: whether it is an event that passes the consent step.
    Exempt(bool),
    /// `"Braze" off`, by any name of a destination, or `All`.
    Entry {
        /// The name.
        name: Text,
        /// What it may be.
        states: Vec<EntryState>,
    },
    /// `Advertising not granted`.
    Preference {
        /// The category.
        category: Text,
        /// Whether it is granted.
        granted: bool,
    },
}

/// What an integrations entry may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryState {
    /// `true`, or an object.
    On,
    /// `false`.
    Off,
    /// There is none.
    Unlisted,
    /// Neither a boolean nor an object.
    Unreadable,
}

/// `test "…" { … }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// What is tested.
    pub name: Text,
    /// What the event is, and what is expected of it; in front of cases, the event alone.
    pub lines: Vec<Spanned<TestLine>>,
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
    /// What is expected.
    Expectation(Expectation),
}

/// A row of a table of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The consent object.
    pub consent: Spanned<StatedConsent>,
    /// The integrations object.
    pub integrations: Spanned<StatedIntegrations>,
    /// What is expected. Never empty.
    pub expectations: Vec<Spanned<Expectation>>,
    /// The whole row.
    pub span: Span,
}

/// The consent object of a test's event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedConsent {
    /// `missing`.
    Missing,
    /// `empty`.
    Empty,
    /// `malformed`.
    Malformed,
    /// `{ Advertising: true }`, by names of categories; `none given` is `{}`.
    Preferences(Vec<(Text, StatedValue)>),
}

/// The integrations object of a test's event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedIntegrations {
    /// `none`.
    None,
    /// `malformed`.
    Malformed,
    /// `{ "Google Ads": true, All: false }`.
    Entries(Vec<(Text, StatedValue)>),
}

/// The value of a preference or an entry in a test's event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatedValue {
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`: neither a boolean nor an object.
    Null,
    /// `{}`: of an entry, options.
    Options,
}

/// What is expected of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// `deliver …` or `block …`.
    Destinations {
        /// Whether they receive the event.
        deliver: bool,
        /// Which ones.
        which: Which,
        /// Why.
        because: Option<ExpectedReason>,
    },
    /// `drop "…"`: the event is dropped, with this reason where one is said.
    Drop(Option<Text>),
}

/// Which destinations an expectation speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// These.
    These(Vec<Text>),
    /// These, and the other outcome for every other one.
    Only(Vec<Text>),
}

/// `because refused Analytics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedReason {
    /// The reason as reports spell it.
    pub reason: Text,
    /// The categories that a refusal names.
    pub categories: Vec<Text>,
}

impl ConsentState {
    /// The five states, in the order of the semantics.
    pub const ALL: [ConsentState; 5] = [
        ConsentState::Missing,
        ConsentState::Empty,
        ConsentState::NoneGiven,
        ConsentState::Given,
        ConsentState::Malformed,
    ];

    /// The state as reports spell it: `none_given`.
    pub fn word(self) -> &'static str {
        match self {
            ConsentState::Missing => "missing",
            ConsentState::Empty => "empty",
            ConsentState::NoneGiven => "none_given",
            ConsentState::Given => "given",
            ConsentState::Malformed => "malformed",
        }
    }

    /// The state as policies spell it: `none given`.
    pub fn phrase(self) -> &'static str {
        match self {
            ConsentState::NoneGiven => "none given",
            other => other.word(),
        }
    }
}

impl IntegrationsState {
    /// The three states, in the order of the semantics.
    pub const ALL: [IntegrationsState; 3] =
        [IntegrationsState::None, IntegrationsState::Given, IntegrationsState::Malformed];

    /// The state as policies and reports spell it.
    pub fn word(self) -> &'static str {
        match self {
            IntegrationsState::None => "none",
            IntegrationsState::Given => "given",
            IntegrationsState::Malformed => "malformed",
        }
    }
}

/// As policies spell it.
impl fmt::Display for Enforce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Enforce::Nothing => "nothing",
            Enforce::Integrations => "integrations",
            Enforce::ListedIntegrations => "listed integrations",
            Enforce::Consent => "consent",
            Enforce::ConsentThenIntegrations => "consent then integrations",
            Enforce::ConsentOrIntegrations => "consent or integrations",
            Enforce::ConsentOrListedThenIntegrations => "consent or listed, then integrations",
            Enforce::Drop(reason) => return write!(f, "drop {reason:?}"),
        })
    }
}

impl Fact {
    /// How the statement begins, for messages.
    pub fn phrase(&self) -> String {
        match self {
            Fact::Policy(_) => "policy".into(),
            Fact::Include { .. } => "include".into(),
            Fact::Category(category) => format!("category {}", category.name.value),
            Fact::Kind(kind) => format!("destination kind {}", kind.name.value),
            Fact::Destination(destination) => format!("destination {:?}", destination.name.value),
            Fact::Reconcile(_) => "reconcile".into(),
            Fact::UnmappedDestinations(_) => "unmapped destinations".into(),
            Fact::SeveralCategories(_) => "several categories need".into(),
            Fact::UnreadableIntegrations(_) => "unreadable integrations count as".into(),
            Fact::ExemptEvent(_) => "exempt event".into(),
            Fact::Preferences(_) => "preferences at".into(),
            Fact::Test(test) => format!("test {:?}", test.name.value),
            Fact::Lint(lint) => format!("lint {}", lint.finding.value),
            Fact::Promise(Promise { always: true, .. }) => "always deliver".into(),
            Fact::Promise(_) => "never deliver".into(),
            Fact::Visit(setting) => setting.phrase().into(),
            Fact::Verify(setting) => setting.phrase().into(),
            Fact::Records(_) => "ledger records".into(),
        }
    }
}

impl VerifySetting {
    /// How the statement begins.
    fn phrase(&self) -> &'static str {
        match self {
            VerifySetting::Mismatch(_) => "verify mismatch",
            VerifySetting::Unstamped(_) => "verify unstamped",
            VerifySetting::Unknown(_) => "verify unknown",
            VerifySetting::Unreachable(_) => "verify unreachable",
            VerifySetting::Conflict(_) => "verify conflict",
        }
    }
}

impl VisitSetting {
    /// How the statement begins, and of two that begin alike how this one goes on.
    fn phrase(&self) -> &'static str {
        match self {
            VisitSetting::Banner(_) => "banner",
            VisitSetting::Model(_) => "model",
            VisitSetting::Implied(_) => "model implied means",
            VisitSetting::Gate(_) => "gate",
            VisitSetting::WithoutConsent(_) => "gate … without consent",
            VisitSetting::Loads(_) => "visit loads when",
        }
    }
}
