//! A device-mode destination on a site whose banner is optional: what has loaded stays.

use super::{Code, Diagnostic, Subject};
use crate::model::{ConsentState, ImpliedConsent, IntegrationsState, Mode};
use crate::visit::{Possibility, Site};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let Some(banner) = policy.banner().filter(|said| Possibility::of(said.value) == Possibility::Medium)
    else {
        return;
    };
    let loads = match Site::of(policy).map(|site| site.taken_as()) {
        Ok(ImpliedConsent::OptIn) => "loads once it is granted, and stays",
        Ok(ImpliedConsent::OptOut) => "loads with the page, before a choice, and stays",
        Err(_) => "stays once it has loaded",
    };
    for (destination, cases) in subject.destinations() {
        // A wrapper stamps a choice and no integrations: what a choice does not change is never taken back.
        let mut chosen = cases.iter().filter(|case| {
            let situation = &case.situation;
            situation.consent == ConsentState::Answered
                && situation.integrations == IntegrationsState::None
                && !situation.exempt_event
        });
        let first = chosen.next().map(|case| case.delivers());
        let depends = chosen.any(|case| Some(case.delivers()) != first);
        if let (Some(Mode::Device), Some(span), true) = (destination.mode(), destination.mode_span(), depends)
        {
            let message = format!(
                "the library of `{}` cannot be unloaded when a person takes consent back",
                destination.name()
            );
            found.push(
                Diagnostic::new(Code::DeviceLibraryStays, message)
                    .at(span, format!("{loads}; granted later, it does not load before the next page"))
                    .at(banner.span, "people choose, and choose anew, while they use the site")
                    .help("use its cloud mode, or load the whole page again when consent for it changes, and say so: `// allow device-library-stays because \"...\"`"),
            );
        }
    }
}
