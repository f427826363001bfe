//! RudderStack's server and its JavaScript SDK: the preludes against transcriptions of both rules, the vendor's examples, the
//! pages, and the guide. Examples of mParticle, Tealium, Google, OneTrust and Global Privacy Control stand before the pages.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that fails may panic, and one prints its result"
)]

use consentry::event::Batch;
use consentry::exact::{Direction, diff, prove};
use consentry::format::format;
use consentry::source::Memory;
use consentry::{Event, Input, Limits, Outcome, Policy, Reason, Table, reference, testing};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Reads a policy, and shows it where it has errors.
fn parse(text: &str) -> Policy {
    Policy::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Decides an event by the table, and compares each reason with the reference interpreter's.
fn reasons(table: &Table, event: &Value) -> Vec<Reason> {
    let line = event.to_string();
    let mut scratch = table.scratch();
    let decision = table.decide(Input::line(line.as_bytes()), &mut scratch).unwrap();
    let decided: Vec<Reason> = decision.verdicts().map(|(_, verdict)| verdict.reason()).collect();
    let policy = table.policy();
    let event = Event::read(line.as_bytes(), policy.reading(), &Limits::default()).unwrap();
    let explained = policy.destination_ids().map(|id| reference::explain(policy, &event, id).unwrap());
    assert_eq!(decided, explained.map(|one| one.verdict.reason()).collect::<Vec<_>>(), "{line}");
    decided
}

/// Decides an event, and returns whether each destination receives it.
fn outcomes(table: &Table, event: &Value) -> Vec<bool> {
    reasons(table, event).into_iter().map(|reason| reason.outcome() == Outcome::Deliver).collect()
}

/// Names the destinations that receive an event.
fn receivers(policy: &Policy, event: &Value) -> Vec<String> {
    let decided = outcomes(&Table::new(policy.clone()), event);
    let names = policy.destinations().iter().map(|one| one.name().to_owned());
    names.zip(decided).filter(|(_, is_delivered)| *is_delivered).map(|(name, _)| name).collect()
}

/// A context with both lists of ids, as RudderStack's libraries stamp them.
fn stamped(provider: &Value, allowed: &Value, denied: &Value, resolution: &Value) -> Value {
    let mut event =
        json!({"type": "track", "event": "Order Completed", "context": {"consentManagement": {}}});
    for (key, value) in [
        ("provider", provider),
        ("allowedConsentIds", allowed),
        ("deniedConsentIds", denied),
        ("resolutionStrategy", resolution),
    ] {
        // JSON has no `undefined`: such a member is left out.
        if *value != json!("undefined") {
            event["context"]["consentManagement"][key] = value.clone();
        }
    }
    event
}

// ---- The server's rule, transcribed ----

/// The step of the server's rule that decides a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Integrations,
    NoConsentObject,
    NothingDenied,
    Generic,
    LegacyOneTrust,
    LegacyKetch,
    NoIds,
}

/// Decides a destination as the server does, in the order of its code, and names the step.
fn server(event: &Value, destination: &Value) -> (Step, bool) {
    match passes_server_integrations(
        event,
        destination["destinationDefinition"]["displayName"].as_str().unwrap(),
    ) {
        true => passes_server_consent(&event["context"]["consentManagement"], &destination["config"]),
        false => (Step::Integrations, false),
    }
}

/// `FilterClientIntegrations` of `integrations.go`: entries have the display names of definitions.
fn passes_server_integrations(event: &Value, display_name: &str) -> bool {
    let Some(integrations) = event.get("integrations") else { return true };
    let Some(entries) = integrations.as_object() else { return false };
    let all = match entries.get("All") {
        None => true,
        Some(Value::Bool(all)) => *all,
        Some(_) => return false,
    };
    match entries.get(display_name) {
        Some(Value::Bool(is_on)) => *is_on,
        Some(Value::Object(_)) => true,
        _ => all,
    }
}

/// `getConsentFilteredDestinations` of `consent.go`, and what it reads of a destination's configuration.
fn passes_server_consent(consent: &Value, config: &Value) -> (Step, bool) {
    // Step 1. A list with anything but texts is a parse error: nothing is enforced.
    let Some(consent) = consent.as_object() else { return (Step::NoConsentObject, true) };
    let denied: Option<Vec<&str>> = match consent.get("deniedConsentIds") {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(ids)) => ids.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    let Some(mut denied) = denied else { return (Step::NothingDenied, true) };
    denied.retain(|id| !id.is_empty());
    // Step 2.
    if denied.is_empty() {
        return (Step::NothingDenied, true);
    }
    let any_denied = |ids: &[&str]| ids.iter().any(|id| denied.contains(id));
    let all_denied = |ids: &[&str]| ids.iter().all(|id| denied.contains(id));
    // Go decodes `null` to the empty text. Decoders differ about other types; here these are a provider without a block, and no "or".
    let text = |key| match consent.get(key) {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => "of another type",
    };
    let (provider, mut strategy) = (text("provider"), text("resolutionStrategy"));
    // Step 3.
    let mut generic = None;
    for block in array(&config["consentManagement"]) {
        let ids = ids(&block["consents"], "consent");
        if !ids.is_empty() && !provider.is_empty() && block["provider"] == provider {
            generic = Some((block, ids));
        }
    }
    if let Some((block, ids)) = generic {
        if provider == "custom" {
            strategy = block["resolutionStrategy"].as_str().unwrap_or_default();
        }
        return (Step::Generic, if strategy == "or" { !all_denied(&ids) } else { !any_denied(&ids) });
    }
    // Steps 4 to 6.
    let one_trust = ids(&config["oneTrustCookieCategories"], "oneTrustCookieCategory");
    if matches!(provider, "" | "oneTrust") && !one_trust.is_empty() {
        return (Step::LegacyOneTrust, !any_denied(&one_trust));
    }
    let ketch = ids(&config["ketchConsentPurposes"], "purpose");
    if matches!(provider, "" | "ketch") && !ketch.is_empty() {
        return (Step::LegacyKetch, !all_denied(&ketch));
    }
    (Step::NoIds, true)
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The ids of a list of objects, without empty ones.
fn ids<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    array(list).iter().map(|one| one[key].as_str().unwrap()).filter(|id| !id.is_empty()).collect()
}

// ---- A policy of a configuration ----

/// Writes a text as a policy does.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Lists ids, each once: a policy names no category twice.
fn listed(ids: &[&str]) -> String {
    ids.iter().map(|id| quoted(id)).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

/// Writes a policy: a category for each id, and a destination for each one of the configuration, with a line for each requirement.
fn policy_of(prelude: &str, destinations: &[Value], arms: impl Fn(&Value) -> Vec<String>) -> String {
    let mut text = format!("consentry 1\npolicy \"generated\"\ninclude prelude \"{prelude}\"\n");
    for id in IDS {
        writeln!(text, "category {}", quoted(id.trim())).unwrap();
    }
    for destination in destinations {
        let name = quoted(destination["name"].as_str().unwrap());
        let display_name = quoted(destination["destinationDefinition"]["displayName"].as_str().unwrap());
        let arms = arms(&destination["config"]);
        let needs = match arms.is_empty() {
            true => "  unmapped\n".to_owned(),
            false => format!("{}  otherwise unmapped\n", arms.concat()),
        };
        write!(text, "destination {name} shared alias {display_name}\n{needs}").unwrap();
    }
    text
}

/// The requirements of a destination under the server's rule.
fn server_arms(config: &Value) -> Vec<String> {
    let mut blocks = BTreeMap::new();
    for block in array(&config["consentManagement"]) {
        let ids = ids(&block["consents"], "consent");
        if !ids.is_empty() && block["provider"] != "" {
            blocks.insert(block["provider"].as_str().unwrap(), (block, ids));
        }
    }
    let mut arms = Vec::new();
    for (provider, (block, ids)) in blocks {
        let needs = match (provider, block["resolutionStrategy"].as_str()) {
            ("custom", Some("or")) => "any of",
            // Without a strategy of its own a custom block is as one with "and", also if the event has "or".
            ("custom", Some(_)) => "all of",
            _ => "by strategy of",
        };
        arms.push(format!("  needs when provider \"{provider}\" {needs} {}\n", listed(&ids)));
    }
    let one_trust = ids(&config["oneTrustCookieCategories"], "oneTrustCookieCategory");
    if !one_trust.is_empty() {
        arms.push(format!("  needs when provider \"oneTrust\" | absent all of {}\n", listed(&one_trust)));
    }
    let ketch = ids(&config["ketchConsentPurposes"], "purpose");
    if !ketch.is_empty() {
        arms.push(format!("  needs when provider \"ketch\" | absent any of {}\n", listed(&ketch)));
    }
    arms
}

// ---- Random configurations and events ----

/// SplitMix64: a few lines, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    fn is_one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn one_of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }

    /// So many values at most.
    fn some_of<T: Clone>(&mut self, most: usize, values: &[T]) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| self.one_of(values)).collect()
    }
}

/// Ids of consent. RudderStack's SDK trims those of its configuration.
const IDS: [&str; 5] = ["C0002", "C0004", " analytics ", "é \"x\"", "c0002"];

/// The destinations of a workspace, of which two have one definition.
const DESTINATIONS: [(&str, &str); 3] =
    [("web", "Google Analytics 4"), ("shop", "Google Analytics 4"), ("Braze 1", "Braze")];

/// The configuration of each destination. `ids` are those that a block may have.
fn configuration(random: &mut Random, ids: &[&str]) -> Vec<Value> {
    let list = |random: &mut Random, key: &str| -> Value {
        random.some_of(3, ids).into_iter().map(|id| json!({key: id})).collect()
    };
    let one = |random: &mut Random, name: &str, display_name: &str| {
        let mut config = Map::new();
        if !random.is_one_in(4) {
            let mut blocks = Vec::new();
            for _ in 0..random.below(7) {
                let provider =
                    random.one_of(&["custom", "oneTrust", "ketch", "iubenda", "custom", "oneTrust", ""]);
                let mut block = json!({"provider": provider, "consents": list(random, "consent")});
                if !random.is_one_in(3) {
                    block["resolutionStrategy"] = random.one_of(&["or", "or", "and", "OR", ""]).into();
                }
                blocks.push(block);
            }
            config.insert("consentManagement".into(), blocks.into());
        }
        for (list_key, key) in
            [("oneTrustCookieCategories", "oneTrustCookieCategory"), ("ketchConsentPurposes", "purpose")]
        {
            if random.is_one_in(2) {
                config.insert(list_key.into(), list(random, key));
            }
        }
        json!({"name": name, "destinationDefinition": {"displayName": display_name}, "config": config})
    };
    DESTINATIONS.iter().map(|(name, display_name)| one(random, name, display_name)).collect()
}

/// Entries of the integrations object under these names, now and then.
fn add_integrations(random: &mut Random, event: &mut Value, entries: &[Value], all: &[Value]) {
    let mut integrations = Map::new();
    for name in ["Google Analytics 4", "Braze", "Amplitude"] {
        if random.is_one_in(2) {
            integrations.insert(name.into(), random.one_of(entries));
        }
    }
    if random.is_one_in(2) {
        integrations.insert("All".into(), random.one_of(all));
    }
    event["integrations"] = integrations.into();
}

/// An event as libraries and hand-written code send it to the server.
fn event(random: &mut Random) -> Value {
    let ids = json!([IDS[0], IDS[1], IDS[2], IDS[2].trim(), IDS[3], IDS[4], "", "unknown"]);
    let list = |random: &mut Random| -> Value { random.some_of(5, array(&ids)).into() };
    let usual = json!(["custom", "oneTrust", "ketch", "iubenda"]);
    let unusual = json!(["onetrust", "", null, 7, "undefined"]);
    let providers = if random.is_one_in(2) { &usual } else { &unusual };
    let provider = random.one_of(array(providers));
    let resolutions = json!(["or", "or", "and", "any", "OR", "", null, true, "undefined"]);
    let resolution = random.one_of(array(&resolutions));
    let odd_lists = json!([null, "C0002", {"C0002": "Statistics"}, 7, "undefined"]);
    let odd_ids = json!([null, 7, ["C0002"]]);
    let denied = match random.below(12) {
        0 => random.one_of(array(&odd_lists)),
        1 => json!([random.one_of(&IDS), random.one_of(array(&odd_ids))]),
        2 => json!([""]),
        _ => list(random),
    };
    let mut event = stamped(&provider, &list(random), &denied, &resolution);
    if random.is_one_in(12) {
        event["context"]["consentManagement"] =
            random.one_of(&[json!(null), json!(["C0002"]), json!("C0002"), json!({})]);
    }
    if random.is_one_in(40) {
        event["context"] = random.one_of(&[json!(null), json!([]), json!("x"), json!({})]);
    }
    match random.below(16) {
        0 => event["integrations"] = random.one_of(&[json!(null), json!([]), json!("All"), json!(true)]),
        1..6 => {
            let entries =
                [json!(true), json!(false), json!({}), json!({"key": 1}), json!(null), json!("no"), json!(0)];
            let all =
                [json!(true), json!(false), json!(false), json!(null), json!("false"), json!(0), json!({})];
            let all = &all[..if random.is_one_in(3) { all.len() } else { 3 }];
            add_integrations(random, &mut event, &entries, all);
        }
        _ => {}
    }
    event
}

/// Returns how often each law is tried: `CONSENTRY_ROUNDS=100000 cargo test --release --features cli --test rudderstack` tries it longer.
fn rounds() -> u64 {
    std::env::var("CONSENTRY_ROUNDS").map_or(350, |rounds| rounds.parse().unwrap())
}

/// The prelude decides each event as the server does, and for the reason of the step, for a policy with the requirements of the configuration.
#[test]
fn the_server_prelude_decides_as_the_server() {
    let mut reached: BTreeMap<(Step, bool), u64> = BTreeMap::new();
    for round in 0..rounds() {
        let mut random = Random(round);
        let destinations = configuration(&mut random, &[IDS[0], IDS[1], IDS[2].trim(), IDS[3], IDS[4], ""]);
        let text = policy_of("rudderstack-server", &destinations, server_arms);
        let table = Table::new(parse(&text));
        for _ in 0..20 {
            let event = event(&mut random);
            let mut rewritten = Vec::new();
            table
                .rewrite(Input::line(event.to_string().as_bytes()), &mut table.scratch(), &mut rewritten)
                .unwrap();
            let rewritten: Value = serde_json::from_slice(&rewritten).unwrap();
            for (destination, reason) in destinations.iter().zip(reasons(&table, &event)) {
                let (step, expected) = server(&event, destination);
                let is_right = match step {
                    Step::Integrations => reason.outcome() == Outcome::Block,
                    Step::NoConsentObject | Step::NothingDenied => reason == Reason::NotEnforced,
                    Step::NoIds => reason == Reason::Unmapped,
                    _ => reason == if expected { Reason::Consented } else { Reason::Refused },
                };
                assert!(
                    is_right,
                    "{reason:?} in place of {step:?} {expected}: {destination}\n{event}\n{text}"
                );
                *reached.entry((step, expected)).or_default() += 1;
                // The server obeys a rewritten event. A shared name may withhold more.
                let (_, is_obeyed) = server(&rewritten, destination);
                let is_shared = destination["name"] != "Braze 1";
                assert!(
                    is_obeyed == expected || (is_shared && expected),
                    "{destination}\n{event}\n{rewritten}"
                );
            }
        }
    }
    println!("{} decisions: {reached:?}", reached.values().sum::<u64>());
    for outcome in [true, false] {
        for step in [Step::Generic, Step::LegacyOneTrust, Step::LegacyKetch] {
            assert!(reached[&(step, outcome)] > 100, "{step:?} {outcome}");
        }
    }
    for reached in [
        (Step::Integrations, false),
        (Step::NoConsentObject, true),
        (Step::NothingDenied, true),
        (Step::NoIds, true),
    ]
    .map(|one| reached[&one])
    {
        assert!(reached > 100);
    }
}

// ---- The SDK's rule, transcribed ----

/// The state of the SDK in a browser: the provider that `load` names, the ids, and the strategy that the workspace has for it.
fn sdk_state(random: &mut Random) -> Value {
    let provider = random.one_of(&["oneTrust", "ketch", "iubenda", "custom"]);
    let ids = [IDS[0], IDS[1], IDS[2].trim(), IDS[3], IDS[4], "unknown"];
    let allowed = match random.below(16) {
        // `load` accepts an object, too; asking it for an id throws.
        0 if provider == "custom" => json!({"C0002": "Statistics"}),
        _ => random.some_of(4, &ids).into(),
    };
    // `updateConsentsState`: "and" where the workspace has none. A custom provider has none.
    let strategy = match (provider, random.below(3)) {
        ("custom", _) => Value::Null,
        (_, 0) => json!("or"),
        _ => json!("and"),
    };
    json!({"enabled": !random.is_one_in(16), "provider": provider, "allowed": allowed, "strategy": strategy})
}

/// The event that the SDK stamps with its state (`eventManager/utilities.ts`).
fn sdk_event(state: &Value) -> Value {
    let strategy = match &state["strategy"] {
        Value::Null => &json!("undefined"),
        strategy => strategy,
    };
    match state["enabled"] == true {
        true => stamped(&state["provider"], &state["allowed"], &json!([]), strategy),
        false => json!({"type": "page", "context": {}}),
    }
}

/// Decides whether the SDK passes an event to a destination: `filterDestinations`, then `isDestinationConsented` of the provider's plugin.
fn sdk(state: &Value, event: &Value, destination: &Value) -> bool {
    let integrations = &event["integrations"];
    let is_truthy =
        |value: &Value| !matches!(value, Value::Null | Value::Bool(false)) && *value != 0 && *value != "";
    let all = match &integrations["All"] {
        Value::Null => true,
        all => is_truthy(all),
    };
    let display_name = destination["destinationDefinition"]["displayName"].as_str().unwrap();
    let is_on = match integrations.get(display_name) {
        Some(entry) => is_truthy(entry),
        None => all,
    };
    // Without consent management no plugin is asked.
    is_on && (state["enabled"] == false || is_consented(state, &destination["config"]))
}

fn is_consented(state: &Value, config: &Value) -> bool {
    let provider = state["provider"].as_str().unwrap();
    // An exception in a plugin allows.
    let Some(allowed) = state["allowed"].as_array() else { return true };
    let trimmed = |list: &Value, key: &str| -> Vec<String> {
        let ids = array(list).iter().map(|one| one[key].as_str().unwrap().trim().to_owned());
        ids.filter(|id| !id.is_empty()).collect()
    };
    let is_allowed = |id: &String| allowed.iter().any(|allowed| allowed == id);
    let some = |ids: &[String]| ids.iter().any(is_allowed) || ids.is_empty();
    let every = |ids: &[String]| ids.iter().all(is_allowed);
    if let Some(blocks) = config.get("consentManagement") {
        let Some(block) = array(blocks).iter().find(|block| block["provider"] == provider) else {
            return true;
        };
        let own = match (provider, &block["resolutionStrategy"]) {
            ("oneTrust" | "ketch", _) | (_, Value::Null) => &state["strategy"],
            (_, own) => own,
        };
        let ids = trimmed(&block["consents"], "consent");
        return if own == "or" { some(&ids) } else { every(&ids) };
    }
    match provider {
        "oneTrust" => every(&trimmed(&config["oneTrustCookieCategories"], "oneTrustCookieCategory")),
        "ketch" => some(&trimmed(&config["ketchConsentPurposes"], "purpose")),
        _ => true,
    }
}

/// The requirements of a destination under the SDK's rule.
fn sdk_arms(config: &Value) -> Vec<String> {
    let mut arms = Vec::new();
    let mut arm = |provider: &str, needs: &str, ids: Vec<&str>| {
        let ids: Vec<&str> = ids.into_iter().map(str::trim).filter(|id| !id.is_empty()).collect();
        if !ids.is_empty() {
            arms.push(format!("  needs when provider \"{provider}\" {needs} {}\n", listed(&ids)));
        }
    };
    match config.get("consentManagement") {
        Some(blocks) => {
            let mut first: BTreeMap<&str, &Value> = BTreeMap::new();
            for block in array(blocks) {
                first.entry(block["provider"].as_str().unwrap()).or_insert(block);
            }
            first.remove("");
            for (provider, block) in first {
                let needs = match (provider, block["resolutionStrategy"].as_str()) {
                    ("oneTrust" | "ketch", _) | (_, None) => "by strategy of",
                    (_, Some("or")) => "any of",
                    _ => "all of",
                };
                arm(provider, needs, ids(&block["consents"], "consent"));
            }
        }
        None => {
            arm("oneTrust", "all of", ids(&config["oneTrustCookieCategories"], "oneTrustCookieCategory"));
            arm("ketch", "any of", ids(&config["ketchConsentPurposes"], "purpose"));
        }
    }
    arms
}

/// The prelude decides each event as the SDK did that stamped it, for a policy with the requirements of the configuration.
#[test]
fn the_sdk_prelude_decides_as_the_sdk() {
    let mut reached: BTreeMap<(String, bool), u64> = BTreeMap::new();
    for round in 0..rounds() {
        let mut random = Random(round);
        let ids = [IDS[0], IDS[1], IDS[2], " ", IDS[3], IDS[4], ""];
        let destinations = configuration(&mut random, &ids);
        let text = policy_of("rudderstack-sdk", &destinations, sdk_arms);
        let table = Table::new(parse(&text));
        for _ in 0..20 {
            let state = sdk_state(&mut random);
            let mut event = sdk_event(&state);
            if random.is_one_in(3) {
                // The prelude reads other values as the server does.
                let booleans = [json!(true), json!(false)];
                add_integrations(&mut random, &mut event, &[json!(true), json!(false), json!({})], &booleans);
            }
            for (destination, is_delivered) in destinations.iter().zip(outcomes(&table, &event)) {
                let expected = sdk(&state, &event, destination);
                assert_eq!(is_delivered, expected, "{destination}\n{state}\n{event}\n{text}");
                *reached.entry((state["provider"].to_string(), expected)).or_default() += 1;
            }
        }
    }
    println!("{} decisions: {reached:?}", reached.values().sum::<u64>());
    assert!(reached.len() == 8 && reached.values().all(|count| *count > 100), "{reached:?}");
}

/// A person who was not asked yet looks like one who refused everything: the SDK loads for the former, and the event does not show it.
#[test]
fn the_sdk_prelude_blocks_before_a_choice() {
    let text =
        "consentry 1 policy \"p\" include prelude \"rudderstack-sdk\" category A destination \"D\" needs A";
    let event = stamped(&json!("custom"), &json!([]), &json!([]), &json!("undefined"));
    assert_eq!(receivers(&parse(text), &event), Vec::<String>::new());
}

// ---- The vendor's examples ----

/// The destination of RudderStack's configuration example, another one of the same definition with the old lists alone, and one without ids.
fn example(prelude: &str) -> Policy {
    parse(&format!(
        r#"consentry 1
policy "example"
include prelude "{prelude}"
category a
category b
category Statistics = "C0002"
category Advertising = "C0004"
category Analytics = "analytics"
destination "GA4"
  shared alias "Google Analytics 4"
  needs when provider "custom" any of a, b
  needs when provider "oneTrust" by strategy of Statistics, Advertising
  needs when provider "oneTrust" | absent all of Statistics
  needs when provider "ketch" | absent any of Analytics
  otherwise unmapped
destination "GA4 of the shop"
  shared alias "Google Analytics 4"
  needs when provider "oneTrust" | absent all of Statistics
  needs when provider "ketch" | absent any of Analytics
  otherwise unmapped
destination "Zendesk" unmapped
"#
    ))
}

/// Decides an event of the server by the example: its denied ids, its provider and its strategy.
fn example_receives(denied: &[&str], provider: &str, resolution: &str) -> Vec<String> {
    let event = stamped(&json!(provider), &json!([]), &json!(denied), &json!(resolution));
    receivers(&example("rudderstack-server"), &event)
}

const ALL: [&str; 3] = ["GA4", "GA4 of the shop", "Zendesk"];

/// An order of a person who denied advertising ("rudder-consent-ids").
#[test]
fn server_blocks_the_destination_of_a_denied_id() {
    let text = r#"consentry 1
policy "rudder"
include prelude "rudderstack-server"
category Advertising = "C0004"
category Analytics = "C0002"
destination "Amplitude" needs Analytics
destination "Facebook Pixel" needs Advertising
destination "Intercom" unmapped
destination "Snowflake" unmapped kind warehouse
"#;
    let order = json!({"type": "track", "event": "Order Completed", "messageId": "r1", "userId": "u1", "context":
        {"consentManagement": {"provider": "oneTrust", "allowedConsentIds": ["C0001", "C0002"], "deniedConsentIds": ["C0004"],
        "resolutionStrategy": "and"}}, "integrations": {"All": true}});
    for text in [text.to_owned(), text.replace("rudderstack-server", "rudderstack-sdk")] {
        assert_eq!(receivers(&parse(&text), &order), ["Amplitude", "Intercom", "Snowflake"]);
    }
}

#[test]
fn server_takes_the_strategy_of_a_custom_block() {
    assert_eq!(example_receives(&["a"], "custom", "and"), ALL);
    assert_eq!(example_receives(&["a", "b"], "custom", "or"), ALL[1..]);
}

#[test]
fn server_takes_the_strategy_of_the_event_for_other_providers() {
    assert_eq!(example_receives(&["C0004"], "oneTrust", "or"), ALL);
    assert_eq!(example_receives(&["C0004"], "oneTrust", "and"), ALL[1..]);
    assert_eq!(example_receives(&["C0004", "C0002"], "oneTrust", "or"), ["Zendesk"]);
}

#[test]
fn server_reads_every_other_strategy_as_and() {
    for resolution in ["", "OR", "any", "undefined"] {
        assert_eq!(example_receives(&["C0004"], "oneTrust", resolution), ALL[1..], "{resolution}");
    }
}

#[test]
fn server_uses_legacy_lists_without_a_block_of_the_provider() {
    // The first destination has a block for OneTrust, which comes before the legacy list.
    assert_eq!(example_receives(&["C0002"], "oneTrust", "and"), ["Zendesk"]);
    assert_eq!(example_receives(&["C0002"], "oneTrust", "or"), ["GA4", "Zendesk"]);
    assert_eq!(example_receives(&["analytics"], "ketch", "and"), ["Zendesk"]);
    // An event without a provider has the list of OneTrust before that of Ketch.
    for provider in ["", "undefined"] {
        assert_eq!(example_receives(&["C0002"], provider, "or"), ["Zendesk"]);
        assert_eq!(example_receives(&["analytics"], provider, "and"), ALL);
    }
}

#[test]
fn server_never_uses_legacy_lists_for_custom_and_iubenda() {
    for provider in ["custom", "iubenda", "unknown"] {
        assert_eq!(example_receives(&["C0002", "analytics"], provider, "and"), ALL);
    }
}

#[test]
fn server_enforces_nothing_if_nothing_is_denied() {
    assert_eq!(example_receives(&[], "oneTrust", "and"), ALL);
    assert_eq!(example_receives(&["", ""], "oneTrust", "and"), ALL);
    // The allowed ids are never read.
    let event = stamped(&json!("oneTrust"), &json!(7), &json!(["", "C0002"]), &json!("and"));
    assert_eq!(receivers(&example("rudderstack-server"), &event), ["Zendesk"]);
}

#[test]
fn ids_in_neither_list_are_delivered_by_the_server_and_not_by_the_sdk() {
    let event = stamped(&json!("oneTrust"), &json!(["C0001"]), &json!(["C0003"]), &json!("and"));
    assert_eq!(receivers(&example("rudderstack-server"), &event), ALL);
    assert_eq!(receivers(&example("rudderstack-sdk"), &event), ["Zendesk"]);
}

#[test]
fn server_reads_integrations_by_display_name() {
    let policy = example("rudderstack-server");
    for (integrations, expected) in [
        (json!({"Google Analytics 4": false}), &["Zendesk"][..]),
        (json!({"All": false, "Google Analytics 4": {"key": 1}}), &ALL[..2]),
        (json!({"All": false}), &[]),
        (json!({"Google Analytics 4": "no"}), &ALL),
        // Neither is read any further.
        (json!({"All": "true", "Zendesk": true}), &[]),
        (json!(null), &[]),
        (json!({}), &ALL),
    ] {
        let event = json!({"type": "page", "integrations": integrations});
        assert_eq!(receivers(&policy, &event), expected, "{event}");
    }
}

/// RudderStack's gateway reads the items of a batch, and discards the consent and the integrations of its envelope.
#[test]
fn server_ignores_the_envelope_of_a_batch() {
    let item = stamped(&json!("oneTrust"), &json!([]), &json!(["C0002"]), &json!("and"));
    let body = json!({"batch": [item, {"type": "page"}], "context": item["context"], "integrations": {"All": false}});
    let table = Table::new(example("rudderstack-server"));
    let body = body.to_string();
    let batch = Batch::read(body.as_bytes(), table.policy(), &Limits::default()).unwrap().unwrap();
    let mut scratch = table.scratch();
    let delivered = batch
        .items()
        .map(|item| table.decide(Input::line(item.bytes()), &mut scratch).unwrap().delivered().count());
    assert_eq!(delivered.collect::<Vec<_>>(), [1, 3]);
}

/// A diff of the two preludes has events that one delivers and the other blocks, in both directions, and both tables decide them so.
#[test]
fn server_and_sdk_differ_in_both_directions() {
    let tables = ["rudderstack-server", "rudderstack-sdk"].map(|prelude| Table::new(example(prelude)));
    let [server, sdk] = &tables;
    let changes = diff(server.policy(), sdk.policy());
    assert!(changes.is_exact() && changes.too_large.is_empty());
    let mut seen = [0, 0];
    for (destination, change) in changes.changes() {
        let witness = change.witness.unwrap();
        let event: Value = serde_json::from_str(&witness.event).unwrap();
        let index = ALL.iter().position(|name| *name == destination.name).unwrap();
        let delivers = tables.each_ref().map(|table| outcomes(table, &event)[index]);
        match change.direction {
            Direction::Loosened => assert_eq!(delivers, [false, true], "{event}"),
            Direction::Tightened => assert_eq!(delivers, [true, false], "{event}"),
            Direction::Reason => assert_eq!(delivers[0], delivers[1], "{event}"),
        }
        seen[0] += usize::from(delivers == [false, true]);
        seen[1] += usize::from(delivers == [true, false]);
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

// ---- Other vendors ----

/// A browser's signal refuses advertising, whatever the consent object grants, and also without one.
#[test]
fn a_privacy_signal_refuses() {
    let policy = parse(
        r#"consentry 1
policy "gpc"
include prelude "segment"
input gpc at context.gpc values true, 1, "1"
category Ads = "C0004" refused when gpc true | 1 | "1"
category Stats = "C0002"
destination "Meta" needs Ads
destination "Amplitude" needs any of Stats, Ads
destination "Zendesk" unmapped
override reconcile {
  consent             integrations      gpc             enforce
  missing             none              true | 1 | "1"  consent
  missing | empty     none | malformed  any             nothing
  unanswered          none | malformed  any             consent
  missing             present           true | 1 | "1"  consent then integrations
  missing             present           any             integrations
  empty | unanswered  present           any             consent then integrations
  answered            any               any             consent then integrations
  malformed           any               any             consent then integrations
}
never deliver "Meta" when gpc true and consent missing and integrations none and event not exempt
never deliver "Meta" when gpc true and consent answered and event not exempt
"#,
    );
    for promise in policy.promises() {
        assert!(prove(&policy, promise).unwrap().is_proved());
    }
    let granted = json!({"consent": {"categoryPreferences": {"C0004": true, "C0002": true}}});
    for (signal, without_consent, with_consent) in [
        (json!(true), &["Zendesk"][..], &["Amplitude", "Zendesk"][..]),
        (json!(1), &["Zendesk"], &["Amplitude", "Zendesk"]),
        (json!("1"), &["Zendesk"], &["Amplitude", "Zendesk"]),
        // Nothing else is a signal.
        (json!(false), &["Meta", "Amplitude", "Zendesk"], &["Meta", "Amplitude", "Zendesk"]),
        (json!("true"), &["Meta", "Amplitude", "Zendesk"], &["Meta", "Amplitude", "Zendesk"]),
        (json!(1.5), &["Meta", "Amplitude", "Zendesk"], &["Meta", "Amplitude", "Zendesk"]),
        (json!(null), &["Meta", "Amplitude", "Zendesk"], &["Meta", "Amplitude", "Zendesk"]),
    ] {
        let bare = json!({"context": {"gpc": signal}});
        assert_eq!(receivers(&policy, &bare), without_consent, "{bare}");
        let mut event = json!({"context": granted});
        event["context"]["gpc"] = signal;
        assert_eq!(receivers(&policy, &event), with_consent, "{event}");
    }
}

/// A signal counts where the law of a region has it.
#[test]
fn a_privacy_signal_refuses_in_a_region() {
    let policy = parse(
        r#"consentry 1
policy "gpc in California"
include prelude "segment-strict"
input gpc at context.gpc values true
input region at context.location.region values "CA", "CO"
category Ads refused when gpc true and region "CA" | "CO"
destination "Meta" needs Ads
"#,
    );
    for (region, gpc, is_delivered) in
        [("CA", true, false), ("CO", true, false), ("NY", true, true), ("CA", false, true)]
    {
        let event = json!({"context": {"gpc": gpc, "location": {"region": region},
            "consent": {"categoryPreferences": {"Ads": true}}}});
        assert_eq!(!receivers(&policy, &event).is_empty(), is_delivered, "{event}");
    }
}

/// mParticle forwards to a kit iff `includeOnMatch` equals a match of any value: a purpose that is recorded with that boolean.
#[test]
fn mparticle_kits_are_requirements() {
    let policy = parse(
        r#"consentry 1
policy "mparticle"
include prelude "segment"
category analytics
category targeting
category "not refused analytics" = "analytics2" unasked granted
category "not refused targeting" = "targeting2" unasked granted
destination "forward if one is granted" needs any of analytics, targeting
destination "forward unless one is refused" needs all of "not refused analytics", "not refused targeting"
override consent at consent_state.gdpr booleans in consented absent null
override reconcile {
  consent    integrations  enforce
  malformed  any           drop "malformed consent"
  any        any           consent
}
override exempt events none
"#,
    );
    let recorded = [None, Some(true), Some(false)];
    for (analytics, targeting) in recorded.iter().flat_map(|one| recorded.iter().map(move |two| (*one, *two)))
    {
        let mut gdpr = Map::new();
        for (purpose, recorded) in [("analytics", analytics), ("targeting", targeting)] {
            for key in [purpose.to_owned(), format!("{purpose}2")] {
                recorded.map(|consented| gdpr.insert(key, json!({"consented": consented})));
            }
        }
        let has_match = |has_consented| [analytics, targeting].contains(&Some(has_consented));
        let forwards = |include_on_match, has_consented| include_on_match == has_match(has_consented);
        let expected = [forwards(true, true), forwards(false, false)];
        let event = json!({"consent_state": {"gdpr": gdpr}});
        assert_eq!(outcomes(&Table::new(policy.clone()), &event), expected, "{event}");
    }
}

/// Tealium enforces nothing where the array is not set, and which rule applies is an attribute of the event.
#[test]
fn tealium_rules_follow_an_attribute() {
    let policy = parse(
        r#"consentry 1
policy "tealium"
include prelude "segment"
input law at policy values "gdpr", "ccpa"
category "analytics"
category "display_ads"
destination "Google Ads"
  needs when law "gdpr" all of "display_ads", "analytics"
  needs when law "ccpa" all of "display_ads"
  otherwise unmapped
override consent at consent_categories_granted granted list unlisted refused
override reconcile {
  consent                integrations  enforce
  empty                  any           nothing
  unanswered | answered  any           consent
  any                    any           drop "malformed consent"
}
override exempt events none
"#,
    );
    for (event, is_delivered) in [
        (json!({"tealium_event": "view", "policy": "gdpr"}), true),
        (json!({"policy": "gdpr", "consent_categories_granted": []}), false),
        (json!({"policy": "gdpr", "consent_categories_granted": ["display_ads"]}), false),
        (json!({"policy": "gdpr", "consent_categories_granted": ["display_ads", "analytics"]}), true),
        (json!({"policy": "ccpa", "consent_categories_granted": ["display_ads"]}), true),
        (json!({"policy": "ccpa", "consent_categories_granted": ["analytics"]}), false),
        (json!({"policy": "other", "consent_categories_granted": []}), true),
        (json!({"policy": "gdpr", "consent_categories_granted": "display_ads"}), false),
    ] {
        assert_eq!(!receivers(&policy, &event).is_empty(), is_delivered, "{event}");
    }
}

/// Words of Google's consent mode ("words-granted-denied"), and OneTrust's active groups ("strings-of-groups-and-tcf"), through their preludes.
#[test]
fn google_and_onetrust_have_preludes() {
    let google = parse(
        r#"consentry 1
policy "consent mode"
include prelude "google-consent-mode"
category "ad_user_data"
category "analytics_storage"
destination "Google Ads" needs "ad_user_data"
destination "Google Analytics 4" needs "analytics_storage"
"#,
    );
    let onetrust = parse(
        r#"consentry 1
policy "groups"
include prelude "onetrust-groups"
category Advertising = "C0004"
category Analytics = "C0002"
destination "Amplitude" needs Analytics
destination "Facebook Pixel" needs Advertising
destination "Intercom" unmapped
"#,
    );
    let words = |analytics: Value, ads: Value| json!({"google_consents": {"analytics_storage": analytics, "ad_user_data": ads, "ad_storage": "DENIED"}});
    let groups = |text: &str| json!({"consent": {"activeGroups": text}});
    for (policy, context, expected) in [
        (&google, words(json!("GRANTED"), json!("DENIED")), &["Google Analytics 4"][..]),
        (&google, words(json!("granted"), json!("denied")), &["Google Analytics 4"]),
        (&google, words(json!("UNSPECIFIED"), json!(true)), &[]),
        (&onetrust, groups(",C0001,C0002,"), &["Amplitude", "Intercom"]),
        (&onetrust, groups(""), &["Intercom"]),
    ] {
        let event = json!({"type": "track", "event": "x", "context": context});
        assert_eq!(receivers(policy, &event), expected, "{event}");
    }
}

// ---- Pages ----

/// The blocks of a page in a language, each with what follows it.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<(&'p str, &'p str)> {
    let start = format!("```{language}\n");
    page.split(&start).skip(1).map(|block| block.split_once("```").unwrap()).collect()
}

/// The policy of each page has the canonical layout and passes its tests. Every statement that the page offers compiles in it.
#[test]
fn pages_of_preludes_have_policies_that_work() {
    for page in [
        include_str!("../docs/preludes/rudderstack-server.md"),
        include_str!("../docs/preludes/rudderstack-sdk.md"),
    ] {
        let text = blocks(page, "consent")[0].0;
        assert_eq!(format(text).unwrap(), text);
        let table = Table::new(parse(text));
        let cases = testing::run(&table, &Memory::default(), |_| true);
        assert!(cases.len() > 3 && cases.iter().all(|case| case.failures.is_empty()), "{cases:#?}");
        let event: Value = serde_json::from_str(blocks(page, "json")[0].0).unwrap();
        assert_eq!(outcomes(&table, &event).iter().filter(|is_delivered| **is_delivered).count(), 1);
        let mut offered = 0;
        for code in page.split('`').skip(1).step_by(2) {
            let statement = code.replace("\\|", "|").replace('…', "analytics");
            let needs = match statement.split_once(' ') {
                Some(("needs", _)) => format!("destination \"X\" {statement} otherwise unmapped"),
                Some(("override" | "shared", _)) if statement.contains("alias") => {
                    format!("destination \"X\" unmapped {statement}")
                }
                Some(("override", _)) => statement,
                _ => continue,
            };
            parse(&format!("{text}{needs}"));
            offered += 1;
        }
        assert!(offered > 3, "{offered}");
    }
}

/// The guide's blocks run in an empty folder, in their order, and print what stands below them.
#[cfg(unix)]
#[test]
fn the_guide_runs_as_pasted() {
    let page = include_str!("../docs/how-to/rudderstack.md");
    let folder = tempfile::tempdir().unwrap();
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_consentry")).parent().unwrap().display();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let (mut run, mut compared) = (0, 0);
    for (commands, rest) in blocks(page, "sh") {
        let mut shell = std::process::Command::new("sh");
        let output =
            shell.args(["-ec", commands]).current_dir(folder.path()).env("PATH", &path).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""), "{commands}\n{printed}");
        let expected =
            rest.strip_prefix("\n\n```text\n").map_or("", |rest| rest.split_once("```").unwrap().0);
        assert_eq!(printed, expected, "{commands}");
        run += 1;
        compared += usize::from(!expected.is_empty());
    }
    assert!(run > 7 && compared > 5, "{run} {compared}");
    assert!(page.split("```").step_by(2).flat_map(str::split_whitespace).count() <= 800);
}
