//! Several ways, measured in turns, so that whatever else the machine does hits all of them.

use std::time::Instant;

/// Into how many parts a pass over many events is divided. Each is timed by itself, so that being interrupted spoils a part and
/// not the pass.
pub const PARTS: usize = 25;

/// What is measured together.
#[derive(Default)]
pub struct Field<'f> {
    runners: Vec<Runner<'f>>,
}

struct Runner<'f> {
    name: String,
    /// One part of a pass over the events.
    part: Box<dyn FnMut(usize) + 'f>,
    /// How many events, or decisions, a pass has.
    count: usize,
    /// For each part, its nanoseconds in each round.
    times: Vec<Vec<f64>>,
}

/// What one way took.
#[derive(Debug, Clone)]
pub struct Time {
    /// Its name.
    pub name: String,
    /// The nanoseconds of an event, each part of the pass at its fastest.
    pub min: f64,
    /// The nanoseconds of an event, each part of the pass at its median.
    pub median: f64,
}

impl<'f> Field<'f> {
    /// Adds a way: a pass of `count`, timed as a whole.
    pub fn add(&mut self, name: impl Into<String>, count: usize, mut pass: impl FnMut() + 'f) {
        self.add_parts(name, count, 1, move |_| pass());
    }

    /// Adds a way: a pass of `count` that is done part by part.
    pub fn add_parts(
        &mut self,
        name: impl Into<String>,
        count: usize,
        parts: usize,
        part: impl FnMut(usize) + 'f,
    ) {
        let times = vec![Vec::new(); parts];
        self.runners.push(Runner { name: name.into(), part: Box::new(part), count, times });
    }

    /// How many ways there are.
    pub fn len(&self) -> usize {
        self.runners.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.runners.is_empty()
    }

    /// Runs each way once unmeasured, then all of them in turns.
    pub fn run(mut self, rounds: usize) -> Times {
        for Runner { part, times, .. } in &mut self.runners {
            (0..times.len()).for_each(part);
        }
        for _ in 0..rounds {
            for Runner { part, times, .. } in &mut self.runners {
                for (number, times) in times.iter_mut().enumerate() {
                    let start = Instant::now();
                    part(number);
                    times.push(start.elapsed().as_nanos() as f64);
                }
            }
        }
        Times(self.runners.into_iter().map(Runner::time).collect())
    }
}

impl Runner<'_> {
    fn time(mut self) -> Time {
        self.times.iter_mut().for_each(|times| times.sort_unstable_by(f64::total_cmp));
        let sum = |rank: fn(&[f64]) -> f64| self.times.iter().map(|times| rank(times)).sum::<f64>();
        let (min, median) = (sum(|times| times[0]), sum(|times| times[times.len() / 2]));
        let count = self.count as f64;
        Time { name: self.name, min: min / count, median: median / count }
    }
}

/// What all ways took, in the order in which they were added.
#[derive(Debug, Clone)]
pub struct Times(pub Vec<Time>);

impl Times {
    /// The nanoseconds of an event at their fastest.
    ///
    /// # Panics
    ///
    /// When there is no such way.
    pub fn min(&self, name: &str) -> f64 {
        self.0.iter().find(|time| time.name == name).unwrap_or_else(|| panic!("nobody is called {name}")).min
    }
}
