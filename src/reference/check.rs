//! Section 6 of the semantics: the check against the ledger, and the consent that an event is decided with.

use super::{refused_by_input, row, satisfies};
use crate::event::{Consent, Event, Name, Preference, Record, Recorded, RecordedPreference};
use crate::model::{
    CategoryId, CheckAction, CheckResult, Checked, Conflict, ConsentState, LedgerCheck, Policy,
};

/// Checks an event against what is recorded of its person. Returns what the check found, and the event with the consent that it is
/// decided with; `None` where the policy asks for no check.
pub fn check<'e>(policy: &Policy, event: &Event<'e>, recorded: Recorded<'_>) -> Option<(Checked, Event<'e>)> {
    let check = policy.ledger_check()?;
    let stamped = event.consent.state();
    let differing = |record: &Record| -> Vec<CategoryId> {
        let differs = |id: &CategoryId| {
            let is_stamped = satisfies(policy, event, *id);
            is_compared(policy, event, *id) && is_stamped != is_recorded(policy, &check, record, *id)
        };
        policy.category_ids().filter(differs).collect()
    };
    let (result, categories) = match recorded {
        // "Those events are never checked."
        _ if event.records(policy) => (CheckResult::Recording, Vec::new()),
        Recorded::Unchecked => (CheckResult::Unchecked, Vec::new()),
        Recorded::Unknown => (CheckResult::Unknown, Vec::new()),
        Recorded::Unreachable => (CheckResult::Unreachable, Vec::new()),
        Recorded::Known(_) if stamped != ConsentState::Answered => (CheckResult::Unstamped, Vec::new()),
        Recorded::Known(record) => match differing(record) {
            none if none.is_empty() => (CheckResult::Agrees, none),
            categories => (CheckResult::Mismatch, categories),
        },
    };
    let action = check.action(result);
    let is_dropped = row(policy, event, stamped).drop_reason().is_some();
    let mut used = event.clone();
    match (action, recorded) {
        // "A drop stays a drop."
        _ if is_dropped => {}
        (CheckAction::UseStamped | CheckAction::Drop, _) => {}
        // "The state becomes `answered` with the recorded preferences."
        (CheckAction::UseRecorded, Recorded::Known(record)) => {
            used.consent = answered(policy, |id| is_recorded(policy, &check, record, id));
        }
        // "The state becomes `answered` with nothing granted."
        (CheckAction::UseRecorded | CheckAction::Refuse, _) => used.consent = answered(policy, |_| false),
    }
    Some((Checked { result, action, categories }, used))
}

/// "Compare the effective grants of enforced categories that are not `always`." What an input refuses is refused on both sides.
fn is_compared(policy: &Policy, event: &Event<'_>, id: CategoryId) -> bool {
    policy.category(id).is_some_and(|one| {
        one.unenforced.is_none() && one.always.is_none() && refused_by_input(policy, event, id).is_none()
    })
}

/// "`conflict` … counts as refused unless the policy says otherwise."
fn is_recorded(policy: &Policy, check: &LedgerCheck, record: &Record, id: CategoryId) -> bool {
    let Some(category) = policy.category(id) else { return false };
    match record.preference_of(category.wire_ids()) {
        RecordedPreference::Granted => true,
        RecordedPreference::Refused => false,
        RecordedPreference::Conflict => check.conflict == Conflict::Grant,
        // "An expired grant counts as a refusal where grants expire."
        RecordedPreference::Expired => check.grants_expire.is_none(),
    }
}

/// A consent object that says something of every category, so that its state is `answered`.
fn answered(policy: &Policy, granted: impl Fn(CategoryId) -> bool) -> Consent<'static> {
    let preference = |id| if granted(id) { Preference::Granted } else { Preference::Refused };
    let ids = policy.category_ids().zip(policy.categories());
    let mut preferences: Vec<(Name<'static>, Preference)> =
        ids.map(|(id, category)| (Name::from(category.wire_id().to_owned()), preference(id))).collect();
    if preferences.is_empty() {
        // No category claims any name.
        preferences.push((Name::from("none"), Preference::Refused));
    }
    Consent::Preferences(preferences)
}
