//! Facts → the text of a policy, in the canonical layout, with tests that hold.

use super::facts::{Destination, Facts};
use super::{Undone, cases};
use consentry::diagnostic::visible;
use consentry::syntax::{name, quoted};
use consentry::{ConsentState, Enforce, IntegrationsState, Mode, Policy, Quantifier, UnmappedDestinations};

/// What was written, for the summary.
pub(super) struct Written {
    pub(super) text: String,
    /// The destinations that nobody has mapped.
    pub(super) undecided: usize,
    /// The consent states in which they receive events all the same.
    pub(super) open_states: Vec<&'static str>,
}

/// The text of the policy.
pub(super) fn policy(facts: &Facts) -> Result<Written, Undone> {
    let prelude = prelude(&facts.prelude)?;
    let undecided = facts.destinations().iter().filter(|one| one.needs.is_empty()).count();
    let open_states = if undecided > 0 { open_states(&prelude) } else { Vec::new() };
    let mut text = String::new();
    for origin in &facts.origins {
        comment(&mut text, origin);
    }
    text.push_str(&format!("consentry 1\npolicy {}\n\n", quoted(&facts.name)));
    comment(
        &mut text,
        &format!("The rules that are in force beside what is said here: `consentry show {}`.", facts.prelude),
    );
    text.push_str(&format!("include prelude {}\n", quoted(&facts.prelude)));
    categories(&mut text, facts);
    mapped(&mut text, facts, &prelude);
    if undecided > 0 {
        text.push('\n');
        comment(
            &mut text,
            "What these need is not known: put `needs` and the categories in the place of `unmapped`. Until then they",
        );
        comment(&mut text, "receive nothing where consent is enforced, and `consentry lint` lists them.");
        let mut open = Vec::new();
        if !open_states.is_empty() {
            open.push(format!("where it is {}", open_states.join(" or ")));
        }
        if !prelude.exempt_events().value.is_empty() {
            open.push("for the events that `exempt events` names".into());
        }
        if !open.is_empty() {
            let prelude = &facts.prelude;
            comment(
                &mut text,
                &format!(
                    "`{prelude}` does not enforce it {}: that reaches them even now.",
                    open.join(", and ")
                ),
            );
        }
        for one in facts.destinations().iter().filter(|one| one.needs.is_empty()) {
            let seen = one.note.as_ref().map_or(String::new(), |note| format!("; seen {note}"));
            destination(&mut text, one, "unmapped", &format!("decide: needs …{seen}"));
        }
        if prelude.unmapped_destinations().value == UnmappedDestinations::Deliver {
            text.push_str("\noverride unmapped destinations block\n");
        }
    }
    text.push('\n');
    comment(
        &mut text,
        "What the policy decides today, case by case. Who maps a destination changes the rows that it stands in, too:",
    );
    comment(&mut text, "what `consentry test` shows then is what the change changes.");
    let without_tests = Policy::parse(&text).map_err(broken)?;
    text.push_str(&cases::tests(&without_tests));
    let text = consentry::format(&text).map_err(broken)?;
    Policy::parse(&text).map_err(broken)?;
    Ok(Written { text, undecided, open_states })
}

/// A prelude as a policy of its own.
pub(super) fn prelude(prelude: &str) -> Result<Policy, Undone> {
    Policy::parse(&format!("consentry 1 policy \"prelude\" include prelude {}", quoted(prelude))).map_err(
        |_| {
            let known: Vec<&str> = consentry::prelude_names().collect();
            Undone::new(format!("there is no prelude `{}`; there are {}", visible(prelude), known.join(", ")))
        },
    )
}

/// A policy of valid facts compiles; what is left are the limits of the language.
fn broken(error: impl std::fmt::Display) -> Undone {
    Undone::new(format!("the policy cannot be written: {error}"))
}

/// The consent states in which nothing that speaks of consent is enforced, without an integrations object.
fn open_states(prelude: &Policy) -> Vec<&'static str> {
    let is_open = |state: &ConsentState| {
        matches!(
            prelude.reconcile().row(*state, IntegrationsState::None).enforce,
            Enforce::Nothing | Enforce::Integrations
        )
    };
    ConsentState::ALL.iter().copied().filter(is_open).map(ConsentState::word).collect()
}

fn categories(text: &mut String, facts: &Facts) {
    text.push('\n');
    if !facts.categories().is_empty() {
        comment(
            text,
            "The wire id is what the consent platform stamps on events: the name, or what stands behind `=`. Case counts.",
        );
    }
    for one in facts.categories() {
        text.push_str(&format!("category {}", name(&one.name)));
        if one.wire_id != one.name {
            text.push_str(&format!(" = {}", quoted(&one.wire_id)));
        }
        if let Some(note) = &one.note {
            text.push_str(&format!(" // {note}"));
        }
        text.push('\n');
    }
}

fn mapped(text: &mut String, facts: &Facts, prelude: &Policy) {
    text.push('\n');
    if facts.destinations().is_empty() {
        let example = facts.categories().first().map_or("Advertising".into(), |one| name(&one.name));
        comment(
            text,
            &format!("Who receives events, a line each: destination \"Google Ads\"  needs {example}"),
        );
    }
    for one in facts.destinations().iter().filter(|one| !one.needs.is_empty()) {
        let needs = one.needs.iter().filter_map(|place| facts.categories().get(*place));
        let needs: Vec<String> = needs.map(|category| name(&category.name)).collect();
        let seen = one.note.as_ref().map_or(String::new(), |note| format!("seen {note}"));
        let lead = match (needs.as_slice(), prelude.several_categories().value) {
            ([_], _) => "",
            (_, Quantifier::All) => "all of ",
            (_, Quantifier::Any) => "any of ",
        };
        destination(text, one, &format!("needs {lead}{}", needs.join(", ")), &seen);
    }
}

fn destination(text: &mut String, one: &Destination, says: &str, remark: &str) {
    text.push_str(&format!("destination {} {says}", quoted(&one.name)));
    match one.mode {
        Some(Mode::Device) => text.push_str(" mode device"),
        Some(Mode::Cloud) => text.push_str(" mode cloud"),
        None => {}
    }
    if let Some(kind) = &one.kind {
        text.push_str(&format!(" kind {}", name(kind)));
    }
    if !remark.is_empty() {
        text.push_str(&format!(" // {remark}"));
    }
    text.push('\n');
}

fn comment(text: &mut String, line: &str) {
    text.push_str(&format!("// {}\n", visible(line)));
}
