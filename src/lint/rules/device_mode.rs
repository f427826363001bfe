//! A destination in device mode that decisions keep events from: only code in the browser can do that.

use super::{Code, Diagnostic, Subject};
use crate::model::Mode;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    for (destination, cases) in subject.destinations() {
        let blocked = cases.iter().any(|case| !case.delivers());
        if let (Some(Mode::Device), Some(span), true) = (destination.mode(), destination.mode_span(), blocked)
        {
            let message = format!("a decision alone keeps nothing from `{}`", destination.name());
            found.push(
                Diagnostic::new(Code::DeviceMode, message)
                    .at(span, "its code runs where the person is")
                    .help("let code in the browser hold it back until the person agrees, and say so here: `// allow device-mode because \"...\"`"),
            );
        }
    }
}
