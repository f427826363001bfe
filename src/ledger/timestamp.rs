//! Moments, as events state them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A moment, to the microsecond. Written, it is a time of RFC 3339 in UTC.
///
/// ```
/// use consentry::ledger::Timestamp;
///
/// let moment = Timestamp::parse("2026-10-01T02:00:00.123+02:00").unwrap();
/// assert_eq!(moment.to_string(), "2026-10-01T00:00:00.123Z");
/// assert_eq!(moment.day(), "2026-10-01");
/// assert!(Timestamp::parse("yesterday").is_none());
/// ```
#[derive(derive_more::Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[debug("{self}")]
pub struct Timestamp(i64);

impl Timestamp {
    /// Of a text by RFC 3339, or in another form of ISO 8601 that has an offset; `None` for any other text, and for one with more than nine digits of a
    /// second's fraction. What is beyond a microsecond is cut off.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|timestamp| Timestamp(timestamp.as_microsecond()))
    }

    /// So many microseconds after the beginning of 1970, UTC; no further than the years -9999 and 9999, which no text goes beyond.
    pub fn from_microseconds(microseconds: i64) -> Self {
        Timestamp(
            microseconds.clamp(jiff::Timestamp::MIN.as_microsecond(), jiff::Timestamp::MAX.as_microsecond()),
        )
    }

    /// The day in UTC: `2026-10-01`.
    pub fn day(self) -> String {
        let text = self.to_string();
        text.split('T').next().map_or_else(String::new, str::to_owned)
    }

    /// How many microseconds after the beginning of 1970, UTC.
    pub fn microseconds(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => fmt::Display::fmt(&timestamp, f),
            // No calendar goes so far.
            Err(_) => write!(f, "{} microseconds after 1970", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no time by RFC 3339")))
    }
}
