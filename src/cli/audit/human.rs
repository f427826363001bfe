//! An audit for people: findings first, then what events say of each category, then where each finding occurs.

use consentry::diagnostic::visible;
use consentry::ledger::{Audit, By, Finding, Found, Tally};
use consentry::{ConsentState, Name, Policy};
use std::cmp::Reverse;
use std::fmt::Display;
use std::io::{self, Write};

/// How many values, or names, are listed at most.
const LISTED: usize = 10;

pub(super) fn write(to: &mut impl Write, policy: &Policy, audit: &Audit) -> io::Result<()> {
    head(to, policy, audit)?;
    findings(to, policy, audit)?;
    if audit.state(ConsentState::Answered) > 0 {
        categories(to, policy, audit)?;
        unknown_categories(to, audit)?;
    }
    for finding in Finding::ALL {
        if audit.all().of(finding) > 0 {
            writeln!(to, "\n{}, {}", finding.word(), events(audit.all().of(finding)))?;
            By::ALL.into_iter().try_for_each(|by| breakdown(to, audit, finding, by))?;
        }
    }
    Ok(())
}

fn head(to: &mut impl Write, policy: &Policy, audit: &Audit) -> io::Result<()> {
    let errors = audit.errors().filter(|(_, count)| *count > 0);
    let errors = listed(errors.map(|(kind, count)| (kind.code(), count)));
    let errors = if errors.is_empty() { String::new() } else { format!(" ({errors})") };
    writeln!(
        to,
        "{} audited by {}, {} not events{errors}",
        events(audit.all().events()),
        quoted(policy.name()),
        audit.not_events()
    )?;
    writeln!(
        to,
        "{} preference events, {} identify events, {} events without a person",
        audit.preference_events(),
        audit.identify_events(),
        audit.without_person()
    )?;
    let checks = listed(audit.checks().map(|(found, count)| (found.replace('_', " "), count)));
    if checks.is_empty() { Ok(()) } else { writeln!(to, "against the ledger: {checks}") }
}

fn findings(to: &mut impl Write, policy: &Policy, audit: &Audit) -> io::Result<()> {
    if audit.is_clean() {
        return writeln!(to, "\nnothing was found");
    }
    writeln!(to)?;
    let all = audit.all();
    for finding in Finding::ALL.into_iter().filter(|finding| all.of(*finding) > 0) {
        let count = all.of(finding);
        let detail = match finding {
            Finding::WrongSpelling => listed(audit.wrong_spellings()),
            Finding::Rejected => {
                let occurring = audit.rejections().filter(|(_, count)| *count > 0);
                listed(occurring.map(|(rejection, count)| (rejection.word(), count)))
            }
            _ => String::new(),
        };
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let share = share(count, all.events());
        writeln!(to, "  {:<21}  {count:>9}  {share:>8}  {}{detail}", finding.word(), phrase(finding))?;
    }
    let unanswered = audit.checks().find(|(found, _)| *found == Found::Unreachable.word());
    if let Some((word, count)) = unanswered {
        let share = share(count, all.events());
        writeln!(to, "  {word:<21}  {count:>9}  {share:>8}  the ledger did not answer")?;
    }
    let never: Vec<String> =
        audit.never_stamped().filter_map(|id| Some(quoted(policy.category(id)?.name()))).collect();
    if !never.is_empty() {
        let more = match never.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let names = never.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
        writeln!(
            to,
            "  {:<21}  {:>9}  {:>8}  no event says anything of {names}{more}",
            "never_stamped", "", ""
        )?;
    }
    Ok(())
}

fn phrase(finding: Finding) -> &'static str {
    match finding {
        Finding::Missing => "no consent object",
        Finding::Empty => "a consent object that holds no preferences",
        Finding::Unanswered => "a preferences object without members",
        Finding::Malformed => "a malformed consent object",
        Finding::WrongSpelling => "preferences under a spelling that the policy does not accept",
        Finding::UnknownCategory => "a category that the policy does not declare",
        Finding::InvalidPreference => "a category with a value that is neither true nor false",
        Finding::Mismatch => "other grants than are recorded",
        Finding::Rejected => "an event that writes preferences and that a ledger rejects",
    }
}

fn categories(to: &mut impl Write, policy: &Policy, audit: &Audit) -> io::Result<()> {
    let rows: Vec<_> = audit
        .categories()
        .iter()
        .filter_map(|tally| {
            let category = policy.category(tally.id)?;
            let mut name = quoted(category.name());
            if category.name() != category.wire_id() {
                name = format!("{name} = {}", quoted(category.wire_id()));
            }
            let special = match (category.unenforced(), category.always()) {
                (Some(_), _) => "  unenforced",
                (None, Some(_)) => "  always granted",
                (None, None) => "",
            };
            Some((name, tally, special))
        })
        .collect();
    let title = format!("categories, in {} with preferences", events(audit.state(ConsentState::Answered)));
    let width = width(rows.iter().map(|(name, ..)| name.as_str()));
    writeln!(to, "\n{title}")?;
    writeln!(
        to,
        "  {:<width$}  {:>9}  {:>9}  {:>9}  {:>10}",
        "", "granted", "refused", "unasked", "invalid"
    )?;
    for (name, tally, special) in rows {
        let mismatched = match tally.mismatched {
            0 => String::new(),
            count => format!("  {count} not as recorded"),
        };
        writeln!(
            to,
            "  {name:<width$}  {:>9}  {:>9}  {:>9}  {:>10}{special}{mismatched}",
            tally.granted, tally.refused, tally.unasked, tally.invalid
        )?;
    }
    Ok(())
}

fn unknown_categories(to: &mut impl Write, audit: &Audit) -> io::Result<()> {
    let unknown = audit.unknown_categories();
    let mut rows: Vec<(String, u64)> = unknown.rows().map(|(value, count)| (shown(value), *count)).collect();
    if rows.is_empty() && *unknown.other() == 0 {
        return Ok(());
    }
    rows.sort_by_key(|(_, count)| Reverse(*count));
    writeln!(to, "\ncategories that the policy does not declare")?;
    let width = width(rows.iter().take(LISTED).map(|(name, _)| name.as_str()));
    for (name, count) in rows.iter().take(LISTED) {
        writeln!(to, "  {name:<width$}  {count:>9}")?;
    }
    if let Some(more) = rows.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let count: u64 = rows.iter().skip(LISTED).map(|(_, count)| count).sum();
        writeln!(to, "  {more} more, named {count} times")?;
    }
    match unknown.other() {
        0 => Ok(()),
        count => writeln!(to, "  other names, named {count} times"),
    }
}

/// Where a finding occurs: the values with the most of it.
fn breakdown(to: &mut impl Write, audit: &Audit, finding: Finding, by: By) -> io::Result<()> {
    let breakdown = audit.by(by);
    let mut rows: Vec<(String, &Tally)> = breakdown
        .rows()
        .filter(|(_, tally)| tally.of(finding) > 0)
        .map(|(value, tally)| match (by, value) {
            // Days are worked out, and look like nothing else.
            (By::Day, [Some(day)]) => (day.to_string(), tally),
            _ => (shown(value), tally),
        })
        .collect();
    rows.sort_by_key(|(_, tally)| Reverse(tally.of(finding)));
    let row = |to: &mut dyn Write, name: &str, width: usize, count: u64, all: u64| {
        writeln!(to, "    {name:<width$}  {count:>7} of {all:<7}  {:>8}", share(count, all))
    };
    writeln!(to, "  by {}", by.word())?;
    let further = rows.len().saturating_sub(LISTED);
    let more = format!("{further} more");
    let mut names: Vec<&str> = rows.iter().take(LISTED).map(|(name, _)| name.as_str()).collect();
    names.extend((further > 0).then_some(more.as_str()));
    names.extend((breakdown.other().of(finding) > 0).then_some("other"));
    let width = width(names.into_iter());
    for (name, tally) in rows.iter().take(LISTED) {
        row(to, name, width, tally.of(finding), tally.events())?;
    }
    if further > 0 {
        let sum = |of: &dyn Fn(&Tally) -> u64| rows.iter().skip(LISTED).map(|(_, tally)| of(tally)).sum();
        row(to, &more, width, sum(&|tally| tally.of(finding)), sum(&Tally::events))?;
    }
    let other = breakdown.other();
    match other.of(finding) {
        0 => Ok(()),
        count => row(to, "other", width, count, other.events()),
    }
}

/// A value as people read it. What an event says is in quotes; so it is no `none`, and no `other`.
fn shown(value: &[Option<Name<'_>>]) -> String {
    let part = |part: &Option<Name<'_>>| part.as_ref().map(|name| quoted(&name.to_text()));
    if value.iter().all(Option::is_none) {
        return "none".to_owned();
    }
    let parts = value.iter().map(|one| part(one).unwrap_or_else(|| "none".to_owned()));
    parts.collect::<Vec<_>>().join(" @ ")
}

fn quoted(text: &str) -> String {
    visible(&format!("{text:?}"))
}

fn events(count: u64) -> String {
    if count == 1 { "1 event".to_owned() } else { format!("{count} events") }
}

fn listed<Word: Display>(counts: impl Iterator<Item = (Word, u64)>) -> String {
    counts.map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// Tenths of a per cent, so that no share of something looks like none, and none of less than all like all.
fn share(count: u64, all: u64) -> String {
    let (count, all) = (u128::from(count), u128::from(all.max(1)));
    let tenths = (count * 2_000 + all) / (all * 2);
    match tenths {
        0 if count > 0 => "< 0.1 %".to_owned(),
        1_000 if count < all => "> 99.9 %".to_owned(),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// How wide a column of names is. A name that is wider shifts its own line.
fn width<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    const WIDEST: usize = 60;
    names.map(|name| name.chars().count()).filter(|width| *width <= WIDEST).max().unwrap_or(0)
}
