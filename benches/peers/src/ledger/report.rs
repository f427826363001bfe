//! What was measured, as Markdown.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// Everything that was measured of a ledger.
#[derive(Debug, Clone)]
pub struct Report {
    /// How many people it is of.
    pub people: usize,
    /// How many events there were.
    pub events: usize,
    /// How many bytes an event had on average.
    pub event_bytes: f64,
    /// The stores, the one that the others are compared with among them.
    pub lines: Vec<Line>,
}

/// One store.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is called.
    pub name: &'static str,
    /// How long it took to record all events, from their bytes.
    pub ingest: Duration,
    /// How much of it went into reading them.
    pub reading: Duration,
    /// How long each look-up of one person took.
    pub single: Vec<Duration>,
    /// How long a person took in each look-up of many.
    pub together: Vec<Duration>,
    /// How many bytes it takes on the disk, if it is there.
    pub bytes: Option<u64>,
}

/// What the others are compared with.
const REFERENCE: &str = "SQLite";

impl Line {
    pub(super) fn new(name: &'static str) -> Self {
        let (ingest, reading) = (Duration::ZERO, Duration::ZERO);
        Line { name, ingest, reading, single: Vec::new(), together: Vec::new(), bytes: None }
    }
}

/// The microseconds at a rank: half of all are no more at 0.5.
fn at_rank(times: &[Duration], rank: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = (times.len() as f64 * rank) as usize;
    times[at.min(times.len() - 1)].as_nanos() as f64 / 1e3
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Report { people, events, event_bytes, lines } = self;
        writeln!(
            f,
            "{people} people, {events} events of {event_bytes:.0} bytes on average, durable after every {}\n",
            super::BATCH
        )?;
        let reference = lines.iter().find(|line| line.name == REFERENCE);
        let all = |f: &mut Formatter<'_>, what: &str, of: &dyn Fn(&Line) -> Option<f64>, more: bool| {
            write!(f, "| {what} |")?;
            for line in lines {
                match (of(line), reference.and_then(of)) {
                    (Some(value), Some(reference)) => {
                        let ratio = if more { value / reference } else { reference / value };
                        write!(f, " {} ({ratio:.2}) |", number(value))?;
                    }
                    (Some(value), None) => write!(f, " {} |", number(value))?,
                    (None, _) => write!(f, " |")?,
                }
            }
            writeln!(f)
        };
        write!(f, "| (times as good as {REFERENCE}) |")?;
        lines.iter().try_for_each(|line| write!(f, " {} |", line.name))?;
        write!(f, "\n|---|")?;
        lines.iter().try_for_each(|_| write!(f, "---:|"))?;
        writeln!(f)?;
        let (each, person) = (*events as f64, *people as f64);
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / each;
        all(f, "ingest, events per second", &|line| Some(each / line.ingest.as_secs_f64()), true)?;
        all(f, "of it reading, µs per event", &|line| Some(micros(line.reading)), false)?;
        all(f, "and recording, µs per event", &|line| Some(micros(line.ingest - line.reading)), false)?;
        all(f, "look-up of one person, µs, median", &|line| Some(at_rank(&line.single, 0.5)), false)?;
        all(f, "99th percentile", &|line| Some(at_rank(&line.single, 0.99)), false)?;
        let together = format!("look-up of {}, µs per person, median", super::TOGETHER.0);
        all(f, &together, &|line| Some(at_rank(&line.together, 0.5)), false)?;
        all(f, "99th percentile", &|line| Some(at_rank(&line.together, 0.99)), false)?;
        all(f, "bytes on the disk per person", &|line| Some(line.bytes? as f64 / person), false)
    }
}

fn number(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
