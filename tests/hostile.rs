//! Hostile input: one table of events and one of policies, each case with its expected outcome, through the library and
//! through the command.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[cfg(feature = "cli")]
mod common;

use consentry::event::Batch;
use consentry::{Input, Limits, Policy, Table, reference};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// `D` shows whether consent was read, `E` whether the integrations object was, and `S` whether the event is exempt.
const POLICY: &str = r#"consentry 1
policy "hostile"
include prelude "segment"
category A
category S always unenforced
override exempt events "Segment Consent Preference"
destination "D" needs A
destination "E" unmapped alias "e-js"
destination "W" unmapped kind warehouse
"#;

fn preferences(members: &str) -> String {
    format!(r#"{{"context":{{"consent":{{"categoryPreferences":{{{members}}}}}}}}}"#)
}

fn integrations(members: &str) -> String {
    format!(r#"{{"integrations":{{{members}}}}}"#)
}

/// A granted `A`, and the rest of an event beside it.
fn granted(rest: &str) -> String {
    format!(r#"{{"context":{{"consent":{{"categoryPreferences":{{"A":true}}}}}},{rest}}}"#)
}

/// A refused `A` in an event that is, or pretends to be, exempt.
fn refused(rest: &str) -> String {
    format!(r#"{{"context":{{"consent":{{"categoryPreferences":{{"A":false}}}}}},{rest}}}"#)
}

/// What is sent, and what comes of it: the code of an error, or the two states and what happens at `D`, `E` and `W`.
fn events() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    const FREE: &str = "missing none: not_enforced not_enforced not_enforced";
    const GRANTED: &str = "answered none: consented unmapped unmapped";
    const REFUSED: &str = "answered none: refused unmapped unmapped";
    const NONE_GIVEN: &str = "unanswered none: refused unmapped unmapped";
    const EXEMPT: &str = "answered none: exempt exempt exempt";
    const MALFORMED: &str = "malformed none: refused unmapped unmapped";
    const EMPTY: &str = "empty none: not_enforced not_enforced not_enforced";
    const E_OFF: &str = "missing present: not_enforced integration_off not_enforced";
    const E_ON: &str = "missing present: not_enforced not_enforced not_enforced";
    const ALL_OFF: &str = "missing present: integration_all_off integration_all_off not_enforced";
    const UNREADABLE: &str = "missing malformed: not_enforced not_enforced not_enforced";

    let megabyte = "k".repeat(1 << 20);
    let many = |last: &str| {
        let entries: String = (0..100_000).map(|id| format!("\"u{id}\":{},", id % 2 == 0)).collect();
        integrations(&format!("{entries}{last}"))
    };
    let levels = |open: &str, close: &str, count| format!("{}1{}", open.repeat(count), close.repeat(count));

    let mut all: Vec<(&'static str, Vec<u8>, &'static str)> = Vec::new();
    let mut text = |name, text: String, expected| all.push((name, text.into_bytes(), expected));

    // Escaped keys are the keys that they spell.
    text("escaped consent", preferences(r#""A":true"#).replace("consent", "\\u0063onsent"), GRANTED);
    text("escaped context", preferences(r#""A":false"#).replace("context", "conte\\u0078t"), REFUSED);
    text(
        "escaped preferences",
        preferences(r#""A":false"#).replace("Preferences", "\\u0050references"),
        REFUSED,
    );
    text("escaped category", preferences(r#""\u0041":true"#), GRANTED);
    text("escaped integrations", integrations(r#""E":false"#).replace("integr", "\\u0069ntegr"), E_OFF);
    text("escaped destination", integrations(r#""\u0045":false"#), E_OFF);
    text("escaped All", integrations(r#""\u0041ll":false"#), ALL_OFF);
    text("escaped twice", preferences(r#""\\u0041":true"#), REFUSED);
    text("escaped in capitals", preferences(r#""\U0041":true"#), "not_json");

    // Duplicate keys, at each level and in both orders.
    let consent = r#"{"consent":{"categoryPreferences":{"A":true}}}"#;
    text("context, {}", format!(r#"{{"context":{consent},"context":{{}}}}"#), MALFORMED);
    text("{}, context", format!(r#"{{"context":{{}},"context":{consent}}}"#), MALFORMED);
    text("context twice, alike", format!(r#"{{"context":{consent},"context":{consent}}}"#), MALFORMED);
    text("context, escaped context", format!(r#"{{"context":{consent},"c\u006fntext":{{}}}}"#), MALFORMED);
    text("null, context", format!(r#"{{"context":null,"context":{consent}}}"#), MALFORMED);
    let object = r#"{"categoryPreferences":{"A":true}}"#;
    text("consent, {}", format!(r#"{{"context":{{"consent":{object},"consent":{{}}}}}}"#), MALFORMED);
    text("{}, consent", format!(r#"{{"context":{{"consent":{{}},"consent":{object}}}}}"#), MALFORMED);
    text("consent, null", format!(r#"{{"context":{{"consent":{object},"consent":null}}}}"#), MALFORMED);
    text("null, consent", format!(r#"{{"context":{{"consent":null,"consent":{object}}}}}"#), MALFORMED);
    let two = |one: &str, other: &str| format!(r#"{{"context":{{"consent":{{{one},{other}}}}}}}"#);
    let (yes, no) = (r#""categoryPreferences":{"A":true}"#, r#""categoryPreferences":{"A":false}"#);
    text("preferences, yes and no", two(yes, no), MALFORMED);
    text("preferences, no and yes", two(no, yes), MALFORMED);
    text("null, preferences", two(r#""categoryPreferences":null"#, yes), MALFORMED);
    text("preferences, and misspelt", two(yes, r#""categoryPreference":{"A":false}"#), MALFORMED);
    text("misspelt, and preferences", two(r#""consentPreferences":{}"#, yes), MALFORMED);
    text("category, true and false", preferences(r#""A":true,"A":false"#), REFUSED);
    text("category, false and true", preferences(r#""A":false,"A":true"#), REFUSED);
    text("category, true and null", preferences(r#""A":true,"A":null"#), REFUSED);
    text("category, null and true", preferences(r#""A":null,"\u0041":true"#), REFUSED);
    text("category, a text and true", preferences(r#""A":"true","A":true"#), REFUSED);
    text("category, true twice", preferences(r#""A":true,"A":true"#), GRANTED);
    text("integrations, E off", r#"{"integrations":{"E":true},"integrations":{"E":false}}"#.into(), E_OFF);
    text("E off, integrations", r#"{"integrations":{"E":false},"integrations":{"E":true}}"#.into(), E_OFF);
    text("integrations, null", r#"{"integrations":{"E":false},"integrations":null}"#.into(), UNREADABLE);
    text("null, integrations", r#"{"integrations":null,"integrations":{"E":false}}"#.into(), UNREADABLE);
    text("destination, on and off", integrations(r#""E":true,"E":false"#), E_OFF);
    text("destination, off and on", integrations(r#""E":false,"E":true"#), E_OFF);
    text("destination, off and on by an alias", integrations(r#""E":false,"e-js":true"#), E_OFF);
    text("destination, on and off by an alias", integrations(r#""e-js":false,"E":true"#), E_OFF);
    text("destination, null and on", integrations(r#""E":null,"E":true"#), E_ON);
    text("destination, on and null", integrations(r#""E":true,"E":null"#), E_ON);
    text("All, on and off", integrations(r#""All":true,"All":false"#), ALL_OFF);
    text("All, off and on", integrations(r#""All":false,"All":true"#), ALL_OFF);
    text("All, null and off", integrations(r#""All":null,"All":false"#), ALL_OFF);
    text("All, off and null", integrations(r#""All":false,"All":null"#), ALL_OFF);

    // Look-alikes, at other depths, inside strings, and by other letters.
    let whole = preferences(r#""A":true"#);
    text("one level down", format!(r#"{{"properties":{whole},"context":{{}}}}"#), FREE);
    text("one level up", object.replace("}}", r#"},"context":{}}"#), FREE);
    text("in an array", format!(r#"{{"context":{{"x":[{object}]}}}}"#), FREE);
    text("in a list behind no event", format!("[7,{whole}]"), "not_an_object");
    text("in a list in front of no event", format!("[{whole},7]"), "invalid_item");
    text("in a list in a list", format!("[{whole},[{whole}]]"), "invalid_item");
    text("in a batch in a batch", format!(r#"{{"batch":[{whole},{{"batch":[{whole}]}}]}}"#), "invalid_item");
    text("in a batch with null", format!(r#"{{"b\u0061tch":[null,{whole}]}}"#), "invalid_item");
    text("in a batch that is no array", format!(r#"{{"batch":{whole}}}"#), "malformed_batch");
    text("in one of two batches", format!(r#"{{"batch":[{whole}],"batch":[]}}"#), "malformed_batch");
    text("next to a batch that is null", object.replacen('{', r#"{"batch":null,"#, 1), "malformed_batch");
    text("in a batch of an event", format!(r#"{{"type":"track","batch":[{whole}]}}"#), FREE);
    let quoted = whole.replace('"', "\\\"");
    text("in a string", format!(r#"{{"context":{{"consent":{{}},"x":"{quoted}"}}}}"#), EMPTY);
    text("as a string", format!(r#"{{"context":"{quoted}"}}"#), MALFORMED);
    text("after a false end", format!(r#"{{"x":"\"}},","context":{consent}}}"#), GRANTED);
    text("after a backslash", format!(r#"{{"x":"\\","context":{consent}}}"#), GRANTED);
    text("capital letters", preferences(r#""A":true"#).replace("context", "Context"), FREE);
    text("small letter", preferences(r#""a":true"#), REFUSED);
    text("Cyrillic letter", preferences("\"\u{410}\":true"), REFUSED);
    text("letter and accent", preferences("\"A\u{301}\":true"), REFUSED);
    text("letter and nothing", preferences("\"A\u{200B}\":true"), REFUSED);
    text("letter and blank", preferences(r#""A ":true"#), REFUSED);
    text("fullwidth letter", preferences("\"\u{FF21}\":true"), REFUSED);
    text("Cyrillic key", preferences(r#""A":false"#).replace("consent", "\u{441}onsent"), FREE);
    text("integrations below context", r#"{"context":{"integrations":{"All":false}}}"#.into(), FREE);
    text("All in small letters", integrations(r#""all":false"#), E_ON);
    text("All with a blank", integrations(r#""All ":false"#), E_ON);
    text("All below a destination", integrations(r#""E":{"All":false,"E":false}"#), E_ON);

    // Preferences and entries of other types.
    for value in
        ["\"true\"", "\"false\"", "1", "0", "null", "[]", "[true]", "{}", "{\"A\":true}", "1e400", "\"\""]
    {
        text("preference of another type", preferences(&format!("\"A\":{value}")), REFUSED);
    }
    for value in ["\"false\"", "0", "null", "[]", "[false]", "1e400", "\"\""] {
        text("entry of another type", integrations(&format!("\"E\":{value}")), E_ON);
        text("All of another type", integrations(&format!("\"All\":{value}")), E_ON);
    }
    for value in ["null", "[]", "true", "1e400", "\"{}\"", "-0"] {
        text("context of another type", format!(r#"{{"context":{value}}}"#), MALFORMED);
        text("consent of another type", format!(r#"{{"context":{{"consent":{value}}}}}"#), MALFORMED);
        text("preferences of another type", preferences("").replace("{}", value), MALFORMED);
        text("integrations of another type", format!(r#"{{"integrations":{value}}}"#), UNREADABLE);
    }
    text("no preference", preferences(""), NONE_GIVEN);
    text("no consent", r#"{"context":{"consent":{}}}"#.into(), EMPTY);

    // Events that pretend to be exempt.
    let name = "\"Segment Consent Preference\"";
    text("exempt", refused(&format!(r#""type":"track","event":{name}"#)), EXEMPT);
    text(
        "exempt, escaped",
        refused(r#""\u0074ype":"tr\u0061ck","event":"\u0053egment Consent Preference""#),
        EXEMPT,
    );
    for rest in [
        r#""type":"identify","event":"Segment Consent Preference""#,
        r#""event":"Segment Consent Preference""#,
        r#""type":"Track","event":"Segment Consent Preference""#,
        r#""type":"track ","event":"Segment Consent Preference""#,
        r#""type":["track"],"event":"Segment Consent Preference""#,
        r#""type":"track","event":["Segment Consent Preference"]"#,
        r#""type":"track","event":{"name":"Segment Consent Preference"}"#,
        r#""type":"track","name":"Segment Consent Preference""#,
        r#""type":"track","properties":{"event":"Segment Consent Preference"}"#,
        r#""properties":{"type":"track","event":"Segment Consent Preference"}"#,
        r#""type":"track","event":"segment consent preference""#,
        r#""type":"track","event":"Segment Consent Preference ""#,
        r#""type":"track","event":"Segment Consent Preference\u0000""#,
        r#""type":"track","event":"Segment Consent Preference\ud800""#,
        r#""type":"track","event":"Segment  Consent Preference""#,
        r#""type":"track","event":"Order Completed","event":"Segment Consent Preference""#,
        r#""type":"track","event":"Segment Consent Preference","event":"Order Completed""#,
        r#""type":"track","event":"Segment Consent Preference","event":"Segment Consent Preference""#,
        r#""type":"track","event":null,"event":"Segment Consent Preference""#,
        r#""type":"track","type":"track","event":"Segment Consent Preference""#,
        r#""type":"track","type":"identify","event":"Segment Consent Preference""#,
        r#""type":"identify","type":"track","event":"Segment Consent Preference""#,
        r#""type":"track","event":"Segment Consent Preference","\u0065vent":null"#,
    ] {
        text("pretends to be exempt", refused(rest), REFUSED);
    }

    // Sizes.
    text("128 levels", levels("{\"a\":", "}", 128), FREE);
    text("129 levels", levels("{\"a\":", "}", 129), "nested_too_deep");
    text(
        "100,000 objects beside each other",
        granted(&format!("\"a\":[{}0]", "{},".repeat(100_000))),
        GRANTED,
    );
    text("100,000 lists beside each other", granted(&format!("\"a\":[{}0]", "[],".repeat(100_000))), GRANTED);
    text("100,000 objects", levels("{\"a\":", "}", 100_000), "nested_too_deep");
    text("100,000 arrays", format!("{{\"a\":{}}}", levels("[", "]", 100_000)), "nested_too_deep");
    text("100,000 brackets, unclosed", "[".repeat(100_000), "nested_too_deep");
    text("100,000 brackets, closed only", "]".repeat(100_000), "not_json");
    text("100,000 brackets in a string", granted(&format!("\"a\":\"\\\"{}\"", "[{".repeat(50_000))), GRANTED);
    text("key of a megabyte, preference", preferences(&format!("\"{megabyte}\":true,\"A\":true")), GRANTED);
    text("key of a megabyte, entry", integrations(&format!("\"{megabyte}\":true,\"E\":false")), E_OFF);
    text("key of a megabyte, event", granted(&format!("\"{megabyte}\":\"{megabyte}\"")), GRANTED);
    text("key of a megabyte, like another", preferences(&format!("\"A{megabyte}\":true")), REFUSED);
    text(
        "key of a megabyte of escapes",
        preferences(&format!("\"{}\":true", "\\u0041".repeat(180_000))),
        REFUSED,
    );
    text("100,000 entries, one off", many(r#""E":false"#), E_OFF);
    text("100,000 entries, All off", many(r#""All":false"#), ALL_OFF);
    text(
        "100,000 times on, once off",
        integrations(&format!("{}\"E\":false", "\"E\":true,".repeat(100_000))),
        E_OFF,
    );
    text(
        "100,000 times granted, once refused",
        preferences(&format!("\"A\":false,{}\"A\":true", "\"A\":true,".repeat(100_000))),
        REFUSED,
    );
    text("16 MiB", format!("{{\"a\":\"{}\"}}", "x".repeat((16 << 20) - 8)), FREE);
    text("16 MiB and a byte", format!("{{\"a\":\"{}\"}}", "x".repeat((16 << 20) - 7)), "line_too_long");
    text("64 MiB", format!("{{\"a\":\"{}\"}}", "x".repeat(64 << 20)), "line_too_long");
    text("64 MiB of blanks", " ".repeat(64 << 20), "line_too_long");
    text("64 MiB of brackets", "[".repeat(64 << 20), "line_too_long");

    // Numbers, strings and blanks, valid however odd.
    text("1e400", granted(r#""a":1e400,"b":-1E-99999,"c":123456789012345678901234567890"#), GRANTED);
    text("carriage return at the end", preferences(r#""A":true"#) + "\r", GRANTED);
    text("blanks around", format!(" \t{} \t", preferences(r#""A": true "#)), GRANTED);
    text("empty keys", granted(r#""":{"":[]}"#), GRANTED);
    text("other scripts", granted("\"\u{FC}\":\"\u{65E5}\u{672C}\u{8A9E} \u{2028}\""), GRANTED);
    text("lone surrogates", granted(r#""\ud800":"\udfff","\ud800\ud800":"\ud83d""#), GRANTED);
    text("lone surrogate in a category", preferences(r#""A\ud800":true"#), REFUSED);
    text("lone surrogate in a destination", integrations(r#""E\udc00":false"#), E_ON);
    text("NUL as an escape", preferences(r#""A\u0000":true"#), REFUSED);
    text("byte-order mark in a key", preferences("\"\u{FEFF}A\":true"), REFUSED);
    text("one key twice elsewhere", granted(r#""a":1,"a":2"#), GRANTED);

    // What is not one JSON object in UTF-8.
    for (name, line, expected) in [
        ("blank line", &b""[..], "blank_line"),
        ("blanks only", b" \t\r", "blank_line"),
        ("byte-order mark", b"\xEF\xBB\xBF{}", "byte_order_mark"),
        ("byte-order mark alone", b"\xEF\xBB\xBF", "byte_order_mark"),
        ("byte-order mark twice", b"\xEF\xBB\xBF\xEF\xBB\xBF{}", "byte_order_mark"),
        ("byte-order mark after a blank", b" \xEF\xBB\xBF{}", "not_json"),
        ("UTF-16", b"\xFF\xFE{\0}\0", "not_utf8"),
        ("a byte that is never UTF-8", b"{\"a\":\"\xFF\"}", "not_utf8"),
        ("a surrogate in UTF-8", b"{\"a\":\"\xED\xA0\x80\"}", "not_utf8"),
        ("an overlong NUL", b"{\"a\":\"\xC0\x80\"}", "not_utf8"),
        ("an overlong letter", b"{\"context\":{\"consent\":{\"\xC1\x81\":1}}}", "not_utf8"),
        ("a character beyond Unicode", b"{\"a\":\"\xF4\x90\x80\x80\"}", "not_utf8"),
        ("a character cut off", b"{\"a\":\"\xE2\x82", "not_utf8"),
        ("not UTF-8 behind the event", b"{} \xFF", "not_utf8"),
        ("list", b"[]", "not_an_object"),
        ("null", b"null", "not_an_object"),
        ("number", b"1e400", "not_an_object"),
        ("string", b"\"{}\"", "not_an_object"),
        ("two events", b"{}{}", "not_json"),
        ("comma behind", b"{},", "not_json"),
        ("comma inside", b"{\"a\":1,}", "not_json"),
        ("no colon", b"{\"a\" 1}", "not_json"),
        ("quotes of another kind", b"{'a':1}", "not_json"),
        ("no quotes", b"{a:1}", "not_json"),
        ("number with a zero in front", b"{\"a\":01}", "not_json"),
        ("number with a plus", b"{\"a\":+1}", "not_json"),
        ("number without a beginning", b"{\"a\":.5}", "not_json"),
        ("number without an end", b"{\"a\":1.}", "not_json"),
        ("no number", b"{\"a\":NaN}", "not_json"),
        ("half a word", b"{\"a\":tru}", "not_json"),
        (
            "word in capitals",
            b"{\"context\":{\"consent\":{\"categoryPreferences\":{\"A\":True}}}}",
            "not_json",
        ),
        ("tab in a string", b"{\"a\":\"\t\"}", "not_json"),
        ("NUL in a string", b"{\"a\":\"\0\"}", "not_json"),
        ("NUL behind a value", b"{\"a\":1\0}", "not_json"),
        ("NUL behind the event", b"{}\0", "not_json"),
        ("NUL in front", b"\0{}", "not_json"),
        ("unknown escape", b"{\"a\":\"\\x41\"}", "not_json"),
        ("short escape", b"{\"a\":\"\\u12\"}", "not_json"),
        ("escape with a letter", b"{\"a\":\"\\u12G4\"}", "not_json"),
        ("string without an end", b"{\"a\":\"b}", "not_json"),
        ("string that ends in a backslash", b"{\"a\":\"\\", "not_json"),
        ("wrong bracket", b"{\"a\":{\"b\":[1,2}}}", "not_json"),
        ("comment", b"{\"a\":1} // x", "not_json"),
        ("a blank that JSON has not", b"\x0B{}", "not_json"),
        ("no-break space", b"\xC2\xA0{}", "not_json"),
        ("carriage return between", b"{}\r{}", "not_json"),
        ("cut off", b"{\"context\":{\"consent\":{\"categoryPreferences\":{\"A\":tr", "not_json"),
        // The last line: it has no line break behind it.
        (
            "cut off, last line",
            b"{\"context\":{\"consent\":{\"categoryPreferences\":{\"A\":true}",
            "not_json",
        ),
    ] {
        all.push((name, line.to_vec(), expected));
    }
    all
}

/// A stream as another system writes it: a byte-order mark in front of its first line, carriage returns at the end of every
/// line, a blank one between.
const FOREIGN_STREAM: [(&str, &str); 4] = [
    ("\u{FEFF}{}\r", "byte_order_mark"),
    (
        "{\"context\":{\"consent\":{\"categoryPreferences\":{\"A\":true}}}}\r",
        "answered none: consented unmapped unmapped",
    ),
    ("\r", "blank_line"),
    ("{\"integrations\":{\"E\":false}}\r", "missing present: not_enforced integration_off not_enforced"),
];

/// `answered none: consented unmapped unmapped`, by the table and by the reference.
fn through_the_library(table: &Table, line: &[u8]) -> String {
    let mut scratch = table.scratch();
    let event = match table.read(line, &Limits::default()) {
        Ok(event) => event,
        Err(error) => {
            assert!(error.offset() <= line.len() && !error.to_string().is_empty());
            assert!(error.to_string().len() < 300, "{error}");
            assert!(table.decide(Input::line(line), &mut scratch).is_err());
            // A reader of batches says what is wrong with one.
            let batch = Batch::read(line, table.policy(), &Limits::default());
            assert_eq!(batch.is_err(), error.is_batch() || error.code() == "malformed_batch", "{batch:?}");
            return batch.err().unwrap_or(error).code().to_owned();
        }
    };
    let decision = table.decide(Input::event(&event), &mut scratch).unwrap();
    let mut said = format!("{} {}:", decision.consent().as_str(), decision.integrations().as_str());
    for (id, verdict) in decision.verdicts() {
        let expected = reference::explain(table.policy(), &event, id).unwrap().verdict;
        assert_eq!(verdict, expected);
        assert_eq!(verdict.delivers(), decision.delivers(id));
        write!(said, " {}", verdict.reason()).unwrap();
    }
    said
}

#[test]
fn hostile_events_through_the_library() {
    let table = Table::new(Policy::parse(POLICY).unwrap());
    for (name, line, expected) in events() {
        assert_eq!(through_the_library(&table, &line), expected, "{name}: {}", start(&line));
    }
    for (line, expected) in FOREIGN_STREAM {
        assert_eq!(through_the_library(&table, line.as_bytes()), expected, "{line:?}");
    }
}

/// Whoever allows longer lines can have them.
#[test]
fn limits_are_the_callers() {
    let table = Table::new(Policy::parse(POLICY).unwrap());
    let limits = Limits { bytes: 100 << 20, nesting: 2 };
    let line = preferences(&format!("\"A\":true,\"x\":\"{}\"", "x".repeat(64 << 20)));
    let code = |line: &str, limits: Limits| {
        table.read(line.as_bytes(), &limits).map(drop).map_err(|error| error.code())
    };
    assert_eq!(code(&line, limits), Err("nested_too_deep"));
    assert_eq!(code(&line, Limits { nesting: 4, ..limits }), Ok(()));
    assert_eq!(code(r#"{"a":[ ]}"#, Limits { bytes: 9, nesting: 2 }), Ok(()));
    assert_eq!(code(r#"{"a":[ ]}"#, Limits { bytes: 8, nesting: 2 }), Err("line_too_long"));
    assert_eq!(code(r#"{"a":[ ]}"#, Limits { bytes: 9, nesting: 1 }), Err("nested_too_deep"));
}

fn start(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(120)]).into_owned()
}

/// A policy's files, the links among them, and the codes that are found; none when it compiles.
struct PolicyCase {
    name: &'static str,
    files: Vec<(String, Vec<u8>)>,
    links: Vec<(&'static str, &'static str)>,
    expected: &'static str,
}

fn policies() -> Vec<PolicyCase> {
    const HEAD: &str = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\ncategory A\n";
    let mut all = Vec::new();
    let mut case = |name, files: &[(&str, &str)], expected| {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        all.push(PolicyCase { name, files, links: Vec::new(), expected });
    };
    let mut main =
        |name, text: &str, expected| case(name, &[("main.consent", &format!("{HEAD}{text}"))], expected);
    let groups = |count: usize| {
        format!("destination \"X\" needs {}any of A{}\n", "any of (".repeat(count), ")".repeat(count))
    };

    main("nothing hostile", "destination \"X\" needs A\n", "");
    main("32 levels", &groups(32), "");
    main("33 levels", &groups(33), "C110");
    main("100,000 levels", &groups(100_000), "C110");
    main(
        "100,000 parentheses, unclosed",
        &format!("destination \"X\" needs {}", "(".repeat(100_000)),
        "C110",
    );
    main(
        "100,000 parentheses, closed only",
        &format!("destination \"X\" needs A{}\n", ")".repeat(100_000)),
        "C101",
    );
    main("100,000 parentheses in a comment", &format!("// {}\n", "(".repeat(100_000)), "");
    main("100,000 parentheses in a text", &format!("category B \"{}\"\n", "(".repeat(100_000)), "");
    main("100,000 quotes", &"\"".repeat(100_001), "C302 C114");
    main(
        "100,000 categories in one group",
        &format!("destination \"X\" needs A{}\n", ", A".repeat(100_000)),
        "C302 C114",
    );
    main("a path of 40,000 keys", &format!("override consent at a{}\n", ".a".repeat(40_000)), "C316");
    main("a name of a megabyte", &format!("category \"{}\"\n", "n".repeat(1 << 20)), "C116");
    main("a million blank lines", &"\n".repeat(1_000_000), "");
    main("7 MiB of comments", &"// all is well\n".repeat(490_000), "");
    main("100 MB of comments", &"// all is well\n".repeat(6_700_000), "C111");
    main("100 MB in one comment", &format!("// {}", "x".repeat(100_000_000)), "C111");
    main("more mistakes than are listed", &"category\n".repeat(5_000), "C101 C114");

    // Characters that deceive.
    for (name, char) in [
        ("left-to-right override", '\u{202D}'),
        ("right-to-left override", '\u{202E}'),
        ("right-to-left isolate", '\u{2067}'),
        ("pop isolate", '\u{2069}'),
        ("right-to-left mark", '\u{200F}'),
        ("Arabic letter mark", '\u{61C}'),
    ] {
        main(name, &format!("category \"B{char}\"\n"), "C108 C109");
        main(name, &format!("category B \"label {char}\"\n"), "C108");
        main(name, &format!("category B // {char} unenforced\n"), "C108");
        // Written as an escape everybody sees it.
        main(name, &format!("category \"B\\u{{{:X}}}\"\n", u32::from(char)), "");
    }
    for (name, char) in [
        ("zero-width space", '\u{200B}'),
        ("zero-width joiner", '\u{200D}'),
        ("byte-order mark in a name", '\u{FEFF}'),
        ("no-break space", '\u{A0}'),
        ("soft hyphen", '\u{AD}'),
        ("tag", '\u{E0041}'),
        ("variation selector", '\u{FE0F}'),
        ("Hangul filler", '\u{3164}'),
    ] {
        main(name, &format!("category \"B{char}\"\n"), "C109");
        // Written as an escape everybody sees it.
        main(name, &format!("category \"B\\u{{{:X}}}\"\n", u32::from(char)), "");
        main(name, &format!("category B = \"w{char}\"\n"), "C109");
        main(name, &format!("destination \"D{char}\" needs A\n"), "C109");
    }
    for (name, char) in [
        ("NUL", '\0'),
        ("escape", '\u{1B}'),
        ("next line", '\u{85}'),
        ("line separator", '\u{2028}'),
        ("carriage return", '\r'),
        ("vertical tab", '\u{B}'),
    ] {
        main(name, &format!("// a comment{char}category B\n"), "C115");
        main(name, &format!("category B \"label {char}\"\n"), "C115");
    }
    main("a blank at the end of a name", "category \"B \"\n", "C109");

    // Confusable letters are other letters: the name is another name, and one that is not declared is an error.
    main("a Cyrillic category beside a Latin one", "category \"\u{410}\"\n", "");
    main("a Cyrillic category instead of a Latin one", "destination \"X\" needs \"\u{410}\"\n", "C305");
    main("a Cyrillic statement", "\u{441}ategory B\n", "C107");
    // Where both names are declared nothing is found: look-alikes are not reported yet.
    main(
        "two destinations that look alike",
        "destination \"Google Ads\" needs A\ndestination \"G\u{43E}\u{43E}gle Ads\" unmapped\n",
        "",
    );
    main(
        "one letter and two that make it",
        "destination \"Caf\u{E9}\" needs A\ndestination \"Cafe\u{301}\" unmapped\n",
        "",
    );

    // Bytes.
    main("carriage returns", "category B\r\ndestination \"X\" needs A, B\r\n", "");
    case("a byte-order mark in front", &[("main.consent", &format!("\u{FEFF}{HEAD}"))], "");
    case(
        "two byte-order marks in front",
        &[("main.consent", &format!("\u{FEFF}\u{FEFF}{HEAD}"))],
        "C104 C107",
    );
    case("carriage returns alone", &[("main.consent", &HEAD.replace('\n', "\r"))], "C115");
    // Every place that has a name or a text: one is compared with something, or shown as if it were.
    for (char, in_names, in_texts) in [('\u{202E}', "C108 C109", "C108"), ('\u{200D}', "C109", "")] {
        let policy = HEAD.replace("\"p\"", &format!("\"p{char}\""));
        case("deceptive policy name", &[("main.consent", &policy)], in_names);
        // The file is there, so that nothing but its name is wrong.
        let (path, part) = (format!("part{char}.consent"), "consentry 1\ncategory B\n");
        let main = format!("{HEAD}include \"{path}\"\n");
        case("deceptive include path", &[("main.consent", &main), (&path, part)], in_names);
        for (name, text, expected) in [
            ("deceptive wire id", format!("category B = \"w{char}\""), in_names),
            ("deceptive destination", format!("destination \"D{char}\" needs A"), in_names),
            ("deceptive alias", format!("destination \"D\" needs A alias \"d{char}\""), in_names),
            (
                "deceptive shared name",
                format!("destination \"D\" needs A shared alias \"d{char}\""),
                in_names,
            ),
            ("deceptive kind", format!("destination kind \"k{char}\" ignores All"), in_names),
            ("deceptive exempt event", format!("override exempt events \"e{char}\""), in_names),
            ("deceptive path", format!("override consent at context.\"c{char}\".choices"), in_names),
            ("deceptive spelling", format!("override consent at a.b alias \"c{char}\""), in_names),
            (
                "deceptive reason of a drop",
                format!("override reconcile {{ consent integrations enforce any any drop \"no{char}\" }}"),
                in_names,
            ),
            // What only people read may have a joiner, which some scripts and pictures are written with.
            ("deceptive label", format!("category B \"label{char}\""), in_texts),
            ("deceptive because", format!("destination \"D\" needs A exempt because \"so{char}\""), in_texts),
            (
                "deceptive because of a row",
                format!(
                    "override reconcile {{ consent integrations enforce any any consent or integrations because \"so{char}\" }}"
                ),
                in_texts,
            ),
        ] {
            case(name, &[("main.consent", &format!("{HEAD}{text}\n"))], expected);
        }
    }
    case(
        "no edition",
        &[(
            "main.consent",
            "policy \"p\"
include prelude \"segment\"
",
        )],
        "C104",
    );
    for (name, bytes, expected) in [
        ("a byte that is never UTF-8", b"consentry 1\npolicy \"\xFF\"\n".to_vec(), "C112"),
        ("UTF-16", b"\xFF\xFEc\0o\0n\0".to_vec(), "C112"),
        ("a surrogate in UTF-8", b"consentry 1\n// \xED\xA0\x80\n".to_vec(), "C112"),
        ("a character cut off", [HEAD.as_bytes(), b"// \xE2\x82"].concat(), "C112"),
        ("an archive", b"\x1F\x8B\x08\0\0\0\0\0\0\xFF".to_vec(), "C112"),
    ] {
        let files = vec![("main.consent".to_owned(), bytes)];
        all.push(PolicyCase { name, files, links: Vec::new(), expected });
    }

    // Files.
    let part = |include: &str| format!("consentry 1\ninclude \"{include}\"\n");
    let mut files =
        |name, include: &str, others: &[(&str, String)], links: &[(&'static str, &'static str)], expected| {
            let main = format!("{HEAD}include \"{include}\"\n");
            let mut files = vec![("root/main.consent".to_owned(), main.into_bytes())];
            files.extend(others.iter().map(|(path, text)| ((*path).to_owned(), text.clone().into_bytes())));
            all.push(PolicyCase { name, files, links: links.to_vec(), expected });
        };
    let secret = [("secret.consent", "consentry 1\ncategory Secret\n".to_owned())];
    files("a file that includes itself", "main.consent", &[], &[], "C203");
    files("itself by a detour", "sub/../main.consent", &[], &[], "C203");
    files("a cycle of two", "a.consent", &[("root/a.consent", part("main.consent"))], &[], "C203");
    files(
        "a cycle behind the policy",
        "a.consent",
        &[("root/a.consent", part("b.consent")), ("root/b.consent", part("a.consent"))],
        &[],
        "C203",
    );
    files(
        "one file by two ways is no cycle",
        "a.consent\"\ninclude \"b.consent",
        &[("root/a.consent", part("b.consent")), ("root/b.consent", "consentry 1\n".into())],
        &[],
        "",
    );
    let chain: Vec<(String, String)> = (0..300)
        .map(|number| (format!("root/{number}.consent"), part(&format!("{}.consent", number + 1))))
        .collect();
    let chain: Vec<(&str, String)> = chain.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    files("a chain of 300", "0.consent", &chain, &[], "C204");
    let comments = [("root/a.consent", format!("consentry 1\n{}", "// all is well\n".repeat(6_700_000)))];
    files("100 MB of comments in a part", "a.consent", &comments, &[], "C111");
    files("a file above the root", "../secret.consent", &secret, &[], "C202");
    files("a file above the root by a detour", "sub/../../secret.consent", &secret, &[], "C202");
    files("a file from the root of the machine", "/etc/passwd", &[], &[], "C202");
    files("a device", "/dev/zero", &[], &[], "C202");
    files("a network path", "//host/share/p.consent", &[], &[], "C202");
    files("a drive", "C:\\\\policies\\\\p.consent", &[], &[], "C202");
    files("a backslash", "..\\\\secret.consent", &secret, &[], "C202");
    files("an address", "https://example.com/p.consent", &[], &[], "C202");
    files("a NUL", "main.consent\\u{0}", &[], &[], "C201");
    files("a folder", "sub", &[("root/sub/p.consent", "consentry 1\n".into())], &[], "C201");
    files("no file", "nothing.consent", &[], &[], "C201");
    #[cfg(unix)]
    {
        let link = [("root/link.consent", "../secret.consent")];
        files("a link out of the root", "link.consent", &secret, &link, "C202");
        files("a link to a folder above", "up/secret.consent", &secret, &[("root/up", "..")], "C202");
        files("a link to itself", "link.consent", &[], &[("root/link.consent", "link.consent")], "C201");
        // A link is another file with the same text: what that says is said twice, until it includes itself.
        let main = [("root/link.consent", "main.consent")];
        files("the policy through a link", "link.consent", &[], &main, "C302 C203");
        let circle = [("root/a.consent", part("link.consent"))];
        files("a cycle through a link", "a.consent", &circle, &[("root/link.consent", "a.consent")], "C203");
        files("a link to nothing", "link.consent", &[], &[("root/link.consent", "nothing")], "C201");
        files("a link to a device", "link.consent", &[], &[("root/link.consent", "/dev/zero")], "C202");
        let inside = [("root/a.consent", "consentry 1\n".to_owned())];
        files("a link inside the root", "link.consent", &inside, &[("root/link.consent", "a.consent")], "");
    }
    all
}

/// Writes the files of a case into a folder of their own and returns the path of the policy.
fn write(case: &PolicyCase, folder: &Path) -> std::path::PathBuf {
    for (path, bytes) in &case.files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    #[cfg(unix)]
    for (link, target) in &case.links {
        std::os::unix::fs::symlink(target, folder.join(link)).unwrap();
    }
    folder.join(&case.files[0].0)
}

fn joined(codes: impl Iterator<Item = String>) -> String {
    let mut known: Vec<String> = Vec::new();
    for code in codes {
        if !known.contains(&code) {
            known.push(code);
        }
    }
    known.join(" ")
}

#[test]
fn hostile_policies_through_the_library() {
    for case in policies() {
        let folder = tempfile::tempdir().unwrap();
        let found = match Policy::load(write(&case, folder.path())) {
            Ok(_) => String::new(),
            Err(error) => {
                // However much is wrong, the message is one that a person can read.
                assert!(error.to_string().len() < 200_000, "{}", case.name);
                joined(error.diagnostics().iter().map(|diagnostic| diagnostic.code.to_string()))
            }
        };
        assert_eq!(found, case.expected, "{}", case.name);
    }
}

#[cfg(feature = "cli")]
mod command {
    use super::common::run;
    use super::*;
    use consentry::event::EventErrorKind;
    use serde_json::Value;

    fn lines(output: &[u8]) -> Vec<Value> {
        std::str::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The same words as [`through_the_library`], from the JSON of the command.
    fn said(line: &Value) -> String {
        if let Some(code) = line["error"]["code"].as_str() {
            return code.to_owned();
        }
        let word = |key: &str| line[key].as_str().unwrap();
        let mut said = format!("{} {}:", word("consent"), word("integrations"));
        for destination in ["D", "E", "W"] {
            let listed = ["deliver", "block"].iter().flat_map(|key| line[key].as_array().unwrap());
            let mut own = listed.filter(|one| one["destination"] == destination);
            write!(said, " {}", own.next().unwrap()["reason"].as_str().unwrap()).unwrap();
            assert!(own.next().is_none(), "{line}");
        }
        said
    }

    /// Every line in but a blank one is a line out, in its order, though some are of 64 MiB, and in memory that is bounded.
    #[test]
    fn hostile_events_through_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("hostile.consent");
        fs::write(&policy, POLICY).unwrap();
        let policy = policy.to_str().unwrap();
        let events = events();
        let input: Vec<u8> =
            events.iter().map(|(_, line, _)| line.as_slice()).collect::<Vec<_>>().join(&b'\n');
        let output = run(&["eval", policy, "--format", "json"], &input);
        let warning = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), warning.lines().count()), (Some(1), 1));
        assert!(warning.contains(
            " integrations entries are for destinations that this policy does not have, in 6 events; "
        ));
        let lines = lines(&output.stdout);
        let is_blank = |expected: &str| expected == EventErrorKind::BlankLine.as_str();
        let blank = events.iter().filter(|(_, _, expected)| is_blank(expected)).count();
        assert_eq!(lines.len(), events.len() - blank);
        let numbered = events.iter().zip(1..).filter(|((_, _, expected), _)| !is_blank(expected));
        for (((name, line, expected), number), actual) in numbered.zip(&lines) {
            assert_eq!(actual["line"], number, "{name}");
            assert_eq!(said(actual), *expected, "{name}: {}", start(line));
        }
        assert!(output.stdout.len() < 4 << 20, "{} bytes", output.stdout.len());

        // People see the same lines.
        let human = run(&["eval", policy, "-"], &input);
        let text = String::from_utf8(human.stdout).unwrap();
        assert_eq!((human.status.code(), human.stderr.as_slice()), (Some(1), warning.as_bytes()));
        assert_eq!(text.lines().filter(|line| line.starts_with("line ")).count(), lines.len());
        let errors = events.iter().filter(|(_, _, expected)| !expected.contains(':')).count() - blank;
        let decided = lines.len() - errors;
        let summary = format!("{decided} decided by \"hostile\", 0 dropped, {errors} not events (");
        assert!(text.contains(&summary) && text.contains(&format!("), {blank} blank lines\n")), "{summary}");
        // A policy rejects a batch as such only if it says so.
        let is_known = |kind: &EventErrorKind| !is_blank(kind.as_str()) && *kind != EventErrorKind::Batch;
        for kind in EventErrorKind::ALL.into_iter().filter(is_known) {
            let count = events.iter().filter(|(_, _, expected)| *expected == kind.as_str()).count();
            assert!(text.contains(&format!("{count} {}", kind.as_str())), "{kind:?}");
        }
    }

    /// Line ends and blank lines of another system shift no line, and a mark on the first spoils no other.
    #[test]
    fn a_foreign_stream_through_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("hostile.consent");
        fs::write(&policy, POLICY).unwrap();
        let input: String = FOREIGN_STREAM.iter().map(|(line, _)| format!("{line}\n")).collect();
        let output = run(&["eval", policy.to_str().unwrap(), "--format", "json"], input.as_bytes());
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &b""[..]));
        let lines = lines(&output.stdout);
        let numbered = FOREIGN_STREAM.iter().zip(1..).filter(|((_, expected), _)| *expected != "blank_line");
        assert_eq!(lines.len(), FOREIGN_STREAM.len() - 1);
        for (((line, expected), number), actual) in numbered.zip(&lines) {
            assert_eq!((&actual["line"], said(actual).as_str()), (&number.into(), *expected), "{line:?}");
        }
    }

    /// `explain` refuses with the same code what `eval` refuses, and explains what it decides.
    #[test]
    fn hostile_events_through_explain() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("hostile.consent");
        fs::write(&policy, POLICY).unwrap();
        let policy = policy.to_str().unwrap();
        let arguments = ["explain", policy, "--destination", "D", "--format", "json"];
        for (name, line, expected) in events() {
            let output = run(&arguments, &line);
            if name == "UTF-16" {
                // The whole input is, which is told before it is read.
                assert_eq!(output.status.code(), Some(2));
                continue;
            }
            assert!(output.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            assert!(output.stdout.len() < 1 << 16, "{name}: {} bytes", output.stdout.len());
            let lines = lines(&output.stdout);
            assert_eq!(lines.len(), 1, "{name}");
            let word = |key: &str| lines[0][key].as_str().unwrap();
            let (status, said) = match lines[0]["error"]["code"].as_str() {
                Some(code) => (1, code.to_owned()),
                None => (0, format!("{} {}: {}", word("consent"), word("integrations"), word("reason"))),
            };
            // The table says what happens at `E` and `W` too, which was not asked for.
            let of_d: Vec<&str> = expected.split(' ').take(3).collect();
            assert_eq!(
                (output.status.code(), said),
                (Some(status), of_d.join(" ")),
                "{name}: {}",
                start(&line)
            );
        }
    }

    /// A line of 64 MiB takes no more memory than one of the limit.
    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("hostile.consent");
        fs::write(&policy, POLICY).unwrap();
        let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(64 << 20));
        let mut limited = std::process::Command::new("sh");
        // KiB of address space, of which the program itself takes some.
        limited.args([
            "-c",
            "ulimit -v 98304 && exec \"$0\" eval \"$1\" --format json",
            env!("CARGO_BIN_EXE_consentry"),
        ]);
        let output = common::run_command(limited.arg(&policy), line.repeat(3).as_bytes());
        let codes: Vec<Value> =
            lines(&output.stdout).iter().map(|line| line["error"]["code"].clone()).collect();
        assert_eq!(codes, ["line_too_long"; 3], "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// `lint` finds the same, and what does not compile decides nothing.
    #[test]
    fn hostile_policies_through_the_command() {
        for case in policies() {
            let folder = tempfile::tempdir().unwrap();
            let path = write(&case, folder.path());
            let path = path.to_str().unwrap();
            let lint = run(&["lint", path, "--format", "json"], b"");
            assert!(lint.stderr.is_empty(), "{}: {}", case.name, String::from_utf8_lossy(&lint.stderr));
            let document: Value = serde_json::from_slice(&lint.stdout).unwrap();
            let found = document["diagnostics"].as_array().unwrap().iter();
            let errors = found
                .filter(|one| one["severity"] == "error")
                .map(|one| one["code"].as_str().unwrap().to_owned());
            assert_eq!(joined(errors), case.expected, "{}", case.name);
            assert_eq!(lint.status.code(), Some(i32::from(!case.expected.is_empty())), "{}", case.name);
            let eval = run(&["eval", path, "--format", "json"], b"{}");
            let decided = if case.expected.is_empty() { (Some(0), 1) } else { (Some(2), 0) };
            let lines = eval.stdout.iter().filter(|byte| **byte == b'\n').count();
            assert_eq!((eval.status.code(), lines), decided, "{}", case.name);
            for text in [&lint.stdout, &eval.stderr] {
                assert!(text.len() < 2 << 20, "{}: {} bytes", case.name, text.len());
                let text = std::str::from_utf8(text).unwrap();
                assert!(!text.contains(['\u{1B}', '\u{202E}', '\u{2028}', '\0']), "{}: {text}", case.name);
                assert!(!text.contains("Secret") && !text.contains("root:"), "{}: {text}", case.name);
            }
        }
    }
}
