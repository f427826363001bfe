//! A destination that no event reaches, or none but exempt ones, though nothing says that it is disabled.

use super::{Code, Diagnostic, Subject};

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    for (destination, cases) in subject.destinations() {
        let mut delivered = cases.iter().filter(|case| case.delivers()).peekable();
        let is_reached = delivered.peek().is_some();
        if destination.disabled.is_none() && delivered.all(|case| case.situation.exempt_event) {
            let (events, label) = match is_reached {
                true => ("only exempt events ever reach", "blocked in every other situation"),
                false => ("no event ever reaches", "blocked in every situation"),
            };
            let message = format!("{events} `{}`", destination.name());
            let help = match destination.requirement() {
                None => {
                    "map it: `needs ...` with the categories that it serves; write `disabled` if it shall receive nothing"
                }
                Some(_) => "write `disabled` if that is meant; else see what blocks it: `consentry explain`",
            };
            found.push(
                Diagnostic::new(Code::NeverDelivered, message).at(destination.name_span(), label).help(help),
            );
        }
    }
}
