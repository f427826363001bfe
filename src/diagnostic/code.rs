//! The registry of findings. A number is never used for anything else, also after its finding is gone.

use std::fmt;
use std::str::FromStr;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; the policy is in order.
    Warning,
    /// Fails `lint`. The ones below 500 also keep the policy from compiling.
    Error,
}

impl Severity {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Each finding has one sentence, which is also its documentation, and a page under `pages/`, without which it does not
/// compile.
macro_rules! codes {
    ($(#[doc = $sentence:literal] $name:ident = $number:literal $severity:ident,)*) => {
        /// A finding by its number: 1xx text, 2xx files, 3xx facts, 4xx the reconcile table, 5xx lint.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $sentence] $name = $number,)*
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// How bad the finding is.
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$name => Severity::$severity,)*
                }
            }

            /// What is wrong, in one sentence.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Code::$name => $sentence.trim_ascii_start(),)*
                }
            }

            /// What the finding means, with an example of it and one without it, in Markdown.
            pub fn page(self) -> &'static str {
                match self {
                    $(Code::$name => include_str!(concat!("pages/C", $number, ".md")),)*
                }
            }
        }
    };
}

// A number is never used again: 106 was a statement of a later version, of which there is none now.
codes! {
    /// Something else was expected here.
    Unexpected = 101 Error,
    /// A text in quotes does not end on its line.
    UnterminatedText = 102 Error,
    /// A text has a `\` that stands for nothing.
    UnknownEscape = 103 Error,
    /// The edition line is missing.
    MissingEdition = 104 Error,
    /// The edition is not known to this version.
    UnknownEdition = 105 Error,
    /// A line begins with a word that begins no statement.
    UnknownStatement = 107 Error,
    /// A character changes the direction of the text around it, so that it reads otherwise than it means.
    BidirectionalCharacter = 108 Error,
    /// A name contains a character that nobody can see.
    InvisibleCharacter = 109 Error,
    /// Parentheses are nested too deeply.
    NestedTooDeep = 110 Error,
    /// The file is larger than the limit.
    FileTooLarge = 111 Error,
    /// The file is not text in UTF-8.
    NotUtf8 = 112 Error,
    /// A word of the language is used as a name.
    LanguageWord = 113 Error,
    /// There are more mistakes than are listed.
    TooManyMistakes = 114 Error,
    /// A control character or a line separator, which not every editor shows as what it is.
    ControlCharacter = 115 Error,

    /// A file cannot be read.
    Unreadable = 201 Error,
    /// An include leads out of the policy root.
    OutsideRoot = 202 Error,
    /// A file includes itself, directly or through others.
    IncludeCycle = 203 Error,
    /// There are more files than the limit.
    TooManyFiles = 204 Error,
    /// There is no such prelude.
    UnknownPrelude = 205 Error,

    /// The policy has no name.
    NoPolicyName = 301 Error,
    /// A fact is said twice.
    SaidTwice = 302 Error,
    /// There is nothing to override.
    NothingToOverride = 303 Error,
    /// Two files override the same fact, and neither includes the other.
    CompetingOverrides = 304 Error,
    /// There is no such category.
    UnknownCategory = 305 Error,
    /// There is no such kind.
    UnknownKind = 306 Error,
    /// Two categories have one wire id.
    WireIdTaken = 307 Error,
    /// A further name belongs to another destination.
    FurtherNameTaken = 308 Error,
    /// A destination is called `All`.
    CalledAll = 309 Error,
    /// A destination says neither what it needs nor that it is unmapped or exempt.
    NoMapping = 310 Error,
    /// A destination is both mapped and unmapped.
    MappedAndUnmapped = 311 Error,
    /// A group has no category.
    EmptyGroup = 312 Error,
    /// A setting is missing.
    MissingSetting = 313 Error,
    /// A name is empty.
    EmptyName = 314 Error,
    /// There are more categories or destinations than the limit.
    TooMany = 315 Error,
    /// The path to the preferences cannot be read from.
    UnusablePath = 316 Error,
    /// There is no such destination.
    UnknownDestination = 317 Error,
    /// A test expects a reason that no decision has.
    UnknownReason = 318 Error,
    /// A test expects nothing.
    NothingExpected = 319 Error,
    /// A test expects a reason that never leads to its outcome.
    ReasonContradicts = 320 Error,
    /// The event of a test is not JSON.
    EventIsNoJson = 321 Error,
    /// There is no such finding of lint.
    UnknownFinding = 322 Error,

    /// The table leaves cells open.
    CellsOpen = 401 Error,
    /// A row can never apply.
    RowNeverApplies = 402 Error,
    /// A row names a state twice.
    StateTwice = 403 Error,

    /// A cell is covered by more than one row.
    CellCoveredTwice = 501 Warning,
    /// The integrations object may grant what the person refused.
    IntegrationsGrant = 502 Error,
    /// An `always` category deviates from the platform's table.
    AlwaysDeviates = 503 Warning,
    /// A requirement is constant because of `always`.
    ConstantRequirement = 504 Warning,
    /// A part of a policy was linted without a policy that includes it.
    PartAlone = 505 Warning,
    /// A description looks like a wire id.
    LabelLikeWireId = 506 Warning,
    /// An unmapped destination is delivered.
    Unmapped = 507 Warning,
    /// No destination needs the category.
    CategoryUnused = 508 Warning,
    /// No event ever reaches the destination.
    NeverReceives = 509 Warning,
    /// Every event reaches a destination that needs consent.
    AlwaysReceives = 510 Warning,
    /// A part of a requirement changes nothing.
    RedundantPart = 511 Warning,
    /// The wire id is not of the documented form.
    WireIdForm = 512 Warning,
    /// Two wire ids look alike.
    WireIdsAlike = 513 Warning,
    /// Names of two destinations look alike.
    DestinationsAlike = 514 Warning,
    /// An event that grants nothing is delivered where consent is needed.
    FailsOpen = 515 Warning,
    /// An exemption has no reason.
    ExemptWithoutReason = 516 Warning,
    /// A destination needs every category that people can refuse.
    OutOfReach = 517 Warning,
    /// A block is only advisory for a destination in device mode.
    DeviceMode = 518 Warning,
    /// A setting that leaks is left to a prelude.
    LeakingSetting = 519 Warning,
    /// An include brings nothing.
    IncludeUnused = 520 Warning,
    /// An override says what is said already.
    OverrideRepeats = 521 Warning,
    /// The policy has no tests.
    NoTests = 522 Warning,
    /// A refusal in the integrations object delivers what was blocked.
    RefusalDelivers = 523 Warning,
    /// A preference that no category claims changes the decision.
    UnknownKeysDecide = 524 Warning,
    /// An event with preferences is blocked where one without them is delivered.
    ConsentBlocks = 525 Warning,
    /// A comment allows a finding that is not there.
    SuppressionUnused = 526 Warning,
    /// A comment allows a finding without a reason.
    SuppressionWithoutReason = 527 Error,
    /// A promise is not kept.
    PromiseBroken = 528 Error,
    /// A promise speaks of no event.
    PromiseOfNothing = 529 Warning,
    /// The documents rate the banner a medium possibility of data loss.
    BannerMayLose = 530 Warning,
    /// A library that cannot be unloaded stays when consent is taken back.
    DeviceUnderBanner = 531 Warning,
    /// The library never loads for some people.
    NeverLoads = 532 Warning,
}

impl Code {
    /// Whether it is a question that lint asks of a policy that compiles.
    pub fn is_lint(self) -> bool {
        self.number() >= 500
    }

    /// The number.
    pub fn number(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}", self.number())
    }
}

/// A text that is not the number of any finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no finding of this number")
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads `C501` as people type it: also `c501` and `501`.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let number = text.strip_prefix(['C', 'c']).unwrap_or(text);
        Code::ALL.iter().copied().find(|code| code.number().to_string() == number).ok_or(UnknownCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for code in Code::ALL {
            let (shown, number) = (code.to_string(), code.number().to_string());
            for text in [&shown, &shown.to_lowercase(), &number] {
                assert_eq!(text.parse(), Ok(*code));
            }
        }
        for text in ["", "C", "C999", "CC501", "+501", "0501", "C501 ", "C５01", "lint"] {
            assert_eq!(text.parse::<Code>(), Err(UnknownCode), "{text:?}");
        }
    }

    #[test]
    fn sentences_are_the_documentation() {
        assert_eq!(Code::Unexpected.sentence(), "Something else was expected here.");
    }
}
