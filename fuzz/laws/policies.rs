//! Policies that compile, of every construct of the language.

use super::tests::{Names, lint_levels};
use arbitrary::{Result, Unstructured};

/// The statements of a policy, in an order that can be changed.
#[derive(Debug, Clone)]
pub struct PolicyText {
    pub statements: Vec<String>,
    /// What an event may mention: wire ids and names of destinations, exempt events, the path and the spellings.
    pub wire_ids: Vec<String>,
    pub integrations: Vec<String>,
    pub events: Vec<String>,
    pub path: Vec<String>,
    pub spellings: Vec<String>,
    /// The way in which an event lists preferences.
    pub listing: Listing,
    pub inputs: Vec<InputText>,
    /// The places at which an event may have preferences too.
    pub more_places: Vec<PlaceText>,
}

/// One of several places of consent, without its spellings.
#[derive(Debug, Clone)]
pub struct PlaceText {
    pub path: Vec<String>,
    pub listing: Listing,
}

/// An input of a policy.
#[derive(Debug, Clone)]
pub struct InputText {
    /// As a policy writes it.
    pub name: &'static str,
    pub path: Vec<String>,
    /// The values that the policy names, as JSON, which is also how the policy writes them.
    pub values: &'static [&'static str],
    pub absent: &'static [&'static str],
}

/// Values and absent values of inputs.
const INPUTS: [(&[&str], &[&str]); 5] = [
    (&["\"oneTrust\"", "\"custom\""], &["null", "\"\""]),
    (&["true", "1", "\"1\""], &[]),
    (&["\"EU\""], &["\"\""]),
    (&["null"], &["false"]),
    (&["-0.5e+3", "\"or\"", "false"], &["null"]),
];

/// Some inputs, now and then, of which each has a path of its own.
fn inputs(u: &mut Unstructured, path: &[String]) -> Result<Vec<InputText>> {
    let count = if u.ratio(1, 3)? { u.int_in_range(1..=3)? } else { 0 };
    let beside = |key: &str| path.iter().map(String::as_str).chain([key]).map(str::to_owned).collect();
    let mut inputs: Vec<InputText> = Vec::new();
    for name in ["provider", "\"in put\"", "granted2"].into_iter().take(count) {
        let path: Vec<String> = match u.int_in_range(0..=3)? {
            0 | 1 => beside(name.trim_matches('"')),
            2 => vec!["signals".to_owned(), name.trim_matches('"').to_owned()],
            _ => vec![name.trim_matches('"').to_owned()],
        };
        let (values, absent) = *u.choose(&INPUTS)?;
        inputs.push(InputText { name, path, values, absent });
    }
    Ok(inputs)
}

impl InputText {
    /// Some states, as a condition writes them; not all of them.
    fn states(&self, u: &mut Unstructured) -> Result<Vec<&'static str>> {
        let all: Vec<&'static str> = self.values.iter().copied().chain(["absent", "other"]).collect();
        let mut states: Vec<&'static str> = Vec::new();
        for state in &all {
            if states.len() + 1 < all.len() && u.ratio(1, 2)? {
                states.push(state);
            }
        }
        if states.is_empty() {
            states.push(*u.choose(&all)?);
        }
        Ok(states)
    }
}

/// A condition on inputs.
pub fn input_condition(u: &mut Unstructured, inputs: &[InputText]) -> Result<String> {
    let first = u.choose(inputs)?;
    let mut condition = format!("{} {}", first.name, first.states(u)?.join(" | "));
    if let (Some(other), true) = (inputs.iter().find(|one| one.name != first.name), u.ratio(1, 3)?) {
        condition.push_str(&format!(" and {} {}", other.name, other.states(u)?.join(" | ")));
    }
    Ok(condition)
}

/// The way in which an event lists preferences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Listing {
    /// The values of members that grant, refuse and say nothing.
    Object {
        granted: &'static [&'static str],
        refused: &'static [&'static str],
        other: &'static [&'static str],
    },
    List,
    Text(&'static str),
    /// By the text between two pairs.
    Pairs(&'static str),
}

const BOOLEANS: Listing =
    Listing::Object { granted: &["true"], refused: &["false"], other: &["\"granted\""] };

/// Shapes as a policy writes them.
const SHAPES: [(&str, Listing); 15] = [
    (" booleans", BOOLEANS),
    (" booleans reversed", BOOLEANS),
    (
        " booleans in consented",
        Listing::Object {
            granted: &[r#"{"consented":true}"#, r#"{"at":1,"consented":true}"#],
            refused: &[r#"{"consented":false,"at":{}}"#],
            other: &["{}", "true", "null", r#"{"consented":null}"#],
        },
    ),
    (
        " booleans in \"consented\" reversed",
        Listing::Object {
            granted: &[r#"{"consented":true}"#],
            refused: &[r#"{"consented":false}"#],
            other: &["false", r#"{"Consented":true}"#],
        },
    ),
    (
        " words granted \"granted\", \"GRANTED\" refused \"denied\" unasked \"UNKNOWN\"",
        Listing::Object {
            granted: &["\"granted\"", "\"GRANTED\"", "\"gr\\u0061nted\""],
            refused: &["\"denied\""],
            other: &["\"UNKNOWN\"", "\"Granted\"", "true", "\"\""],
        },
    ),
    (
        " words granted \"1\" refused \"0\"",
        Listing::Object { granted: &["\"1\""], refused: &["\"0\""], other: &["1", "0", "\"\"", "[\"1\"]"] },
    ),
    (" granted list unlisted refused", Listing::List),
    (" refused list unlisted granted", Listing::List),
    (" granted text by \",\" unlisted refused", Listing::Text(",")),
    (" refused text by \";\" unlisted granted", Listing::Text(";")),
    (" granted text by \"--\" unlisted refused", Listing::Text("--")),
    (" pairs by \",\" and \":\" granted \"1\" refused \"0\" unlisted refused", Listing::Pairs(",")),
    (" pairs by \",\" and \":\" granted \"1\", \"yes\" refused \"0\" unlisted unasked", Listing::Pairs(",")),
    (" pairs by \"|\" and \":\" granted \"1\" refused \"0\", \"no\" unlisted granted", Listing::Pairs("|")),
    (" granted list unlisted refused", Listing::List),
];

/// Several places of consent.
struct Several {
    rule: &'static str,
    first: (&'static str, Listing),
    /// The others, each with its shape.
    places: Vec<(&'static str, PlaceText)>,
    /// True if every place lists the same preferences, so that a category may be read from some of them.
    has_from: bool,
}

/// Shapes of several places that grant, refuse and have other values.
const OBJECTS: [(&str, Listing); 5] = [
    SHAPES[0],
    SHAPES[1],
    SHAPES[2],
    SHAPES[4],
    (" pairs by \",\" and \":\" granted \"1\" refused \"0\" unlisted unasked", Listing::Pairs(",")),
];

/// Shapes of several places that only grant.
const GRANTS: [(&str, Listing); 2] = [
    (" granted list unlisted unasked", Listing::List),
    (" granted text by \",\" unlisted unasked", Listing::Text(",")),
];

impl Several {
    fn arbitrary(u: &mut Unstructured, path: &[String]) -> Result<Self> {
        let rule = *u.choose(&["all", "any refuses", "any refuses", "first present"])?;
        let (first, others): (_, &[&[(&str, Listing)]]) = match u.int_in_range(0..=5)? {
            0 => (*u.choose(&GRANTS)?, &[&GRANTS]),
            1 => (*u.choose(&OBJECTS)?, &[&OBJECTS, &GRANTS]),
            _ => (*u.choose(&OBJECTS)?, &[&OBJECTS]),
        };
        let mut places = Vec::new();
        for place in 0..u.int_in_range(1..=2)? {
            let class = *u.choose(others)?;
            let (shape, listing) = *u.choose(class)?;
            let name = format!("choices {place}");
            let path = match u.int_in_range(0..=2)? {
                0 => path.iter().cloned().chain([name]).collect(),
                1 => vec!["more".to_owned(), name],
                _ => vec![name],
            };
            places.push((shape, PlaceText { path, listing }));
        }
        Ok(Several { rule, first, places, has_from: others.len() == 1 && rule != "first present" })
    }

    /// Returns true if an event can refuse a category that is granted unasked.
    fn can_refuse(&self) -> bool {
        let lists = self.places.iter().map(|(_, place)| place.listing).chain([self.first.1]);
        let refuses = |listing: &Listing| matches!(listing, Listing::Object { .. } | Listing::Pairs(_));
        lists.filter(refuses).count() > 0
    }

    /// The statement, with the first place as it is written.
    fn statement(&self, first: &str) -> String {
        let others = self.places.iter().zip(2..).map(|((shape, place), number)| {
            let keys: Vec<String> = place.path.iter().map(|key| format!("{key:?}")).collect();
            format!("  p{number} at {}{shape}", keys.join("."))
        });
        let others: Vec<String> = others.collect();
        format!("consent at places {} {{\n  p1 at {first}\n{}\n}}", self.rule, others.join("\n"))
    }
}

const CATEGORIES: [(&str, Option<&str>); 12] = [
    ("A", None),
    ("a", None),
    ("Advertising", Some("C0004")),
    ("\"any\"", None),
    ("\"Social media\"", Some("C0005")),
    ("C0003", None),
    ("Ä", None),
    ("_x-1", Some("categoryPreferences")),
    ("\"q\\\"\\\\\"", None),
    ("\"\\u{1F600}\"", None),
    ("B", Some("b")),
    ("D", Some("All")),
];

const DESTINATIONS: [&str; 14] = [
    "Google Ads",
    "google ads",
    "X",
    "x",
    "Facebook Pixel",
    "S3",
    "Ü",
    "\\\"",
    "all",
    "any",
    "D9",
    "D10",
    "D11",
    "D12",
];

impl PolicyText {
    pub fn arbitrary(u: &mut Unstructured) -> Result<Self> {
        let mut statements = vec![format!("policy \"{}\"", u.choose(&["p", "acme web", "\\u{E9}"])?)];
        let path: Vec<String> = u
            .choose(&[
                &["context", "consent"][..],
                &["context", "consent"],
                &["traits", "my consent", "x"],
                // Keys that JSON writes with escapes only, and short and long ones.
                &["a\",\"b", "x\\"],
                &["é", "a-key-of-more-than-sixteen-bytes"],
                &[],
            ])?
            .iter()
            .map(|key| (*key).to_owned())
            .collect();
        let inputs = inputs(u, &path)?;
        let several = if u.ratio(1, 5)? { Some(Several::arbitrary(u, &path)?) } else { None };
        for input in &inputs {
            let path: Vec<String> = input.path.iter().map(|key| format!("{key:?}")).collect();
            let absent = if input.absent.is_empty() { "" } else { " absent " };
            statements.push(format!(
                "input {} at {} values {}{absent}{}",
                input.name,
                path.join("."),
                input.values.join(", "),
                input.absent.join(", ")
            ));
        }
        if !inputs.is_empty() {
            statements.push(format!(
                "strategy {} when {}, {} otherwise",
                u.choose(&["all", "any"])?,
                input_condition(u, &inputs)?,
                u.choose(&["all", "any"])?
            ));
        }
        let mut wire_ids = Vec::new();
        let mut names = Vec::new();
        // Now and then more categories than a word of bits has, so that tables have several chunks and words; seldom so many
        // that lists take the place of lookups. Where the bytes have come to an end, there are few.
        let count = match u.int_in_range(0..=47)? {
            47 => 4_200,
            43.. => u.int_in_range(60..=80)?,
            _ => u.int_in_range(0..=10)?,
        };
        // Now and then most of them unenforced, so that whole groups vanish.
        let mostly_off = u.ratio(1, 6)?;
        for index in 0..count {
            let (name, wire) = match CATEGORIES.get(index) {
                Some((name, wire)) if !name.starts_with('Ä') => {
                    ((*name).to_owned(), wire.map(str::to_owned))
                }
                Some((name, _)) => (format!("\"{name}\""), None),
                None => (format!("c{index}"), None),
            };
            let mut wire_text = wire.as_ref().map_or(String::new(), |wire| format!(" = \"{wire}\""));
            // Now and then another provider has an id of its own for the same category.
            let more = format!("more {index}");
            if u.ratio(1, 6)? {
                let own = wire
                    .clone()
                    .unwrap_or_else(|| unquoted(&name))
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"");
                wire_text = match u.arbitrary()? {
                    true => format!(" = \"{own}\", \"{more}\""),
                    false => format!(" = \"{more}\", \"{own}\""),
                };
                wire_ids.push(more);
            }
            let attributes = match u.int_in_range(0..=9)? {
                0 => " always",
                1 => " unenforced",
                2 => " always unenforced \"label\"",
                4 if several.as_ref().is_none_or(Several::can_refuse) => " unasked granted",
                3 => " \"a \\\"label\\\" // with marks\"",
                5.. if mostly_off => " unenforced",
                _ => "",
            };
            let mut attributes = attributes.to_owned();
            if let Some(several) = several.as_ref().filter(|several| several.has_from)
                && u.ratio(1, 3)?
            {
                let count = several.places.len() + 1;
                let first = u.int_in_range(1..=count)?;
                attributes.push_str(&format!(" from p{first}"));
                if u.arbitrary()? {
                    attributes.push_str(&format!(", p{}", first % count + 1));
                }
            }
            let may_be_refused = !attributes.contains("always") && !attributes.contains("unenforced");
            if !inputs.is_empty() && may_be_refused && u.ratio(1, 4)? {
                attributes.push_str(&format!(" refused when {}", input_condition(u, &inputs)?));
            }
            statements.push(format!("category {name}{wire_text}{attributes}"));
            wire_ids.push(wire.unwrap_or_else(|| unquoted(&name)));
            names.push(name);
        }
        let mut integrations = Vec::new();
        let mut destinations = Vec::new();
        let shared = u.arbitrary::<bool>()?;
        // Now and then they stand on both sides of a word of bits, or of two.
        let count =
            if u.ratio(1, 12)? { *u.choose(&[60, 70, 80, 120, 140])? } else { u.int_in_range(0..=10)? };
        for index in 0..count {
            let name = DESTINATIONS.get(index).map_or_else(|| format!("d{index}"), |name| (*name).to_owned());
            let mut attributes = vec![mapping(u, &names, &inputs)?];
            let mut aliases = Vec::new();
            if u.ratio(1, 3)? {
                aliases.push(format!("alias \"alias {index}\""));
                integrations.push(format!("alias {index}"));
            }
            if shared && u.ratio(1, 2)? {
                aliases.push("shared alias \"several\"".to_owned());
                integrations.push("several".into());
            }
            if !aliases.is_empty() {
                attributes.push(aliases.join(" "));
            }
            if u.ratio(1, 8)? {
                attributes.push("disabled".into());
            }
            if u.ratio(1, 3)? {
                attributes.push(format!("kind {}", u.choose(&["warehouse", "\"plain kind\""])?));
            }
            if u.ratio(1, 4)? {
                attributes.push((*u.choose(&["mode device", "mode cloud"])?).into());
            }
            if u.arbitrary()? {
                attributes.reverse();
            }
            statements.push(format!("destination \"{name}\" {}", attributes.join("\n  ")));
            integrations.push(unquoted(&format!("\"{name}\"")));
            destinations.push(format!("\"{name}\""));
        }
        statements.push("destination kind warehouse ignores All \"a label\"".into());
        statements.push("destination kind \"plain kind\"".into());
        statements.push("destination kind unused".into());
        // Where one place is a member of the event itself, consent is never missing.
        let has_short =
            several.iter().flat_map(|several| &several.places).any(|(_, place)| place.path.len() == 1);
        statements.push(reconcile(u, &inputs, if has_short { &[] } else { &path })?);
        statements.push(format!("unmapped destinations {}", u.choose(&["deliver", "block"])?));
        statements.push(format!("several categories need {}", u.choose(&["all", "any"])?));
        statements.push(format!("invalid entries {}", u.choose(&["unlisted", "off"])?));
        for settings in SITE {
            if u.arbitrary()? {
                statements.push((*u.choose(settings)?).to_owned());
            }
        }
        for settings in VISIT.iter().chain(&LEDGER).chain([&ROUTER, &BATCHES, &NON_BOOLEAN_ALL]) {
            statements.push((*u.choose(settings)?).to_owned());
        }
        // A boolean inside consent counts as consent, so that no input may have it.
        let is_boolean_in_consent = inputs.iter().any(|input| {
            input.path[..input.path.len() - 1].iter().any(|key| key.contains("consent"))
                && ["true", "false"].iter().any(|value| input.values.contains(value))
        });
        let foreign = if is_boolean_in_consent { &FOREIGN[1] } else { u.choose(FOREIGN)? };
        statements.push((*foreign).to_owned());
        let (mut events, exempt) = event_names(u, "exempt events")?;
        let (preference, setting) = event_names(u, "preference events")?;
        statements.extend([exempt, setting]);
        events.extend(preference);
        events.sort();
        events.dedup();
        let mut spellings =
            vec![(*u.choose(&["categoryPreferences", "consentPreferences", "choices"])?).to_owned()];
        if u.arbitrary()? {
            spellings.push("categoryPreference".into());
        }
        let keys: Vec<String> = path.iter().chain(&spellings[..1]).map(|key| format!("{key:?}")).collect();
        let also = spellings.get(1).map_or(String::new(), |also| format!(" alias {also}"));
        let (shape, listing) = match &several {
            Some(several) => several.first,
            None if u.arbitrary()? => *u.choose(&SHAPES)?,
            None => ("", BOOLEANS),
        };
        let skipped = if u.ratio(1, 4)? { Some(*u.choose(&["", "Gossip"])?) } else { None };
        let skip = skipped.map_or(String::new(), |name| format!(" skip \"{name}\""));
        let absent = *u.choose(&["", "", "", " absent null", " absent \"\"", " absent null, \"none\""])?;
        let place = format!("{}{also}{shape}{skip}{absent}", keys.join("."));
        statements.push(match &several {
            Some(several) => several.statement(&place),
            None => format!("consent at {place}"),
        });
        let entries: Vec<String> = integrations.iter().map(|name| format!("{name:?}")).collect();
        // A check compares what events list.
        let is_unlisted = |one: &String| {
            one.starts_with("consent at")
                && (one.contains("unlisted refused") || one.contains("unlisted granted"))
                || one.starts_with("category") && one.contains("unasked granted")
        };
        if statements.iter().any(is_unlisted) {
            let mismatch = statements.iter_mut().filter(|one| one.starts_with("ledger mismatch"));
            mismatch.for_each(|one| *one = "ledger mismatch ignore".to_owned());
        }
        let has_check = !statements.iter().any(|one| one == "ledger mismatch ignore");
        let preferences: &[&str] = match listing {
            Listing::List | Listing::Text(_) if several.is_some() => &["granted", "unasked"],
            Listing::Pairs(_) if several.is_some() => &["granted", "refused", "unasked", "invalid"],
            Listing::Object { .. } => &["granted", "refused", "unasked", "invalid"],
            Listing::Pairs(_) => &["granted", "refused", "invalid"],
            Listing::List | Listing::Text(_) => &["granted", "refused"],
        };
        let said = Names {
            categories: &names,
            destinations: &destinations,
            entries: &entries,
            has_check,
            preferences,
            inputs: &inputs,
        };
        statements.extend(said.tests(u)?);
        statements.extend(said.promises(u)?);
        statements.extend(lint_levels(u)?);
        let more_places = several
            .map_or(Vec::new(), |several| several.places.into_iter().map(|(_, place)| place).collect());
        Ok(PolicyText {
            statements,
            wire_ids,
            integrations,
            events,
            path,
            spellings,
            listing,
            inputs,
            more_places,
        })
    }

    pub fn text(&self) -> String {
        format!("consentry 1\n{}\n", self.statements.join("\n"))
    }

    pub fn shuffled(&self, u: &mut Unstructured) -> Result<Self> {
        let mut shuffled = self.clone();
        shuffle(&mut shuffled.statements, u)?;
        Ok(shuffled)
    }

    /// The same facts over several files: the main one, and the others by path.
    pub fn split(&self, u: &mut Unstructured) -> Result<(String, Vec<(&'static str, String)>)> {
        let mut texts = [
            "consentry 1\ninclude \"sub/one\"\ninclude \"two\"\n".to_owned(),
            "consentry 1\ninclude \"../two\"\n".to_owned(),
            "consentry 1\ninclude prelude \"segment\"\n".to_owned(),
        ];
        // What the prelude says too is overridden by the main file, which includes all the others.
        let prelude = [
            "reconcile",
            "unmapped destinations",
            "several",
            "invalid",
            "exempt events",
            "preference events",
            "consent at",
            "gate",
            "implied consent",
            "library",
            "router",
            "batches",
            "non-boolean",
            "foreign",
            "ledger",
        ];
        for statement in &self.statements {
            let kind = statement.starts_with("destination kind warehouse");
            let (at, over) = match prelude.iter().any(|start| statement.starts_with(start)) || kind {
                true => (0, "override "),
                false if statement.starts_with("policy") => (0, ""),
                false => (u.choose_index(3)?, ""),
            };
            texts[at].push_str(&format!("{over}{statement}\n"));
        }
        let [main, one, two] = texts;
        Ok((main, vec![("sub/one", one), ("two", two)]))
    }
}

/// Settings that a policy may leave out.
const SITE: [&[&str]; 2] = [
    &["banner mandatory", "banner stays", "banner disappears", "banner never shown"],
    &["model opt-in", "model opt-out", "model implied", "model notice-only", "model custom"],
];

/// Settings of gate and library.
const VISIT: [&[&str]; 4] = [
    &["implied consent opt-in", "implied consent opt-out"],
    &["gate opens on any grant", "gate opens on needed grant", "gate opens on delivery"],
    &["gate without consent open", "gate without consent closed"],
    &["library loads when gate open", "library loads when granted"],
];

/// The names that a router knows.
const ROUTER: &[&str] = &["router knows some names", "router knows own names"];

/// The readings of an entry `All` that is no boolean.
const NON_BOOLEAN_ALL: &[&str] =
    &["non-boolean All as entry", "non-boolean All as entry", "non-boolean All malformed"];

/// The readings of batches.
const BATCHES: &[&str] = &["batches merged", "batches envelope ignored", "batches reject"];

/// The treatments of foreign consent.
const FOREIGN: &[&str] = &["foreign consent malformed", "foreign consent ignored"];

/// Settings of the ledger.
const LEDGER: [&[&str]; 11] = [
    &[
        "ledger mismatch ignore",
        "ledger mismatch ignore",
        "ledger mismatch drop",
        "ledger mismatch use recorded",
        "ledger mismatch report",
    ],
    &[
        "ledger unstamped use recorded",
        "ledger unstamped use stamped",
        "ledger unstamped refuse",
        "ledger unstamped drop",
    ],
    &["ledger unknown use stamped", "ledger unknown refuse", "ledger unknown drop"],
    &["ledger unreachable refuse", "ledger unreachable use stamped", "ledger unreachable drop"],
    &["ledger conflict refuse", "ledger conflict grant"],
    &["ledger grants never expire", "ledger grants expire after 395 days"],
    &["ledger unasked refused", "ledger unasked kept"],
    &["ledger integer ids text", "ledger integer ids invalid"],
    &["ledger alias links", "ledger alias ignored"],
    &["ledger version none", "ledger version at a.\"b c\""],
    &["ledger also records nothing", "ledger also records identify"],
];

/// Some names of events, and the setting that lists them.
fn event_names(u: &mut Unstructured, setting: &str) -> Result<(Vec<String>, String)> {
    let names: &[&str] =
        u.choose(&[&[][..], &["Segment Consent Preference"], &["Segment Consent Preference", "é"], &["é"]])?;
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let list = if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") };
    Ok((names.iter().map(|name| (*name).to_owned()).collect(), format!("{setting} {list}")))
}

pub fn shuffle<T>(items: &mut [T], u: &mut Unstructured) -> Result<()> {
    for at in (1..items.len()).rev() {
        items.swap(at, u.int_in_range(0..=at)?);
    }
    Ok(())
}

/// What a quoted text of this file's constants stands for.
fn unquoted(name: &str) -> String {
    let inside = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(name);
    inside.replace("\\u{1F600}", "\u{1F600}").replace("\\\"", "\"").replace("\\\\", "\\")
}

fn mapping(u: &mut Unstructured, names: &[String], inputs: &[InputText]) -> Result<String> {
    let exempt = *u.choose(&["", "", "", " exempt", " exempt because \"so\""])?;
    if names.is_empty() || u.ratio(1, 5)? {
        return Ok(format!("unmapped{exempt}"));
    }
    if !inputs.is_empty() && u.arbitrary()? {
        let mut arms = Vec::new();
        for _ in 0..u.int_in_range(1..=3)? {
            let when = input_condition(u, inputs)?;
            // Behind a value a text would be another value.
            arms.push(match u.arbitrary()? {
                true => format!("needs when {when} by strategy of {}", some(u, names)?.join(", ")),
                false => format!("needs when {when} {}", group(u, names, 1)?),
            });
        }
        arms.push(match u.arbitrary()? {
            true => "otherwise unmapped".to_owned(),
            false => format!("otherwise {}", group(u, names, 1)?),
        });
        return Ok(format!("{}{exempt}", arms.join("\n  ")));
    }
    let needs = match u.int_in_range(0..=3)? {
        0 => some(u, names)?.join(", "),
        1 if !inputs.is_empty() => format!("by strategy of {}", some(u, names)?.join(", ")),
        _ => group(u, names, 0)?,
    };
    Ok(format!("needs {needs}{exempt}"))
}

/// Up to four different names.
pub fn some(u: &mut Unstructured, names: &[String]) -> Result<Vec<String>> {
    let mut some = Vec::new();
    for _ in 0..u.int_in_range(1..=4)? {
        let name = u.choose(names)?.clone();
        if !some.contains(&name) {
            some.push(name);
        }
    }
    Ok(some)
}

fn group(u: &mut Unstructured, names: &[String], depth: usize) -> Result<String> {
    let mut elements = some(u, names)?;
    if depth < 3 {
        for _ in 0..u.int_in_range(0..=2)? {
            elements.push(format!("({})", group(u, names, depth + 1)?));
        }
    }
    Ok(format!("{} {}", u.choose(&["all of", "any of"])?, elements.join(", ")))
}

const CONSENT: [&str; 5] = ["missing", "empty", "unanswered", "answered", "malformed"];
const INTEGRATIONS: [&str; 3] = ["none", "present", "malformed"];
const WORDS: [&str; 9] = [
    "nothing",
    "integrations",
    "listed integrations",
    "consent",
    "consent then integrations",
    "consent then integrations",
    "consent or integrations because \"so\"",
    "consent or listed, then integrations",
    "drop \"no \\\"usable\\\" consent\"",
];

/// A table of rows that overlap, each of use, and the rest by `any`.
fn reconcile(u: &mut Unstructured, inputs: &[InputText], path: &[String]) -> Result<String> {
    // Now and then with columns for inputs.
    let columns: &[InputText] = if u.arbitrary()? { inputs } else { &[] };
    let states: Vec<Vec<&str>> = columns
        .iter()
        .map(|input| input.values.iter().copied().chain(["absent", "other"]).collect())
        .collect();
    let mut text = "reconcile {\n  consent integrations".to_owned();
    columns.iter().for_each(|input| text.push_str(&format!(" {}", input.name)));
    text.push_str(" enforce\n");
    // Every situation that an event can have, each as the places of its states.
    let mut open: Vec<Vec<usize>> = vec![Vec::new()];
    let counts: Vec<usize> =
        [CONSENT.len(), INTEGRATIONS.len()].into_iter().chain(states.iter().map(Vec::len)).collect();
    for count in &counts {
        let with = |known: &Vec<usize>| -> Vec<Vec<usize>> {
            (0..*count).map(|state| known.iter().copied().chain([state]).collect()).collect()
        };
        open = open.iter().flat_map(with).collect();
    }
    // Where consent is missing, an input beside it is absent.
    open.retain(|situation| {
        let mut columns = columns.iter().zip(&states).zip(&situation[2..]);
        situation[0] != 0
            || columns
                .all(|((input, states), state)| !input.path.starts_with(path) || states[*state] == "absent")
    });
    let mut row = |masks: &[u32], open: &mut Vec<Vec<usize>>, words: &str| {
        let is_meant =
            |situation: &Vec<usize>| situation.iter().zip(masks).all(|(state, mask)| mask >> state & 1 == 1);
        let before = open.len();
        open.retain(|situation| !is_meant(situation));
        if open.len() == before {
            return;
        }
        let all =
            [CONSENT.as_slice(), INTEGRATIONS.as_slice()].into_iter().chain(states.iter().map(Vec::as_slice));
        for (all, mask) in all.zip(masks) {
            let named: Vec<&str> =
                all.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).map(|(_, name)| *name).collect();
            let named = if named.len() == all.len() { "any".to_owned() } else { named.join(" | ") };
            text.push_str(&format!("  {named}"));
        }
        text.push_str(&format!("  {words}\n"));
    };
    for _ in 0..u.int_in_range(0..=8)? {
        let mut masks = Vec::new();
        for count in &counts {
            let every = (1u32 << count) - 1;
            masks.push(if masks.len() > 1 && u.arbitrary()? { every } else { u.int_in_range(1..=every)? });
        }
        row(&masks, &mut open, u.choose(&WORDS)?);
    }
    let every: Vec<u32> = counts.iter().map(|count| (1u32 << count) - 1).collect();
    row(&every, &mut open, u.choose(&WORDS)?);
    Ok(text + "}")
}
