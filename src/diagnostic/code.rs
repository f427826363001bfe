//! The registry of findings. A number is never used for anything else, also after its finding is gone.

use super::text::nearest;
use std::fmt;
use std::str::FromStr;

spelled! {
    /// How bad a finding is.
    Severity {
        /// Worth a look; the policy is in order.
        Warning = "warning",
        /// Fails `lint`. The ones below 500 also keep the policy from compiling.
        Error = "error",
    }
}

/// A finding is an error unless it is declared a warning. Each has one sentence, which is also its documentation, and a page under `pages/`, without which it does not
/// compile.
macro_rules! codes {
    ($(#[doc = $sentence:literal] $variant:ident $name:literal = $number:literal $($severity:ident)?,)*) => {
        /// A finding, with its name in CamelCase. Numbers: 1xx text, 2xx files, 3xx facts, 4xx the reconcile table, 5xx lint.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $sentence] $variant = $number,)*
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The name: `unmapped-destination`. Policies, comments and people use it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$variant => $name,)*
                }
            }

            /// How bad the finding is.
            pub fn severity(self) -> Severity {
                match self {
                    $($(Code::$variant => Severity::$severity,)?)*
                    _ => Severity::Error,
                }
            }

            /// What is wrong, in one sentence.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Code::$variant => $sentence.trim_ascii_start(),)*
                }
            }

            /// What the finding means, with an example of it and one without it, in Markdown.
            pub fn page(self) -> &'static str {
                match self {
                    $(Code::$variant => include_str!(concat!("pages/C", $number, ".md")),)*
                }
            }
        }
    };
}

// A number is never used again: 106 was a statement of a later version, of which there is none now.
codes! {
    /// Something else was expected here.
    UnexpectedText "unexpected-text" = 101,
    /// A text in quotes does not end on its line.
    UnterminatedText "unterminated-text" = 102,
    /// A text has a `\` that stands for nothing.
    UnknownEscape "unknown-escape" = 103,
    /// The edition line is missing.
    MissingEdition "missing-edition" = 104,
    /// The edition is not known to this version.
    UnknownEdition "unknown-edition" = 105,
    /// A line begins with a word that begins no statement.
    UnknownStatement "unknown-statement" = 107,
    /// A character changes the direction of the text around it, so that it reads otherwise than it means.
    BidirectionalCharacter "bidirectional-character" = 108,
    /// A name contains a character that nobody can see.
    InvisibleCharacter "invisible-character" = 109,
    /// Parentheses are nested too deeply.
    NestedTooDeep "nested-too-deep" = 110,
    /// The file is larger than the limit.
    FileTooLarge "file-too-large" = 111,
    /// The file is not text in UTF-8.
    NotUtf8 "not-utf8" = 112,
    /// A word of the language is used as a name.
    ReservedWord "reserved-word" = 113,
    /// There are more mistakes than are listed.
    TooManyErrors "too-many-errors" = 114,
    /// A control character or a line separator, which not every editor shows as what it is.
    ControlCharacter "control-character" = 115,
    /// A name is longer than the limit.
    NameTooLong "name-too-long" = 116,
    /// A row of a table has more or fewer values than the table has inputs.
    CellCount "cell-count" = 117,
    /// The consent state `given` is now `answered`.
    OldConsentGiven "old-consent-given" = 120,
    /// The consent state `none given` is now `unanswered`.
    OldNoneGiven "old-none-given" = 121,
    /// The integrations state `given` is now `present`.
    OldIntegrationsGiven "old-integrations-given" = 122,
    /// The word `also` is now `alias`.
    OldAlso "old-also" = 123,
    /// The words `also spelled` are now `alias`.
    OldAlsoSpelled "old-also-spelled" = 124,
    /// The words `switched off` are now `unenforced`.
    OldSwitchedOff "old-switched-off" = 125,
    /// The setting `unreadable integrations count as` is now `invalid entries`.
    OldUnreadableIntegrations "old-unreadable-integrations" = 126,
    /// The entry state `unreadable` is now `invalid`.
    OldUnreadable "old-unreadable" = 127,
    /// A test has a JSON value where the language now has a word.
    OldTestValue "old-test-value" = 128,
    /// The setting `preferences at` is now `consent at`.
    OldPreferencesAt "old-preferences-at" = 129,
    /// The setting `exempt event` is now `exempt events`.
    OldExemptEvent "old-exempt-event" = 130,
    /// The setting `ledger records` is now `preference events` and `ledger also records`.
    OldLedgerRecords "old-ledger-records" = 131,
    /// The word `verify` is now `ledger`.
    OldVerify "old-verify" = 132,
    /// The setting `gate` is now `gate opens on`.
    OldGate "old-gate" = 133,
    /// The setting `gate open without consent` is now `gate without consent open`.
    OldGateWithoutConsent "old-gate-without-consent" = 134,
    /// The setting `model implied means` is now `implied consent`.
    OldModelImplied "old-model-implied" = 135,
    /// The setting `visit loads when` is now `library loads when`.
    OldVisitLoads "old-visit-loads" = 136,
    /// A `lint` statement has the code of a finding in place of its name.
    OldLintCode "old-lint-code" = 137,

    /// A file cannot be read.
    CannotReadFile "cannot-read-file" = 201,
    /// An include leads out of the policy root.
    IncludeOutsideRoot "include-outside-root" = 202,
    /// A file includes itself, directly or through others.
    IncludeCycle "include-cycle" = 203,
    /// There are more files than the limit.
    TooManyFiles "too-many-files" = 204,
    /// There is no such prelude.
    UnknownPrelude "unknown-prelude" = 205,
    /// The files of the policy are larger than the limit, all together.
    PolicyTooLarge "policy-too-large" = 206,

    /// The policy has no name.
    MissingPolicyName "missing-policy-name" = 301,
    /// A fact is said twice.
    DuplicateDeclaration "duplicate-declaration" = 302,
    /// There is nothing to override.
    NothingToOverride "nothing-to-override" = 303,
    /// Two files override the same fact, and neither includes the other.
    CompetingOverrides "competing-overrides" = 304,
    /// There is no such category.
    UnknownCategory "unknown-category" = 305,
    /// There is no such kind.
    UnknownKind "unknown-kind" = 306,
    /// Two categories have one wire id.
    DuplicateWireId "duplicate-wire-id" = 307,
    /// An alias belongs to another destination.
    AliasTaken "alias-taken" = 308,
    /// A destination is called `All`.
    ReservedDestinationName "reserved-destination-name" = 309,
    /// A destination says neither what it needs nor that it is unmapped or exempt.
    MissingMapping "missing-mapping" = 310,
    /// A destination is both mapped and unmapped.
    MappedAndUnmapped "mapped-and-unmapped" = 311,
    /// A group has no category.
    EmptyGroup "empty-group" = 312,
    /// A setting is missing.
    MissingSetting "missing-setting" = 313,
    /// A name is empty.
    EmptyText "empty-text" = 314,
    /// The policy has more of something than the limit.
    TooManyDeclarations "too-many-declarations" = 315,
    /// A path cannot be read from.
    UnusablePath "unusable-path" = 316,
    /// There is no such destination.
    UnknownDestination "unknown-destination" = 317,
    /// A test expects a reason that no decision has.
    UnknownReason "unknown-reason" = 318,
    /// A test expects nothing.
    NothingExpected "nothing-expected" = 319,
    /// A test expects a reason that never leads to its outcome.
    ContradictoryReason "contradictory-reason" = 320,
    /// The event of a test is not JSON.
    InvalidTestEvent "invalid-test-event" = 321,
    /// There is no such finding of lint.
    UnknownFinding "unknown-finding" = 322,
    /// A test states what is recorded, but the policy has no ledger check.
    RecordedWithoutCheck "recorded-without-check" = 323,
    /// The shape of the preferences cannot be read.
    UnusableShape "unusable-shape" = 324,
    /// No event can list a wire id.
    UnlistableWireId "unlistable-wire-id" = 325,
    /// No event can give a category a preference that a test states.
    ImpossiblePreference "impossible-preference" = 326,
    /// No event that lists preferences decides whether a category is granted.
    ConstantCategory "constant-category" = 327,
    /// A ledger check cannot compare consent that events do not list.
    UncomparableCheck "uncomparable-check" = 328,
    /// An input, or a value of one, is not declared.
    UnknownInput "unknown-input" = 329,
    /// A destination with conditions does not say once what it needs of all other events.
    MissingOtherwise "missing-otherwise" = 330,
    /// An input is to refuse a category that nobody can refuse.
    ContradictoryCategory "contradictory-category" = 331,
    /// There is no such place of consent.
    UnknownPlace "unknown-place" = 332,

    /// The table leaves cells open.
    UncoveredCells "uncovered-cells" = 401,
    /// A row can never apply.
    UnreachableRow "unreachable-row" = 402,
    /// A row names a state twice.
    DuplicateState "duplicate-state" = 403,

    /// A cell is covered by more than one row.
    OverlappingRows "overlapping-rows" = 501 Warning,
    /// The integrations object may grant what the person refused.
    IntegrationsOverrideRefusal "integrations-override-refusal" = 502,
    /// An `always` category deviates from the platform's table.
    AlwaysDiffersFromSegment "always-differs-from-segment" = 503 Warning,
    /// A requirement is constant because of `always`.
    ConstantRequirement "constant-requirement" = 504 Warning,
    /// A part of a policy was linted without a policy that includes it.
    PartWithoutPolicy "part-without-policy" = 505 Warning,
    /// A description looks like a wire id.
    DescriptionLikeWireId "description-like-wire-id" = 506 Warning,
    /// An unmapped destination is delivered.
    UnmappedDestination "unmapped-destination" = 507 Warning,
    /// No destination needs the category.
    UnusedCategory "unused-category" = 508 Warning,
    /// No event ever reaches the destination.
    NeverDelivered "never-delivered" = 509 Warning,
    /// Every event reaches a destination that needs consent.
    AlwaysDelivered "always-delivered" = 510 Warning,
    /// A part of a requirement changes nothing.
    RedundantRequirement "redundant-requirement" = 511 Warning,
    /// The wire id is not of the documented form.
    UnusualWireId "unusual-wire-id" = 512 Warning,
    /// Two wire ids look alike.
    SimilarWireIds "similar-wire-ids" = 513 Warning,
    /// Names of two destinations look alike.
    SimilarDestinations "similar-destinations" = 514 Warning,
    /// An event that grants nothing is delivered where consent is needed.
    DeliveredWithoutConsent "delivered-without-consent" = 515 Warning,
    /// An exemption has no reason.
    ExemptWithoutReason "exempt-without-reason" = 516 Warning,
    /// A destination needs every category that people can refuse.
    NeedsEveryCategory "needs-every-category" = 517 Warning,
    /// A block is only advisory for a destination in device mode.
    DeviceMode "device-mode" = 518 Warning,
    /// A setting that leaks is left to a prelude.
    InheritedPermissiveSetting "inherited-permissive-setting" = 519 Warning,
    /// An include brings nothing.
    UnusedInclude "unused-include" = 520 Warning,
    /// An override says what is said already.
    RedundantOverride "redundant-override" = 521 Warning,
    /// The policy has no tests.
    MissingTests "missing-tests" = 522 Warning,
    /// A refusal in the integrations object delivers what was blocked.
    OffEntryDelivers "off-entry-delivers" = 523 Warning,
    /// A preference that no category claims changes the decision.
    UndeclaredCategoryDecides "undeclared-category-decides" = 524 Warning,
    /// An event with preferences is blocked where one without them is delivered.
    PreferencesBlock "preferences-block" = 525 Warning,
    /// A comment allows a finding that is not there.
    UnusedAllow "unused-allow" = 526 Warning,
    /// A comment allows a finding without a reason.
    AllowWithoutReason "allow-without-reason" = 527,
    /// A promise is not kept.
    BrokenPromise "broken-promise" = 528,
    /// A promise speaks of no event.
    PromiseNeverApplies "promise-never-applies" = 529 Warning,
    /// The documents rate the banner a medium possibility of data loss.
    BannerDataLoss "banner-data-loss" = 530 Warning,
    /// A library that cannot be unloaded stays when consent is taken back.
    DeviceLibraryStays "device-library-stays" = 531 Warning,
    /// The library never loads for some people.
    LibraryNeverLoads "library-never-loads" = 532 Warning,
    /// A list of categories does not show whether all or any are required.
    AmbiguousList "ambiguous-list" = 533 Warning,
    /// A comment allows a finding by its code.
    OldAllowComment "old-allow-comment" = 534,
    /// The tests leave out a result of the ledger check.
    UntestedCheckResult "untested-check-result" = 535 Warning,
    /// Destinations that share an alias need different things.
    SharedAliasDiffers "shared-alias-differs" = 536 Warning,
    /// A destination needs categories on some events, and is unmapped on others.
    PartlyMapped "partly-mapped" = 537 Warning,
}

impl Code {
    /// Returns true if it is a question that lint asks of a policy that compiles.
    pub fn is_lint(self) -> bool {
        self.number() >= 500
    }

    /// True for old words of the language, whose fix writes the new ones.
    pub fn is_old_word(self) -> bool {
        self.name().starts_with("old-")
    }

    /// The number.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The name and the code, as reports show them: `unmapped-destination (C507)`.
    pub fn label(self) -> String {
        format!("{} ({self})", self.name())
    }

    /// Returns the finding with this name.
    pub fn named(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Returns the finding with the name nearest to a misspelled one, among those that may be meant.
    pub fn nearest(text: &str, may_be_meant: impl Fn(Code) -> bool) -> Option<Code> {
        let names = Code::ALL.iter().copied().filter(|code| may_be_meant(*code)).map(Code::name);
        nearest(text, names).and_then(Code::named)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}", self.number())
    }
}

/// A text that is neither the name nor the code of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCodeError;

impl fmt::Display for UnknownCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no finding of this name or code")
    }
}

impl std::error::Error for UnknownCodeError {}

impl FromStr for Code {
    type Err = UnknownCodeError;

    /// Reads a finding as people type it in a command: `overlapping-rows`, `C501`, `c501` or `501`. A policy takes the name only.
    fn from_str(text: &str) -> Result<Self, UnknownCodeError> {
        let number = text.strip_prefix(['C', 'c']).unwrap_or(text);
        let by_number = || Code::ALL.iter().copied().find(|code| code.number().to_string() == number);
        Code::named(text).or_else(by_number).ok_or(UnknownCodeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for code in Code::ALL {
            let (shown, number) = (code.to_string(), code.number().to_string());
            for text in [code.name(), &shown, &shown.to_lowercase(), &number] {
                assert_eq!(text.parse(), Ok(*code));
            }
        }
        for text in [
            "",
            "C",
            "C999",
            "CC501",
            "+501",
            "0501",
            "C501 ",
            "C５01",
            "lint",
            "Overlapping-Rows",
            "overlapping-rows ",
        ] {
            assert_eq!(text.parse::<Code>(), Err(UnknownCodeError), "{text:?}");
        }
    }

    #[test]
    fn variants_are_the_names() {
        for code in Code::ALL {
            let words = code.name().split('-');
            let camel_case: String = words
                .map(|word| {
                    let (first, rest) = word.split_at(1);
                    first.to_uppercase() + rest
                })
                .collect();
            assert_eq!(format!("{code:?}"), camel_case);
        }
    }

    #[test]
    fn a_misspelled_name_means_the_nearest() {
        for text in ["unmaped-destination", "Unmapped-Destination", "unmapped-destinations"] {
            assert_eq!(Code::nearest(text, Code::is_lint), Some(Code::UnmappedDestination), "{text}");
        }
        for text in ["unknown-category", "unmapped", "C507", ""] {
            assert_eq!(Code::nearest(text, Code::is_lint), None, "{text}");
        }
        assert_eq!(Code::nearest("unknown-categry", |_| true), Some(Code::UnknownCategory));
    }

    #[test]
    fn sentences_are_the_documentation() {
        assert_eq!(Code::UnexpectedText.sentence(), "Something else was expected here.");
    }
}
