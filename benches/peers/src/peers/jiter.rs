//! `jiter`: an iterator over the tokens of a text, which skips what is not asked for and checks it on the way.

use crate::rules::{Consent, Facts, Rules, exempt};
use jiter::{Jiter, JiterResult, Peek};

/// Reads what is needed in one pass, and decides with masks.
pub(super) fn skipping(rules: &Rules, event: &[u8]) -> u64 {
    let facts = read(rules, &mut Jiter::new(event)).expect("events are JSON");
    rules.deliver(&facts)
}

fn read(rules: &Rules, json: &mut Jiter<'_>) -> JiterResult<Facts> {
    let mut facts = Facts::default();
    let (mut is_track, mut is_exempt) = (false, false);
    let mut key = json.next_object()?;
    while let Some(name) = key {
        match name {
            "context" => context(rules, &mut facts, json)?,
            "integrations" => integrations(rules, &mut facts, json)?,
            "type" => is_track = json.next_str()? == "track",
            "event" => is_exempt = exempt("track", json.next_str()?),
            _ => json.next_skip()?,
        }
        key = json.next_key()?;
    }
    json.finish()?;
    facts.exempt = is_track && is_exempt;
    Ok(facts)
}

fn context(rules: &Rules, facts: &mut Facts, json: &mut Jiter<'_>) -> JiterResult<()> {
    let mut key = json.next_object()?;
    while let Some(name) = key {
        match name {
            "consent" => consent(rules, facts, json)?,
            _ => json.next_skip()?,
        }
        key = json.next_key()?;
    }
    Ok(())
}

fn consent(rules: &Rules, facts: &mut Facts, json: &mut Jiter<'_>) -> JiterResult<()> {
    facts.consent = Consent::Empty;
    let mut key = json.next_object()?;
    while let Some(name) = key {
        match name {
            "categoryPreferences" => {
                facts.consent = Consent::Preferences;
                preferences(rules, facts, json)?;
            }
            _ => json.next_skip()?,
        }
        key = json.next_key()?;
    }
    Ok(())
}

/// The value comes after its key, and asking for it gives the key's room up; so the bits are found before.
fn preferences(rules: &Rules, facts: &mut Facts, json: &mut Jiter<'_>) -> JiterResult<()> {
    let mut key = json.next_object()?;
    while let Some(name) = key {
        let category = rules.category(name);
        let peek = json.peek()?;
        json.known_skip(peek)?;
        facts.prefer(category, peek == Peek::True);
        key = json.next_key()?;
    }
    Ok(())
}

fn integrations(rules: &Rules, facts: &mut Facts, json: &mut Jiter<'_>) -> JiterResult<()> {
    let mut key = json.next_object()?;
    while let Some(name) = key {
        let destination = rules.destination(name);
        let peek = json.peek()?;
        json.known_skip(peek)?;
        let entry = match peek {
            Peek::True | Peek::Object => Some(true),
            Peek::False => Some(false),
            _ => None,
        };
        facts.integrate(destination, entry);
        key = json.next_key()?;
    }
    Ok(())
}
