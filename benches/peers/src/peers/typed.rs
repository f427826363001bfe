//! The members that a decision reads, as a struct that borrows from the event; serde skips all others.

use crate::rules::{Consent as State, Facts, Rules, exempt};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    context: Option<Context<'a>>,
    #[serde(borrow)]
    integrations: Option<Members<'a>>,
}

#[derive(Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    consent: Option<Consent<'a>>,
}

#[derive(Deserialize)]
struct Consent<'a> {
    #[serde(borrow, rename = "categoryPreferences")]
    preferences: Option<Members<'a>>,
}

impl Line<'_> {
    /// The destinations that receive the event.
    pub(super) fn decide(&self, rules: &Rules) -> u64 {
        rules.deliver(&self.facts(rules))
    }

    /// What decides.
    pub(super) fn facts(&self, rules: &Rules) -> Facts {
        let mut facts = Facts::default();
        if let Some(consent) = self.context.as_ref().and_then(|context| context.consent.as_ref()) {
            facts.consent = State::Empty;
            if let Some(Members(preferences)) = &consent.preferences {
                facts.consent = State::Preferences;
                for (name, setting) in preferences {
                    facts.prefer(rules.category(&name.0), matches!(setting, Setting::Boolean(true)));
                }
            }
        }
        for (name, setting) in self.integrations.iter().flat_map(|Members(entries)| entries) {
            facts.integrate(rules.destination(&name.0), setting.entry());
        }
        if let (Some(kind), Some(event)) = (&self.kind, &self.event) {
            facts.exempt = exempt(&kind.0, &event.0);
        }
        facts
    }
}

/// A string, borrowed where it has no escapes. `Option<Cow<str>>` would be copied always.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Collect)
    }
}

/// The members of an object of settings.
struct Members<'a>(Vec<(Text<'a>, Setting)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// A value, as far as decisions tell values apart.
enum Setting {
    Boolean(bool),
    Object,
    Other,
}

impl Setting {
    /// What it says as an integrations entry.
    fn entry(&self) -> Option<bool> {
        match self {
            Setting::Boolean(on) => Some(*on),
            Setting::Object => Some(true),
            Setting::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Setting, E> {
                Ok(Setting::Boolean(value))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Setting, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Setting::Object)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Setting, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Setting::Other)
            }

            fn visit_unit<E>(self) -> Result<Setting, E> {
                Ok(Setting::Other)
            }

            fn visit_str<E>(self, _: &str) -> Result<Setting, E> {
                Ok(Setting::Other)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Setting, E> {
                Ok(Setting::Other)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Setting, E> {
                Ok(Setting::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Setting, E> {
                Ok(Setting::Other)
            }
        }
        deserializer.deserialize_any(Collect)
    }
}
