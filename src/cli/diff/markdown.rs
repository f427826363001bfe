//! Changes as a comment on a pull request: what matters first, and no longer than such a comment may be.

use super::{Compared, counts, nothing_changed, presence, said, unknown, whole_events, with_counts};
use crate::cli::event_text;
use crate::cli::markdown::cell;
use std::io::{self, Write};

/// How many bytes a comment may have; the platforms take 65,536 characters.
const MAX_BYTES: usize = 60_000;

pub(super) fn write(to: &mut impl Write, compared: &Compared) -> io::Result<()> {
    let changes = &compared.changes;
    let counts = counts(changes);
    let title = match (changes.is_empty(), counts.is_empty()) {
        (true, _) => "every event is decided alike",
        (false, true) => nothing_changed(changes),
        (false, false) => counts.as_str(),
    };
    let mut text = format!("### {}: {title}\n\n", cell(compared.new.policy.name()));
    for sentence in whole_events(changes).iter().chain(&unknown(changes)) {
        text.push_str(&format!("- {}\n", cell(sentence)));
    }
    if let Some(touched) = &compared.touched {
        text.push_str(&format!("- {}\n", touched.summary()));
    }
    let (mut rows, mut events) = (Vec::new(), Vec::new());
    for (place, destination) in changes.destinations.iter().enumerate() {
        let presence = presence(destination).map(|word| format!(" ({word})")).unwrap_or_default();
        for (change, count) in with_counts(place, destination, compared) {
            let number = rows.len() + 1;
            let before = said(change.before.as_ref(), &compared.old.policy);
            let after = said(change.after.as_ref(), &compared.new.policy);
            let mut cells = vec![
                number.to_string(),
                format!("{}{presence}", cell(&destination.name)),
                format!("**{}**", change.direction.word()),
                cell(&change.conditions.to_string()),
                cell(&before),
                cell(&after),
            ];
            cells.extend(count.map(|count| count.to_string()));
            rows.push((change.direction, format!("| {} |\n", cells.join(" | "))));
            events.push((change.direction, format!("{number}. {}\n", code(&event_text(&change.witness)))));
        }
    }
    // What matters most is in front, also where the rest is left out.
    rows.sort_by_key(|(direction, _)| *direction);
    events.sort_by_key(|(direction, _)| *direction);
    if !rows.is_empty() {
        let (title, line) = match compared.touched {
            Some(_) => (" events |", "---:|"),
            None => ("", ""),
        };
        text.push_str(&format!(
            "\n| | destination | change | when | before | after |{title}\n|---:|---|---|---|---|---|{line}\n"
        ));
        let all = rows.len();
        let shown = fill(&mut text, rows, MAX_BYTES / 2);
        text.push_str("\n<details><summary>An event for each</summary>\n\n");
        let shown_events = fill(&mut text, events.into_iter().take(shown).collect(), MAX_BYTES);
        text.push_str("\n</details>\n");
        if shown < all || shown_events < shown {
            text.push_str(&format!(
                "\n{} more rows and {} more events are not shown; `consentry diff` shows all of them.\n",
                all - shown,
                all - shown_events
            ));
        }
    }
    to.write_all(text.as_bytes())
}

/// Adds lines as long as there is room, and gives how many there was room for.
fn fill<K>(text: &mut String, lines: Vec<(K, String)>, room: usize) -> usize {
    let mut shown = 0;
    for (_, line) in lines {
        if text.len() + line.len() > room {
            break;
        }
        text.push_str(&line);
        shown += 1;
    }
    shown
}

/// Code, between more backticks than it has in a row.
fn code(text: &str) -> String {
    let (mut longest, mut row) = (0, 0);
    for char in text.chars() {
        row = if char == '`' { row + 1 } else { 0 };
        longest = longest.max(row);
    }
    let ticks = "`".repeat(longest + 1);
    format!("{ticks} {text} {ticks}")
}
