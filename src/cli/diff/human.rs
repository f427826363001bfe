//! Changes for people: a destination, what changes for it, and an event on a line of its own for each change.

use super::{Compared, counts, nothing_changed, presence, said, unknown, whole_events, with_counts};
use crate::cli::event_text;
use consentry::diagnostic::visible;
use std::io::{self, Write};

pub(super) fn write(to: &mut impl Write, compared: &Compared) -> io::Result<()> {
    let changes = &compared.changes;
    writeln!(to, "{} -> {}", visible(&compared.old.name), visible(&compared.new.name))?;
    for sentence in whole_events(changes).iter().chain(&unknown(changes)) {
        writeln!(to, "{}", visible(sentence))?;
    }
    for (place, destination) in changes.destinations.iter().enumerate() {
        let presence = presence(destination).map(|word| format!(" ({word})")).unwrap_or_default();
        writeln!(to, "\n{}{presence}", visible(&destination.name))?;
        for (change, count) in with_counts(place, destination, compared) {
            let count = count.map(|count| format!(", {count} events")).unwrap_or_default();
            let conditions = visible(&change.conditions.to_string());
            writeln!(to, "  {:<9}  {conditions}{count}", change.direction.word())?;
            let (before, after) = (
                said(change.before.as_ref(), &compared.old.policy),
                said(change.after.as_ref(), &compared.new.policy),
            );
            writeln!(to, "             {} -> {}", visible(&before), visible(&after))?;
            writeln!(to, "{}", event_text(&change.witness))?;
        }
    }
    match (changes.is_empty(), counts(changes)) {
        (true, _) => writeln!(to, "every event is decided alike")?,
        (false, none) if none.is_empty() => writeln!(to, "\n{}", nothing_changed(changes))?,
        (false, counts) => writeln!(to, "\n{counts}")?,
    }
    if let Some(touched) = &compared.touched {
        writeln!(to, "{}", touched.summary())?;
    }
    Ok(())
}
