//! Moments, as events state them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The least number of milliseconds that is read as a time: it is in 1973. A lower number counts seconds, or nothing.
const MIN_MILLISECONDS: i64 = 100_000_000_000;

impl Timestamp {
    /// The last moment.
    pub const MAX: Timestamp = Timestamp(253_402_207_200_999_999);

    /// Reads a text by RFC 3339, or in another form of ISO 8601 that has a time of day. A time without an offset is in UTC. A number is one of milliseconds after the beginning of
    /// 1970, UTC, and no less than 10^11. `None` for any other text. Parts of a microsecond are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        if let Ok(milliseconds) = text.parse::<i64>() {
            let microseconds = milliseconds.checked_mul(1_000)?;
            return (milliseconds >= MIN_MILLISECONDS && microseconds <= Timestamp::MAX.0)
                .then_some(Timestamp(microseconds));
        }
        let text = with_short_fraction(text);
        let moment = text.parse::<jiff::Timestamp>().ok().or_else(|| {
            let local = text.parse::<jiff::civil::DateTime>().ok().filter(|_| text.contains(':'))?;
            jiff::tz::Offset::UTC.to_timestamp(local).ok()
        });
        moment.map(|moment| Timestamp::from_microseconds(moment.as_microsecond()))
    }

    /// So many microseconds after the beginning of 1970, UTC; no further than the years -9999 and 9999, which no text goes beyond.
    pub fn from_microseconds(microseconds: i64) -> Self {
        Timestamp(microseconds.clamp(jiff::Timestamp::MIN.as_microsecond(), Timestamp::MAX.0))
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

/// The text with at most nine digits of a second's fraction, which is what the library reads.
fn with_short_fraction(text: &str) -> Cow<'_, str> {
    const DIGITS: usize = 9;
    let fraction = text.find(['.', ',']).and_then(|at| Some((at + 1, text.get(at + 1..)?)));
    let Some((start, fraction)) = fraction else { return Cow::Borrowed(text) };
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    match (text.get(..start + DIGITS), text.get(start + digits..)) {
        (Some(short), Some(rest)) if digits > DIGITS => Cow::Owned(format!("{short}{rest}")),
        _ => Cow::Borrowed(text),
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

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest moment is the one that texts can have, and every text that says when is read.
    #[test]
    fn times_are_read() {
        assert_eq!(Timestamp::MAX.0, jiff::Timestamp::MAX.as_microsecond());
        let moment = Some(Timestamp(1_790_812_800_123_456));
        for text in [
            "2026-10-01T00:00:00.123456Z",
            "2026-10-01t00:00:00.123456z",
            "2026-10-01T00:00:00.1234567890Z",
            "2026-10-01T02:00:00.123456789012345678901234567890+02:00",
            "2026-10-01T00:00:00.123456",
            "2026-10-01 00:00:00.123456",
            "2026-10-01T00:00:00,123456Z",
            "2026-09-30T20:00:00.123456-0400",
        ] {
            assert_eq!(Timestamp::parse(text), moment, "{text}");
        }
        assert_eq!(Timestamp::parse("1790812800123"), Some(Timestamp(1_790_812_800_123_000)));
        for text in [
            "",
            "yesterday",
            "2026-10-01",
            "1790812800",
            "-1790812800123",
            "99999999999999999",
            "17908128001.5",
            "10:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
