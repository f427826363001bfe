//! The layout of events in an input: a line each, or as printers of JSON for people write them.

use serde::de::IgnoredAny;

/// The layout of the events of an input, as its start shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// It is not known yet.
    Unknown,
    /// One event or batch a line, or something else that is for whoever reads the lines.
    Lines,
    /// The first event is written over several lines.
    Spread {
        /// Its first line, counted from 1.
        first: usize,
        /// Its last line.
        last: usize,
    },
    /// An array of events over several lines. On one line it would be a batch.
    Array,
}

/// The most bytes of an input that are looked at.
const MOST: usize = 1 << 20;

impl Layout {
    /// Returns the layout of an input by its start, from the first byte on. `is_whole` says that nothing follows; otherwise more of the
    /// input may tell what is unknown yet.
    ///
    /// ```
    /// use consentry::event::Layout;
    ///
    /// assert_eq!(Layout::of(b"{\"a\":1}\n{\"a\":2}\n", true), Layout::Lines);
    /// assert_eq!(Layout::of(b"{\n  \"a\": 1\n}\n", false), Layout::Spread { first: 1, last: 3 });
    /// assert!(Layout::of(b"[\n{}\n]\n", true).refusal().unwrap().ends_with("`jq -c '.[]'`"));
    /// ```
    pub fn of(start: &[u8], is_whole: bool) -> Layout {
        let open = if start.len() < MOST && !is_whole { Layout::Unknown } else { Layout::Lines };
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
        let is_array = match line {
            [b'{', ..] if goes_on => false,
            [b'[', inside @ ..] if goes_on || inside.trim_ascii_start().starts_with(b"{") => true,
            _ => return Layout::Lines,
        };
        let mut values = serde_json::Deserializer::from_slice(json).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(_)) => {
                let (value, _) = json.split_at_checked(values.byte_offset()).unwrap_or_default();
                let last = first + value.iter().filter(|byte| **byte == b'\n').count();
                match (is_array, first == last) {
                    (false, false) => Layout::Spread { first, last },
                    (true, false) => Layout::Array,
                    // An array on one line is a batch.
                    (_, true) => Layout::Lines,
                }
            }
            Some(Err(error)) if error.is_eof() && is_array && start.len() >= MOST => Layout::Array,
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
        for (start, expected, of_whole) in [
            ("", Layout::Unknown, Layout::Lines),
            ("\n \n", Layout::Unknown, Layout::Lines),
            ("{\n", Layout::Unknown, Layout::Lines),
            ("{\"a\":1,\n\"b\":{\n", Layout::Unknown, Layout::Lines),
            ("{\"a\":1", Layout::Unknown, Layout::Lines),
            ("[\n", Layout::Unknown, Layout::Lines),
            ("[{\"a\":1},\n", Layout::Unknown, Layout::Lines),
        ] {
            assert_eq!(Layout::of(start.as_bytes(), false), expected, "{start:?}");
            assert_eq!(Layout::of(start.as_bytes(), true), of_whole, "{start:?}");
        }
        for (start, expected) in [
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
            ("[\n{}\n]\n{}\n", Layout::Array),
            ("[{\"a\":1}\n,{}]\n", Layout::Array),
            // One bad line before events.
            ("[{\"a\":1}]\n{\"a\":2}\n", Layout::Lines),
            ("[INFO] {\n{\"a\":2}\n", Layout::Lines),
            ("[INFO] start [\n{\"a\":2}\n", Layout::Lines),
            ("[{\"lvl\n{\"a\":2}\n", Layout::Lines),
            ("[1,\n{\"a\":2}\n{\"a\":3}\n", Layout::Lines),
            // A batch.
            ("[ {\"a\":1},{}]\n", Layout::Lines),
            ("[1]\n", Layout::Lines),
            ("[]\n", Layout::Lines),
        ] {
            assert_eq!(Layout::of(start.as_bytes(), false), expected, "{start:?}");
            assert_eq!(Layout::of(start.as_bytes(), true), expected, "{start:?}");
        }
        let long = format!("[\n{}", "{},\n".repeat(super::MOST / 4));
        assert_eq!(Layout::of(long.as_bytes(), false), Layout::Array);
    }
}
