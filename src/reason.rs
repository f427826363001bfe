//! Outcomes and reasons.

spelled! {
    /// What happens to an event at a destination.
    Outcome {
        /// The destination receives the event.
        Deliver = "deliver",
        /// The destination does not receive the event.
        Block = "block",
    }
}

spelled! {
    /// Why (section 3 of the semantics). The first six deliver, the others block.
    #[non_exhaustive]
    Reason {
        /// The table enforces no consent here, and nothing else stops the event.
        NotEnforced = "not_enforced",
        /// The requirement is satisfied.
        Consented = "consented",
        /// The destination is unmapped, and such destinations are delivered.
        Unmapped = "unmapped",
        /// The destination or the event is exempt from the consent step.
        Exempt = "exempt",
        /// All categories of the destination are unenforced.
        Unenforced = "unenforced",
        /// The integrations object grants what consent does not.
        IntegrationGranted = "integration_granted",
        /// The destination is disabled.
        Disabled = "disabled",
        /// The event is dropped.
        Dropped = "dropped",
        /// The requirement is not satisfied.
        Refused = "refused",
        /// The destination is unmapped, and such destinations are blocked.
        UnmappedDenied = "unmapped_denied",
        /// The destination's own entry is off.
        IntegrationOff = "integration_off",
        /// The destination is not listed, and `All` is off.
        IntegrationAllOff = "integration_all_off",
        /// The destination is not listed, and only listed ones receive the event.
        IntegrationUnlisted = "integration_unlisted",
    }
}

impl Reason {
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

    /// Returns what the reason means, for people who read decisions.
    pub fn meaning(self) -> &'static str {
        match self {
            Reason::NotEnforced => {
                "no consent is asked for in these states, and nothing else stops the event"
            }
            Reason::Consented => "what the destination needs is granted",
            Reason::Unmapped => {
                "the destination is unmapped for this event, and unmapped destinations are delivered"
            }
            Reason::Exempt => "the destination or the event is exempt from consent",
            Reason::Unenforced => "all categories of the destination are unenforced",
            Reason::IntegrationGranted => "the integrations object grants what consent does not",
            Reason::Disabled => "the destination is disabled",
            Reason::Dropped => "the whole event is dropped",
            Reason::Refused => {
                "what the destination needs is not granted: refused, or never asked for. The decision names the categories that are not granted, of the groups that are not satisfied"
            }
            Reason::UnmappedDenied => {
                "the destination is unmapped for this event, and unmapped destinations are blocked"
            }
            Reason::IntegrationOff => "the destination's own entry is off",
            Reason::IntegrationAllOff => "the destination is not listed, and `All` is off",
            Reason::IntegrationUnlisted => {
                "the destination is not listed, and only listed ones receive the event"
            }
        }
    }

    /// Returns Segment's discard code for a block by the person's choice ("Filtered at destination", "Filtered by end user
    /// consent"), for the reason that has one.
    pub fn discard_code(self) -> Option<&'static str> {
        (self == Reason::Refused).then_some("FILTERED_BY_END_USER_CONSENT")
    }
}
