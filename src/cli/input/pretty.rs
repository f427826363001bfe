//! Events that are written over several lines, as printers of JSON for people write them.

use serde::de::IgnoredAny;

/// The form of an input, as its start shows it.
#[derive(Debug, PartialEq)]
pub(super) enum Start {
    /// It is not known yet.
    Open,
    /// A line each, as it should be, or something else that is for whoever reads the lines.
    Lines,
    /// The first event is written over these lines.
    Event(usize, usize),
    /// An array, whose first element follows on the same line or later ones.
    Array,
}

/// The most bytes of an input that are looked at.
const MOST: usize = 1 << 20;

/// Looks at the start of an input.
pub(super) fn look(start: &[u8]) -> Start {
    let open = if start.len() < MOST { Start::Open } else { Start::Lines };
    let Some(at) = start.iter().position(|byte| !byte.is_ascii_whitespace()) else { return open };
    let (before, json) = start.split_at(at);
    let first = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let Some(end) = json.iter().position(|byte| *byte == b'\n') else { return open };
    let line = json.get(..end).unwrap_or_default().trim_ascii_end();
    // A line that is cut off seldom ends so; nobody waits for more behind it.
    if !line.ends_with(b"{") && !line.ends_with(b"[") && !line.ends_with(b",") {
        return Start::Lines;
    }
    match line.first() {
        Some(b'{') => {}
        Some(b'[') => return Start::Array,
        _ => return Start::Lines,
    }
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            let object = json.get(..values.byte_offset()).unwrap_or_default();
            Start::Event(first, first + object.iter().filter(|byte| **byte == b'\n').count())
        }
        Some(Err(error)) if error.is_eof() => open,
        _ => Start::Lines,
    }
}

#[cfg(test)]
mod tests {
    use super::{Start, look};

    #[test]
    fn only_an_event_over_several_lines_is_one() {
        for (start, expected) in [
            ("", Start::Open),
            ("\n \n", Start::Open),
            ("{\n", Start::Open),
            ("{\"a\":1,\n\"b\":{\n", Start::Open),
            ("{\"a\":1", Start::Open),
            ("{}\n", Start::Lines),
            ("{\"a\":1}\n{\n", Start::Lines),
            ("{\n}", Start::Event(1, 2)),
            ("\n\r\n{\r\n  \"a\": \"}\\\"}\"\r\n}\r\n{", Start::Event(3, 5)),
            // A line that is cut off before others.
            ("{\"a\":\n{}\n", Start::Lines),
            ("{\"a\":1,\n{\"b\":2}}\n", Start::Lines),
            ("{\"a\":\"x,\n{\"b\":2}\n", Start::Lines),
            ("no event,\n{\n}", Start::Lines),
            ("[\n", Start::Array),
            ("[{\"a\":1},\n", Start::Array),
            ("[{}]\n", Start::Lines),
        ] {
            assert_eq!(look(start.as_bytes()), expected, "{start:?}");
        }
    }
}
