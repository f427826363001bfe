//! Destinations that share an alias and receive different events: a router that knows only the alias cannot be told both outcomes.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::Span;
use crate::exact::{OneReceives, one_receives};
use crate::model::{DestinationId, RouterKnows};
use std::collections::BTreeMap;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    if policy.router_knows().value == RouterKnows::OwnNames {
        return;
    }
    let mut shared: BTreeMap<&str, Vec<(DestinationId, Span)>> = BTreeMap::new();
    for (id, destination) in policy.destination_ids().zip(policy.destinations()) {
        for alias in &destination.aliases {
            shared.entry(&alias.value).or_default().push((id, alias.span));
        }
    }
    for (alias, users) in shared.into_iter().filter(|(_, users)| users.len() > 1) {
        let ids: Vec<DestinationId> = users.iter().map(|(id, _)| *id).collect();
        // Where the answer is too large, nothing is certain.
        let Ok(Some(OneReceives { receives, blocked, event })) = one_receives(policy, alias, &ids) else {
            continue;
        };
        let name = |id| policy.destination(id).map(|one| one.name()).unwrap_or_default();
        let place = |wanted| users.iter().find(|(id, _)| *id == wanted).map(|(_, place)| *place);
        let (Some(receives_at), Some(blocked_at)) = (place(receives), place(blocked)) else { continue };
        let (receives, blocked) = (name(receives), name(blocked));
        // The finding stands at the first declared one, whichever receives the event.
        let mut labels = [
            (receives_at, format!("`{receives}` receives {event}")),
            (blocked_at, format!("`{blocked}` must not receive it")),
        ];
        labels.sort();
        let message =
            format!("`{receives}` and `{blocked}` share the alias `{alias}`, but need different things");
        let finding = Diagnostic::new(Code::SharedAliasDiffers, message).help(format!(
            "`filter` lets nobody through under `{alias}` there, so a router that knows only `{alias}` withholds the event from both; if the \
             router knows each own name, write `override router knows own names`"
        ));
        found.push(labels.into_iter().fold(finding, |finding, (place, label)| finding.at(place, label)));
    }
}
