//! A visit in words: for people, and as Markdown.

use super::{Line, Told};
use crate::cli::markdown::cell;
use consentry::diagnostic::visible;
use consentry::syntax;
use consentry::visit::{Choice, Loss, Possibility, Step, Visitor};
use consentry::{Banner, Consent, ConsentModel, DestinationId, ImpliedConsent, Policy, Preference};
use std::io::{self, Write};

/// The banner, as policies spell it.
pub(super) fn banner(banner: Banner) -> &'static str {
    match banner {
        Banner::Mandatory => "mandatory",
        Banner::Stays => "stays",
        Banner::Disappears => "disappears",
        Banner::NeverShown => "never shown",
    }
}

/// The consent model, as policies spell it.
pub(super) fn model(model: ConsentModel) -> &'static str {
    match model {
        ConsentModel::OptIn => "opt-in",
        ConsentModel::OptOut => "opt-out",
        ConsentModel::Implied => "implied",
        ConsentModel::NoticeOnly => "notice-only",
        ConsentModel::Custom => "custom",
    }
}

/// What a model is taken as.
pub(super) fn folding(folding: ImpliedConsent) -> &'static str {
    match folding {
        ImpliedConsent::OptIn => "opt-in",
        ImpliedConsent::OptOut => "opt-out",
    }
}

/// The name of a category, in quotes where a list of names, or the words `all` and `nothing`, would be misread.
pub(super) fn category(name: &str) -> String {
    let is_plain = !name.contains([',', ';', '"', '\\'])
        && !matches!(name, "all" | "nothing")
        && name.trim() == name
        && !name.is_empty();
    if is_plain { name.to_owned() } else { syntax::quoted(name) }
}

/// The names of destinations: `"Braze", "Slack"`, or `nobody`.
pub(super) fn names(policy: &Policy, ids: &[DestinationId]) -> String {
    let names: Vec<String> = ids
        .iter()
        .filter_map(|id| policy.destination(*id))
        .map(|destination| format!("{:?}", destination.name()))
        .collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

fn name(policy: &Policy, id: DestinationId) -> String {
    names(policy, &[id])
}

/// What a person grants: `Analytics; not Advertising`.
pub(super) fn choice(policy: &Policy, choice: &Choice) -> String {
    let all = policy.categories().iter().zip(choice.categories());
    granted(all.map(|(category, is_granted)| (category.name(), is_granted)))
}

/// What an event is stamped with, in the same words.
fn stamp(policy: &Policy, consent: &Consent<'_>) -> String {
    let called = policy.categories().iter().zip(consent.preferences());
    granted(called.map(|(category, (_, preference))| (category.name(), *preference == Preference::Granted)))
}

fn granted<'n>(all: impl Iterator<Item = (&'n str, bool)>) -> String {
    let (granted, refused): (Vec<_>, Vec<_>) = all.partition(|(_, granted)| *granted);
    let names = |all: Vec<(&str, bool)>| {
        all.into_iter().map(|(name, _)| category(name)).collect::<Vec<_>>().join(", ")
    };
    match (granted.is_empty(), refused.is_empty()) {
        (true, true) => "nothing".to_owned(),
        (true, false) => format!("nothing; not {}", names(refused)),
        (false, true) => names(granted),
        (false, false) => format!("{}; not {}", names(granted), names(refused)),
    }
}

/// Why an event is lost.
fn cause(loss: Loss) -> &'static str {
    match loss {
        Loss::NoChoice => "the page was left before the person chose",
        Loss::NotLoaded => "the page was left, and the library does not load for this choice",
        Loss::Over => "the visit was over",
    }
}

/// What happens, or does not.
fn line(told: &Told<'_>, line: &Line<'_>) -> String {
    match line {
        Line::Step(one) => step(told, one),
        Line::Nothing { action } => format!("{action}: nothing happens"),
    }
}

/// What happens in a step.
fn step(told: &Told<'_>, step: &Step<'_>) -> String {
    let policy = told.policy;
    match step {
        Step::PageLoads { again: false } => "page loads".to_owned(),
        Step::PageLoads { again: true } => {
            "another page loads; if it is the same one again, page events may be duplicated, and what was typed into forms is lost"
                .to_owned()
        }
        Step::BannerShown => "banner is shown".to_owned(),
        Step::BannerGone => "banner is gone, nothing was chosen".to_owned(),
        Step::Chosen(chosen) => format!("person grants {}", choice(policy, chosen)),
        Step::LibraryLoads => "library loads and sets its cookies".to_owned(),
        Step::DeviceLoads(id) => format!("device-mode library of {} loads", name(policy, *id)),
        Step::Buffered { event } => format!("{} waits", told.event(*event)),
        Step::Sent { event, buffered, stamped, dropped, delivered, missed } => {
            let waited = if *buffered { ", which waited," } else { "" };
            let missed = match missed.as_slice() {
                [] => String::new(),
                missed => format!("; missed by {}, whose library is not there", names(policy, missed)),
            };
            let dropped = dropped.map_or_else(String::new, |reason| format!(", and dropped: {reason:?}"));
            format!(
                "{}{waited} is sent with {} to {}{missed}{dropped}",
                told.event(*event),
                stamp(policy, &stamped.consent),
                names(policy, delivered)
            )
        }
        Step::Withheld { event, stamped, unreached } => {
            let unreached = match unreached.as_slice() {
                [] => String::new(),
                unreached => format!("; it would be delivered to {}", names(policy, unreached)),
            };
            format!(
                "{} is withheld with {}: the gate is closed{unreached}",
                told.event(*event),
                stamp(policy, &stamped.consent)
            )
        }
        Step::Lost { event, cause: loss } => format!("{} is LOST: {}", told.event(*event), cause(*loss)),
        Step::KeepsCollecting(id) => format!(
            "{} must not receive any more, but its library cannot be unloaded: it may go on collecting until the next page load",
            name(policy, *id)
        ),
        Step::NeedsPageLoad(id) => {
            format!(
                "{} may receive now, but its library does not load before the next page load",
                name(policy, *id)
            )
        }
        Step::Left => "person leaves".to_owned(),
    }
}

/// What the site is, and who visits it.
fn head(told: &Told<'_>) -> String {
    let site = &told.site;
    let taken = match (model(site.model), folding(site.taken_as())) {
        (said, taken) if said == taken => String::new(),
        (_, taken) => format!(" (taken as {taken})"),
    };
    let visitor = match &told.visitor {
        Visitor::First => "first-time visitor".to_owned(),
        Visitor::Returning(stored) => {
            format!("returning visitor who granted {}", choice(told.policy, stored))
        }
    };
    format!(
        "{visitor}; banner {}, model {}{taken}, gate opens on {}",
        banner(site.banner),
        model(site.model),
        site.gate.word()
    )
}

/// What came of all events, and how the documents rate the banner.
fn summary(told: &Told<'_>) -> Vec<String> {
    let counts = told.counts();
    let waits = match told.buffered {
        0 => String::new(),
        waits => format!(", {waits} still waiting"),
    };
    let all = told.events.len();
    let of_them = |count: usize, what: &str| match count {
        0 => String::new(),
        count => format!(" ({count} {what})"),
    };
    let sent = format!(
        "{}{}{}",
        counts.sent,
        of_them(counts.dropped, "dropped"),
        of_them(counts.missed, "missed by a device-mode library")
    );
    let cookies = if counts.cookies { "" } else { "; the library never loaded, and no cookies were set" };
    let mut lines = vec![
        format!(
            "{all} event{}: {} sent, {} withheld, {} lost{waits}{cookies}",
            if all == 1 { "" } else { "s" },
            sent,
            counts.withheld,
            counts.lost
        ),
        format!(
            "possibility of data loss with this banner, as the documents rate it: {}",
            rating(told.site.banner)
        ),
    ];
    if told.site.waits_for_a_choice() {
        lines.push("under opt-in events wait for a choice, which nobody has to make here: they are lost with a person who leaves without one".into());
    }
    lines
}

/// How the documents rate a banner, and why.
pub(super) fn rating(banner: Banner) -> String {
    let why = match Possibility::of(banner) {
        Possibility::Low => "until a person changes the preferences",
        Possibility::Medium => {
            "a device-mode library that has loaded cannot be unloaded (compliance risk), and one that is agreed to later is not there before the next page load (data loss)"
        }
    };
    format!("{}, {why}", Possibility::of(banner).word())
}

pub(super) fn human(to: &mut impl Write, told: &Told<'_>) -> io::Result<()> {
    writeln!(to, "{}: {}\n", visible(told.policy.name()), visible(&head(told)))?;
    for one in &told.lines {
        writeln!(to, "  {}", visible(&line(told, one)))?;
    }
    writeln!(to)?;
    summary(told).iter().try_for_each(|line| writeln!(to, "{line}"))
}

pub(super) fn markdown(to: &mut impl Write, told: &Told<'_>) -> io::Result<()> {
    writeln!(to, "### A visit under {}\n\n{}\n", cell(told.policy.name()), cell(&head(told)))?;
    for (place, one) in told.lines.iter().enumerate() {
        writeln!(to, "{}. {}", place + 1, cell(&line(told, one)))?;
    }
    writeln!(to)?;
    summary(told).iter().try_for_each(|line| writeln!(to, "- {}", cell(line)))
}
