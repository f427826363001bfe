//! A device-mode destination on a site whose banner is optional: what has loaded stays.

use crate::diagnostic::{Code, Diagnostic};
use crate::lint::Subject;
use crate::model::Mode;
use crate::visit::Possibility;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let Some(banner) = policy.banner().filter(|said| Possibility::of(said.value) == Possibility::Medium)
    else {
        return;
    };
    for (id, destination) in policy.destination_ids().zip(policy.destinations()) {
        let cases = subject.answers.of(id);
        // What always receives is never taken back, and what never does is never loaded.
        let may_change =
            cases.iter().any(|case| case.delivers()) && cases.iter().any(|case| !case.delivers());
        if let (Some(Mode::Device), Some(span), true) =
            (destination.mode(), destination.mode_span(), may_change)
        {
            let message = format!(
                "the library of `{}` cannot be unloaded when a person takes consent back",
                destination.name()
            );
            found.push(
                Diagnostic::new(Code::DeviceUnderBanner, message)
                    .at(span, "loads with the page and stays; granted later, it does not load before the next page")
                    .at(banner.span, "people choose, and choose anew, while they use the site")
                    .help("use its cloud mode, or load the whole page again when consent for it changes, and say so: `// allow C531 because ...`"),
            );
        }
    }
}
