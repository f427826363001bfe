//! An explanation names, for every step, what it looked at, what came of it, and the text of the policy that decided.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use consentry::event::Recorded;
use consentry::exact::{MAX_COUNTERFACTUALS, counterfactuals};
use consentry::reference::{StepKind, StepResult, explain};
use consentry::{Event, Limits, Policy, Table};

const POLICY: &str = r#"consentry 1
policy "p"
include prelude "segment"
category Ads
category Old unenforced
destination "Pixel" needs Ads, Old
destination "Lake" needs Ads kind warehouse
destination "Free" unmapped alias "free-js"
destination "Exempt" needs Ads exempt
destination "Gone" needs Ads disabled
"#;

/// One line a step: its word, what it looked at, what came of it, and the text that decided, or `event`.
fn steps(settings: &str, destination: &str, event: &str) -> String {
    let table = Table::new(Policy::parse(&format!("{POLICY}{settings}")).unwrap());
    let policy = table.policy();
    let id =
        policy.destination_ids().find(|id| policy.destination(*id).unwrap().name() == destination).unwrap();
    let event = table.read(event.as_bytes(), &Limits::default()).unwrap();
    let explanation = explain(policy, &event, id).unwrap();
    let mut lines = vec![explanation.verdict.reason().as_str().to_owned()];
    for step in &explanation.steps {
        let looked_at = match &step.kind {
            StepKind::Check(checked) => format!(" {}", checked.result),
            StepKind::Enabled => String::new(),
            StepKind::Reconcile(enforce) => format!(" {enforce:?}"),
            StepKind::Consent(preferences) => {
                let word = |(id, one): &(consentry::CategoryId, consentry::event::Preference)| {
                    format!(" {}={}", policy.category(*id).unwrap().name(), one.as_str())
                };
                preferences.iter().map(word).collect()
            }
            StepKind::Integrations { entry, all_off } => format!(" {entry:?} {all_off}"),
            StepKind::Listed { entry } => format!(" {entry:?}"),
        };
        let result = match step.result {
            StepResult::Passes => "passes".to_owned(),
            StepResult::PassesAs(reason) => format!("passes as {reason}"),
            StepResult::Blocks(reason) => format!("blocks as {reason}"),
        };
        let decided = step.span.map_or("event", |span| policy.files().excerpt(span));
        let decided: Vec<&str> = decided.split_whitespace().collect();
        let also = step.also.iter().map(|span| policy.files().excerpt(*span));
        let also: String = also.map(|text| format!(" and {text}")).collect();
        lines.push(format!("{}{looked_at}: {result} by {}{also}", step.kind.as_str(), decided.join(" ")));
    }
    lines.join("\n")
}

/// Where more changes flip an outcome than are listed, the answer says so.
#[test]
fn changes_that_are_left_out_are_announced() {
    for (categories, is_cut) in [(6, false), (7, true)] {
        let names: Vec<String> = (0..categories).map(|number| format!("C{number}")).collect();
        let pairs = names.iter().enumerate().flat_map(|(at, one)| {
            names.iter().skip(at + 1).map(move |other| format!("all of {one}, {other}"))
        });
        let pairs: Vec<String> = pairs.map(|pair| format!("({pair})")).collect();
        let declared: Vec<String> = names.iter().map(|name| format!("category {name}")).collect();
        let text = format!(
            "consentry 1 policy \"p\" include prelude \"segment\" {} destination \"X\" needs any of {}",
            declared.join(" "),
            pairs.join(", ")
        );
        let policy = Policy::parse(&text).unwrap();
        let refusal = br#"{"context":{"consent":{"categoryPreferences":{"C0":false}}}}"#;
        let event = Event::read(refusal, policy.reading(), &Limits::default()).unwrap();
        let id = policy.destination_named("X").unwrap();
        let found = counterfactuals(&policy, &event, Recorded::Unchecked, id).unwrap();
        assert_eq!((found.list.len() <= MAX_COUNTERFACTUALS, found.more), (true, is_cut), "{text}");
    }
}

fn event(preferences: &str, integrations: &str) -> String {
    format!(
        r#"{{"context":{{"consent":{{"categoryPreferences":{{{preferences}}}}}}},"integrations":{{{integrations}}}}}"#
    )
}

/// The table of the cell, for every pair of states.
fn all_cells(word: &str) -> String {
    format!("override reconcile {{ consent integrations enforce\n any any {word}\n }}\n")
}

#[test]
fn every_step_has_its_place() {
    for (destination, event, expected) in [
        (
            "Pixel",
            event(r#""Ads":true"#, r#""All":true"#),
            "consented\n\
             enabled: passes by destination \"Pixel\" needs Ads, Old\n\
             reconcile ConsentThenIntegrations: passes by answered any consent then integrations\n\
             consent Ads=granted Old=unasked: passes as consented by needs Ads, Old\n\
             integrations None false: passes by event",
        ),
        (
            "Pixel",
            event(r#""Ads":1,"Old":false"#, r#""All":false,"Pixel":false"#),
            "refused\n\
             enabled: passes by destination \"Pixel\" needs Ads, Old\n\
             reconcile ConsentThenIntegrations: passes by answered any consent then integrations\n\
             consent Ads=invalid Old=refused: blocks as refused by needs Ads, Old\n\
             integrations Some(Off) true: blocks as integration_off by event",
        ),
        (
            "Lake",
            event(r#""Ads":true"#, r#""All":false"#),
            "consented\n\
             enabled: passes by destination \"Lake\" needs Ads kind warehouse\n\
             reconcile ConsentThenIntegrations: passes by answered any consent then integrations\n\
             consent Ads=granted: passes as consented by needs Ads\n\
             integrations None true: passes by ignores All",
        ),
        (
            "Lake",
            event(r#""Ads":true"#, r#""All":true"#),
            "consented\n\
             enabled: passes by destination \"Lake\" needs Ads kind warehouse\n\
             reconcile ConsentThenIntegrations: passes by answered any consent then integrations\n\
             consent Ads=granted: passes as consented by needs Ads\n\
             integrations None false: passes by event",
        ),
        (
            "Free",
            event(r#""Ads":true"#, r#""All":false"#),
            "integration_all_off\n\
             enabled: passes by destination \"Free\" unmapped alias \"free-js\"\n\
             reconcile ConsentThenIntegrations: passes by answered any consent then integrations\n\
             consent: passes as unmapped by unmapped destinations deliver\n\
             integrations None true: blocks as integration_all_off by event",
        ),
        (
            "Exempt",
            event(r#""Ads":false"#, r#""Exempt":true,"All":false"#),
            "exempt\n\
             enabled: passes by destination \"Exempt\" needs Ads exempt\n\
             reconcile ConsentThenIntegrations: passes by answered any consent then integrations\n\
             consent Ads=refused: passes as exempt by exempt\n\
             integrations Some(On) true: passes by event",
        ),
        ("Gone", event("", ""), "disabled\nenabled: blocks as disabled by disabled"),
        (
            "Pixel",
            r#"{"type":"track","event":"Segment Consent Preference","context":{"consent":{"categoryPreferences":{}}}}"#
                .into(),
            "exempt\n\
             enabled: passes by destination \"Pixel\" needs Ads, Old\n\
             reconcile Consent: passes by unanswered none | malformed consent\n\
             consent Ads=unasked Old=unasked: passes as exempt by exempt events \"Segment Consent Preference\", \
             \"Segment Consent Preference Updated\"",
        ),
    ] {
        assert_eq!(steps("", destination, &event), expected);
    }
}

/// Where the setting about invalid entries decided it is named, and where an entry that is off did it is not.
#[test]
fn the_setting_that_decided_is_named() {
    let off = "override invalid entries off\n";
    let last = |settings: &str, destination: &str, integrations: &str| {
        let steps = steps(settings, destination, &event(r#""Ads":true"#, integrations));
        steps.lines().last().unwrap().to_owned()
    };
    let setting = "by override invalid entries off";
    for (destination, integrations, expected) in [
        ("Free", r#""Free":1"#, format!("integrations Some(Off) false: blocks as integration_off {setting}")),
        (
            "Free",
            r#""free-js":1,"Pixel":false"#,
            format!("integrations Some(Off) false: blocks as integration_off {setting}"),
        ),
        (
            "Free",
            r#""Free":1,"free-js":false"#,
            "integrations Some(Off) false: blocks as integration_off by event".into(),
        ),
        (
            "Free",
            r#""Free":false"#,
            "integrations Some(Off) false: blocks as integration_off by event".into(),
        ),
        ("Free", r#""All":"no""#, format!("integrations None true: blocks as integration_all_off {setting}")),
        (
            "Free",
            r#""All":"no","Pixel":false"#,
            format!("integrations None true: blocks as integration_all_off {setting}"),
        ),
        (
            "Free",
            r#""All":"no","All":false"#,
            "integrations None true: blocks as integration_all_off by event".into(),
        ),
        ("Lake", r#""All":"no""#, "integrations None true: passes by ignores All".into()),
    ] {
        assert_eq!(last(off, destination, integrations), expected, "{integrations}");
    }
    assert_eq!(last("", "Free", r#""Free":1"#), "integrations None false: passes by event");
}

/// An explanation names the lines about inputs that matter, next to the line that decides.
#[test]
fn inputs_that_have_a_say_are_named() {
    let settings = "input gpc at context.gpc values true, 1\n\
        input provider at context.provider values \"custom\"\n\
        strategy any when gpc 1, all otherwise\n\
        category Sale refused when gpc true\n\
        destination \"Broker\" needs when provider \"custom\" by strategy of Ads, Sale otherwise unmapped";
    let consent = r#""consent":{"categoryPreferences":{"Ads":true,"Sale":true}}"#;
    let of = |inputs: &str| {
        let steps = steps(settings, "Broker", &format!("{{\"context\":{{{inputs}{consent}}}}}"));
        steps.lines().skip(1).find(|line| line.starts_with("consent")).unwrap().to_owned()
    };
    let arm = "needs when provider \"custom\" by strategy of Ads, Sale";
    let strategy = "strategy any when gpc 1, all otherwise";
    assert_eq!(
        of("\"gpc\":true,\"provider\":\"custom\","),
        format!(
            "consent Ads=granted Sale=refused: blocks as refused by {arm} and {strategy} and refused when gpc true"
        )
    );
    assert_eq!(
        of("\"gpc\":1,\"provider\":\"custom\","),
        format!("consent Ads=granted Sale=granted: passes as consented by {arm} and {strategy}")
    );
    assert_eq!(of(""), "consent: passes as unmapped by unmapped destinations deliver and otherwise unmapped");
}

#[test]
fn every_word_of_the_table_takes_its_steps() {
    let event = event(r#""Ads":false"#, r#""Pixel":true,"free-js":false"#);
    let words = |word: &str, destination: &str| {
        let steps = steps(&all_cells(word), destination, &event);
        let short: Vec<&str> = steps.lines().map(|line| line.split(" by ").next().unwrap()).collect();
        // The first is the reason, the second is always that the destination is enabled, the third the cell.
        [&short[..1], &short[3..]].concat().join("; ")
    };
    for (word, destination, expected) in [
        ("nothing", "Pixel", "not_enforced"),
        ("integrations", "Pixel", "not_enforced; integrations Some(On) false: passes"),
        ("integrations", "Free", "integration_off; integrations Some(Off) false: blocks as integration_off"),
        ("listed integrations", "Pixel", "not_enforced; listed Some(On): passes"),
        ("listed integrations", "Free", "integration_off; listed Some(Off): blocks as integration_off"),
        ("listed integrations", "Lake", "integration_unlisted; listed None: blocks as integration_unlisted"),
        ("consent", "Pixel", "refused; consent Ads=refused Old=unasked: blocks as refused"),
        (
            "consent or integrations because \"so\"",
            "Pixel",
            "integration_granted; consent Ads=refused Old=unasked: blocks as refused; integrations Some(On) false: passes",
        ),
        (
            "consent or listed, then integrations",
            "Pixel",
            "integration_granted; consent Ads=refused Old=unasked: blocks as refused; listed Some(On): passes; \
             integrations Some(On) false: passes",
        ),
        (
            "consent or listed, then integrations",
            "Free",
            "integration_off; consent: passes as unmapped; listed Some(Off): blocks as integration_off; \
             integrations Some(Off) false: blocks as integration_off",
        ),
        (
            "consent or listed, then integrations",
            "Lake",
            "refused; consent Ads=refused: blocks as refused; listed None: blocks as integration_unlisted; \
             integrations None false: passes",
        ),
        ("drop \"because\"", "Pixel", "dropped"),
    ] {
        assert_eq!(words(word, destination), expected, "{word}");
    }
    let dropped = steps(&all_cells("drop \"because\""), "Pixel", &event);
    assert_eq!(
        dropped.lines().last(),
        Some("reconcile Drop(\"because\"): blocks as dropped by any any drop \"because\"")
    );
}
