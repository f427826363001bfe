//! The layout of events in an input: a line each, or as printers of JSON for people write them.

use serde::de::IgnoredAny;

/// The layout of the events of an input, as its start shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// It is not known yet.
    Unknown,
    /// One event a line, or something else that is for whoever reads the lines.
    Lines,
    /// The first event is written over several lines.
    Spread {
        /// Its first line, counted from 1.
        first: usize,
        /// Its last line.
        last: usize,
    },
    /// An array of events.
    Array,
}

/// The most bytes of an input that are looked at.
const MOST: usize = 1 << 20;

impl Layout {
    /// Returns the layout of an input by its start, from the first byte on. More of the input may tell what is unknown yet.
    ///
    /// ```
    /// use consentry::event::Layout;
    ///
    /// assert_eq!(Layout::of(b"{\"a\":1}\n{\"a\":2}\n"), Layout::Lines);
    /// assert_eq!(Layout::of(b"{\n  \"a\": 1\n}\n"), Layout::Spread { first: 1, last: 3 });
    /// assert!(Layout::of(b"[\n").refusal().unwrap().ends_with("`jq -c '.[]'`"));
    /// ```
    pub fn of(start: &[u8]) -> Layout {
        let open = if start.len() < MOST { Layout::Unknown } else { Layout::Lines };
        let start = start.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(start);
        let Some(at) = start.iter().position(|byte| !byte.is_ascii_whitespace()) else { return open };
        let (before, json) = start.split_at(at);
        let first = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let Some(end) = json.iter().position(|byte| *byte == b'\n') else { return open };
        let (line, behind) = json.split_at(end);
        let line = line.trim_ascii_end();
        // A line that is cut off seldom ends so; nobody waits for more behind it.
        let goes_on = [b"{", b"[", b","].iter().any(|end| line.ends_with(*end))
            || behind.trim_ascii_start().starts_with(b",");
        match line {
            [b'{', ..] if goes_on => {}
            [b'[', inside @ ..] if goes_on || inside.trim_ascii_start().starts_with(b"{") => {
                return Layout::Array;
            }
            _ => return Layout::Lines,
        }
        let mut values = serde_json::Deserializer::from_slice(json).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(_)) => {
                let object = json.get(..values.byte_offset()).unwrap_or_default();
                let last = first + object.iter().filter(|byte| **byte == b'\n').count();
                if first == last { Layout::Lines } else { Layout::Spread { first, last } }
            }
            Some(Err(error)) if error.is_eof() => open,
            _ => Layout::Lines,
        }
    }

    /// Returns why an input of this layout is refused, with the command that converts it.
    pub fn refusal(self) -> Option<String> {
        let (what, filter) = match self {
            Layout::Unknown | Layout::Lines => return None,
            Layout::Spread { first, last } => {
                (format!("lines {first} to {last} are one event, which must be on one line"), ".")
            }
            Layout::Array => ("it is a JSON array, and not one event a line".to_owned(), "'.[]'"),
        };
        Some(format!("{what}; convert it first with `jq -c {filter}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn only_an_event_over_several_lines_is_one() {
        for (start, expected) in [
            ("", Layout::Unknown),
            ("\n \n", Layout::Unknown),
            ("{\n", Layout::Unknown),
            ("{\"a\":1,\n\"b\":{\n", Layout::Unknown),
            ("{\"a\":1", Layout::Unknown),
            ("{}\n", Layout::Lines),
            ("{\"a\":1}\n{\n", Layout::Lines),
            ("{\n}", Layout::Spread { first: 1, last: 2 }),
            ("\n\r\n{\r\n  \"a\": \"}\\\"}\"\r\n}\r\n{", Layout::Spread { first: 3, last: 5 }),
            ("\u{FEFF}{\n}", Layout::Spread { first: 1, last: 2 }),
            ("{ \"a\":1\n, \"b\":2\n}", Layout::Spread { first: 1, last: 3 }),
            // A line that is cut off before others.
            ("{\"a\":\n{}\n", Layout::Lines),
            ("{\"a\":1,\n{\"b\":2}}\n", Layout::Lines),
            ("{\"a\":\"x,\n{\"b\":2}\n", Layout::Lines),
            ("{}\n,{}\n", Layout::Lines),
            ("no event,\n{\n}", Layout::Lines),
            ("[\n", Layout::Array),
            ("[{\"a\":1},\n", Layout::Array),
            ("[ {\"a\":1},{}]\n", Layout::Array),
            ("[{\"a\":1}\n,{}]\n", Layout::Array),
            ("[1]\n", Layout::Lines),
            ("[]\n", Layout::Lines),
        ] {
            assert_eq!(Layout::of(start.as_bytes()), expected, "{start:?}");
        }
    }
}
