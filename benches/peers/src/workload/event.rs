//! One event, as the platform's libraries post them.

use super::consents::Consents;
use super::integrations::Integrations;
use super::texts::{CITIES, DESCRIPTIONS, NAMES, PATHS, TITLES, USER_AGENTS};
use crate::random::{Random, mix};

/// In how many orders the members of objects come: each library and each proxy in between has its own.
pub const LAYOUTS: u64 = 12;

/// The shares of events that have something, per mille.
mod share {
    pub(super) const NO_CONSENT: usize = 100;
    pub(super) const NO_PREFERENCES: usize = 50;
    pub(super) const INTEGRATIONS: usize = 300;
    pub(super) const DECOYS: usize = 10;
    /// Track events that say that a person's choices changed: the policy delivers them whatever was chosen.
    pub(super) const EXEMPT: usize = 2;
}

/// An object under construction: keys and the texts of their values.
struct Object(Vec<(&'static str, String)>);

impl Object {
    fn add(&mut self, key: &'static str, value: impl Into<String>) {
        self.0.push((key, value.into()));
    }

    /// A string whose text needs no escaping, or has it already.
    fn string(&mut self, key: &'static str, text: impl AsRef<str>) {
        self.add(key, format!("\"{}\"", text.as_ref()));
    }

    /// The text, with the members in the order of a layout.
    fn write(mut self, layout: u64) -> String {
        self.0
            .sort_by_key(|(key, _)| key.bytes().fold(mix(layout), |hash, byte| mix(hash ^ u64::from(byte))));
        let members: Vec<String> = self.0.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// The text of the next event.
pub(super) fn draw(
    consents: &mut Consents<'_>,
    integrations: &Integrations<'_>,
    random: &mut Random,
) -> String {
    let layout = random.below(LAYOUTS as usize) as u64;
    let mut event = Object(Vec::new());
    let seconds = random.below(86_400);
    let mut clock = |key, late| {
        let (second, thousandth) = (seconds + late, random.below(1000));
        let (hour, minute, second) = (second / 3600 % 24, second / 60 % 60, second % 60);
        event.string(key, format!("2026-11-24T{hour:02}:{minute:02}:{second:02}.{thousandth:03}Z"));
    };
    clock("originalTimestamp", 0);
    clock("sentAt", 1);
    clock("timestamp", 1);
    let user = random.below(50_000);
    event.string("messageId", format!("ajs-next-{:016x}-{:016x}", random.bits(), random.bits()));
    event.string("anonymousId", uuid(random));
    if random.chance(600) {
        event.string("userId", format!("user-{user}"));
    }
    let decoy = random.chance(share::DECOYS);
    match random.below(100) {
        0..60 => track(&mut event, decoy, random),
        60..85 => {
            event.string("type", "page");
            event.string("name", random.pick(&TITLES));
            event.add("properties", properties(decoy, random));
        }
        85..95 => {
            event.string("type", "identify");
            event.add("traits", traits(user, decoy, random));
        }
        _ => {
            event.string("type", "screen");
            event.string("name", random.pick(&TITLES));
            event.add("properties", properties(decoy, random));
        }
    }
    event.add("context", context(layout, consents, random));
    if random.chance(share::INTEGRATIONS) {
        event.add("integrations", integrations.draw(random));
    }
    event.write(layout)
}

fn track(event: &mut Object, decoy: bool, random: &mut Random) {
    event.string("type", "track");
    let names =
        ["Product Viewed", "Product Added", "Order Completed", "Signed Up", "Article Read", "Video Played"];
    let exempt = random.chance(share::EXEMPT);
    event.string("event", if exempt { "Segment Consent Preference Updated" } else { random.pick(&names) });
    event.add("properties", properties(decoy, random));
}

fn context(layout: u64, consents: &mut Consents<'_>, random: &mut Random) -> String {
    let mut context = Object(Vec::new());
    context.add("library", r#"{"name":"analytics.js","version":"npm:next-1.81.0"}"#);
    let path = random.pick(&PATHS);
    let mut page = Object(Vec::new());
    page.string("path", path);
    page.string("referrer", "https://www.example.com/?q=%22consent%22");
    page.string("title", random.pick(&TITLES));
    page.string("url", format!("https://shop.example.com{path}?ref=n{}", random.below(1000)));
    context.add("page", page.write(layout));
    context.string("userAgent", random.pick(&USER_AGENTS));
    context.string("ip", format!("203.0.113.{}", random.below(256)));
    context.string("locale", random.pick(&["en-US", "de-DE", "fr-FR", "ja-JP"]));
    context.string("timezone", random.pick(&["Europe/Berlin", "America/New_York", "Asia/Tokyo"]));
    if random.chance(400) {
        context.add(
            "campaign",
            format!(
                r#"{{"name":"c{}","source":"newsletter","medium":"email","term":"sale"}}"#,
                random.below(40)
            ),
        );
    }
    if random.chance(650) {
        let (width, id) = (random.pick(&[390, 412, 768, 1440, 1920]), uuid(random));
        context.add("device", format!(r#"{{"id":"{id}","type":"ios","manufacturer":"Apple"}}"#));
        context.add("screen", format!(r#"{{"width":{width},"height":{},"density":2.5}}"#, width * 2));
    }
    if !random.chance(share::NO_CONSENT) {
        // One of five without preferences is a consent object with nothing in it at all.
        let empty = random.chance(share::NO_PREFERENCES * 1000 / (1000 - share::NO_CONSENT));
        context.add(
            "consent",
            match empty {
                true if random.chance(200) => "{}".to_owned(),
                true => r#"{"categoryPreferences":{}}"#.to_owned(),
                false => consents.draw(random),
            },
        );
    }
    context.write(layout)
}

fn properties(decoy: bool, random: &mut Random) -> String {
    let mut properties = Object(Vec::new());
    properties.add("total", format!("{}.{:02}", random.below(500), random.below(100)));
    properties.string("currency", random.pick(&["EUR", "USD", "JPY"]));
    properties.string("coupon", format!("SAVE{}", random.below(50)));
    properties.add("first_visit", random.chance(500).to_string());
    let products = (0..1 + random.below(3)).map(|_| {
        format!(
            r#"{{"sku":"s{}","name":"{}","price":{}.99,"quantity":{}}}"#,
            random.below(10_000),
            random.pick(&DESCRIPTIONS),
            random.below(200),
            1 + random.below(4),
        )
    });
    properties.add("products", format!("[{}]", products.collect::<Vec<_>>().join(",")));
    if decoy {
        add_decoy(&mut properties, random);
    }
    properties.write(0)
}

fn traits(user: usize, decoy: bool, random: &mut Random) -> String {
    let mut traits = Object(Vec::new());
    traits.string("name", random.pick(&NAMES));
    traits.string("email", format!("user-{user}@example.com"));
    traits.string("plan", random.pick(&["free", "team", "business"]));
    traits.add("age", (18 + random.below(60)).to_string());
    traits.string("bio", random.pick(&DESCRIPTIONS));
    traits.add("address", format!(r#"{{"city":"{}","postalCode":"{}"}}"#, random.pick(&CITIES), user));
    if decoy {
        add_decoy(&mut traits, random);
    }
    traits.write(0)
}

/// What looks like the two objects and is none of them: at another depth, or in a string.
fn add_decoy(object: &mut Object, random: &mut Random) {
    match random.below(4) {
        0 => object.add("consent", r#"{"categoryPreferences":{"Advertising":true,"Analytics":true}}"#),
        1 => object.add("context", r#"{"consent":{"categoryPreferences":{"Advertising":false}}}"#),
        2 => object.add("integrations", r#"{"All":false,"Google Ads":true}"#),
        _ => object.add(
            "payload",
            r#""{\"context\":{\"consent\":{\"categoryPreferences\":{\"Advertising\":true}}},\"integrations\":{\"All\":false},\"path\":\"C:\\\\\"}""#,
        ),
    }
}

fn uuid(random: &mut Random) -> String {
    let (high, low) = (random.bits(), random.bits());
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFF,
        low >> 52,
        low & 0xFFFF_FFFF_FFFF
    )
}
