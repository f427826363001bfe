//! Values that are words of the language.

spelled! {
    /// All, or any.
    Quantifier {
        /// Every one.
        All = "all",
        /// At least one.
        Any = "any",
    }

    /// Where a destination's code runs.
    Mode {
        /// In the browser or the app: a decision on a server is only advisory.
        Device = "device",
        /// On a server.
        Cloud = "cloud",
    }

    /// What a destination without categories gets when consent is enforced.
    UnmappedDestinations {
        /// Everything.
        Deliver = "deliver",
        /// Nothing.
        Block = "block",
    }

    /// What a site shows who has not chosen yet.
    Banner {
        /// A banner on page load, and nobody can use the site before acting on it.
        Mandatory = "mandatory",
        /// An optional banner on page load, which is always there.
        Stays = "stays",
        /// An optional banner on page load, which goes on a click or scroll.
        Disappears = "disappears",
        /// An optional banner that is never displayed.
        NeverShown = "never shown",
    }

    /// The consent model of the consent platform: what is granted before a person chooses.
    ConsentModel {
        /// Nothing but what is always granted.
        OptIn = "opt-in",
        /// Everything.
        OptOut = "opt-out",
        /// As [`ImpliedConsent`] sets it: Segment's documentation has both readings.
        Implied = "implied",
        /// Everything: it is taken as opt-out.
        NoticeOnly = "notice-only",
        /// Everything: it is taken as opt-out.
        Custom = "custom",
    }

    /// How the consent model `implied` is read.
    ImpliedConsent {
        /// Nothing is granted before a person chooses.
        OptIn = "opt-in",
        /// Everything is granted before a person chooses.
        OptOut = "opt-out",
    }

    /// Which events a source sends at all.
    GateOpens {
        /// `any grant`: the seven rows of Segment's "Expected wrapper behavior".
        AnyGrant = "any grant",
        /// `needed grant`: a grant counts only if an enabled destination needs it, as in Segment's web wrapper.
        NeededGrant = "needed grant",
        /// `delivery`: events that some destination receives.
        Delivery = "delivery",
    }

    /// What the gate does with an event that has no consent object.
    WithoutConsent {
        /// The source sends it.
        Open = "open",
        /// The source does not.
        Closed = "closed",
    }

    /// When the library loads after a choice under opt-in.
    LoadTrigger {
        /// `gate open`: the gate is open for that choice.
        GateOpen = "gate open",
        /// `granted`: some category is granted.
        Granted = "granted",
    }

    /// The names under which the router that obeys rewritten events finds a destination (section 8 of the semantics).
    RouterKnows {
        /// At least one name of each destination, and nobody knows which.
        SomeNames = "some names",
        /// The own name of each destination, and perhaps aliases.
        OwnNames = "own names",
    }

    /// The reading of an entry `All` that is neither `true` nor `false`.
    NonBooleanAll {
        /// The integrations object is malformed.
        Malformed = "malformed",
        /// It is read like every other entry.
        AsEntry = "as entry",
    }

    /// The treatment of a line that is a batch: a whole request body with several events (section 1 of the semantics).
    Batches {
        /// Each event is decided with the consent and the integrations of the envelope merged into its own.
        Merged = "merged",
        /// Each event is decided by itself.
        EnvelopeIgnored = "envelope ignored",
        /// The line is an error.
        Reject = "reject",
    }

    /// The treatment of consent that the policy does not read: in another shape, or at another place (section 1 of the semantics).
    ForeignConsent {
        /// An event that has no other consent has malformed consent.
        Malformed = "malformed",
        /// It changes nothing.
        Ignored = "ignored",
    }

    /// Which events write to the ledger next to preference events.
    AlsoRecords {
        /// None.
        Nothing = "nothing",
        /// Identify events that carry preferences.
        Identify = "identify",
    }

    /// What the check of an event found. The first that fits counts.
    CheckResult {
        /// The event writes to the ledger, and is not checked.
        Recording = "recording",
        /// The caller asked for no check.
        Unchecked = "unchecked",
        /// The event names nobody, or the ledger has no record of the person.
        Unknown = "unknown",
        /// The ledger gave no usable answer in time.
        Unreachable = "unreachable",
        /// The person has a record, and the event's consent state is not `answered`.
        Unstamped = "unstamped",
        /// The event grants what the record grants.
        Agrees = "agrees",
        /// The event grants something else.
        Mismatch = "mismatch",
    }

    /// What happens to an event after its check against the ledger.
    CheckAction {
        /// `drop`: the whole event is dropped.
        Drop = "drop",
        /// `use recorded`: the recorded preferences decide.
        UseRecorded = "use recorded",
        /// `use stamped`, for a mismatch `report`: the event's own preferences decide.
        UseStamped = "use stamped",
        /// `refuse`: the event is decided as if nothing were granted.
        Refuse = "refuse",
    }

    /// How a category is read for which two records of one person disagree.
    Conflict {
        /// Refused.
        Refuse = "refuse",
        /// Granted.
        Grant = "grant",
    }

    /// The meaning for the ledger of a category that an event does not list, or lists as unasked.
    LedgerUnasked {
        /// It refuses the category.
        Refused = "refused",
        /// It says nothing of the category: what was recorded before stays.
        Kept = "kept",
    }

    /// The meaning of an id of a person that is an integer.
    IntegerIds {
        /// As the text that the event spells it with.
        Text = "text",
        /// As an id that cannot be read.
        Invalid = "invalid",
    }

    /// The meaning of an alias event for the ids of a person.
    LedgerAlias {
        /// It links `userId` and `previousId`.
        Links = "links",
        /// It changes nothing.
        Ignored = "ignored",
    }

    /// How an integrations entry is read that is neither a boolean nor an object.
    InvalidEntries {
        /// As if it were not there.
        Unlisted = "unlisted",
        /// As `false`.
        Off = "off",
    }

    /// The state of an event's consent object (section 1 of the semantics).
    ConsentState {
        /// There is no consent object.
        Missing = "missing",
        /// The consent object holds no preferences.
        Empty = "empty",
        /// The preferences object has no member.
        Unanswered = "unanswered",
        /// The preferences object has at least one member.
        Answered = "answered",
        /// The consent object or the preferences have the wrong form.
        Malformed = "malformed",
    }

    /// The state of an event's integrations object (section 1 of the semantics).
    IntegrationsState {
        /// There is no integrations object, or it has no member.
        None = "none",
        /// The integrations object has at least one member.
        Present = "present",
        /// The integrations object has the wrong form.
        Malformed = "malformed",
    }

    /// What becomes of a finding of lint.
    Level {
        /// It is not reported.
        Off = "off",
        /// It is reported.
        Warning = "warning",
        /// It fails `lint`.
        Error = "error",
    }

    /// What an integrations entry may be.
    EntryState {
        /// `true`, or an object.
        On = "on",
        /// `false`.
        Off = "off",
        /// There is none.
        Unlisted = "unlisted",
        /// Neither a boolean nor an object.
        Invalid = "invalid",
    }

    /// The meaning of a category that an event lists.
    Listed {
        /// The person granted it.
        Granted = "granted",
        /// The person refused it.
        Refused = "refused",
    }

    /// The value of a category on an event.
    Preference {
        /// The event says nothing of it: the person was not asked.
        Unasked = "unasked",
        /// The person granted it.
        Granted = "granted",
        /// A value that the shape has no meaning for.
        Invalid = "invalid",
        /// The person refused it.
        Refused = "refused",
    }

    /// The preference that a promise asks for.
    StatedChoice {
        /// `granted`.
        Granted = "granted",
        /// `not granted`: any other value.
        NotGranted = "not granted",
        /// `refused`.
        Refused = "refused",
        /// `unasked`.
        Unasked = "unasked",
        /// `invalid`.
        Invalid = "invalid",
    }

    /// The value of a preference in a test's event.
    StatedPreference {
        /// `granted`: `true` on the event.
        Granted = "granted",
        /// `refused`: `false` on the event.
        Refused = "refused",
        /// `unasked`: the event says nothing of it.
        Unasked = "unasked",
        /// `invalid`: a value that is not a boolean.
        Invalid = "invalid",
    }

    /// What is recorded of one category.
    RecordedPreference {
        /// Granted.
        Granted = "granted",
        /// Refused.
        Refused = "refused",
        /// Two records of one person disagree, and the person has said nothing since.
        Conflict = "conflict",
        /// Granted, and so long before the event that it counts as refused where grants expire.
        Expired = "expired",
    }

    /// The value of an integrations entry in a test's event.
    StatedEntry {
        /// `on`: `true` on the event.
        On = "on",
        /// `off`: `false` on the event.
        Off = "off",
        /// `invalid`: neither a boolean nor an object.
        Invalid = "invalid",
        /// `{}`: an object with options, which counts as on.
        Options = "{}",
    }
}

/// The form in which a value lists what a person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape<T = String> {
    /// `booleans`: an object with a boolean for each category.
    Booleans {
        /// `in consented`: the boolean is this member of an object.
        within: Option<T>,
        /// `reversed`: `true` is a refusal.
        reversed: bool,
    },
    /// `words …`: an object with a word for each category.
    Words {
        /// The words for a grant.
        granted: Vec<T>,
        /// The words for a refusal.
        refused: Vec<T>,
        /// The words for a category that the person was not asked about.
        unasked: Vec<T>,
    },
    /// `granted list`: an array of categories.
    List {
        /// The meaning of a category that is in it.
        listed: Listed,
    },
    /// `granted text by ","`: a text of categories.
    DelimitedText {
        /// The meaning of a category that is in it.
        listed: Listed,
        /// The text between two categories.
        separator: T,
    },
    /// `pairs by "," and ":" …`: a text with a word for each category.
    Pairs {
        /// The text between two pairs.
        between: T,
        /// The text within a pair, between the category and its word.
        within: T,
        /// The words for a grant.
        granted: Vec<T>,
        /// The words for a refusal.
        refused: Vec<T>,
    },
}

/// A JSON value that is no array and no object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scalar {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, as it is written: `1` is not `1.0`.
    Number(String),
    /// A text.
    Text(String),
}

/// As a policy writes it.
impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scalar::Null => f.write_str("null"),
            Scalar::Boolean(value) => value.fmt(f),
            Scalar::Number(number) => f.write_str(number),
            Scalar::Text(text) => f.write_str(&super::quoted(text)),
        }
    }
}

/// The state of an input on an event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InputState {
    /// This value.
    Value(Scalar),
    /// `absent`: no value, or one that counts as none.
    Absent,
    /// `other`: any other value.
    Other,
}

/// As a policy writes it.
impl std::fmt::Display for InputState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            InputState::Value(value) => value.fmt(f),
            InputState::Absent => f.write_str("absent"),
            InputState::Other => f.write_str("other"),
        }
    }
}
