//! What a ledger of many people costs: consentry's stores beside SQLite, on the same bytes.

mod agreement;
mod contender;
mod history;
mod ours;
mod redis;
mod report;
mod sqlite;

pub use report::{Line, Report};

use agreement::Agreement;
use contender::Contender;
use history::History;
use ours::Ours;
use redis::Redis;
use sqlite::{Links, Sqlite};
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many events are made durable at a time.
const BATCH: usize = 10_000;

/// How many people are looked up one at a time.
const SINGLE: usize = 20_000;

/// How many people are looked up together, and how often.
const TOGETHER: (usize, usize) = (1_000, 200);

/// Fills every store with the history of so many people, looks people up, and measures both. What is written is in a folder, and is gone
/// afterwards. All stores have a turn with each batch of events and with each look-up, so that whatever else the machine does hits all of them.
///
/// # Errors
///
/// When the folder cannot be written to.
///
/// # Panics
///
/// When a store fails, or says something else of a person than the others.
pub fn run(people: usize, folder: &Path) -> io::Result<Report> {
    let folder = folder.join(format!("ledgers-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let report = measure(people, &folder);
    fs::remove_dir_all(&folder)?;
    Ok(report)
}

fn measure(people: usize, folder: &Path) -> Report {
    let history = History::new(people);
    let redis = Redis::start(folder);
    let mut durable: Vec<Box<dyn Contender + '_>> = vec![
        Box::new(Ours::file(folder)),
        Box::new(Sqlite::new(folder, Links::LeftOut)),
        Box::new(Sqlite::new(folder, Links::Kept)),
    ];
    if let Some(redis) = &redis {
        durable.push(Box::new(Ours::redis(redis)));
    }
    let mut agreement = Agreement::new(&history);
    let mut lines = measure_in_turn(&history, &mut durable, &mut agreement);
    drop(durable);
    // Millions of pieces of memory would slow the others.
    lines.extend(measure_in_turn(&history, &mut [Box::new(Ours::memory())], &mut agreement));
    let bytes = (0..history.len()).step_by(BATCH).map(|from| history.batch(from, BATCH).len()).sum::<usize>();
    Report { people, events: history.len(), event_bytes: bytes as f64 / history.len() as f64, lines }
}

fn measure_in_turn(
    history: &History,
    contenders: &mut [Box<dyn Contender + '_>],
    agreement: &mut Agreement,
) -> Vec<Line> {
    let mut lines: Vec<Line> = contenders.iter().map(|one| Line::new(one.name())).collect();
    ingest(history, contenders, &mut lines);
    contenders.iter_mut().for_each(|contender| agreement.check(contender.as_mut()));
    look_up(history, contenders, &mut lines);
    for (contender, line) in contenders.iter_mut().zip(&mut lines) {
        line.bytes = contender.bytes();
    }
    lines
}

/// Gives every store each batch in turn.
fn ingest(history: &History, contenders: &mut [Box<dyn Contender + '_>], lines: &mut [Line]) {
    for (number, from) in (0..history.len()).step_by(BATCH).enumerate() {
        let text = history.batch(from, BATCH);
        for (contender, line) in in_turn(number, contenders, lines) {
            let start = Instant::now();
            line.reading += contender.ingest(&text);
            line.ingest += start.elapsed();
        }
    }
}

fn look_up(history: &History, contenders: &mut [Box<dyn Contender + '_>], lines: &mut [Line]) {
    let (count, times) = TOGETHER;
    let ids = history.some(SINGLE);
    // Parts, so that no store waits so long for its turn that what it has in the processor's caches is gone with every person.
    for (number, part) in ids.chunks(SINGLE.div_ceil(100)).enumerate() {
        for (contender, line) in in_turn(number, contenders, lines) {
            line.single.extend(part.iter().map(|id| time(|| contender.look_up(std::slice::from_ref(id)))));
        }
    }
    for (number, part) in history.some(count * times).chunks(count).enumerate() {
        for (contender, line) in in_turn(number, contenders, lines) {
            line.together.push(time(|| contender.look_up(part)) / count as u32);
        }
    }
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// The stores, another one first each time.
fn in_turn<'t, 'c>(
    number: usize,
    contenders: &'t mut [Box<dyn Contender + 'c>],
    lines: &'t mut [Line],
) -> impl Iterator<Item = (&'t mut Box<dyn Contender + 'c>, &'t mut Line)> {
    let mut pairs: Vec<_> = contenders.iter_mut().zip(lines).collect();
    let first = number % pairs.len();
    pairs.rotate_left(first);
    pairs.into_iter()
}
