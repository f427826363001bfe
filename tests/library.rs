//! The library as an embedder uses it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use consentry::diagnostic::Span;
use consentry::event::{Consent, Entry, Integrations, Preference};
use consentry::model::{Banner, ConsentModel, GateOpens, ImpliedConsent, LoadTrigger, WithoutConsent};
use consentry::source::Memory;
use consentry::{ActivePolicy, Event, Input, Limits, Policy, Reason, Table, Validation, exact, reference};
use std::sync::Arc;

const POLICY: &str = r#"consentry 1
policy "acme web"
include prelude "segment"
category Advertising = "C0004"
category Analytics
category Necessary always
category Old unenforced
destination "Pixel" needs Advertising, Analytics
destination "Ads" needs any of Advertising, Analytics
destination "Chat" needs Necessary, Old
destination "Sponsors" needs Old
destination "Sink" unmapped
destination "Lake" unmapped kind warehouse
destination "S3" needs Advertising exempt
destination "Gone" unmapped disabled
destination "Amplitude" needs Analytics alias "amplitude-js" shared alias "Amp"
destination "Amplitude EU" needs Analytics shared alias "Amp"
"#;

fn table(text: &str) -> Table {
    Table::new(Policy::parse(text).unwrap_or_else(|error| panic!("{error}")))
}

/// `Pixel=refused(Advertising) …`
fn decide(table: &Table, event: &Event) -> String {
    let mut scratch = table.scratch();
    let decision = table.decide(Input::event(event), &mut scratch).unwrap();
    let policy = table.policy();
    let mut all = Vec::new();
    for (id, verdict) in decision.verdicts() {
        assert_eq!(verdict.delivers(), decision.delivers(id));
        assert_eq!(Some(&verdict), reference::explain(policy, event, id).map(|one| one.verdict).as_ref());
        let refused: Vec<&str> =
            verdict.refused().iter().map(|id| policy.category(*id).unwrap().name()).collect();
        let refused = if refused.is_empty() { String::new() } else { format!("({})", refused.join(" ")) };
        all.push(format!("{}={}{refused}", policy.destination(id).unwrap().name(), verdict.reason()));
    }
    all.join(", ")
}

fn decide_json(text: &str, json: &str) -> String {
    let table = table(text);
    let event = table.read(json.as_bytes(), &Limits::default()).unwrap();
    decide(&table, &event)
}

#[test]
fn what_is_shared_between_threads_can_be() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Policy>();
    shared::<Table>();
    shared::<ActivePolicy>();
    shared::<consentry::PolicyError>();
    shared::<consentry::Scratch>();

    let table = Arc::new(table(POLICY));
    let expected =
        decide_json(POLICY, r#"{"context":{"consent":{"categoryPreferences":{"Analytics":true}}}}"#);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (table, expected) = (table.clone(), expected.clone());
            scope.spawn(move || {
                let line = br#"{"context":{"consent":{"categoryPreferences":{"Analytics":true}}}}"#;
                let event = table.read(line, &Limits::default()).unwrap();
                for _ in 0..100 {
                    assert_eq!(decide(&table, &event), expected);
                }
            });
        }
    });
}

#[test]
fn reasons_of_every_sort() {
    for (event, expected) in [
        (
            r#"{}"#,
            "Pixel=not_enforced, Ads=not_enforced, Chat=not_enforced, Sponsors=not_enforced, Sink=not_enforced, \
             Lake=not_enforced, S3=not_enforced, Gone=disabled, Amplitude=not_enforced, Amplitude EU=not_enforced",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"Advertising":true,"Analytics":"yes"}}}}"#,
            "Pixel=refused(Advertising Analytics), Ads=refused(Advertising Analytics), Chat=consented, \
             Sponsors=unenforced, Sink=unmapped, Lake=unmapped, S3=exempt, Gone=disabled, \
             Amplitude=refused(Analytics), Amplitude EU=refused(Analytics)",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"C0004":true,"Analytics":true}}},
                "integrations":{"All":false,"Ads":{},"amplitude-js":true,"Amplitude":1}}"#,
            "Pixel=integration_all_off, Ads=consented, Chat=integration_all_off, Sponsors=integration_all_off, \
             Sink=integration_all_off, Lake=unmapped, S3=integration_all_off, Gone=disabled, \
             Amplitude=consented, Amplitude EU=integration_all_off",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"C0004":true,"C0004":false,"Analytics":true}}},
                "integrations":{"Amp":false,"Amplitude EU":true,"Amplitude":true}}"#,
            "Pixel=refused(Advertising), Ads=consented, Chat=consented, Sponsors=unenforced, Sink=unmapped, \
             Lake=unmapped, S3=exempt, Gone=disabled, Amplitude=integration_off, Amplitude EU=integration_off",
        ),
        (
            r#"{"type":"track","event":"Segment Consent Preference","context":{"consent":{"categoryPreferences":{}}},
                "integrations":{"Ads":false}}"#,
            "Pixel=exempt, Ads=integration_off, Chat=exempt, Sponsors=exempt, Sink=exempt, Lake=exempt, S3=exempt, \
             Gone=disabled, Amplitude=exempt, Amplitude EU=exempt",
        ),
    ] {
        assert_eq!(decide_json(POLICY, event), expected, "{event}");
    }
}

/// Every word of the reconcile table, for a destination that consents and one that does not, by entry.
#[test]
fn every_word_of_the_table() {
    let entries =
        [("", "unlisted"), (r#""Yes":true,"No":true,"#, "on"), (r#""Yes":false,"No":false,"#, "off")];
    for (word, expected) in [
        ("nothing", ["not_enforced not_enforced"; 6]),
        (
            "integrations",
            [
                "not_enforced not_enforced",
                "not_enforced not_enforced",
                "integration_off integration_off",
                "integration_all_off integration_all_off",
                "not_enforced not_enforced",
                "integration_off integration_off",
            ],
        ),
        (
            "listed integrations",
            [
                "integration_unlisted integration_unlisted",
                "not_enforced not_enforced",
                "integration_off integration_off",
                "integration_unlisted integration_unlisted",
                "not_enforced not_enforced",
                "integration_off integration_off",
            ],
        ),
        ("consent", ["consented refused"; 6]),
        (
            "consent then integrations",
            [
                "consented refused",
                "consented refused",
                "integration_off refused",
                "integration_all_off refused",
                "consented refused",
                "integration_off refused",
            ],
        ),
        (
            "consent or integrations",
            [
                "consented integration_granted",
                "consented integration_granted",
                "consented refused",
                "consented refused",
                "consented integration_granted",
                "consented refused",
            ],
        ),
        (
            "consent or listed, then integrations",
            [
                "consented refused",
                "consented integration_granted",
                "integration_off refused",
                "integration_all_off refused",
                "consented integration_granted",
                "integration_off refused",
            ],
        ),
        ("drop \"no\"", ["dropped dropped"; 6]),
    ] {
        let text = format!(
            "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A\ncategory B\ndestination \"Yes\" needs A\n\
             destination \"No\" needs B\noverride reconcile {{ consent integrations enforce any any {word} }}"
        );
        let mut index = 0;
        for all in ["true", "false"] {
            for (entry, name) in entries {
                let event = format!(
                    r#"{{"context":{{"consent":{{"categoryPreferences":{{"A":true}}}}}},"integrations":{{{entry}"All":{all}}}}}"#
                );
                let actual = decide_json(&text, &event);
                let expected: Vec<&str> = expected[index].split(' ').collect();
                let refused = expected[1].replace("refused", "refused(B)");
                assert_eq!(actual, format!("Yes={}, No={refused}", expected[0]), "{word}: {name}, All {all}");
                index += 1;
            }
        }
    }
}

#[test]
fn a_decision_answers_by_name_and_by_index() {
    let table = table(POLICY);
    let event = Event {
        consent: Consent::Preferences(vec![
            ("C0004".into(), Preference::Granted),
            ("Gossip".into(), Preference::Refused),
        ]),
        integrations: Integrations::Entries(vec![
            ("Ads".into(), Entry::Off),
            ("Chat".into(), Entry::On),
            ("Nobody".into(), Entry::On),
        ]),
        ..Event::default()
    };
    let mut scratch = table.scratch();
    let decision = table.decide(Input::event(&event), &mut scratch).unwrap();
    let policy = decision.policy();
    let ads = policy.destination_named("Ads").unwrap();
    assert_eq!(decision.verdict(ads), decision.verdict_of("Ads"));
    assert_eq!(decision.verdict(ads).unwrap().reason(), Reason::IntegrationOff);
    assert_eq!(decision.resolved().entry(ads), Some(false));
    assert_eq!(decision.resolved().entry(policy.destination_named("Chat").unwrap()), Some(true));
    assert_eq!(decision.resolved().entry(policy.destination_named("Pixel").unwrap()), None);
    assert!(decision.resolved().grants(policy.category_named("Advertising").unwrap()));
    assert!(!decision.resolved().grants(policy.category_named("Analytics").unwrap()));
    assert_eq!(decision.event(), &event);
    assert_eq!(decision.drop_reason(), None);
    assert_eq!(decision.verdict_of("Nobody"), None);
    assert_eq!(decision.verdict(consentry::DestinationId::new(10_000)), None);
    assert!(!decision.delivers(consentry::DestinationId::new(10_000)));
    let names = |set: std::collections::BTreeSet<&consentry::event::Name>| {
        set.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    assert_eq!(names(decision.unknown_categories()), "Gossip");
    assert_eq!(names(decision.unknown_integrations()), "Nobody");
    let delivered: Vec<&str> =
        decision.delivered().map(|id| policy.destination(id).unwrap().name()).collect();
    assert_eq!(delivered, ["Chat", "Sponsors", "Sink", "Lake", "S3"]);
}

/// What a decision says besides outcomes: why an event is dropped, whether it is exempt, what it was.
#[test]
fn a_drop_and_an_exemption_are_told() {
    let table = table(&format!(
        "{POLICY}override reconcile {{ consent integrations enforce\n missing any drop \"no consent\"\n any any consent\n }}"
    ));
    let mut scratch = table.scratch();
    let dropped = Event::default();
    let decision = table.decide(Input::event(&dropped), &mut scratch).unwrap();
    assert_eq!((decision.drop_reason(), decision.delivered().count()), (Some("no consent"), 0));
    assert!(!decision.resolved().exempt_event());
    let exempt = Event {
        id: Some("m".into()),
        consent: Consent::Empty,
        track: Some("Segment Consent Preference".into()),
        ..Event::default()
    };
    let decision = table.decide(Input::event(&exempt), &mut scratch).unwrap();
    assert_eq!((decision.drop_reason(), decision.resolved().exempt_event()), (None, true));
    assert_eq!(decision.event().id, Some("m".into()));
    assert_eq!(decision.verdict_of("Pixel").unwrap().reason(), Reason::Exempt);
}

/// A caller that builds events may list what a reader never does: a preference that is absent.
#[test]
fn an_absent_preference_may_be_listed() {
    let table = table(POLICY);
    let absent = ("Analytics".into(), Preference::Unasked);
    let granted = ("Analytics".into(), Preference::Granted);
    for (preferences, expected) in [
        (vec![absent.clone(), absent.clone()], Reason::Refused),
        (vec![absent.clone(), granted.clone()], Reason::Consented),
        (vec![granted, absent], Reason::Consented),
    ] {
        let event = Event { consent: Consent::Preferences(preferences), ..Event::default() };
        assert!(decide(&table, &event).contains(&format!("Amplitude={expected}")));
        let mut scratch = table.scratch();
        let decision = table.decide(Input::event(&event), &mut scratch).unwrap();
        assert_eq!(decision.resolved().consent(), consentry::model::ConsentState::Answered);
        assert_eq!(decision.resolved().integrations(), consentry::model::IntegrationsState::None);
    }
}

/// The words that reports use are part of the contract.
#[test]
fn words_of_reports() {
    let words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(
        words,
        [
            "not_enforced",
            "consented",
            "unmapped",
            "exempt",
            "unenforced",
            "integration_granted",
            "disabled",
            "dropped",
            "refused",
            "unmapped_denied",
            "integration_off",
            "integration_all_off",
            "integration_unlisted",
        ]
    );
    for reason in Reason::ALL {
        assert_eq!(reason.to_string(), reason.as_str());
        let code = (reason == Reason::Refused).then_some("FILTERED_BY_END_USER_CONSENT");
        assert_eq!(reason.discard_code(), code);
        let delivers = Reason::ALL.iter().position(|one| *one == reason).unwrap() < 6;
        assert_eq!(reason.outcome().as_str(), if delivers { "deliver" } else { "block" });
    }
    let preferences = [Preference::Granted, Preference::Unasked, Preference::Invalid, Preference::Refused];
    assert_eq!(preferences.map(Preference::as_str), ["granted", "unasked", "invalid", "refused"]);
}

/// A name shows itself as text, whatever it is.
#[test]
fn names_are_shown() {
    let table = table(POLICY);
    let line = br#"{"messageId":"a\"\ud800\udc00\ud800b"}"#;
    let name = table.read(line, &Limits::default()).unwrap().id.unwrap();
    assert_eq!(name.to_string(), "a\"\u{10000}\u{FFFD}b");
    assert_eq!(format!("{name:?}"), "\"a\\\"\u{10000}\u{FFFD}b\"");
    assert_eq!(name.clone().into_owned(), name);
    assert!(name != *name.to_string() && name.as_bytes().len() == 10);
    assert_eq!(consentry::event::Name::from(String::from("x")).to_text(), "x");
}

/// A scratch that served one table serves another, larger or smaller, and keeps nothing of what it held.
#[test]
fn a_scratch_serves_any_table() {
    let large = table(POLICY);
    let small =
        table("consentry 1 policy \"p\" include prelude \"segment\" category A destination \"X\" needs A");
    let event = large.read(
        br#"{"context":{"consent":{"categoryPreferences":{"A":true,"Analytics":true}}}}"#,
        &Limits::default(),
    );
    let event = event.unwrap();
    let mut scratch = small.scratch();
    for _ in 0..2 {
        assert_eq!(large.decide(Input::event(&event), &mut scratch).unwrap().delivered().count(), 8);
        assert_eq!(small.decide(Input::event(&event), &mut scratch).unwrap().delivered().count(), 1);
    }
}

/// From a person's categories as bits, the decision is that of an event which says the same.
#[test]
fn categories_as_bits() {
    let names: Vec<String> = (0..70).map(|id| format!("c{id}")).collect();
    let categories: String = names.iter().map(|name| format!(" category {name}")).collect();
    let table = table(&format!(
        "consentry 1 policy \"p\" include prelude \"segment\" {categories} category Must always \
         destination \"A\" needs c0, c69 destination \"B\" needs any of c1, c68 destination \"C\" needs Must, c2 \
         destination \"D\" needs Must destination \"E\" unmapped"
    ));
    let mut scratch = table.scratch();
    for round in 0..64u64 {
        let granted = [round & 7, round >> 3 << 3];
        let preference = |id: usize| match granted[id / 64] >> (id % 64) & 1 {
            1 => Preference::Granted,
            _ => Preference::Refused,
        };
        let preferences = names.iter().enumerate().map(|(id, name)| (name.as_str().into(), preference(id)));
        let event = Event { consent: Consent::Preferences(preferences.collect()), ..Event::default() };
        let expected: Vec<_> =
            table.decide(Input::event(&event), &mut table.scratch()).unwrap().verdicts().collect();
        let decision = table.decide(Input::granted(&granted), &mut scratch).unwrap();
        assert_eq!(decision.verdicts().collect::<Vec<_>>(), expected, "{round:b}");
        assert_eq!(decision.event(), &Event::default());
    }
}

/// What a scratch remembers of a text is never believed for another policy, be it of the same size and the same names.
#[test]
fn what_is_remembered_is_of_one_policy() {
    let policy = |needs: &str| {
        table(&format!(
            "consentry 1 policy \"p\" include prelude \"segment\" category A category B destination \"X\" needs {needs} \
             destination \"Y\" unmapped kind {}",
            if needs == "A" { "warehouse" } else { "storage" }
        ))
    };
    let (a, b) = (policy("A"), policy("B"));
    let line = br#"{"context":{"consent":{"categoryPreferences":{"A":true,"B":false}}},"integrations":{"All":false,"X":true}}"#;
    for validation in [Validation::Full, Validation::Trusted] {
        let (mut scratch, mut rewritten) = (a.scratch(), Vec::new());
        // Often enough that each would have been remembered.
        for _ in 0..5 {
            for (table, delivered, integrations) in
                [(&a, vec![0, 1], r#"{"All":false,"X":true}}"#), (&b, vec![], r#"{"All":false,"X":false}}"#)]
            {
                for _ in 0..3 {
                    rewritten.clear();
                    let decision = table
                        .rewrite(Input::line(line).validation(validation), &mut scratch, &mut rewritten)
                        .unwrap();
                    let got: Vec<usize> = decision.delivered().map(consentry::DestinationId::index).collect();
                    assert_eq!(got, delivered);
                    let text = std::str::from_utf8(&rewritten).unwrap();
                    assert!(text.ends_with(&format!("\"integrations\":{integrations}")), "{text}");
                }
            }
        }
    }
}

/// A rewritten object that is remembered is that of the same outcome for every destination, also behind the first 64.
#[test]
fn what_is_rewritten_is_remembered_for_every_destination() {
    for place in [0, 1, 63, 64, 65, 127, 128, 150] {
        let destinations: Vec<String> = (0..=150)
            .map(|number| {
                format!("destination \"D{number}\" needs {}", if number == place { "B" } else { "A" })
            })
            .collect();
        let table = table(&format!(
            "consentry 1 policy \"p\" include prelude \"segment\" category A category B {}",
            destinations.join(" ")
        ));
        let (mut scratch, mut rewritten) = (table.scratch(), Vec::new());
        for _ in 0..4 {
            for granted in [true, false] {
                let line = format!(
                    r#"{{"context":{{"consent":{{"categoryPreferences":{{"A":true,"B":{granted}}}}}}},"integrations":{{}}}}"#
                );
                let expected = match granted {
                    true => line.clone(),
                    false => line.replace("{}", &format!("{{\"D{place}\":false}}")),
                };
                for _ in 0..3 {
                    rewritten.clear();
                    table.rewrite(Input::line(line.as_bytes()), &mut scratch, &mut rewritten).unwrap();
                    assert_eq!(std::str::from_utf8(&rewritten).unwrap(), expected);
                }
            }
        }
    }
}

/// Of several integrations objects the first and the last say who is delivered and who is not, whatever `All` says in another; those
/// in between are only kept from saying otherwise.
#[test]
fn several_integrations_objects_are_rewritten() {
    let table = table(
        r#"consentry 1 policy "p" include prelude "segment" category A category B
           destination "X" needs A destination "Y" needs B destination "Z" needs A"#,
    );
    let rewrite = |integrations: &[&str]| {
        let members: Vec<String> =
            integrations.iter().map(|text| format!("\"integrations\":{text}")).collect();
        let consent = r#"{"context":{"consent":{"categoryPreferences":{"A":true,"B":false}}},"#;
        let line = format!("{consent}{}}}", members.join(","));
        let mut rewritten = Vec::new();
        let mut scratch = table.scratch();
        table.rewrite(Input::line(line.as_bytes()), &mut scratch, &mut rewritten).unwrap();
        let rewritten = String::from_utf8(rewritten).unwrap();
        rewritten.strip_prefix(consent).unwrap().to_owned()
    };
    for (integrations, expected) in [
        (&["{}"][..], r#""integrations":{"Y":false}}"#),
        (&[r#"{"All":false}"#], r#""integrations":{"All":false}}"#),
        (
            &[r#"{"All":false}"#, r#"{"X":{"k":1}}"#],
            r#""integrations":{"X":true,"Y":false,"Z":false,"All":false},"integrations":{"Y":false,"Z":false,"X":{"k":1}}}"#,
        ),
        (
            &[r#"{"Z":true}"#, r#"{"Y":true,"X":true}"#, "{}", r#"{"All":true}"#],
            r#""integrations":{"X":true,"Y":false,"Z":true},"integrations":{"Y":false,"X":true},"integrations":{},"integrations":{"X":true,"Y":false,"Z":true,"All":true}}"#,
        ),
    ] {
        assert_eq!(rewrite(integrations), expected);
    }
}

/// Equal policies decide equally whatever the order of their lines, and whatever the files they stand in.
#[test]
fn the_order_of_statements_changes_nothing() {
    let lines: Vec<&str> = POLICY.lines().collect();
    let (head, body) = lines.split_at(1);
    let reversed: Vec<&str> = head.iter().chain(body.iter().rev()).copied().collect();
    let (one, other) = (table(POLICY), table(&reversed.join("\n")));
    let split = Memory::from([
        ("main", "consentry 1\ninclude \"sub/a\"\npolicy \"acme web\"\ninclude \"sub/b\"".to_owned()),
        ("sub/a", format!("consentry 1\ninclude \"../settings\"\n{}", body[2..6].join("\n"))),
        ("sub/b", format!("consentry 1\n{}", body[6..].join("\n"))),
        ("settings", "consentry 1\ninclude prelude \"segment\"".to_owned()),
    ]);
    let split = Table::new(Policy::from_source(&split, "main").unwrap_or_else(|error| panic!("{error}")));
    for json in [
        r#"{}"#,
        r#"{"context":{"consent":{"categoryPreferences":{"C0004":true}}},"integrations":{"Amp":false,"All":false}}"#,
        r#"{"context":{"consent":{"categoryPreferences":{"Analytics":true}}}}"#,
    ] {
        let event = one.read(json.as_bytes(), &Limits::default()).unwrap();
        let sorted = |table: &Table| {
            let decided = decide(table, &event);
            let mut parts: Vec<String> = decided.split(", ").map(str::to_owned).collect();
            // The named categories of a refusal follow the declaration order, which is what was turned around.
            parts.iter_mut().for_each(|part| {
                if let Some((reason, names)) = part.trim_end_matches(')').split_once('(') {
                    let mut names: Vec<&str> = names.split(' ').collect();
                    names.sort_unstable();
                    *part = format!("{reason}({})", names.join(" "));
                }
            });
            parts.sort();
            parts
        };
        assert_eq!(sorted(&one), sorted(&other), "{json}");
        assert_eq!(decide(&one, &event), decide(&split, &event), "{json}");
    }
}

#[test]
fn overrides_keep_their_place_and_the_last_includer_wins() {
    let source = Memory::from([
        ("main", "consentry 1\npolicy \"p\"\ninclude \"mid\"\noverride destination \"A\" unmapped disabled"),
        (
            "mid",
            "consentry 1\ninclude \"base\"\noverride destination \"A\" needs X\noverride category X always",
        ),
        (
            "base",
            "consentry 1\ninclude prelude \"segment\"\ncategory X\ndestination \"A\" unmapped\ndestination \"B\" needs X",
        ),
    ]);
    let table = Table::new(Policy::from_source(&source, "main").unwrap_or_else(|error| panic!("{error}")));
    let event =
        table.read(br#"{"context":{"consent":{"categoryPreferences":{}}}}"#, &Limits::default()).unwrap();
    assert_eq!(decide(&table, &event), "A=disabled, B=consented");
    // An override in front of the include changes no order either.
    let source = Memory::from([
        (
            "main",
            "consentry 1\npolicy \"p\"\noverride destination \"B\" needs X\noverride category Y = \"y\"\ninclude \"base\"",
        ),
        (
            "base",
            "consentry 1\ninclude prelude \"segment\"\ncategory X\ncategory Y\ndestination \"A\" needs X, Y\ndestination \"B\" unmapped",
        ),
    ]);
    let before = Table::new(Policy::from_source(&source, "main").unwrap_or_else(|error| panic!("{error}")));
    let nothing =
        before.read(br#"{"context":{"consent":{"categoryPreferences":{}}}}"#, &Limits::default()).unwrap();
    assert_eq!(decide(&before, &nothing), "A=refused(X Y), B=refused(X)");
    // One level down, the override in the middle is the one in force.
    let source_mid = Memory::from([
        ("main", "consentry 1\npolicy \"p\"\ninclude \"mid\"\ninclude \"other\""),
        ("mid", "consentry 1\ninclude \"base\"\noverride destination \"A\" needs X"),
        ("other", "consentry 1\ninclude \"mid\"\noverride destination \"A\" exempt"),
        (
            "base",
            "consentry 1\ninclude prelude \"segment\"\ncategory X\ndestination \"A\" unmapped\ndestination \"B\" needs X",
        ),
    ]);
    let table =
        Table::new(Policy::from_source(&source_mid, "main").unwrap_or_else(|error| panic!("{error}")));
    assert_eq!(decide(&table, &event), "A=exempt, B=refused(X)");
}

/// What is said of a banner and a gate may stand in any file and be overridden, each setting by itself; it decides nothing.
#[test]
fn settings_of_a_visit_are_facts_that_decide_nothing() {
    let read = |main: &str| {
        let source = Memory::from([
            ("main", format!("consentry 1\npolicy \"p\"\ninclude \"site\"\n{main}")),
            (
                "site",
                "consentry 1\ninclude prelude \"segment\"\ncategory A\ndestination \"X\" needs A\n\
                 banner never shown\nmodel implied"
                    .to_owned(),
            ),
        ]);
        Policy::from_source(&source, "main").unwrap_or_else(|error| panic!("{error}"))
    };
    let said = |policy: &Policy| {
        let place = |span: Option<Span>| span.map(|span| policy.files().place(span));
        (
            (policy.banner().map(|said| said.value), place(policy.banner().map(|said| said.span))),
            (
                policy.consent_model().map(|said| said.value),
                place(policy.consent_model().map(|said| said.span)),
            ),
            policy.implied_consent().value,
            policy.gate_opens().value,
            policy.gate_without_consent().value,
            policy.library_loads().value,
        )
    };
    let as_included = read("");
    assert_eq!(
        said(&as_included),
        (
            (Some(Banner::NeverShown), Some("site:5".into())),
            (Some(ConsentModel::Implied), Some("site:6".into())),
            ImpliedConsent::OptOut,
            GateOpens::AnyGrant,
            WithoutConsent::Open,
            LoadTrigger::GateOpen,
        )
    );
    let overridden = read(
        "override banner mandatory\noverride implied consent opt-in\noverride gate without consent closed\n\
         override library loads when granted",
    );
    let but_the_gate = read(
        "override banner mandatory\noverride implied consent opt-in\noverride library loads when granted",
    );
    assert_eq!(
        said(&overridden),
        (
            (Some(Banner::Mandatory), Some("main:4".into())),
            (Some(ConsentModel::Implied), Some("site:6".into())),
            ImpliedConsent::OptIn,
            GateOpens::AnyGrant,
            WithoutConsent::Closed,
            LoadTrigger::Granted,
        )
    );
    let [included, overridden, but_the_gate] =
        [&as_included, &overridden, &but_the_gate].map(|policy| exact::fingerprint(policy).unwrap());
    assert_eq!(included, but_the_gate, "no decision has changed, and no gate");
    assert_ne!(included, overridden, "the gate has");
    let strict = Policy::parse("consentry 1 policy \"p\" include prelude \"segment-strict\"").unwrap();
    assert_eq!(
        said(&strict),
        (
            (None, None),
            (None, None),
            ImpliedConsent::OptIn,
            GateOpens::Delivery,
            WithoutConsent::Closed,
            LoadTrigger::Granted,
        )
    );
}

/// Each setting of a visit has the value that its words say.
#[test]
fn settings_of_a_visit_mean_what_they_say() {
    let read = |setting: &str| {
        let text = format!("consentry 1 policy \"p\" include prelude \"segment\" {setting}");
        Policy::parse(&text).unwrap_or_else(|error| panic!("{error}"))
    };
    for (words, banner) in [
        ("mandatory", Banner::Mandatory),
        ("stays", Banner::Stays),
        ("disappears", Banner::Disappears),
        ("never shown", Banner::NeverShown),
    ] {
        assert_eq!(read(&format!("banner {words}")).banner().unwrap().value, banner);
    }
    for (word, model) in [
        ("opt-in", ConsentModel::OptIn),
        ("opt-out", ConsentModel::OptOut),
        ("implied", ConsentModel::Implied),
        ("notice-only", ConsentModel::NoticeOnly),
        ("custom", ConsentModel::Custom),
    ] {
        assert_eq!(read(&format!("model {word}")).consent_model().unwrap().value, model);
    }
    for (word, folding) in [("opt-in", ImpliedConsent::OptIn), ("opt-out", ImpliedConsent::OptOut)] {
        let policy = read(&format!("override implied consent {word}"));
        assert_eq!(policy.implied_consent().value, folding);
    }
    for (words, opens) in [
        ("any grant", GateOpens::AnyGrant),
        ("needed grant", GateOpens::NeededGrant),
        ("delivery", GateOpens::Delivery),
    ] {
        assert_eq!(read(&format!("override gate opens on {words}")).gate_opens().value, opens);
        assert_eq!(opens.as_str(), words);
    }
    for (word, said) in [("open", WithoutConsent::Open), ("closed", WithoutConsent::Closed)] {
        let policy = read(&format!("override gate without consent {word}"));
        assert_eq!(policy.gate_without_consent().value, said);
    }
    for (words, loading) in [("gate open", LoadTrigger::GateOpen), ("granted", LoadTrigger::Granted)] {
        let policy = read(&format!("override library loads when {words}"));
        assert_eq!(policy.library_loads().value, loading);
    }
}

/// Every checked fact keeps its place.
#[test]
fn facts_know_where_they_stand() {
    let policy = Policy::parse(POLICY).unwrap();
    let place = |span| (policy.files().place(span), policy.files().excerpt(span).to_owned());
    let pixel = &policy.destinations()[0];
    assert_eq!(
        place(pixel.requirement_span().unwrap()),
        ("policy:8".into(), "needs Advertising, Analytics".into())
    );
    assert_eq!(place(policy.categories()[2].always.unwrap()), ("policy:6".into(), "always".into()));
    assert_eq!(place(policy.unmapped_destinations().span).0, "prelude segment:19");
    let uses: Vec<_> = pixel.category_uses.iter().map(|one| place(one.span).1).collect();
    assert_eq!(uses, ["Advertising", "Analytics"]);
    assert_eq!(place(policy.exempt_events().value[1].span).1, "\"Segment Consent Preference Updated\"");
    let row = policy
        .reconcile()
        .row(consentry::model::ConsentState::Missing, consentry::model::IntegrationsState::Present);
    assert_eq!(
        place(row.span).1.split_whitespace().collect::<Vec<_>>(),
        ["missing", "present", "integrations"]
    );
}

/// A file on the disk, a file that is replaced by a broken one, and one that is replaced by a good one.
#[test]
fn a_broken_file_leaves_the_old_policy_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.consent");
    std::fs::write(&path, POLICY).unwrap();
    let active = ActivePolicy::new(Table::new(Policy::load(&path).unwrap()));
    std::fs::write(&path, POLICY.replace("needs Old", "needs New")).unwrap();
    let error = active.replace(Policy::load(&path)).unwrap_err();
    assert!(
        error.to_string().contains("live.consent:11:30: unknown-category (C305): there is no category `New`"),
        "{error}"
    );
    assert_eq!(active.table().policy().destinations().len(), 10);
    std::fs::write(&path, "consentry 1 policy \"new\" include prelude \"segment\"").unwrap();
    active.replace(Policy::load(&path)).unwrap();
    assert_eq!(active.table().policy().name(), "new");
}

/// An embedder logs the error: neither a policy nor the name of a file steers what shows it, or makes two lines of one mistake.
#[test]
fn an_error_is_shown_as_text() {
    let text = POLICY.replace("needs Old\n", "needs \"\\u{1B}[2J\\u{A}\\u{202E}\\u{200B}\"\n");
    let path = "a\n\u{1B}[31m.consent";
    let error = Policy::from_source(&Memory::from([(path, text)]), path).unwrap_err();
    let expected = "the policy does not compile\n\
        a\\u{a}\\u{1b}[31m.consent:11:30: unknown-category (C305): there is no category `\\u{1b}[2J\\u{a}\\u{202e}\\u{200b}`";
    assert_eq!(error.to_string(), expected);
}

/// Ten thousand destinations and a thousand categories load and decide, in both forms of the tables.
#[test]
fn large_policies_load() {
    for (categories, destinations) in [(1_000, 10_000), (8, 10_000)] {
        let mut text = "consentry 1\npolicy \"large\"\ninclude prelude \"segment\"\n".to_owned();
        (0..categories).for_each(|id| text.push_str(&format!("category c{id}\n")));
        for id in 0..destinations {
            let (first, second) = (id % categories, (id / 7 + 3) % categories);
            let needs = match id % 10 {
                0 => "unmapped".to_owned(),
                1 if first != second => format!("needs any of c{first}, c{second}"),
                _ if first != second => format!("needs c{first}, c{second}"),
                _ => format!("needs c{first}"),
            };
            text.push_str(&format!("destination \"d{id}\" {needs}\n"));
        }
        let table = table(&text);
        let line = br#"{"context":{"consent":{"categoryPreferences":{"c1":true,"c5":true,"c3":true}}},"integrations":{"d1":false}}"#;
        let event = table.read(line, &Limits::default()).unwrap();
        let mut scratch = table.scratch();
        let decision = table.decide(Input::event(&event), &mut scratch).unwrap();
        for (id, verdict) in decision.verdicts().step_by(97) {
            assert_eq!(verdict.delivers(), decision.delivers(id));
            assert_eq!(Some(verdict), reference::explain(table.policy(), &event, id).map(|one| one.verdict));
        }
        assert!(decision.delivered().count() > 1_000);
    }
}

/// "Switched off beats `always`": such a category leaves the requirement, it does not satisfy it.
#[test]
fn unenforced_beats_always() {
    let head = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory Both always unenforced\ncategory A\n";
    let text = format!(
        "{head}destination \"1\" needs Both\ndestination \"2\" needs Both, A\ndestination \"3\" needs any of Both, A"
    );
    let refused = r#"{"context":{"consent":{"categoryPreferences":{"Both":true,"A":false}}}}"#;
    assert_eq!(decide_json(&text, refused), "1=unenforced, 2=refused(A), 3=refused(A)");
}

/// "Among duplicate keys and among the names of one destination `off` wins, then `on`", whatever a row makes of it.
#[test]
fn off_beats_on() {
    for word in ["integrations", "listed integrations", "consent or listed, then integrations"] {
        let text = format!(
            "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A\ndestination \"X\" needs A alias \"x\"\n\
             override reconcile {{ consent integrations enforce any any {word} }}"
        );
        for (entries, expected) in [
            (r#""X":true,"x":false"#, ["integration_off", "integration_off", "refused(A)"]),
            (r#""X":false,"X":true"#, ["integration_off", "integration_off", "refused(A)"]),
            (r#""x":{},"X":1"#, ["not_enforced", "not_enforced", "integration_granted"]),
        ] {
            let at =
                ["integrations", "listed integrations"].iter().position(|known| *known == word).unwrap_or(2);
            let event = format!(r#"{{"integrations":{{{entries}}}}}"#);
            assert_eq!(decide_json(&text, &event), format!("X={}", expected[at]), "{word} {entries}");
        }
    }
}

/// A shared name that is both on and off is off for all who share it, and a group that is satisfied refuses nothing,
/// though a category in it is not granted.
#[test]
fn shared_names_and_satisfied_groups() {
    let text = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A\ncategory B\ncategory C\n\
                destination \"1\" unmapped shared alias \"s\"\ndestination \"2\" unmapped shared alias \"s\"\n\
                destination \"3\" needs all of (any of A, B), C";
    for entries in [r#""s":true,"s":false"#, r#""s":false,"s":true"#] {
        let event = format!(
            r#"{{"context":{{"consent":{{"categoryPreferences":{{"A":true}}}}}},"integrations":{{{entries}}}}}"#
        );
        assert_eq!(
            decide_json(text, &event),
            "1=integration_off, 2=integration_off, 3=refused(C)",
            "{entries}"
        );
    }
}
