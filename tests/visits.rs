//! Visits and the gate: the tables of the platform's wrapper, through the library and the command.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod common;
#[path = "common/facts.rs"]
mod facts;
#[path = "common/text.rs"]
mod text;

use consentry::event::Preference;
use consentry::model::{Banner, ConsentModel, GateOpens};
use consentry::visit::{
    Action, Choice, Flow, Loss, Mapped, ScenarioRow, Site, Unmapped, Visit, VisitStep, Visitor, scenarios,
    wrapper,
};
use consentry::{CategoryId, Event, Input, Policy, Table};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

fn document(name: &str) -> Value {
    let path = format!("{}/tests/documents/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn table(prelude: &str, facts: &Value, statements: &str) -> Table {
    Table::new(Policy::parse(&facts::policy(prelude, facts, statements)).unwrap())
}

/// Whether an event of the documents passes the gate.
fn passes(table: &Table, event: &Value, reading: GateOpens) -> bool {
    let text = event.to_string();
    let mut scratch = table.scratch();
    table.decide(Input::line(text.as_bytes()), &mut scratch).unwrap().passes_gate(reading)
}

/// Every case of the documents' gate: the seven rows under all three readings, and what goes beyond them under the reading that is
/// documented; the other reading of each is one of the others, or is listed here.
#[test]
fn the_gate_is_the_documents_one() {
    let document = document("onetrust_wrapper_gate");
    let (mut rows, mut beyond, mut others) = (0, 0, 0);
    for case in document["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let table = table("segment", &case["policy_facts"], "");
        let expected = case["expect"]["Segment.io"] == "allow";
        let actual = |reading| passes(&table, &case["event"], reading);
        assert_eq!(actual(GateOpens::NeededGrant), expected, "{name}");
        if case["row"].is_number() {
            assert_eq!(actual(GateOpens::AnyGrant), expected, "{name}");
            assert_eq!(actual(GateOpens::Delivery), expected, "{name}");
            rows += 1;
        } else {
            assert_eq!(actual(GateOpens::Delivery), expected, "{name}");
            beyond += 1;
        }
        for other in case["alt_expect"].as_array().into_iter().flatten() {
            let other = other["Segment.io"] == "allow";
            match name.split(' ').next().unwrap() {
                // Row 5 read literally.
                "beyond1" => assert_eq!(actual(GateOpens::AnyGrant), other, "{name}"),
                // A category that the policy does not declare opens nothing: "a grant counts only for a live declared category".
                "beyond2" => assert_ne!(actual(GateOpens::AnyGrant), other, "{name}"),
                _ => panic!("{name} has another reading"),
            }
            others += 1;
        }
    }
    assert_eq!((rows, beyond, others), (12, 2, 2));
}

/// What section 5 of the semantics adds to the documents' rows.
#[test]
fn the_gate_beyond_the_documents() {
    let gates = |more: &str, event: &str| -> [bool; 3] {
        let text = format!(
            "consentry 1 policy \"p\" include prelude \"segment\" category A category B category Z always \
             category S unenforced destination \"Stats\" needs A {more}"
        );
        let table = Table::new(Policy::parse(&text).unwrap());
        let mut scratch = table.scratch();
        let decision = table.decide(Input::line(event.as_bytes()), &mut scratch).unwrap();
        [GateOpens::AnyGrant, GateOpens::NeededGrant, GateOpens::Delivery]
            .map(|reading| decision.passes_gate(reading))
    };
    let event = |preferences: &str| {
        format!("{{\"context\":{{\"consent\":{{\"categoryPreferences\":{preferences}}}}}}}")
    };
    let refused = event(r#"{"A":false}"#);
    // What is always granted opens the gate only where an enabled destination needs it.
    assert_eq!(gates("", &refused), [false; 3]);
    assert_eq!(gates("destination \"Necessary\" needs Z", &refused), [true; 3]);
    assert_eq!(gates("destination \"Necessary\" needs Z disabled", &refused), [false; 3]);
    // A grant of nothing that is declared and live is none.
    assert_eq!(gates("", &event(r#"{"A":false,"S":true,"Z":true,"X":true}"#)), [false; 3]);
    // A grant that no enabled destination needs counts in the documents' table alone.
    assert_eq!(gates("", &event(r#"{"A":false,"B":true}"#)), [true, false, false]);
    // A destination whose categories are all unenforced holds the gate open, and so does exempt storage that is not disabled.
    assert_eq!(gates("destination \"Old\" needs S", &refused), [true; 3]);
    assert_eq!(gates("destination \"Old\" needs S disabled", &refused), [false; 3]);
    assert_eq!(gates("destination \"AWS S3\" exempt", &refused), [true; 3]);
    assert_eq!(gates("destination \"AWS S3\" exempt disabled", &refused), [false; 3]);
    // A part of what is needed opens the gate, though nobody receives the event.
    assert_eq!(gates("destination \"Both\" needs A, B", &event(r#"{"B":true}"#)), [true, true, false]);
    // Without a consent object the policy says it; where nothing is enforced, the exact reading knows that somebody receives it.
    assert_eq!(gates("", "{}"), [true; 3]);
    assert_eq!(gates("override gate without consent closed", "{}"), [false, false, true]);
    // An empty one grants nothing.
    assert_eq!(gates("", r#"{"context":{"consent":{"categoryPreferences":{}}}}"#), [false; 3]);
    // The preference event passes, whatever it refuses.
    let preference = r#"{"type":"track","event":"Segment Consent Preference Updated","context":{"consent":{"categoryPreferences":{"A":false}}}}"#;
    assert_eq!(gates("override gate without consent closed", preference), [true; 3]);
}

/// Every combination of destinations that are there, disabled or missing, with everything that an event can grant, under each reading.
#[test]
fn the_gate_in_every_combination() {
    let kinds = ["needs A", "needs Z", "unmapped", "exempt kind storage", "needs S"];
    let mut compared = 0;
    for number in 0..3usize.pow(5) {
        // For each kind of destination: missing, enabled or disabled.
        let states: Vec<usize> = (0..5).map(|place| number / 3usize.pow(place) % 3).collect();
        let mut text =
            "consentry 1 policy \"p\" include prelude \"segment\" category A category B category Z always \
                        category S unenforced\n"
                .to_owned();
        for ((place, kind), state) in kinds.iter().enumerate().zip(&states) {
            let disabled = ["", "", " disabled"][*state];
            if *state > 0 {
                text.push_str(&format!("destination \"{place}\" {kind}{disabled}\n"));
            }
        }
        let table = Table::new(Policy::parse(&text).unwrap());
        let mut scratch = table.scratch();
        let [needs_a, needs_z, unmapped, storage, unenforced] =
            [0, 1, 2, 3, 4].map(|place| states[place] == 1);
        for grants in 0..16 {
            let [a, b, s, x] = [0, 1, 2, 3].map(|bit| grants >> bit & 1 == 1);
            let event = json!({ "context": { "consent": { "categoryPreferences": { "A": a, "B": b, "S": s, "X": x } } } });
            let event = event.to_string();
            let decision = table.decide(Input::line(event.as_bytes()), &mut scratch).unwrap();
            let held_open = unmapped || storage || unenforced;
            // What is always granted counts where it is needed; what is unenforced or unknown never does.
            let granted = a || b || needs_z;
            let expected = [
                (GateOpens::AnyGrant, held_open || granted && (needs_a || needs_z)),
                (GateOpens::NeededGrant, held_open || a && needs_a || needs_z),
                (GateOpens::Delivery, held_open || a && needs_a || needs_z),
            ];
            for (reading, open) in expected {
                assert_eq!(decision.passes_gate(reading), open, "{reading:?} {event}\n{text}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 243 * 16 * 3);
}

/// The choice that a stamp shows.
fn choice(policy: &Policy, event: &Value) -> Choice {
    let preferences = &event["context"]["consent"]["categoryPreferences"];
    let granted: Vec<CategoryId> = policy
        .category_ids()
        .filter(|id| preferences[policy.category(*id).unwrap().wire_id()] == true)
        .collect();
    Choice::of(policy, &granted)
}

/// What became of each event of a visit: the stamp and who received it.
fn sent(policy: &Policy, steps: &[VisitStep<'_>]) -> BTreeMap<usize, (Value, BTreeMap<String, String>)> {
    let mut all = BTreeMap::new();
    for step in steps {
        if let VisitStep::Sent { event, stamped, delivered, missed, .. } = step {
            assert!(missed.is_empty(), "{step:?}");
            let preferences = stamped.consent.preferences().iter();
            let stamp = preferences
                .map(|(name, one)| (name.to_string(), json!(*one == Preference::Granted)))
                .collect::<serde_json::Map<_, _>>();
            let outcomes = policy.destination_ids().map(|id| {
                let outcome = if delivered.contains(&id) { "allow" } else { "deny" };
                (policy.destination(id).unwrap().name().to_owned(), outcome.to_owned())
            });
            all.insert(*event, (Value::Object(stamp), outcomes.collect()));
        }
    }
    all
}

/// Plays a scenario of the documents, and compares it phase by phase.
fn play(table: &Table, site: Site, case: &Value, phases: &[Value]) {
    let policy = table.policy();
    let name = case["name"].as_str().unwrap();
    let said = || format!("{name}, {site:?}");
    let (first, last) = (&phases[0], &phases[phases.len() - 1]);
    let visitor = match case["scenario"]["visitor"].as_str().unwrap() {
        "first" => Visitor::First,
        _ => Visitor::Returning(choice(policy, &first["event"])),
    };
    let (mut visit, mut steps) = Visit::start(table, site, visitor);
    assert_eq!(visit.is_loaded(), first["segment_loaded"] == true, "{}", said());
    steps.extend(visit.event(Event::default()));
    let before = steps.len();
    match case["scenario"]["action"].as_str().unwrap() {
        "choose" | "update" | "reject_all" => steps.extend(visit.choose(choice(policy, &last["event"]))),
        "ignore" | "nothing" => {}
        other => panic!("{other}"),
    }
    assert_eq!(visit.is_loaded(), last["segment_loaded"] == true, "{}", said());
    steps.extend(visit.event(Event::default()));
    let at_once = sent(policy, &steps[..before]);
    let mut all = sent(policy, &steps);
    let lost = visit.leave();
    for phase in phases {
        let expected: BTreeMap<String, String> = serde_json::from_value(phase["expect"].clone()).unwrap();
        let (found, event) = match phase["phase"].as_str().unwrap() {
            "before_choice" | "before_update" | "whole_visit" => (at_once.get(&1).cloned(), 1),
            "buffer_flush" => (all.remove(&1), 1),
            "after_choice" | "after_update" => (all.get(&2).cloned(), 2),
            other => panic!("{other}"),
        };
        match found {
            Some((stamp, outcomes)) => {
                assert_eq!(outcomes, expected, "{} {phase}", said());
                assert_eq!(stamp, phase["event"]["context"]["consent"]["categoryPreferences"], "{}", said());
            }
            // What is not sent reaches nobody, and if it is not sent later either, that is said.
            None => {
                assert!(expected.values().all(|outcome| outcome == "deny"), "{} {phase}", said());
                let is_lost = lost
                    .iter()
                    .any(|step| matches!(step, VisitStep::Lost { event: lost, .. } if *lost == event));
                let is_withheld = steps
                    .iter()
                    .any(|step| matches!(step, VisitStep::Withheld { event: held, .. } if *held == event));
                let is_sent_later = phases.iter().any(|other| other["phase"] == "buffer_flush")
                    || site.banner == Banner::Mandatory && event == 1;
                assert!(is_lost || is_withheld || is_sent_later, "{} {phase} {steps:?}", said());
            }
        }
    }
}

fn model(word: &str) -> ConsentModel {
    match word {
        "opt-in" => ConsentModel::OptIn,
        "opt-out" => ConsentModel::OptOut,
        "implied" => ConsentModel::Implied,
        other => panic!("{other}"),
    }
}

/// The banners that a scenario speaks of. Where the documents say "any", a mandatory banner is not among them: their table of banners has
/// it load the library after the person's action.
fn banners(word: &str) -> &'static [Banner] {
    match word {
        "optional" => &[Banner::Stays, Banner::Disappears],
        "mandatory" => &[Banner::Mandatory],
        "any" => &[Banner::Stays, Banner::Disappears, Banner::NeverShown],
        "mandatory or optional" | "unspecified" => {
            &[Banner::Mandatory, Banner::Stays, Banner::Disappears, Banner::NeverShown]
        }
        other => panic!("{other}"),
    }
}

/// Every scenario of the documents, phase by phase, for each banner that it speaks of, under the reading that is documented; and the
/// other readings where a setting, or another fact of the site, selects them.
#[test]
fn scenarios_are_the_documents_ones() {
    let document = document("onetrust_scenarios");
    let (mut cases, mut played, mut others) = (0, 0, 0);
    for case in document["cases"].as_array().unwrap() {
        let facts = &case["policy_facts"];
        let scenario = &case["scenario"];
        let (model, banners) = (
            model(scenario["consent_model"].as_str().unwrap()),
            banners(scenario["banner"].as_str().unwrap()),
        );
        let table = table("segment", facts, "");
        for banner in banners {
            let site = Site::with(table.policy(), *banner, model);
            play(&table, site, case, case["phases"].as_array().unwrap());
            played += 1;
        }
        cases += 1;
        for other in case["alt_expect"].as_array().into_iter().flatten() {
            others += 1;
            other_reading(case, other, banners, model);
        }
    }
    assert_eq!((cases, others), (22, 5));
    assert!(played > 50, "{played}");
}

fn other_reading(case: &Value, other: &Value, banners: &[Banner], model: ConsentModel) {
    let mut facts = case["policy_facts"].clone();
    let row = case["row"].as_str().unwrap();
    let statements = match row {
        // Implied is taken as opt-in, as the paragraph above the tables has it.
        "F8" => "override implied consent opt-in",
        // A library that waits for a granted category never loads for who rejects all, if none is always granted.
        "F3a" => "override library loads when granted",
        // What the documents call strictly necessary is granted by the platform; where it is not, nobody grants it.
        _ => "",
    };
    if row != "F8" {
        facts["categories"].as_array_mut().unwrap().iter_mut().for_each(|category| {
            category["always_on"] = false.into();
        });
    }
    let table = table("segment", &facts, statements);
    // Nothing is always granted then, so that it is not in the stamps either.
    let mut phases = case["phases"].as_array().unwrap().clone();
    let never_loads = other.as_object().unwrap().values().all(|outcome| outcome == "deny");
    let last = phases.len() - 1;
    if row != "F8" {
        phases[last]["event"]["context"]["consent"]["categoryPreferences"]["C0001"] = false.into();
    }
    phases[last]["expect"] = other.clone();
    if never_loads {
        phases.retain(|phase| phase["phase"] != "buffer_flush");
        let last = phases.len() - 1;
        phases[last]["segment_loaded"] = false.into();
        phases[0]["segment_loaded"] = false.into();
    }
    for banner in banners {
        let site = Site::with(table.policy(), *banner, model);
        play(&table, site, case, &phases);
    }
}

/// Under opt-out a mandatory banner holds the library back, as the documents' table of banners has it; their rows name no banner.
#[test]
fn a_mandatory_banner_holds_back_opt_out_too() {
    let document = document("onetrust_scenarios");
    let table = table("segment", &document["policy_facts"], "");
    let site = Site::with(table.policy(), Banner::Mandatory, ConsentModel::OptOut);
    let (mut visit, steps) = Visit::start(&table, site, Visitor::First);
    assert_eq!(steps, [VisitStep::PageLoads { again: false }, VisitStep::BannerShown]);
    assert_eq!(visit.event(Event::default()), [VisitStep::Buffered { event: 1 }]);
    // A click elsewhere is no action on the banner.
    assert_eq!(visit.act(), []);
    let steps = visit.close();
    assert!(
        matches!(
            steps.as_slice(),
            [
                VisitStep::BannerGone,
                VisitStep::LibraryLoads,
                VisitStep::DeviceLoads(_),
                VisitStep::Sent { event: 1, buffered: true, .. }
            ]
        ),
        "{steps:?}"
    );
    assert_eq!(visit.close(), []);
    // A banner that was closed does not come again, and holds nothing back any more.
    let steps = visit.load_page();
    assert!(
        matches!(
            steps.as_slice(),
            [VisitStep::PageLoads { again: true }, VisitStep::LibraryLoads, VisitStep::DeviceLoads(_)]
        ),
        "{steps:?}"
    );
    // Under opt-in closing grants nothing.
    let site = Site { model: ConsentModel::OptIn, ..site };
    let (mut visit, _) = Visit::start(&table, site, Visitor::First);
    visit.event(Event::default());
    assert_eq!(visit.close(), [VisitStep::BannerGone]);
    let lost = VisitStep::Lost { event: 1, cause: Loss::NoChoice };
    assert_eq!(visit.load_page(), [lost, VisitStep::PageLoads { again: true }]);
    assert_eq!((visit.buffered(), visit.is_loaded()), (0, false));
    assert_eq!(visit.leave(), [VisitStep::Left]);
    assert_eq!(visit.event(Event::default()), [VisitStep::Lost { event: 2, cause: Loss::Over }]);
    assert_eq!(
        (visit.leave(), visit.load_page(), visit.choose(Choice::nothing(table.policy()))),
        (vec![], vec![], vec![])
    );
}

/// A banner that disappears does so once, and grants nothing; one that stays does not.
#[test]
fn a_click_or_scroll_makes_some_banners_go() {
    let document = document("onetrust_scenarios");
    let table = table("segment", &document["policy_facts"], "");
    let site = Site::with(table.policy(), Banner::Disappears, ConsentModel::OptIn);
    let (mut visit, _) = Visit::start(&table, site, Visitor::First);
    visit.event(Event::default());
    assert_eq!((visit.act(), visit.act()), (vec![VisitStep::BannerGone], vec![]));
    assert_eq!((visit.buffered(), visit.is_loaded()), (1, false));
    let (mut visit, _) = Visit::start(&table, Site { banner: Banner::Stays, ..site }, Visitor::First);
    assert_eq!(visit.act(), []);
    assert_eq!(visit.close(), [VisitStep::BannerGone]);
}

/// What is tracked under a refusal, while the library does not load for it, is stamped with that refusal: a later grant does not speak of it.
#[test]
fn a_later_grant_does_not_speak_of_what_was_refused() {
    let text = r#"consentry 1 policy "p" include prelude "segment-strict" category A destination "X" needs A
        banner stays model opt-in"#;
    let table = Table::new(Policy::parse(text).unwrap());
    let policy = table.policy();
    let (mut visit, _) = Visit::start(&table, Site::of(policy).unwrap(), Visitor::First);
    visit.event(Event::default());
    assert_eq!(visit.choose(Choice::nothing(policy)).len(), 1);
    assert_eq!(visit.event(Event::default()), [VisitStep::Buffered { event: 2 }]);
    let steps = visit.choose(Choice::everything(policy));
    let [
        VisitStep::Chosen(_),
        VisitStep::LibraryLoads,
        VisitStep::Sent { event: 1, delivered, .. },
        VisitStep::Withheld { event: 2, stamped, .. },
    ] = steps.as_slice()
    else {
        panic!("{steps:?}")
    };
    assert_eq!(delivered.len(), 1);
    assert_eq!(stamped.consent.preferences(), [("A".into(), Preference::Refused)]);
}

/// What a closed gate keeps from an exempt destination that is mapped is named, and so is why a policy drops an event.
#[test]
fn what_is_withheld_or_dropped_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.consent");
    let text = r#"consentry 1 policy "p" include prelude "segment" category A category B
        destination "S3" exempt needs A destination "X" needs B banner stays model opt-out
        override reconcile { consent integrations enforce  answered any drop "not today"  any any consent }"#;
    fs::write(&path, text.replace("override reconcile", "// ").replace("{ consent", "// ")).unwrap();
    let tell = || {
        text::run(&["simulate", path.to_str().unwrap(), "reject", "event", "choose all", "event"], b"").out
    };
    let told = tell();
    let said = "the gate is closed; it would be delivered to \"S3\"\n";
    assert!(told.contains(said), "{told}");
    fs::write(&path, text).unwrap();
    let told = tell();
    assert!(told.contains(" to nobody, and dropped: \"not today\"\n"), "{told}");
    assert!(told.contains("\n2 events: 1 (1 dropped) sent, 1 withheld, 0 lost\n"), "{told}");
}

/// Without consent an event passes a gate on delivery only if a destination is enabled that needs no more than an `always` category.
#[test]
fn a_row_may_depend_on_what_is_enabled() {
    let table = Table::new(
        Policy::parse(
            r#"consentry 1 policy "p" include prelude "segment" category A category Needed always
               destination "X" needs A destination "Y" needs Needed"#,
        )
        .unwrap(),
    );
    let [first, ..] = &wrapper(&table)[..] else { panic!("no rows") };
    assert_eq!((first.granted, first.unmapped, first.mapped), (false, Unmapped::None, Mapped::Any));
    assert!(first.flows.contains(&(GateOpens::Delivery, Flow::Depends)), "{first:?}");
}

/// A preference event passes every gate also if no event is exempt, and an exempt event that is no preference event passes none for
/// that reason.
#[test]
fn preference_events_pass_and_exempt_events_do_not() {
    let refusal =
        r#"{"type":"track","event":"NAME","context":{"consent":{"categoryPreferences":{"A":false}}}}"#;
    for opens in GateOpens::ALL {
        let policy = |settings: &str| {
            let opens = opens.as_str();
            let text = format!(
                "consentry 1 policy \"p\" include prelude \"segment\" category A destination \"X\" needs A \
                 override gate opens on {opens} {settings}"
            );
            Table::new(Policy::parse(&text).unwrap_or_else(|error| panic!("{error}")))
        };
        let passes = |table: &Table, name: &str| {
            let event = serde_json::from_str(&refusal.replace("NAME", name)).unwrap();
            passes(table, &event, opens)
        };
        let none = policy("override exempt events none");
        assert!(passes(&none, "Segment Consent Preference Updated"), "{opens:?}");
        assert!(!passes(&none, "Order"), "{opens:?}");
        let order = policy("override exempt events \"Order\"");
        // Its destination receives an exempt event, so that `delivery` lets it through as it does any other that is delivered.
        assert_eq!(passes(&order, "Order"), opens == GateOpens::Delivery, "{opens:?}");
        let no_preference_events = policy("override exempt events none override preference events none");
        assert!(!passes(&no_preference_events, "Segment Consent Preference Updated"), "{opens:?}");
    }
}

/// Banner and consent model are facts about a site, which a policy may leave out; a visit needs them.
#[test]
fn a_site_needs_a_banner_and_a_model() {
    let site = |statements: &str| {
        let text = format!("consentry 1 policy \"p\" include prelude \"segment\" {statements}");
        Site::of(&Policy::parse(&text).unwrap()).map_err(|unsaid| unsaid.0)
    };
    assert_eq!(site("model opt-in"), Err("banner mandatory"));
    assert_eq!(site("banner stays"), Err("model opt-in"));
    assert!(site("banner stays model opt-in").is_ok());
}

/// A library of a device-mode destination cannot be unloaded, and comes only with a page.
#[test]
fn device_libraries_come_and_go_with_pages() {
    let document = document("onetrust_scenarios");
    let table = table("segment", &document["policy_facts"], "");
    let policy = table.policy();
    let device = policy.destination_named("device-sdk").unwrap();
    let site = Site::with(policy, Banner::Stays, ConsentModel::OptIn);
    let (mut visit, _) = Visit::start(&table, site, Visitor::Returning(Choice::nothing(policy)));
    assert_eq!(visit.choose(Choice::everything(policy))[1..], [VisitStep::NeedsPageLoad(device)]);
    let [VisitStep::Sent { delivered, missed, .. }] = &visit.event(Event::default())[..] else { panic!() };
    assert!(missed == &[device] && !delivered.contains(&device));
    let steps = visit.load_page();
    assert_eq!(
        steps,
        [VisitStep::PageLoads { again: true }, VisitStep::LibraryLoads, VisitStep::DeviceLoads(device)]
    );
    let [VisitStep::Sent { delivered, missed, .. }] = &visit.event(Event::default())[..] else { panic!() };
    assert!(missed.is_empty() && delivered.contains(&device));
    assert_eq!(visit.choose(Choice::nothing(policy))[1..], [VisitStep::KeepsCollecting(device)]);
    let [VisitStep::Sent { delivered, missed, .. }] = &visit.event(Event::default())[..] else { panic!() };
    assert!(missed.is_empty() && !delivered.contains(&device));
}

/// What a sentence of an expected behavior says, be it the documents' or ours.
fn step(sentence: &str) -> Option<&'static str> {
    let sentence = sentence.to_lowercase();
    let has = |part: &str| sentence.contains(part);
    Some(match () {
        // What is so only on some sites, or for who acts otherwise, is compared through the policies of other tests.
        () if has("if a user rejects all") || has("if the person rejects all") || has("is blocked") => {
            return None;
        }
        () if has("users provide consent") || has("provides consent preferences and closes") => "choose",
        () if has("rejects all") && has("close") => "reject",
        () if has("does not interact") || has("does not take a consent action") || has("does nothing") => {
            "ignore"
        }
        () if has("updates") => "update",
        () if has("closes banner") => return None,
        () if has("website loads") => "page",
        () if has("cannot use") => "mandatory banner",
        () if has("presents") => "banner",
        () if has("libraries load") => "load",
        () if has("cookies are set") => "no cookies",
        () if has("no events flow") => "nothing flows",
        () if has("buffer") => "flush",
        () if has("flow") => "flow",
        () => panic!("{sentence}"),
    })
}

fn steps<'s>(sentences: impl Iterator<Item = &'s str>) -> Vec<&'static str> {
    let mut steps: Vec<_> = sentences.filter_map(step).collect();
    steps.dedup();
    steps
}

/// What a cell about loss says.
fn loss(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    let loss = match () {
        () if text.contains("possible if") => "possible",
        () if text.starts_with("no data loss") => "none",
        () if text.starts_with("data loss") => "loss",
        () => panic!("{text}"),
    };
    let device = text.contains("libraries that").then_some("device");
    [Some(loss), device].into_iter().flatten().collect()
}

/// The tables of a Markdown text: of each the rows, and of each row the cells.
fn printed(text: &str) -> Vec<Vec<Vec<String>>> {
    let mut tables: Vec<Vec<Vec<String>>> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("| ") && lines.peek().is_some_and(|next| next.starts_with("|---")) {
            lines.next();
            let mut rows = Vec::new();
            while let Some(row) = lines.next_if(|line| line.starts_with("| ")) {
                let cells = row.trim_start_matches("| ").trim_end_matches(" |").split(" | ");
                rows.push(cells.map(str::to_owned).collect());
            }
            tables.push(rows);
        }
    }
    tables
}

/// `simulate --all` prints the documents' tables: row by row, step by step, in their order.
#[test]
fn the_documents_tables_are_reprinted() {
    let tables = document("onetrust_tables");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.consent");
    let all = |facts: &Value| {
        fs::write(&path, facts::policy("segment", facts, "")).unwrap();
        let run = text::run(&["simulate", path.to_str().unwrap(), "--all", "--format", "markdown"], b"");
        assert_eq!((run.status, run.err.as_str()), (0, ""));
        run.out
    };
    let scenarios = all(&document("onetrust_scenarios")["policy_facts"]);
    let [banners, first, returning, _] = printed(&scenarios).try_into().unwrap();
    // The table of the wrapper is about sites that grant nothing always, with an unmapped destination and storage.
    let mut facts = document("onetrust_wrapper_gate")["policy_facts"].clone();
    let more = [("plain-tool", "cloud"), ("AWS S3", "storage")]
        .map(|(name, kind)| json!({ "name": name, "categories": [], "kind": kind, "enabled": true }));
    facts["destinations"].as_array_mut().unwrap().extend(more);
    let [_, _, _, wrapper] = printed(&all(&facts)).try_into().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_lowercase();

    let expected = tables["banners"].as_array().unwrap();
    assert_eq!((banners.len(), expected.len()), (4, 4));
    for (row, expected) in banners.iter().zip(expected) {
        let displayed = expected["Cookie banner"].as_str().unwrap().starts_with("yes");
        assert_eq!(row[1], if displayed { "yes" } else { "no" }, "{row:?}");
        assert!(text(&expected["User interaction with webpage"]).ends_with(&row[2]), "{row:?}");
        // The rows of opt-in contradict the column, and win.
        let (loads, opt_in) = row[3].split_once("; under opt-in ").unwrap_or((&row[3], ""));
        assert_eq!(loads, text(&expected["Segment loads"]), "{row:?}");
        assert_eq!(opt_in.is_empty(), loads == "after user action", "{row:?}");
        assert!(row[4].starts_with(&text(&expected["Possibility of data loss"])[..3]), "{row:?}");
    }
    assert!(scenarios.contains("The rows win."));

    for (rows, expected, count) in [(&first, &tables["first"], 8), (&returning, &tables["returning"], 6)] {
        let expected = expected.as_array().unwrap();
        assert_eq!((rows.len(), expected.len()), (count, count));
        for (row, expected) in rows.iter().zip(expected) {
            let model = text(&expected["consent model"]);
            let own = row[0].split(' ').next().unwrap();
            assert!(model.starts_with(own), "{row:?}");
            assert_eq!(
                model.contains("with mandatory consent banner"),
                row[0].contains("mandatory"),
                "{row:?}"
            );
            let documented = expected["expected behavior"].as_array().unwrap().iter();
            let documented = steps(documented.map(|step| step.as_str().unwrap()));
            assert_eq!(steps(row[2].split("<br>")), documented, "{row:?}\n{expected}");
            let lost: Vec<&str> =
                expected["data loss"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            assert_eq!(loss(&row[3]), loss(&lost.join(" ")), "{row:?}\n{expected}");
        }
    }

    let expected = tables["wrapper"].as_array().unwrap();
    assert_eq!((wrapper.len(), expected.len()), (7, 7));
    for (row, expected) in wrapper.iter().zip(expected) {
        let refused = text(&expected["Consent categories"]).contains("all categories are disabled");
        assert_eq!(row[1], if refused { "refused" } else { "granted" });
        let unmapped = match text(&expected["Unmapped destinations"]) {
            one if one.contains("s3") => "exempt storage enabled",
            one if one.contains("no unmapped") => "none enabled",
            _ => "one or more enabled",
        };
        let mapped = match text(&expected["Mapped destinations"]).as_str() {
            "any configuration" => "any",
            "all destinations are disabled" => "none enabled",
            _ => "one or more enabled",
        };
        assert_eq!((row[2].as_str(), row[3].as_str()), (unmapped, mapped), "{row:?}");
        let behavior = text(&expected["Wrapper behavior"]).replace(" to segment", "");
        assert_eq!(row[4..], [behavior.clone(), behavior.clone(), behavior], "{row:?}");
    }
}

/// What only one of the runs behind a row shows is in the row: libraries that keep collecting after all is rejected, libraries that are not
/// there for what is granted later, and events after a mandatory banner was closed without a choice.
#[test]
fn rows_tell_what_may_happen() {
    let document = document("onetrust_scenarios");
    let table = table("segment", &document["policy_facts"], "");
    let policy = table.policy();
    let device = "device-sdk";
    let (all, nothing) = (Choice::everything(policy), Choice::nothing(policy));
    let rows = |stored: &Choice, chosen: &Choice| scenarios(&table, stored, chosen);
    fn updates(rows: Vec<ScenarioRow<'_>>) -> Vec<ScenarioRow<'_>> {
        rows.into_iter().filter(|row| row.scenario.action == Action::Update).collect()
    }
    // Who updates to everything keeps everything; who rejects all instead leaves a library behind.
    let kept = updates(rows(&all, &all));
    assert_eq!(kept.len(), 3);
    for row in &kept {
        assert_eq!((&row.keep_collecting[..], &row.need_page_load[..]), (&[device][..], &[][..]), "{row:?}");
    }
    let needed = updates(rows(&nothing, &all));
    for row in &needed {
        assert_eq!((&row.keep_collecting[..], &row.need_page_load[..]), (&[][..], &[device][..]), "{row:?}");
    }
    // Who does nothing keeps what is stored.
    let ignored = |row: &ScenarioRow| row.scenario.returning && row.scenario.action == Action::Ignore;
    for row in rows(&nothing, &all).iter().filter(|row| ignored(row)) {
        assert!(!row.after.delivered.contains(&device), "{row:?}");
    }
    for row in rows(&all, &nothing).iter().filter(|row| ignored(row)) {
        assert!(row.after.delivered.contains(&device), "{row:?}");
    }
    let losing: Vec<(bool, bool)> = rows(&all, &all).iter().map(|row| (row.loses, row.may_lose)).collect();
    let expected = [(false, true), (true, true), (false, true), (false, true)];
    assert_eq!((&losing[..4], &losing[4..]), (&expected[..], &[(false, false); 10][..]));
}

/// What changes nothing is said too.
#[test]
fn an_action_without_effect_is_told() {
    let facts = &document("onetrust_scenarios")["policy_facts"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.consent");
    fs::write(&path, facts::policy("segment", facts, "banner stays model opt-in")).unwrap();
    let actions = ["scroll", "close", "close", "leave", "leave", "choose all", "load"];
    let run = text::run(&[&["simulate", path.to_str().unwrap()][..], &actions].concat(), b"");
    let said = "  banner is shown\n  scroll: nothing happens\n  banner is gone, nothing was chosen\n  close: nothing happens\n  \
                person leaves\n  leave: nothing happens\n  choose: nothing happens\n  load: nothing happens\n";
    assert!(run.out.contains(said), "{}", run.out);
}

/// The command tells a visit to people, programs and reviewers, and loses nothing of it.
#[test]
fn a_visit_is_told() {
    let facts = &document("onetrust_scenarios")["policy_facts"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.consent");
    fs::write(&path, facts::policy("segment", facts, "banner stays model opt-in")).unwrap();
    let path = path.to_str().unwrap();
    let actions = [
        "event",
        "event Order Completed",
        "choose C0002",
        "event",
        "choose all",
        "event",
        "load",
        "event",
        "reject",
        "leave",
        "leave",
        "event",
    ];
    let simulate = |more: &[&str]| text::run(&[&["simulate", path], more, &actions].concat(), b"");
    let json = simulate(&["--format", "json"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    let schema =
        fs::read_to_string(format!("{}/grammar/simulate.schema.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!validator.is_valid(&json!({ "v": 1 })));
    let all = text::run(&["simulate", path, "--all", "--format", "json"], b"");
    let all: Value = serde_json::from_str(&all.out).unwrap();
    let errors: Vec<String> = validator.iter_errors(&all).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(
        document["events"],
        json!({ "tracked": 6, "sent": 5, "missed": 1, "dropped": 0, "withheld": 0, "lost": 1, "waiting": 0 })
    );
    assert_eq!(document["site"]["taken_as"], "opt-in");
    assert_eq!(
        (&document["cookies"], &document["data_loss"]["possibility"]),
        (&true.into(), &"medium".into())
    );
    let ignored = text::run(&["simulate", path, "--banner", "mandatory", "event", "leave"], b"");
    let said = "\n1 event: 0 sent, 0 withheld, 1 lost; the library never loaded, and no cookies were set\n\
                possibility of data loss with this banner, as the documents rate it: low, until a person changes the preferences\n";
    assert!(ignored.out.ends_with(said), "{}", ignored.out);
    let human = simulate(&[]);
    for part in [
        "p: first-time visitor; banner stays, model opt-in, gate opens on any grant\n"
            .replacen('p', "case", 1)
            .as_str(),
        "  event 2 \"Order Completed\", which waited, is sent with C0001, C0002; not C0004 to \"necessary-tool\", \"perf-tool\", \"plain-tool\"\n",
        "; missed by \"device-sdk\", whose library is not there\n",
        "  \"device-sdk\" may receive now, but its library does not load before the next page load\n",
        "  event 6 is LOST: the visit was over\n",
        "\n6 events: 5 (1 missed by a device-mode library) sent, 0 withheld, 1 lost\npossibility of data loss with this banner, as the documents rate it: medium, ",
    ] {
        assert!(human.out.contains(part), "{part}\n{}", human.out);
    }
    let markdown = simulate(&["--format", "markdown"]).out;
    assert!(
        markdown.starts_with("### A visit under case\n") && markdown.contains("\n1. page loads\n"),
        "{markdown}"
    );
    // What is missing or wrong is said, and nothing is told.
    for (arguments, said) in [
        (vec!["simulate", path, "--model", "implied", "dance"], "`dance` is no action"),
        (
            vec!["simulate", path, "choose Nothing"],
            "`Nothing` is no category of the policy: it has C0001, C0002, C0004",
        ),
        (vec!["simulate", path, "close now"], "`close` stands alone"),
        (vec!["simulate", path, "--all", "--banner", "stays"], "have banners and models of their own"),
        (vec!["simulate", path], "required"),
    ] {
        let run = text::run(&arguments, b"");
        assert!(run.status == 2 && run.out.is_empty() && run.err.contains(said), "{} {}", run.err, run.out);
    }
    fs::write(folder.path().join("bare.consent"), facts::policy("segment", facts, "banner stays")).unwrap();
    let bare = folder.path().join("bare.consent");
    let run = text::run(&["simulate", bare.to_str().unwrap(), "event"], b"");
    assert!(run.status == 2 && run.err.contains("add for example `model opt-in`"), "{}", run.err);
    let run = text::run(
        &["simulate", bare.to_str().unwrap(), "--model", "custom", "--stored", "nothing", "event"],
        b"",
    );
    assert!(
        run.status == 0 && run.out.contains("returning visitor who granted C0001; not C0002, C0004"),
        "{}",
        run.out
    );
    assert!(run.out.contains("model custom (taken as opt-out)"), "{}", run.out);
}

/// The README's example is what the command prints.
#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let section = readme.split("## Banners by example").nth(1).unwrap();
    let block = |after: &str| section.split(after).nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.consent");
    fs::write(&path, block("```consent\n")).unwrap();
    assert!(
        section
            .contains("`consentry simulate acme.consent event 'choose Analytics' event reject event leave`")
    );
    let actions = ["event", "choose Analytics", "event", "reject", "event", "leave"];
    let run = text::run(&[&["simulate", path.to_str().unwrap()][..], &actions].concat(), b"");
    assert_eq!(run.out, block("```text\n"));
}
