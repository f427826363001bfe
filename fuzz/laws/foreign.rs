//! Foreign consent, recognised a second time: by section 1 of the semantics, on a `Value`.

use super::events::is_absent;
use arbitrary::{Result, Unstructured};
use consentry::model::{ForeignConsent, Reading};
use serde_json::Value;

/// Members that are foreign to most policies, and others that are nearly so: the objects that they are in, and the member.
const MEMBERS: [(&str, &str, &str); 22] = [
    ("context", "google_consents", r#"{"ad_storage":"DENIED"}"#),
    ("context", "consentManagement", r#"{"deniedConsentIds":["A"],"provider":"custom"}"#),
    ("context", "consentManagement", r#"{"allowedConsentIds":[]}"#),
    ("", "consent_state", r#"{"gdpr":{"A":{"consented":true}}}"#),
    ("", "consent_categories_granted", r#"["A"]"#),
    ("", "consent_categories_granted", "[1]"),
    ("options", "consent", r#"{"A":false}"#),
    ("context", "OptanonActiveGroups", r#"",C0001,""#),
    ("context", "optanon-groups", r#"{"x":{"groups":"A:1"}}"#),
    ("context", "tcString", r#""CPXxRfA""#),
    ("context", "tcString", r#""DPXxRfA""#),
    ("options", "tc_string", r#""CPXx RfA""#),
    ("", "gpp", r#""DBABM~""#),
    ("context", "GPP", r#""DBAB""#),
    ("context", "category_preferences", r#"{"A":true}"#),
    ("context", "preferences", r#"{"A":true}"#),
    ("context", "consentUrl", r#""https://example.com""#),
    ("context", "oneTrust", r#"{"a":{"b":{"c":true},"d":{"e":{"f":true}}}}"#),
    ("context", "oneTrust", r#"{"a":{"b":{"c":{"d":true}}}}"#),
    ("context", "integrations", r#"{"All":false}"#),
    ("options", "integrations", "{}"),
    ("options", "integrations", "[]"),
];

/// Returns a member for an event: the object that it belongs in, its key and its value.
pub fn member(u: &mut Unstructured) -> Result<(&'static str, &'static str, &'static str)> {
    u.choose(&MEMBERS).copied()
}

/// Returns true if the policy counts foreign consent, and the event has some.
pub fn has_consent(event: &Value, reading: &Reading) -> bool {
    reading.foreign() == ForeignConsent::Malformed && looked_at(event, &mut Vec::new(), false, reading)
}

/// Returns true if the policy counts misplaced integrations, and the event has no others.
pub fn has_integrations(event: &Value, reading: &Reading) -> bool {
    reading.foreign() == ForeignConsent::Malformed
        && event.get("integrations").is_none()
        && ["context", "options"].iter().any(|holder| event[holder]["integrations"].is_object())
}

/// Whether something foreign is among the members of an object, by the path to it.
fn looked_at(object: &Value, path: &mut Vec<String>, is_inside: bool, reading: &Reading) -> bool {
    let Some(members) = object.as_object() else { return false };
    members.iter().any(|(key, value)| {
        path.push(key.clone());
        let found = is_foreign(key, value, path, is_inside, reading);
        path.pop();
        found
    })
}

/// The paths at which a policy reads consent, and those of documented spellings.
fn own_paths(reading: &Reading) -> Vec<Vec<String>> {
    reading
        .paths()
        .flat_map(|path| {
            let documented = ["categoryPreferences", "categoryPreference", "consentPreferences"];
            let parents = &path[..path.len() - 1];
            let others = documented.map(|last| [parents, &[last]].concat());
            [path.clone()].into_iter().chain(others).collect::<Vec<_>>()
        })
        .map(|path| path.into_iter().map(str::to_owned).collect())
        .collect()
}

fn is_foreign(key: &str, value: &Value, path: &mut Vec<String>, is_inside: bool, reading: &Reading) -> bool {
    let own = own_paths(reading);
    if own.contains(path) {
        return false;
    }
    let letters: String = key.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let pieces = ["onsent", "ONSENT", "reference", "ptanon", "etrust", "eTrust"];
    let more = ["String", "_string", "gpp", "GPP", "ctiveGroup", "ctive_group"];
    let has_piece = is_inside || pieces.iter().chain(&more).any(|piece| key.contains(piece));
    let words = ["consent", "categorypreference", "optanon", "onetrust"];
    let is_consent = is_inside || has_piece && words.iter().any(|word| letters.contains(word));
    let may_go_on = path.len() < 4;
    match value {
        Value::Object(members) if is_consent => {
            let is_next = |own: &Vec<String>| own.len() == path.len() + 1 && own.starts_with(path);
            let holds_own = |place: &Reading| {
                let is_value = |key: &String| members.get(key).is_some_and(|value| !is_absent(value, place));
                own_paths(place).iter().any(|own| is_next(own) && is_value(&own[path.len()]))
            };
            if reading.each().iter().any(holds_own) {
                return false;
            }
            let is_preference = |value: &Value| match value {
                Value::Bool(_) => true,
                Value::String(word) => ["granted", "denied"].contains(&word.to_ascii_lowercase().as_str()),
                value => value.get("consented").is_some_and(Value::is_boolean),
            };
            members.values().any(is_preference) || may_go_on && looked_at(value, path, true, reading)
        }
        Value::Object(_) => {
            let is_holder = ["context", "options"].contains(&key) && path.len() <= 2;
            is_holder && looked_at(value, path, false, reading)
        }
        Value::Array(items) => {
            let lists = "denied refused rejected declined granted allowed accepted categor purpose group scope consent";
            let is_list = is_consent && lists.split(' ').any(|word| letters.contains(word));
            is_list
                && items.iter().all(Value::is_string)
                && (!items.is_empty() || letters.contains("consentids"))
        }
        Value::String(text) if has_piece => {
            let is_string = |first: char| {
                let is_plain =
                    |char: char| char.is_ascii_alphanumeric() || ['-', '_', '.', '~'].contains(&char);
                text.starts_with(first) && text.len() >= 5 && text.chars().all(is_plain)
            };
            match letters.as_str() {
                "tcstring" | "tcfstring" | "iabtcftcstring" | "consentstring" | "euconsent"
                | "euconsentv2" | "gdprconsent" | "gdprconsentstring" => is_string('C'),
                "gpp" | "gppstring" | "gppconsent" | "iabgpphdrgppstring" => is_string('D'),
                "activegroups"
                | "optanonactivegroups"
                | "onetrustactivegroups"
                | "onetrustgroups"
                | "optanonconsent"
                | "consentgroups" => true,
                "groups" => is_inside,
                _ => false,
            }
        }
        _ => false,
    }
}
