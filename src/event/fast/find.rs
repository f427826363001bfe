//! The way of the fast reader: scan, check and locate.

use super::keys::Keys;
use super::scan::{Buffers, Scan, Scanned};
use super::simd::InstructionSet;
use crate::event::json::skip_space;
use crate::event::parts::Parts;
use crate::event::read::Limits;
use crate::model::{ABSENT, InputReading, MAX_INPUTS, StateNumber};

/// How much of an event's bytes is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Validation {
    /// Everything: bytes that are not one JSON object by RFC 8259 in UTF-8 are refused, wherever the fault is.
    #[default]
    Full,
    /// What the way to the answer needs: the caller's own parser has accepted the bytes already, as they are. Decisions are those
    /// of full validation on everything that is JSON; for other bytes nothing is promised but that nothing panics.
    Trusted,
}

/// The longest event that is read fast: a longer one is rare, and the buffers for what is seen of it would be kept.
const LONGEST: usize = 1 << 20;

/// Finds the parts of an event; `None` when the slow reader has to look.
#[inline]
pub(crate) fn find<'t>(
    bytes: &'t [u8],
    keys: &Keys,
    limits: &Limits,
    validation: Validation,
    instructions: InstructionSet,
    buffers: &mut Buffers,
) -> Option<Parts<'t>> {
    let text = skip_space(bytes);
    if bytes.len() > limits.bytes.min(LONGEST) || text.first() != Some(&b'{') || keys.needs_slow_reader {
        return None;
    }
    let nesting = u32::try_from(limits.nesting).unwrap_or(u32::MAX);
    let scanned: Scanned = match validation {
        Validation::Full => instructions.run(Scan::<true> { keys, text, nesting, buffers }),
        Validation::Trusted => instructions.run(Scan::<false> { keys, text, nesting, buffers }),
    }
    .ok()?;
    // What is around them is ASCII, so that no character begins or ends there.
    let certain = simdutf8::basic::from_utf8(scanned.beyond_ascii).is_ok();
    (certain && !keys.may_be_foreign(text, &scanned.parts)).then_some(scanned.parts)
}

impl Buffers {
    /// Returns where the other values begin that were looked for on the event that was found last, each with the number of its path.
    #[cfg(feature = "ledger")]
    pub(crate) fn found(&self) -> &[(usize, usize)] {
        &self.inputs
    }

    /// Returns the states of inputs on the event that was found last; `None` when the slow reader has to look.
    pub(crate) fn input_states(
        &self,
        bytes: &[u8],
        inputs: &[InputReading],
    ) -> Option<[StateNumber; MAX_INPUTS]> {
        let text = skip_space(bytes);
        let mut states = [ABSENT; MAX_INPUTS];
        for (number, start) in &self.inputs {
            *states.get_mut(*number)? = inputs.get(*number)?.number_in(text.get(*start..)?)?;
        }
        Some(states)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;
    use crate::event::{Event, Limits};
    use crate::model::Reading;

    fn reading() -> Reading {
        Reading::booleans(vec!["context".into(), "consent".into()], vec!["categoryPreferences".into()])
    }

    /// The event as the fast reader sees it; `None` where it doubts.
    fn fast(text: &[u8], validation: Validation, instructions: InstructionSet) -> Option<Event<'_>> {
        let keys = Keys::of_event(&reading());
        let parts = find(text, &keys, &Limits::default(), validation, instructions, &mut Buffers::default());
        parts.and_then(|parts| parts.event(&reading()))
    }

    /// A reader that always doubts would be right, too; so this one is seen to be certain of what is usual.
    #[test]
    fn what_is_usual_leaves_no_doubt() {
        let events = include_str!("../../../tests/data/events.ndjson");
        for instructions in InstructionSet::available() {
            for validation in [Validation::Full, Validation::Trusted] {
                let (mut certain, mut malformed) = (0, 0);
                for line in events.lines() {
                    let slow = Event::read(line.as_bytes(), &reading(), &Limits::default()).unwrap();
                    match fast(line.as_bytes(), validation, instructions) {
                        Some(event) => {
                            assert_eq!(event, slow, "{line}");
                            certain += 1;
                        }
                        None => {
                            let state = slow.consent.state().as_str();
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
                    for validation in [Validation::Full, Validation::Trusted] {
                        assert_eq!(
                            fast(text.as_bytes(), validation, instructions).as_ref(),
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
            for (validation, deepest) in
                [(Validation::Full, 63), (Validation::Trusted, Limits::default().nesting)]
            {
                assert!(fast(flat.as_bytes(), validation, instructions).is_some());
                for depth in 1..=deepest {
                    assert!(fast(deep(depth).as_bytes(), validation, instructions).is_some(), "{depth}");
                }
                assert!(fast(deep(deepest + 1).as_bytes(), validation, instructions).is_none());
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
                for validation in [Validation::Full, Validation::Trusted] {
                    assert_eq!(fast(text.as_bytes(), validation, instructions).as_ref(), Some(&slow));
                }
            }
        }
    }

    #[test]
    fn what_is_very_long_leaves_doubt() {
        let text = |length: usize| format!("{{\"a\":\"{}\"}}", "a".repeat(length - 8));
        for instructions in InstructionSet::available() {
            assert!(fast(text(LONGEST).as_bytes(), Validation::Trusted, instructions).is_some());
            assert!(fast(text(LONGEST + 1).as_bytes(), Validation::Trusted, instructions).is_none());
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
                        let found = fast(text.as_bytes(), Validation::Full, instructions);
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
                    assert!(fast(&text, Validation::Full, instructions).is_none(), "{bytes:?}");
                }
            }
        }
    }
}
