//! Events, honest and hostile, as the text of JSON; and a second reader to compare with.

use super::foreign;
use super::policies::{Listing, PolicyText, shuffle};
use arbitrary::{Result, Unstructured};
use consentry::event::{Consent, Entry, Integrations, Preference};
use consentry::model::{
    AbsentValue, EventInput, InputState, InvalidEntries, Listed, NonBooleanAll, PlacesRule, Reading, Scalar,
    Shape,
};
use consentry::{DestinationId, Event, Policy, Table};
use serde_json::Value;
use std::collections::BTreeSet;

pub const ENTRIES: [Entry; 3] = [Entry::On, Entry::Off, Entry::Invalid];

/// A JSON object, member by member, so that its order can be changed.
#[derive(Debug, Clone)]
pub struct EventText {
    members: Vec<(String, Json)>,
    space: &'static str,
}

#[derive(Debug, Clone)]
enum Json {
    Text(String),
    Object(Vec<(String, Json)>),
}

impl EventText {
    pub fn arbitrary(u: &mut Unstructured, policy: &PolicyText) -> Result<Self> {
        let mut members: Vec<(String, Json)> = Vec::new();
        // Consent: mostly where the policy looks for it.
        let copies = *u.choose(&[0, 1, 1, 1, 1, 1, 1, 1, 2])?;
        for _ in 0..copies {
            let path = match u.ratio(1, 10)? {
                true => vec!["context".to_owned(), "consent".into()],
                false => policy.path.clone(),
            };
            members.extend(consent(u, policy, &path)?);
        }
        for place in &policy.more_places {
            for _ in 0..*u.choose(&[0, 1, 1, 1, 1, 2])? {
                let at = PolicyText { listing: place.listing, ..policy.clone() };
                let value = match u.int_in_range(0..=11)? {
                    0 => odd(u)?,
                    1 => Json::Text("null".to_owned()),
                    _ => listed(u, &at)?,
                };
                insert(u, &mut members, &place.path, value)?;
            }
        }
        for input in &policy.inputs {
            // Now and then something else stands on the way.
            if let ([first, _, ..], true) = (input.path.as_slice(), u.ratio(1, 24)?) {
                members.push((key(u, first)?, Json::Text((*u.choose(&["null", "5", "[]"])?).to_owned())));
            }
            for _ in 0..*u.choose(&[0, 1, 1, 1, 1, 2])? {
                let others =
                    ["\"?\"", "{}", "[1]", "\"custom\"", "1", "true", "\"\\ud800\"", "1.0", "\"onetrust\""];
                let value = match u.int_in_range(0..=9)? {
                    0 => *u.choose(&others)?,
                    1 if !input.absent.is_empty() => *u.choose(input.absent)?,
                    2 if input.values.contains(&"\"custom\"") => "\"c\\u0075stom\"",
                    _ => *u.choose(input.values)?,
                };
                insert(u, &mut members, &input.path, Json::Text(value.to_owned()))?;
            }
        }
        for _ in 0..*u.choose(&[0, 0, 1, 1, 1, 1, 1, 2])? {
            let value = if u.ratio(1, 10)? { odd(u)? } else { Json::Object(entries(u, policy)?) };
            members.push((key(u, "integrations")?, value));
        }
        let track = u.arbitrary()?;
        if track {
            for _ in 0..*u.choose(&[1, 1, 1, 1, 2])? {
                let kind = *u.choose(&[
                    "\"track\"",
                    "\"track\"",
                    "\"tr\\u0061ck\"",
                    "\"identify\"",
                    "null",
                    "[\"track\"]",
                ])?;
                members.push((key(u, "type")?, Json::Text(kind.into())));
            }
            for _ in 0..*u.choose(&[0, 1, 1, 1, 1, 2])? {
                let name = match u.choose(&["", "other"])? {
                    &"" if !policy.events.is_empty() => format!("{:?}", u.choose(&policy.events)?),
                    _ => (*u.choose(&["\"Order Completed\"", "7", "\"\\ud800\""])?).into(),
                };
                members.push((key(u, "event")?, Json::Text(name)));
            }
            // An event with a type is no batch.
            if members.iter().any(|(own, _)| is_key(own, "type")) && u.ratio(1, 8)? {
                members.push((key(u, "batch")?, odd(u)?));
            }
        }
        // Consent in other shapes and at other places, and what is nearly that.
        for _ in 0..*u.choose(&[0, 0, 0, 1, 2])? {
            let (holder, own, value) = foreign::member(u)?;
            let member = (key(u, own)?, Json::Text(value.to_owned()));
            let held = members.iter_mut().find_map(|(key, value)| match value {
                Json::Object(members) if is_key(key, holder) => Some(members),
                _ => None,
            });
            match held {
                Some(held) => held.push(member),
                None if holder.is_empty() => members.push(member),
                None => members.push((key(u, holder)?, Json::Object(vec![member]))),
            }
        }
        // Decoys: what looks alike, elsewhere in the event.
        if u.arbitrary()? {
            let decoy = u.choose(&[
                r#"{"context":{"consent":{"categoryPreferences":{"A":true}}},"integrations":{"All":false}}"#,
                r#""{\"context\":{\"consent\":{\"categoryPreferences\":{\"A\":true}}}}""#,
                r#"["integrations",{"All":false},"\\",1e400,-0.0E+1,"\ud800\"" ]"#,
                r#"{"integrations":null,"type":"track"}"#,
            ])?;
            members.push((key(u, "properties")?, Json::Text((*decoy).into())));
        }
        if u.arbitrary()? {
            members.push(("messageId".into(), Json::Text("\"m-1\"".into())));
        }
        shuffle(&mut members, u)?;
        Ok(EventText { members, space: u.choose(&["", " ", "\t ", "\r\n "])? })
    }

    pub fn shuffled(&self, u: &mut Unstructured) -> Result<Self> {
        fn object(members: &mut [(String, Json)], u: &mut Unstructured) -> Result<()> {
            shuffle(members, u)?;
            members.iter_mut().try_for_each(|(_, value)| match value {
                Json::Object(members) => object(members, u),
                Json::Text(_) => Ok(()),
            })
        }
        let mut shuffled = self.clone();
        object(&mut shuffled.members, u)?;
        Ok(shuffled)
    }

    pub fn text(&self) -> String {
        let mut text = self.space.to_owned();
        write(&self.members, self.space, &mut text);
        text + self.space
    }

    /// The same event with one integrations object, in which `All` has several values.
    pub fn with_alls(&self, u: &mut Unstructured, policy: &PolicyText, alls: &[&str]) -> Result<Self> {
        let mut members = entries(u, policy)?;
        members.retain(|(key, _)| !is_key(key, "All"));
        for value in alls {
            let place = u.int_in_range(0..=members.len())?;
            members.insert(place, ("All".into(), Json::Text((*value).into())));
        }
        let mut event = self.clone();
        event.members.retain(|(key, _)| !is_key(key, "integrations"));
        event.members.push(("integrations".into(), Json::Object(members)));
        Ok(event)
    }

    /// The same event with another member, somewhere.
    pub fn with_member(&self, u: &mut Unstructured, key: &str, value: String) -> Result<Self> {
        let mut event = self.clone();
        let place = u.int_in_range(0..=event.members.len())?;
        event.members.insert(place, (key.to_owned(), Json::Text(value)));
        Ok(event)
    }

    /// The same event without a key.
    pub fn without(mut self, key: &str) -> Self {
        self.members.retain(|(own, _)| !is_key(own, key));
        self
    }

    pub fn has(&self, key: &str) -> bool {
        self.members.iter().any(|(own, _)| is_key(own, key))
    }

    pub fn has_repeated_keys(&self) -> bool {
        fn object(members: &[(String, Json)]) -> bool {
            let mut keys: Vec<Option<String>> =
                members.iter().map(|(key, _)| serde_json::from_str(&format!("\"{key}\"")).ok()).collect();
            keys.sort();
            let repeated = keys.windows(2).any(|pair| pair[0] == pair[1]);
            let inner =
                members.iter().any(|(_, value)| matches!(value, Json::Object(members) if object(members)));
            repeated || inner
        }
        object(&self.members)
    }
}

fn write(members: &[(String, Json)], space: &str, text: &mut String) {
    text.push('{');
    for (index, (key, value)) in members.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&format!("{space}\"{key}\"{space}:{space}"));
        match value {
            Json::Text(value) => text.push_str(value),
            Json::Object(members) => write(members, space, text),
        }
    }
    text.push_str(space);
    text.push('}');
}

/// A key as JSON writes it, now and then with an escape in it, or almost the key.
fn key(u: &mut Unstructured, key: &str) -> Result<String> {
    let plain = plain(key);
    Ok(match u.int_in_range(0..=19)? {
        0 | 1 => escaped(key, u.choose_index(key.chars().count().max(1))?),
        2 => format!("{plain}\\ud83d"),
        3 => format!("{plain} "),
        4 => plain.to_lowercase(),
        _ => plain,
    })
}

/// A key as JSON writes it, with the escapes that it needs.
fn plain(key: &str) -> String {
    let quoted = serde_json::to_string(key).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Returns true if a key in JSON, escapes included, is this one.
fn is_key(written: &str, key: &str) -> bool {
    serde_json::from_str::<String>(&format!("\"{written}\"")).is_ok_and(|read| read == key)
}

/// The key with one character as its number.
fn escaped(key: &str, at: usize) -> String {
    let mut text = String::new();
    for (index, char) in key.chars().enumerate() {
        if index == at {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04X}"));
            }
        } else {
            text.push_str(&plain(&char.to_string()));
        }
    }
    text
}

/// A value of a type that is not asked for.
fn odd(u: &mut Unstructured) -> Result<Json> {
    let values = ["null", "[]", "\"true\"", "1", "0", "\"\"", "[true]", "1e400", "\"{}\"", "true", "false"];
    Ok(Json::Text((*u.choose(&values)?).into()))
}

fn consent(u: &mut Unstructured, policy: &PolicyText, path: &[String]) -> Result<Vec<(String, Json)>> {
    let Some((first, rest)) = path.split_first() else {
        let mut members = Vec::new();
        for _ in 0..*u.choose(&[0, 1, 1, 1, 1, 1, 2])? {
            let spelling = spelling(u, policy)?;
            let value = if u.ratio(1, 12)? { odd(u)? } else { listed(u, policy)? };
            members.push((key(u, &spelling)?, value));
        }
        if u.ratio(1, 6)? {
            members.push(("version".into(), Json::Text("2".into())));
        }
        return Ok(members);
    };
    let value = match u.int_in_range(0..=15)? {
        0 => odd(u)?,
        1 => Json::Object(Vec::new()),
        _ => Json::Object(consent(u, policy, rest)?),
    };
    let mut members = vec![(key(u, first)?, value)];
    if u.ratio(1, 16)? {
        members.push((plain(first), Json::Object(Vec::new())));
    }
    Ok(members)
}

/// Inserts a value at a path: mostly into the objects that are there.
fn insert(
    u: &mut Unstructured,
    members: &mut Vec<(String, Json)>,
    path: &[String],
    value: Json,
) -> Result<()> {
    let Some((first, rest)) = path.split_first() else { return Ok(()) };
    let known = members.iter_mut().find_map(|(own, json)| match json {
        Json::Object(inner) if is_key(own, first) => Some(inner),
        _ => None,
    });
    match (rest, known) {
        ([], _) => members.push((key(u, first)?, value)),
        (_, Some(inner)) if !u.ratio(1, 16)? => insert(u, inner, rest, value)?,
        _ => {
            let mut inner = Vec::new();
            insert(u, &mut inner, rest, value)?;
            members.push((key(u, first)?, Json::Object(inner)));
        }
    }
    Ok(())
}

fn spelling(u: &mut Unstructured, policy: &PolicyText) -> Result<String> {
    Ok(match u.int_in_range(0..=9)? {
        0 => (*u.choose(&["categoryPreferences", "categoryPreference", "consentPreferences"])?).to_owned(),
        1 => u.choose(&policy.spellings)?.clone(),
        _ => policy.spellings[0].clone(),
    })
}

/// A value that lists preferences in the policy's shape.
fn listed(u: &mut Unstructured, policy: &PolicyText) -> Result<Json> {
    let (granted, refused, other) = match policy.listing {
        Listing::Object { granted, refused, other } => {
            return Ok(Json::Object(preferences(u, policy, [granted, refused, other])?));
        }
        Listing::List => return list(u, policy),
        Listing::Text(separator) => (separator, None, None),
        Listing::Pairs(separator) => (separator, Some([":1", ":1", ":0"]), Some([":2", "", "::1", ":1:0"])),
    };
    let separator = granted;
    let mut parts: Vec<String> = Vec::new();
    for wire_id in names(u, policy)? {
        let value = match (refused, other) {
            (Some(values), Some(odd)) => {
                if u.ratio(1, 10)? {
                    *u.choose(&odd)?
                } else {
                    *u.choose(&values)?
                }
            }
            _ => "",
        };
        parts.push(format!("{}{value}", key(u, &wire_id)?));
    }
    for _ in 0..*u.choose(&[0, 0, 0, 1, 2])? {
        parts.push(String::new());
    }
    shuffle(&mut parts, u)?;
    Ok(Json::Text(format!("\"{}\"", parts.join(separator))))
}

/// A list of names.
fn list(u: &mut Unstructured, policy: &PolicyText) -> Result<Json> {
    let mut items = Vec::new();
    for wire_id in names(u, policy)? {
        items.push(format!("\"{}\"", key(u, &wire_id)?));
    }
    if u.ratio(1, 12)? {
        items.push((*u.choose(&["1", "null", "[]", "{}", "true", "\"\\ud800\"", "\"]\""])?).into());
    }
    shuffle(&mut items, u)?;
    let space = u.choose(&["", "", " ", "\n"])?;
    Ok(Json::Text(format!("[{space}{}{space}]", items.join(&format!("{space},{space}")))))
}

/// The names of categories that are listed, some twice, and others.
fn names(u: &mut Unstructured, policy: &PolicyText) -> Result<Vec<String>> {
    let most = u.arbitrary::<bool>()?;
    let mut names = Vec::new();
    for wire_id in &policy.wire_ids {
        let copies = if most { *u.choose(&[0, 1, 1, 1, 1, 1, 1, 2])? } else { *u.choose(&[0, 0, 0, 0, 1])? };
        names.extend((0..copies).map(|_| wire_id.clone()));
    }
    for name in ["Gossip", ""] {
        if u.ratio(1, 6)? {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn preferences(
    u: &mut Unstructured,
    policy: &PolicyText,
    [granted, refused, other]: [&[&str]; 3],
) -> Result<Vec<(String, Json)>> {
    let mut members = Vec::new();
    // Mostly granted, or nothing would ever be delivered by a long conjunction.
    let generous = u.arbitrary::<bool>()?;
    for wire_id in &policy.wire_ids {
        let copies = *u.choose(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 2])?;
        for _ in 0..copies {
            let value = match u.int_in_range(0..=9)? {
                0 if u.arbitrary()? => odd(u)?,
                0 => Json::Text((*u.choose(other)?).into()),
                1..=3 if !generous => Json::Text((*u.choose(refused)?).into()),
                1 => Json::Text((*u.choose(refused)?).into()),
                _ => Json::Text((*u.choose(granted)?).into()),
            };
            members.push((key(u, wire_id)?, value));
        }
    }
    if u.ratio(1, 5)? {
        members.push((key(u, "Gossip")?, Json::Text((*u.choose(granted)?).into())));
    }
    shuffle(&mut members, u)?;
    Ok(members)
}

fn entries(u: &mut Unstructured, policy: &PolicyText) -> Result<Vec<(String, Json)>> {
    let mut members = Vec::new();
    for name in &policy.integrations {
        for _ in 0..*u.choose(&[0, 0, 0, 0, 0, 0, 1, 1, 2])? {
            let value = entry(u)?;
            members.push((key(u, name)?, value));
        }
    }
    for _ in 0..*u.choose(&[0, 0, 0, 0, 1, 1, 1, 2])? {
        let value = entry(u)?;
        members.push((key(u, "All")?, value));
    }
    if u.ratio(1, 8)? {
        members.push((key(u, "Nobody")?, entry(u)?));
    }
    shuffle(&mut members, u)?;
    Ok(members)
}

fn entry(u: &mut Unstructured) -> Result<Json> {
    let value = match u.int_in_range(0..=5)? {
        0 | 1 => "true",
        2 | 3 => "false",
        4 => r#"{"All":false,"integrations":{"X":false}}"#,
        _ => return odd(u),
    };
    Ok(Json::Text(value.into()))
}

/// Returns true for a value that the policy takes for none.
pub fn is_absent(value: &Value, reading: &Reading) -> bool {
    reading.absent().iter().any(|absent| match absent {
        AbsentValue::Null => value.is_null(),
        AbsentValue::Text(text) => value.as_str() == Some(text.as_str()),
    })
}

/// Returns what a value lists, read by the words of the language's page.
fn listed_by(value: &Value, shape: &Shape) -> Option<Vec<(String, Preference)>> {
    let boolean = |value: &Value, reversed: bool| match value {
        Value::Bool(granted) if *granted != reversed => Preference::Granted,
        Value::Bool(_) => Preference::Refused,
        _ => Preference::Invalid,
    };
    let means = |listed: &Listed| match listed {
        Listed::Granted => Preference::Granted,
        Listed::Refused => Preference::Refused,
    };
    let members = || value.as_object().map(|members| members.iter());
    let items = |separator: &String| {
        let items = value.as_str()?.split(separator.as_str()).filter(|item| !item.is_empty());
        Some(items.map(str::to_owned).collect::<Vec<_>>())
    };
    Some(match shape {
        Shape::Booleans { within: None, reversed } => {
            members()?.map(|(name, value)| (name.clone(), boolean(value, *reversed))).collect()
        }
        Shape::Booleans { within: Some(key), reversed } => {
            let inner =
                |value: &Value| value.get(key).map_or(Preference::Invalid, |one| boolean(one, *reversed));
            members()?.map(|(name, value)| (name.clone(), inner(value))).collect()
        }
        Shape::Words { granted, refused, unasked } => {
            let word = |value: &Value| match value.as_str().map(str::to_owned) {
                Some(word) if granted.contains(&word) => Preference::Granted,
                Some(word) if refused.contains(&word) => Preference::Refused,
                Some(word) if unasked.contains(&word) => Preference::Unasked,
                _ => Preference::Invalid,
            };
            members()?.map(|(name, value)| (name.clone(), word(value))).collect()
        }
        Shape::List { listed } => {
            let names: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
            names?.into_iter().map(|name| (name.to_owned(), means(listed))).collect()
        }
        Shape::DelimitedText { listed, separator } => {
            items(separator)?.into_iter().map(|name| (name, means(listed))).collect()
        }
        Shape::Pairs { between, within, granted, refused } => {
            let pair = |item: String| match item.rsplit_once(within.as_str()) {
                Some((name, value)) if granted.iter().any(|one| one == value) => {
                    (name.to_owned(), Preference::Granted)
                }
                Some((name, value)) if refused.iter().any(|one| one == value) => {
                    (name.to_owned(), Preference::Refused)
                }
                Some((name, _)) => (name.to_owned(), Preference::Invalid),
                None => (item, Preference::Invalid),
            };
            items(between)?.into_iter().map(pair).collect()
        }
    })
}

/// Returns the state of an input, read by the words of the language's page.
fn state(value: &Value, input: &EventInput, text: &str) -> InputState {
    let mut value = Some(value);
    for key in input.path() {
        value = value.and_then(|value| value.get(key));
    }
    let scalar = match value {
        None => return InputState::Absent,
        Some(Value::Null) => Scalar::Null,
        Some(Value::Bool(value)) => Scalar::Boolean(*value),
        Some(Value::String(value)) => Scalar::Text(value.clone()),
        // A `Value` does not keep how a number is written. The events have few.
        Some(Value::Number(_)) => match ["-0.5e+3", "1.0", "1"].into_iter().find(|one| {
            let number: Value = serde_json::from_str(one).unwrap();
            Some(&number) == value && text.contains(one)
        }) {
            Some(number) => Scalar::Number(number.to_owned()),
            None => return InputState::Other,
        },
        Some(Value::Array(_) | Value::Object(_)) => return InputState::Other,
    };
    match (input.values().contains(&scalar), input.absent().contains(&scalar)) {
        (true, _) => InputState::Value(scalar),
        (false, true) => InputState::Absent,
        (false, false) => InputState::Other,
    }
}

/// The listed names, or the state of an event that lists nothing.
type Found = std::result::Result<Vec<(String, Preference)>, &'static str>;

/// Returns what one place has, read by the words of the language's page.
fn found_at(value: &Value, reading: &Reading, all: &[Vec<&str>]) -> Found {
    let paths: Vec<Vec<&str>> = reading.paths().collect();
    let parents = &paths[0][..paths[0].len() - 1];
    let spellings: Vec<String> = paths.iter().map(|path| path[path.len() - 1].to_owned()).collect();
    let mut holder = Ok(value);
    for key in parents {
        holder = holder.and_then(|holder| match holder.get(key) {
            None => Err("missing"),
            Some(value) if value.is_object() => Ok(value),
            Some(_) => Err("malformed"),
        });
    }
    holder.and_then(|holder| {
        let documented =
            ["categoryPreferences", "categoryPreference", "consentPreferences"].map(str::to_owned);
        let object = holder.as_object().unwrap();
        // A key that another place reads is no wrong spelling.
        let is_others = |key: &String| {
            let path: Vec<&str> = parents.iter().copied().chain([key.as_str()]).collect();
            !spellings.contains(key) && all.contains(&path)
        };
        let is_known = |key: &String| documented.contains(key) || spellings.contains(key);
        let found: Vec<(&String, &Value)> =
            object.iter().filter(|(key, _)| is_known(key) && !is_others(key)).collect();
        match found.as_slice() {
            [] => Err("empty"),
            [(key, value)] if spellings.contains(key) && is_absent(value, reading) => Err("empty"),
            [(key, value)] if spellings.contains(key) => {
                let mut listed = listed_by(value, reading.shape()).ok_or("malformed")?;
                listed.retain(|(name, _)| !reading.skipped().contains(name));
                listed.sort();
                Ok(listed)
            }
            _ => Err("malformed"),
        }
    })
}

/// Combines several places by the words of the semantics.
fn together(mut each: Vec<Found>, policy: &Policy) -> Found {
    let reading = policy.reading();
    let Some(rule) = reading.places_rule() else { return each.remove(0) };
    let is_absent = |found: &Found| matches!(found, Err("missing" | "empty"));
    if rule == PlacesRule::FirstPresent
        && let Some(first) = each.iter().position(|found| !is_absent(found))
    {
        for (place, found) in each.iter_mut().enumerate() {
            if place != first {
                *found = Err("missing");
            }
        }
    }
    if each.contains(&Err("malformed")) {
        return Err("malformed");
    }
    if each.iter().all(Result::is_err) {
        return Err(if each.contains(&Err("empty")) { "empty" } else { "missing" });
    }
    let strictest = |place: usize, names: &[&str]| {
        let listed = each[place].iter().flatten().filter(|(name, _)| names.contains(&name.as_str()));
        let values: Vec<Preference> = listed.map(|(_, value)| *value).collect();
        let order = [Preference::Refused, Preference::Invalid, Preference::Granted];
        order.into_iter().find(|value| values.contains(value)).unwrap_or(Preference::Unasked)
    };
    let names: BTreeSet<&str> = each.iter().flatten().flatten().map(|(name, _)| name.as_str()).collect();
    let value = |name: &str| {
        let places = reading.places_of(name);
        let own: Vec<Preference> = places.iter().map(|place| strictest(*place, &[name])).collect();
        let order = [Preference::Refused, Preference::Invalid, Preference::Granted];
        let value = order.into_iter().find(|value| own.contains(value)).unwrap_or(Preference::Unasked);
        let category = policy.categories().iter().find(|one| one.wire_ids().any(|own| own == name));
        let Some(category) = category.filter(|_| rule == PlacesRule::All) else { return value };
        let wire_ids: Vec<&str> = category.wire_ids().collect();
        let all_grant = places.iter().all(|place| strictest(*place, &wire_ids) == Preference::Granted);
        if value == Preference::Granted && !all_grant { Preference::Unasked } else { value }
    };
    Ok(names.into_iter().map(|name| (name.to_owned(), value(name))).collect())
}

/// Compares an event with what a `Value` and a loop find in it.
pub fn compare(event: &Event, value: &Value, policy: &Policy, text: &str) {
    let reading = policy.reading();
    let all_is_boolean = policy.non_boolean_all().value == NonBooleanAll::Malformed;
    let mut states: Vec<InputState> = policy.inputs().iter().map(|input| state(value, input, text)).collect();
    while states.last() == Some(&InputState::Absent) {
        states.pop();
    }
    assert_eq!(event.inputs, states, "{text}");
    let all: Vec<Vec<&str>> = reading.paths().collect();
    let each: Vec<Found> = reading.each().iter().map(|place| found_at(value, place, &all)).collect();
    let expected = together(each, policy);
    let ours: Found = match &event.consent {
        Consent::Preferences(preferences) => {
            let mut all: Vec<_> = preferences.iter().map(|(name, one)| (name.to_string(), *one)).collect();
            all.sort();
            Ok(all)
        }
        other => Err(other.state().as_str()),
    };
    let expected = match expected {
        Err("missing" | "empty") if foreign::has_consent(value, reading) => Err("malformed"),
        expected => expected,
    };
    assert_eq!(ours, expected, "{text}");

    let expected = match value.get("integrations") {
        None if foreign::has_integrations(value, reading) => None,
        None => Some(Vec::new()),
        Some(Value::Object(members))
            if all_is_boolean && !members.get("All").is_none_or(Value::is_boolean) =>
        {
            None
        }
        Some(Value::Object(members)) => {
            let entry = |value: &Value| match value {
                Value::Bool(true) | Value::Object(_) => Entry::On,
                Value::Bool(false) => Entry::Off,
                _ => Entry::Invalid,
            };
            Some(members.iter().map(|(key, value)| (key.clone(), entry(value))).collect())
        }
        Some(_) => None,
    };
    let ours = match &event.integrations {
        Integrations::Malformed => None,
        Integrations::Entries(entries) => {
            let mut all: Vec<_> = entries.iter().map(|(name, entry)| (name.to_string(), *entry)).collect();
            all.sort();
            Some(all)
        }
    };
    assert_eq!(ours, expected, "{text}");
    let track =
        (value.get("type") == Some(&"track".into())).then(|| value.get("event").and_then(Value::as_str));
    assert_eq!(event.track.as_ref().map(ToString::to_string).as_deref(), track.flatten(), "{text}");
    let id = value.get("messageId").and_then(Value::as_str);
    assert_eq!(event.id.as_ref().map(ToString::to_string).as_deref(), id, "{text}");
}

/// What an entry says to a router that reads it as the policy does: on, off, or nothing.
fn means(table: &Table, entry: Entry) -> Option<bool> {
    match entry {
        Entry::On => Some(true),
        Entry::Off => Some(false),
        Entry::Invalid => (table.policy().invalid_entries().value == InvalidEntries::Off).then_some(false),
    }
}

/// The entries of a name.
fn entries_of(integrations: &Integrations, is: impl Fn(&str) -> bool) -> Vec<Entry> {
    let named = integrations.entries().iter().filter(|(name, _)| is(&name.to_text()));
    named.map(|(_, entry)| *entry).collect()
}

/// Returns true if a router that knows some names of a destination delivers to it. It takes the entries under these names, where off
/// beats on. Without an entry it takes `All`, unless the destination's kind ignores it. Otherwise it delivers.
pub fn routed(table: &Table, integrations: &Integrations, id: DestinationId, known: &[&str]) -> bool {
    let destination = table.policy().destination(id).unwrap();
    let own = entries_of(integrations, |name| known.contains(&name));
    let own: Vec<bool> = own.into_iter().filter_map(|entry| means(table, entry)).collect();
    if !own.is_empty() {
        return own.iter().all(|on| *on);
    }
    let ignores_all = table.policy().kind_of(destination).is_some_and(|kind| kind.ignores_all.is_some());
    let all = entries_of(integrations, |name| name == "All");
    ignores_all || all.into_iter().all(|entry| means(table, entry) != Some(false))
}

/// Returns true if a name stops a destination, whatever a router makes of values that are no booleans, and whichever key it reads.
pub fn surely_blocked(table: &Table, integrations: &Integrations, id: DestinationId, name: &str) -> bool {
    let destination = table.policy().destination(id).unwrap();
    let own = entries_of(integrations, |own| own == name);
    let ignores_all = table.policy().kind_of(destination).is_some_and(|kind| kind.ignores_all.is_some());
    let stopped = |entries: &[Entry]| !entries.is_empty() && entries.iter().all(|entry| *entry == Entry::Off);
    stopped(&own)
        || own.is_empty() && !ignores_all && stopped(&entries_of(integrations, |name| name == "All"))
}

/// Returns true if an entry of a name is no boolean, while `All` may stop those that have none.
pub fn in_doubt(table: &Table, integrations: &Integrations, name: &str) -> bool {
    let own = entries_of(integrations, |own| own == name);
    let all = entries_of(integrations, |name| name == "All");
    own.contains(&Entry::Invalid) && all.into_iter().any(|entry| means(table, entry) == Some(false))
}

/// Returns true if a name has an entry.
pub fn is_listed(integrations: &Integrations, name: &str) -> bool {
    !entries_of(integrations, |own| own == name).is_empty()
}

/// Returns true if an entry of a name is not `false`.
pub fn lets_through(integrations: &Integrations, name: &str) -> bool {
    entries_of(integrations, |own| own == name).iter().any(|entry| *entry != Entry::Off)
}

pub fn all_is_false(integrations: &Integrations) -> bool {
    let all = entries_of(integrations, |name| name == "All");
    !all.is_empty() && all.iter().all(|entry| *entry == Entry::Off)
}

/// The integrations object as a reader sees it that keeps the last of several keys; `None` when it refuses the event.
pub fn last_keys(text: &str) -> Option<Integrations<'static>> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(match value.get("integrations") {
        None => Integrations::default(),
        Some(Value::Object(members)) => {
            let entry = |value: &Value| match value {
                Value::Bool(true) | Value::Object(_) => Entry::On,
                Value::Bool(false) => Entry::Off,
                _ => Entry::Invalid,
            };
            Integrations::Entries(
                members.iter().map(|(key, value)| (key.clone().into(), entry(value))).collect(),
            )
        }
        Some(_) => Integrations::Malformed,
    })
}

/// The integrations object as a reader sees it that keeps the first of several keys.
pub fn first_keys<'e>(integrations: &Integrations<'e>) -> Integrations<'e> {
    let mut first = integrations.clone();
    if let Integrations::Entries(entries) = &mut first {
        let mut seen = std::collections::HashSet::new();
        entries.retain(|(name, _)| seen.insert(name.to_string()));
    }
    first
}

/// Outside the integrations object nothing is changed, and inside it nothing but values that are replaced by booleans and
/// entries that are added.
pub fn nothing_else_changed(before: &str, after: &str) {
    let (Ok(Value::Object(mut before)), Ok(Value::Object(mut after))) =
        (serde_json::from_str(before), serde_json::from_str(after))
    else {
        return;
    };
    let (old, new) = (before.remove("integrations"), after.remove("integrations"));
    assert_eq!(before, after);
    if let (Some(Value::Object(old)), Some(Value::Object(new))) = (old, new) {
        for (key, value) in old {
            assert!(new[&key].is_boolean() || new[&key] == value, "{key}");
        }
    }
}
