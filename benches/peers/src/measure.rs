//! Several ways, measured in turns, so that whatever else the machine does hits all of them.

use std::time::Instant;

/// What is measured together.
#[derive(Default)]
pub struct Field<'f> {
    runners: Vec<Runner<'f>>,
}

struct Runner<'f> {
    name: String,
    /// One pass over the events.
    pass: Box<dyn FnMut() + 'f>,
    /// How many events, or decisions, a pass has.
    count: usize,
    /// Nanoseconds for each of them, a pass each.
    times: Vec<f64>,
}

/// What one way took.
#[derive(Debug, Clone)]
pub struct Time {
    /// Its name.
    pub name: String,
    /// The nanoseconds of an event in the fastest pass.
    pub min: f64,
    /// The nanoseconds of an event in the median pass.
    pub median: f64,
}

impl<'f> Field<'f> {
    /// Adds a way: a pass over `count` events.
    pub fn add(&mut self, name: impl Into<String>, count: usize, pass: impl FnMut() + 'f) {
        self.runners.push(Runner { name: name.into(), pass: Box::new(pass), count, times: Vec::new() });
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
        self.runners.iter_mut().for_each(|runner| (runner.pass)());
        for _ in 0..rounds {
            for Runner { pass, count, times, .. } in &mut self.runners {
                let start = Instant::now();
                pass();
                times.push(start.elapsed().as_nanos() as f64 / *count as f64);
            }
        }
        Times(self.runners.into_iter().map(Runner::time).collect())
    }
}

impl Runner<'_> {
    fn time(mut self) -> Time {
        self.times.sort_unstable_by(f64::total_cmp);
        let (min, median) = (self.times[0], self.times[self.times.len() / 2]);
        Time { name: self.name, min, median }
    }
}

/// What all ways took, in the order in which they were added.
#[derive(Debug, Clone)]
pub struct Times(pub Vec<Time>);

impl Times {
    /// The fastest pass of a way, in nanoseconds an event.
    ///
    /// # Panics
    ///
    /// When there is no such way.
    pub fn min(&self, name: &str) -> f64 {
        self.0.iter().find(|time| time.name == name).unwrap_or_else(|| panic!("nobody is called {name}")).min
    }
}
