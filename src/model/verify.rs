//! What a policy says of the check against a ledger (section 6 of the semantics). It changes decisions only for who asks a ledger.

use super::Policy;
use super::check::Checker;
use super::merge::Merged;
use crate::diagnostic::{Span, Spanned};
use crate::syntax::tree::{Conflict, Records, Verified, VerifySetting};

/// The check that a policy asks for, all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verify {
    /// The event is stamped with other grants than are recorded.
    pub mismatch: Verified,
    /// The event has no preferences, and the person's are recorded.
    pub unstamped: Verified,
    /// Nothing is recorded of the person.
    pub unknown: Verified,
    /// The ledger does not answer, or too late.
    pub unreachable: Verified,
    /// What a recorded `conflict` counts as.
    pub conflict: Conflict,
}

/// What a policy says, for those who look for the place.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    verify: Option<Verify>,
    settings: Vec<Spanned<VerifySetting>>,
    records: Option<Spanned<Records>>,
}

impl Policy {
    /// The check against a ledger, if the policy asks for one: if it says `verify mismatch …`.
    pub fn verify(&self) -> Option<Verify> {
        self.ledger.verify
    }

    /// Where the policy asks for the check.
    pub fn verify_span(&self) -> Option<Span> {
        let mut settings = self.ledger.settings.iter();
        settings.find(|one| matches!(one.value, VerifySetting::Mismatch(_))).map(|one| one.span)
    }

    /// `ledger records …`: the names of the track events that write to a ledger, which are not checked. Empty where nothing is said.
    pub fn preference_events(&self) -> impl Iterator<Item = &str> {
        self.ledger.records.iter().flat_map(|records| &records.value.events).map(|name| name.value.as_str())
    }

    /// Whether identify events that carry preferences write to a ledger too.
    pub fn records_identify(&self) -> bool {
        self.ledger.records.as_ref().is_some_and(|records| !records.value.identify.is_empty())
    }

    /// Where the policy says what check and ledger do.
    #[cfg(feature = "lint")]
    pub(crate) fn ledger_spans(&self) -> impl Iterator<Item = Span> {
        let settings = self.ledger.settings.iter().map(|one| one.span);
        settings.chain(self.ledger.records.iter().map(|records| records.span))
    }
}

impl Checker<'_> {
    /// The check; a policy that asks for one says all of it.
    pub(super) fn verify(&mut self, merged: &Merged<'_>) -> Said {
        let settings = merged.verify.clone();
        let records = merged.records.as_ref().map(|said| Spanned::new(said.value.clone(), said.span));
        if let Some(records) = &records {
            self.twice(records.value.events.iter(), "event");
            self.twice(records.value.identify.iter(), "sort of events");
        }
        let find = |of: fn(VerifySetting) -> Option<Verified>| settings.iter().find_map(|one| of(one.value));
        let mismatch = find(|one| if let VerifySetting::Mismatch(then) = one { Some(then) } else { None });
        let Some(mismatch) = mismatch else { return Said { verify: None, settings, records } };
        let unstamped = find(|one| if let VerifySetting::Unstamped(then) = one { Some(then) } else { None });
        let unknown = find(|one| if let VerifySetting::Unknown(then) = one { Some(then) } else { None });
        let unreachable =
            find(|one| if let VerifySetting::Unreachable(then) = one { Some(then) } else { None });
        let conflict = settings.iter().find_map(|one| match one.value {
            VerifySetting::Conflict(counts) => Some(counts),
            _ => None,
        });
        let unstamped = self.setting(unstamped, "verify unstamped use recorded");
        let unknown = self.setting(unknown, "verify unknown use stamped");
        let unreachable = self.setting(unreachable, "verify unreachable refuse");
        let conflict = self.setting(conflict, "verify conflict refuse");
        self.setting(records.as_ref(), "ledger records \"Segment Consent Preference Updated\"");
        let verify = unstamped.zip(unknown).zip(unreachable).zip(conflict).map(
            |(((unstamped, unknown), unreachable), conflict)| Verify {
                mismatch,
                unstamped,
                unknown,
                unreachable,
                conflict,
            },
        );
        Said { verify, settings, records }
    }
}
