//! The fast reader: it finds the few parts of an event that a decision reads, in one pass over its bytes.
//!
//! It answers when it is certain, and otherwise it doubts: then the slow reader, which is the definition, looks at the line.
//! What is no event, what is malformed, what is there twice, what is nested very deeply, what is very long, and every key that is
//! written with an escape is for the slow reader. So the fast one needs no error messages, and its answers equal those of the slow one:
//!
//! - in the [validating](Grade::Validating) grade on all bytes whatsoever;
//! - in the [trusted](Grade::Trusted) grade on everything that is JSON.
//!
//! `simd` tells which of 64 bytes are quotes, brackets and so on; `strings` takes away what is inside strings; `blocks` does both
//! for many blocks before anything is made of them. In the validating grade `grammar` checks the rest of RFC 8259. In the end
//! `locate` follows the brackets of the whole event to the keys that are looked for.

mod blocks;
mod grammar;
mod keys;
mod locate;
mod scan;
mod simd;
mod strings;

pub(crate) use keys::Keys;
pub(crate) use scan::Room;
pub use simd::InstructionSet;

use super::json::skip_space;
use super::parts::Parts;
use super::read::Limits;
use scan::{Scan, Scanned};

/// How much of an event's bytes is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Grade {
    /// Everything: bytes that are not one JSON object by RFC 8259 in UTF-8 are refused, wherever the fault is.
    #[default]
    Validating,
    /// What the way to the answer needs: the caller's own parser has accepted the bytes already, as they are. Decisions are those
    /// of the validating grade on everything that is JSON; for other bytes nothing is promised but that nothing panics.
    Trusted,
}

/// The longest event that is read fast: a longer one is rare, and the room for what is seen of it would be kept.
const LONGEST: usize = 1 << 20;

/// The fast reader is not certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Doubt;

/// Finds the parts of an event; `None` when the slow reader has to look.
#[inline]
pub(crate) fn find<'t>(
    bytes: &'t [u8],
    keys: &Keys,
    limits: &Limits,
    grade: Grade,
    instructions: InstructionSet,
    room: &mut Room,
) -> Option<Parts<'t>> {
    let text = skip_space(bytes);
    if bytes.len() > limits.bytes.min(LONGEST) || text.first() != Some(&b'{') {
        return None;
    }
    let nesting = u32::try_from(limits.nesting).unwrap_or(u32::MAX);
    let scanned: Scanned = match grade {
        Grade::Validating => instructions.run(Scan::<true> { keys, text, nesting, room }),
        Grade::Trusted => instructions.run(Scan::<false> { keys, text, nesting, room }),
    }
    .ok()?;
    // What is around them is ASCII, so that no character begins or ends there.
    let certain = simdutf8::basic::from_utf8(scanned.beyond_ascii).is_ok();
    certain.then_some(scanned.parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::super::{Event, Limits};
    use super::*;
    use crate::model::Reading;

    fn reading() -> Reading {
        Reading::booleans(vec!["context".into(), "consent".into()], vec!["categoryPreferences".into()])
    }

    /// The event as the fast reader sees it; `None` where it doubts.
    fn fast(text: &[u8], grade: Grade, instructions: InstructionSet) -> Option<Event<'_>> {
        let keys = Keys::of_event(&reading());
        let parts = find(text, &keys, &Limits::default(), grade, instructions, &mut Room::default());
        parts.and_then(|parts| parts.event())
    }

    /// A reader that always doubts would be right, too; so this one is seen to be certain of what is usual.
    #[test]
    fn what_is_usual_leaves_no_doubt() {
        let events = include_str!("../../../tests/data/events.ndjson");
        for instructions in InstructionSet::available() {
            for grade in [Grade::Validating, Grade::Trusted] {
                let (mut certain, mut malformed) = (0, 0);
                for line in events.lines() {
                    let slow = Event::read(line.as_bytes(), &reading(), &Limits::default()).unwrap();
                    match fast(line.as_bytes(), grade, instructions) {
                        Some(event) => {
                            assert_eq!(event, slow, "{line}");
                            certain += 1;
                        }
                        None => {
                            let state = slow.consent.state().word();
                            assert_eq!(state, "malformed", "{line}");
                            malformed += 1;
                        }
                    }
                }
                assert!(certain > 290 && malformed < 10, "{certain} {malformed}");
            }
        }
    }

    /// White space wherever JSON allows it, escapes in values, and keys in any place of a block leave no doubt either.
    #[test]
    fn layout_leaves_no_doubt() {
        let compact = r#"{"type":"track","n":[1,-0.5e+3,{"a":null},[],{}],"t":"\"\\\u00e9\/","context":{"page":{"consent":1},
            "consent":{"version":2,"categoryPreferences":{"A":true,"B":false}}},"event":"é","integrations":{"All":false}}"#;
        for pad in 0..130 {
            let padded = compact.replacen("\"n\"", &format!("\"{}\"", "n".repeat(pad)), 1);
            let spaced =
                padded.replace(':', " :\t").replace(',', "\r\n , ").replace('{', "{ ").replace('}', "\n}");
            for text in [&padded, &spaced] {
                let slow = Event::read(text.as_bytes(), &reading(), &Limits::default()).unwrap();
                for instructions in InstructionSet::available() {
                    for grade in [Grade::Validating, Grade::Trusted] {
                        assert_eq!(
                            fast(text.as_bytes(), grade, instructions).as_ref(),
                            Some(&slow),
                            "{text}"
                        );
                    }
                }
            }
        }
    }

    /// Many brackets leave no doubt, as long as few are open at once.
    #[test]
    fn depth_is_what_is_open_at_once() {
        let flat = format!("{{{}\"a\":[]}}", "\"a\":{\"b\":[[]]},".repeat(500));
        let deep = |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        for instructions in InstructionSet::available() {
            for (grade, deepest) in [(Grade::Validating, 63), (Grade::Trusted, Limits::default().nesting)] {
                assert!(fast(flat.as_bytes(), grade, instructions).is_some());
                for depth in 1..=deepest {
                    assert!(fast(deep(depth).as_bytes(), grade, instructions).is_some(), "{depth}");
                }
                assert!(fast(deep(deepest + 1).as_bytes(), grade, instructions).is_none());
            }
        }
    }

    /// Objects of several chunks, and what comes behind them.
    #[test]
    fn long_events_leave_no_doubt() {
        let filler = |length: usize| format!("\"filler\":[{}0]", "{\"a\":\"}]\"},".repeat(length));
        for length in [1, 300, 3_000] {
            let filler = filler(length);
            let text = format!(
                "{{{filler},\"context\":{{{filler},\"consent\":{{{filler},\"categoryPreferences\":{{\"A\":true,{filler}}}}},
                {filler}}},\"properties\":{{\"consent\":{{}}}},\"integrations\":{{\"B\":{{{filler}}}}}}}"
            );
            let slow = Event::read(text.as_bytes(), &reading(), &Limits::default()).unwrap();
            assert_eq!((slow.consent.preferences().len(), slow.integrations.entries().len()), (2, 1));
            for instructions in InstructionSet::available() {
                for grade in [Grade::Validating, Grade::Trusted] {
                    assert_eq!(fast(text.as_bytes(), grade, instructions).as_ref(), Some(&slow));
                }
            }
        }
    }

    #[test]
    fn what_is_very_long_leaves_doubt() {
        let text = |length: usize| format!("{{\"a\":\"{}\"}}", "a".repeat(length - 8));
        for instructions in InstructionSet::available() {
            assert!(fast(text(LONGEST).as_bytes(), Grade::Trusted, instructions).is_some());
            assert!(fast(text(LONGEST + 1).as_bytes(), Grade::Trusted, instructions).is_none());
        }
    }

    /// What is not JSON is never certain to a reader that validates, at any place of a block.
    #[test]
    fn what_is_not_json_leaves_doubt() {
        let wrong = [
            "",
            ",",
            ":",
            "1",
            "\"a\"",
            "\"a\",",
            "\"a\":",
            "\"a\":,",
            "\"a\" 1",
            "\"a\":1,",
            ",\"a\":1",
            "\"a\":1 2",
            "\"a\"::1",
            "\"a\":1,,\"b\":2",
            "\"a\":1 \"b\":2",
            "\"a\":\"b\":2",
            "\"a\",\"b\"",
            "a:1",
            "'a':1",
            "1:1",
            "null:1",
            "{}:1",
            "[]:1",
            "\"a\":[1,]",
            "\"a\":[,1]",
            "\"a\":[1 2]",
            "\"a\":[1:2]",
            "\"a\":[\"b\":2]",
            "\"a\":{\"b\"}",
            "\"a\":{1}",
            "\"a\":{,}",
            "\"a\":[}",
            "\"a\":{]",
            "\"a\":[1}",
            "\"a\":{\"b\":1]",
            "\"a\":]",
            "\"a\":}",
            "\"a\":[",
            "\"a\":{",
            "\"a\":[[]",
            "]",
            "}",
            "\"a\":tru",
            "\"a\":truE",
            "\"a\":truee",
            "\"a\":nul",
            "\"a\":fals",
            "\"a\":True",
            "\"a\":NaN",
            "\"a\":Infinity",
            "\"a\":undefined",
            "\"a\":01",
            "\"a\":1.",
            "\"a\":.5",
            "\"a\":-",
            "\"a\":+1",
            "\"a\":1e",
            "\"a\":1e+",
            "\"a\":1.e3",
            "\"a\":--1",
            "\"a\":0x1",
            "\"a\":1a",
            "\"a\":1\"\"",
            "\"a\":\"\"1",
            "\"a\":\"b\"c",
            "\"a\":\"b\"\"c\"",
            "\"a\":true\"c\"",
            "\"a\":\"\\x\"",
            "\"a\":\"\\u12\"",
            "\"a\":\"\\u12G4\"",
            "\"a\":\"\\\"",
            "\"a\":\"\t\"",
            "\"a\":\"\n\"",
            "\"a\":\"\0\"",
            "\"\u{1}\":1",
            "\"a\":\u{e9}",
            "\"a\":\\n",
            "\"a\":1/**/",
            "\"a\":\u{a0}1",
            "\"a\":\u{b}1",
            "\"a\":\u{c}1",
            "}{",
            "},{",
            "\"a\":1}{\"a\":1",
            "\"a\":1},{\"a\":1",
            "\"a\":1}]",
        ];
        let mut tried = 0;
        for wrong in wrong {
            for pad in 0..130 {
                let text = format!("{{{}{wrong}}}", " ".repeat(pad));
                let after = format!("{{\"{}\":[{{}},\"x\"],{wrong}}}", "k".repeat(pad));
                for text in [text, after] {
                    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
                        continue;
                    }
                    tried += 1;
                    for instructions in InstructionSet::available() {
                        let found = fast(text.as_bytes(), Grade::Validating, instructions);
                        assert!(found.is_none(), "{} {text}", instructions.name());
                    }
                }
            }
        }
        assert!(tried > 20_000, "{tried}");
    }

    #[test]
    fn what_is_not_utf_8_leaves_doubt() {
        for bytes in [&b"\xFF"[..], b"\xC3", b"\xED\xA0\x80", b"\xC0\xAF", b"\xF5\x80\x80\x80"] {
            for pad in 0..70 {
                let text = [b"{\"".as_slice(), &vec![b'k'; pad], b"\":\"", bytes, b"\"}"].concat();
                for instructions in InstructionSet::available() {
                    assert!(fast(&text, Grade::Validating, instructions).is_none(), "{bytes:?}");
                }
            }
        }
    }
}
