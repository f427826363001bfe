//! What is read from an event: section 1 of the semantics, case by case. What is no event is in `hostile.rs`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]

use consentry::event::{Entry, EventErrorKind, Preference};
use consentry::model::Reading;
use consentry::{Event, EventError, Input, Limits, Policy};

fn reading(setting: &str) -> Reading {
    let text = format!("consentry 1 policy \"p\" include prelude \"segment\" {setting}");
    Policy::parse(&text).unwrap().reading().clone()
}

fn read<'a>(bytes: &'a [u8], reading: &Reading) -> Result<Event<'a>, EventError> {
    Event::read(bytes, reading, &Limits::default())
}

fn consent(event: &str, reading: &Reading) -> String {
    let event = read(event.as_bytes(), reading).unwrap();
    let state = event.consent.state().as_str();
    let preferences = event.consent.preferences().iter();
    let members: Vec<String> = preferences.map(|(name, one)| format!("{name}={}", one.as_str())).collect();
    [state, &members.join(",")].join(" ").trim_end().to_owned()
}

#[test]
fn consent_states() {
    let shipped = reading("");
    for (event, expected) in [
        // missing: no `context`, or no consent object in it
        (r#"{}"#, "missing"),
        (r#"{"context":{}}"#, "missing"),
        (r#"{"Context":{"consent":{"categoryPreferences":{"A":true}}}}"#, "missing"),
        (r#"{"properties":{"context":{"consent":{"categoryPreferences":{"A":true}}}}}"#, "missing"),
        (r#"{"context":{"x":{"consent":{"categoryPreferences":{"A":true}}}}}"#, "missing"),
        (r#"{"context":{"x":"\"consent\":{\"categoryPreferences\":{\"A\":true}}"}}"#, "missing"),
        (r#"{"consent":{"categoryPreferences":{"A":true}}}"#, "missing"),
        (r#"{"context":{"conse\ud800nt":1}}"#, "missing"),
        // empty: the consent object holds no preferences; other members change nothing
        (r#"{"context":{"consent":{}}}"#, "empty"),
        (r#"{"context":{"consent":{"version":2,"A":true}}}"#, "empty"),
        (r#"{"context":{"consent":{"CategoryPreferences":{"A":true}}}}"#, "empty"),
        // unanswered: the preferences object is `{}`
        (r#"{"context":{"consent":{"categoryPreferences":{}}}}"#, "unanswered"),
        (r#"{"context":{"consent":{"version":2,"categoryPreferences": { } }}}"#, "unanswered"),
        // given: at least one member
        (
            r#"{"context":{"consent":{"categoryPreferences":{"A":true,"B":false}}}}"#,
            "answered A=granted,B=refused",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"A":"true","B":1,"C":null,"D":[true],"E":{}}}}}"#,
            "answered A=invalid,B=invalid,C=invalid,D=invalid,E=invalid",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"A":true,"A":false}}}}"#,
            "answered A=granted,A=refused",
        ),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"Advert\u0069sing":true}}}}"#,
            "answered Advertising=granted",
        ),
        (r#"{"context":{"consent":{"categoryPreferences":{"A\ud800":true}}}}"#, "answered A\u{FFFD}=granted"),
        (r#"{"context":{"consent":{"categoryPreferences":{"\ud83d\ude00":true}}}}"#, "answered 😀=granted"),
        (
            r#"{"context":{"consent":{"categoryPreferences":{"A":1e400,"B":-0}}}}"#,
            "answered A=invalid,B=invalid",
        ),
        (
            r#"{"\u0063ontext":{"c\u006fnsent":{"category\u0050references":{"A":true}}}}"#,
            "answered A=granted",
        ),
        // malformed: another type at any of the three levels
        (r#"{"context":null}"#, "malformed"),
        (r#"{"context":[]}"#, "malformed"),
        (r#"{"context":"{}"}"#, "malformed"),
        (r#"{"context":{"consent":null}}"#, "malformed"),
        (r#"{"context":{"consent":true}}"#, "malformed"),
        (r#"{"context":{"consent":{"categoryPreferences":null}}}"#, "malformed"),
        (r#"{"context":{"consent":{"categoryPreferences":[]}}}"#, "malformed"),
        (r#"{"context":{"consent":{"categoryPreferences":"A"}}}"#, "malformed"),
        // malformed: a duplicate of one of them, in either order
        (r#"{"context":{},"context":{}}"#, "malformed"),
        (r#"{"context":{"consent":{"categoryPreferences":{"A":true}}},"context":{}}"#, "malformed"),
        (r#"{"context":{},"c\u006fntext":{"consent":{}}}"#, "malformed"),
        (r#"{"context":{"consent":{},"consent":{"categoryPreferences":{"A":true}}}}"#, "malformed"),
        (r#"{"context":{"consent":{"categoryPreferences":{},"categoryPreferences":{}}}}"#, "malformed"),
        // malformed: a documented spelling that is not accepted, or two spellings at once
        (r#"{"context":{"consent":{"categoryPreference":{"A":false}}}}"#, "malformed"),
        (r#"{"context":{"consent":{"consentPreferences":{}}}}"#, "malformed"),
        (
            r#"{"context":{"consent":{"consentPreferences":{},"categoryPreferences":{"A":true}}}}"#,
            "malformed",
        ),
    ] {
        assert_eq!(consent(event, &shipped), expected, "{event}");
    }
}

#[test]
fn accepted_spellings() {
    let setting = "override consent at context.consent.categoryPreferences alias consentPreferences, mine";
    let reading = reading(setting);
    for (event, expected) in [
        (r#"{"context":{"consent":{"categoryPreferences":{"A":true}}}}"#, "answered A=granted"),
        (r#"{"context":{"consent":{"consentPreferences":{"A":true}}}}"#, "answered A=granted"),
        (r#"{"context":{"consent":{"mine":{}}}}"#, "unanswered"),
        (r#"{"context":{"consent":{"categoryPreference":{"A":true}}}}"#, "malformed"),
        (r#"{"context":{"consent":{"mine":{"A":true},"consentPreferences":{"A":true}}}}"#, "malformed"),
        (r#"{"context":{"consent":{"other":{"A":true}}}}"#, "empty"),
    ] {
        assert_eq!(consent(event, &reading), expected, "{event}");
    }
}

/// "For another path: the same at each level; a missing parent is `missing`, a missing last key `empty`."
#[test]
fn other_paths() {
    let deep = reading(r#"override consent at traits."my consent".now.choices"#);
    for (event, expected) in [
        (r#"{"context":{"consent":{"categoryPreferences":{"A":true}}}}"#, "missing"),
        (r#"{"traits":{}}"#, "missing"),
        (r#"{"traits":{"my consent":{}}}"#, "missing"),
        (r#"{"traits":{"my consent":{"now":{}}}}"#, "empty"),
        (r#"{"traits":{"my consent":{"now":{"choices":{}}}}}"#, "unanswered"),
        (r#"{"traits":{"my consent":{"now":{"choices":{"A":false}}}}}"#, "answered A=refused"),
        (r#"{"traits":{"my consent":{"now":1}}}"#, "malformed"),
        (r#"{"traits":{"my consent":{"now":{},"now":{}}}}"#, "malformed"),
        (r#"{"traits":{"my consent":{"now":{"categoryPreferences":{}}}}}"#, "malformed"),
    ] {
        assert_eq!(consent(event, &deep), expected, "{event}");
    }
    let flat = reading("override consent at choices");
    for (event, expected) in [
        (r#"{}"#, "empty"),
        (r#"{"choices":{}}"#, "unanswered"),
        (r#"{"choices":{"A":true}}"#, "answered A=granted"),
        (r#"{"choices":[]}"#, "malformed"),
        (r#"{"consentPreferences":{}}"#, "malformed"),
    ] {
        assert_eq!(consent(event, &flat), expected, "{event}");
    }
}

#[test]
fn integrations_states() {
    for (event, expected) in [
        (r#"{}"#, "none"),
        (r#"{"integrations":{}}"#, "none"),
        (r#"{"integrations":{},"integrations":{}}"#, "none"),
        (r#"{"Integrations":{"A":true}}"#, "none"),
        (r#"{"context":{"integrations":{"A":true}}}"#, "none"),
        (
            r#"{"integrations":{"A":true,"B":false,"C":{"x":[]},"D":"on"}}"#,
            "present A=On,B=Off,C=On,D=Invalid",
        ),
        (
            r#"{"integrations":{"A":null,"B":[],"C":1,"All":false}}"#,
            "present A=Invalid,B=Invalid,C=Invalid,All=Off",
        ),
        (r#"{"integrations":{"A":true},"type":"x","integr\u0061tions":{"A":false}}"#, "present A=On,A=Off"),
        (r#"{"integrations":null}"#, "malformed"),
        (r#"{"integrations":[]}"#, "malformed"),
        (r#"{"integrations":{"A":false},"integrations":true}"#, "malformed"),
        (r#"{"integrations":"x","integrations":{"A":false}}"#, "malformed"),
    ] {
        let event = read(event.as_bytes(), &reading("")).unwrap();
        let entries: Vec<String> =
            event.integrations.entries().iter().map(|(name, entry)| format!("{name}={entry:?}")).collect();
        let actual = [event.integrations.state().as_str(), &entries.join(",")].join(" ");
        assert_eq!(actual.trim_end(), expected);
    }
}

#[test]
fn exempt_events_are_recognised_exactly() {
    for (event, expected) in [
        (r#"{"type":"track","event":"X"}"#, Some("X")),
        (r#"{"event":"X","\u0074ype":"tr\u0061ck"}"#, Some("X")),
        (r#"{"type":"Track","event":"X"}"#, None),
        (r#"{"type":"identify","event":"X"}"#, None),
        (r#"{"event":"X"}"#, None),
        (r#"{"type":"track"}"#, None),
        (r#"{"type":"track","event":null}"#, None),
        (r#"{"type":"track","event":["X"]}"#, None),
        (r#"{"type":["track"],"event":"X"}"#, None),
        (r#"{"type":"track","type":"track","event":"X"}"#, None),
        (r#"{"type":"track","event":"X","event":"X"}"#, None),
        (r#"{"type":"identify","event":"X","properties":{"type":"track"}}"#, None),
    ] {
        let read = read(event.as_bytes(), &reading("")).unwrap();
        assert_eq!(read.track.map(|name| name.to_string()).as_deref(), expected, "{event}");
    }
}

#[test]
fn ids() {
    for (event, expected) in [
        (r#"{"messageId":"m-1"}"#, Some("m-1")),
        (r#"{"messageId":"\u006d\n"}"#, Some("m\n")),
        (r#"{"messageId":1}"#, None),
        (r#"{"messageId":null}"#, None),
        (r#"{"messageId":"a","messageId":"b"}"#, None),
        (r#"{}"#, None),
    ] {
        let read = read(event.as_bytes(), &reading("")).unwrap();
        assert_eq!(read.id.map(|name| name.to_string()).as_deref(), expected, "{event}");
    }
}

/// An error says what is wrong and at which byte.
#[test]
fn errors_say_where() {
    let limits = Limits { bytes: 40, nesting: 3 };
    let over = "x".repeat(41);
    for (line, offset, message) in [
        ("", 0, "the line is blank"),
        (
            "\u{FEFF}{}",
            0,
            "the line begins with a byte-order mark (3 bytes), which is not JSON; at the start of a file `tail -c +4` cuts it off",
        ),
        ("[]", 0, "the line is JSON, but no object"),
        (over.as_str(), 40, "the line is longer than 40 bytes"),
        (r#"{"a":{"b":[[]]}}"#, 11, "objects and arrays are nested more than 3 deep at byte 11"),
        (r#"{"a":"]}","b":{"\"":[{}]}}"#, 21, "objects and arrays are nested more than 3 deep at byte 21"),
        (r#"{"a":tru}"#, 8, "not JSON: expected ident at byte 8"),
        ("{\n\n\"a\":\nx}", 8, "not JSON: expected value at byte 8"),
        (r#"{"a":1"#, 5, "not JSON: EOF while parsing an object at byte 5"),
        ("{}\n]", 3, "not JSON: trailing characters at byte 3"),
    ] {
        let error = Event::read(line.as_bytes(), &reading(""), &limits).unwrap_err();
        assert_eq!((error.offset(), error.to_string().as_str()), (offset, message), "{line}");
    }
    // Neither what is closed again nor what is in a string counts.
    for line in [r#"{"a":[[],[],[],{}],"b":{"c":[]}}"#, r#"{"a":"[[[[","b":"\"{{{{"}"#] {
        assert!(Event::read(line.as_bytes(), &reading(""), &limits).is_ok(), "{line}");
    }
    let error = Event::read(b"{\"a\":\"\xC3\xFF\"}", &reading(""), &limits).unwrap_err();
    assert_eq!((error.offset(), error.to_string().as_str()), (6, "byte 6 is not UTF-8"));
    assert_eq!((error.kind(), error.code()), (EventErrorKind::NotUtf8, "not_utf8"));
}

#[test]
fn a_key_with_a_lone_surrogate_matches_nothing() {
    let text = r#"consentry 1 policy "p" include prelude "segment" category "A\u{FFFD}" destination "D\u{FFFD}" unmapped"#;
    let table = consentry::Table::new(Policy::parse(text).unwrap());
    let line = br#"{"context":{"consent":{"categoryPreferences":{"A\ud800":true}}},"integrations":{"D\udfff":false}}"#;
    let event = table.read(line, &Limits::default()).unwrap();
    let mut scratch = table.scratch();
    let decision = table.decide(Input::event(&event), &mut scratch).unwrap();
    assert_eq!((decision.unknown_categories().len(), decision.unknown_integrations().len()), (1, 1));
    assert_eq!(decision.delivered().count(), 1);
    assert_eq!(event.consent.preferences()[0].1, Preference::Granted);
    assert_eq!(event.integrations.entries()[0].1, Entry::Off);
}
