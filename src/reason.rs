//! Outcomes and reasons.

use std::fmt;

/// The platform's discard code for a block by the person's choice ("Filtered at destination", "Filtered by end user
/// consent").
pub const DISCARD_CODE: &str = "FILTERED_BY_END_USER_CONSENT";

/// What happens to an event at a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The destination receives the event.
    Deliver,
    /// The destination does not receive the event.
    Block,
}

/// Why (section 3 of the semantics). The first six deliver, the others block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The table enforces no consent here, and nothing else stops the event.
    NotEnforced,
    /// The requirement is satisfied.
    Consented,
    /// The destination is unmapped, and such destinations are delivered.
    Unmapped,
    /// The destination or the event is exempt from the consent step.
    Exempt,
    /// All categories of the destination are unenforced.
    Unenforced,
    /// The integrations object grants what consent does not.
    IntegrationGranted,
    /// The destination is disabled.
    Disabled,
    /// The event is dropped.
    Dropped,
    /// The requirement is not satisfied.
    Refused,
    /// The destination is unmapped, and such destinations are blocked.
    UnmappedDenied,
    /// The destination's own entry is off.
    IntegrationOff,
    /// The destination is not listed, and `All` is off.
    IntegrationAllOff,
    /// The destination is not listed, and only listed ones receive the event.
    IntegrationUnlisted,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 13] = [
        Reason::NotEnforced,
        Reason::Consented,
        Reason::Unmapped,
        Reason::Exempt,
        Reason::Unenforced,
        Reason::IntegrationGranted,
        Reason::Disabled,
        Reason::Dropped,
        Reason::Refused,
        Reason::UnmappedDenied,
        Reason::IntegrationOff,
        Reason::IntegrationAllOff,
        Reason::IntegrationUnlisted,
    ];

    /// The outcome that has this reason.
    pub fn outcome(self) -> Outcome {
        match self {
            Reason::NotEnforced
            | Reason::Consented
            | Reason::Unmapped
            | Reason::Exempt
            | Reason::Unenforced
            | Reason::IntegrationGranted => Outcome::Deliver,
            Reason::Disabled
            | Reason::Dropped
            | Reason::Refused
            | Reason::UnmappedDenied
            | Reason::IntegrationOff
            | Reason::IntegrationAllOff
            | Reason::IntegrationUnlisted => Outcome::Block,
        }
    }

    /// The reason as reports spell it.
    pub fn word(self) -> &'static str {
        match self {
            Reason::NotEnforced => "not_enforced",
            Reason::Consented => "consented",
            Reason::Unmapped => "unmapped",
            Reason::Exempt => "exempt",
            Reason::Unenforced => "unenforced",
            Reason::IntegrationGranted => "integration_granted",
            Reason::Disabled => "disabled",
            Reason::Dropped => "dropped",
            Reason::Refused => "refused",
            Reason::UnmappedDenied => "unmapped_denied",
            Reason::IntegrationOff => "integration_off",
            Reason::IntegrationAllOff => "integration_all_off",
            Reason::IntegrationUnlisted => "integration_unlisted",
        }
    }

    /// Returns what the reason means, for people who read decisions.
    pub fn meaning(self) -> &'static str {
        match self {
            Reason::NotEnforced => {
                "no consent is asked for in these states, and nothing else stops the event"
            }
            Reason::Consented => "what the destination needs is granted",
            Reason::Unmapped => "no category stands for the destination, and such destinations are delivered",
            Reason::Exempt => "the destination or the event is exempt from consent",
            Reason::Unenforced => "all categories of the destination are unenforced",
            Reason::IntegrationGranted => "the integrations object grants what consent does not",
            Reason::Disabled => "the destination is disabled",
            Reason::Dropped => "the whole event is dropped",
            Reason::Refused => {
                "what the destination needs is not granted: refused, or never asked for. The decision names the categories that are not granted, of the groups that are not satisfied"
            }
            Reason::UnmappedDenied => {
                "no category stands for the destination, and such destinations are blocked"
            }
            Reason::IntegrationOff => "the destination's own entry is off",
            Reason::IntegrationAllOff => "the destination is not listed, and `All` is off",
            Reason::IntegrationUnlisted => {
                "the destination is not listed, and only listed ones receive the event"
            }
        }
    }

    /// The platform's discard code, for the block that has one.
    pub fn discard_code(self) -> Option<&'static str> {
        (self == Reason::Refused).then_some(DISCARD_CODE)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Outcome {
    /// The outcome as reports spell it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Deliver => "deliver",
            Outcome::Block => "block",
        }
    }
}
