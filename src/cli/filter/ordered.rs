//! Work by several threads, put down in the order in which it was taken.

use crate::cli::shared::{CliError, Result};
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A source that one thread at a time takes from, and a sink that one at a time puts into, in the order of the taking.
///
/// The threads are not scoped: one of them may wait for input that never comes while another has met a failure that ends
/// the command.
pub(super) struct Ordered<S, K> {
    source: Mutex<Source<S>>,
    sink: Mutex<Sink<K>>,
    /// The turn has passed on, or it never will.
    turned: Condvar,
    /// All threads have ended, or one has failed.
    ended: Condvar,
}

struct Source<S> {
    from: S,
    /// The number of the next ticket.
    next: u64,
    ended: bool,
}

struct Sink<K> {
    into: K,
    /// The ticket whose turn it is.
    turn: u64,
    threads: usize,
    /// The first failure. Nothing is put down behind it.
    failure: Option<CliError>,
}

/// The right to put something down when its turn comes, and until then, if it is kept, the source.
pub(super) struct Ticket<'o, S, K> {
    ordered: &'o Ordered<S, K>,
    number: u64,
    source: Option<MutexGuard<'o, Source<S>>>,
}

/// A thread that panicked leaves nothing half done that another one reads: its ticket's turn never ends.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S, K> Ordered<S, K> {
    pub(super) fn new(source: S, sink: K) -> Self {
        Ordered {
            source: Mutex::new(Source { from: source, next: 0, ended: false }),
            sink: Mutex::new(Sink { into: sink, turn: 0, threads: 0, failure: None }),
            turned: Condvar::new(),
            ended: Condvar::new(),
        }
    }

    /// Starts a thread.
    pub(super) fn spawn(self: &Arc<Self>, work: impl FnOnce(&Ordered<S, K>) + Send + 'static) -> Result<()>
    where
        S: Send + 'static,
        K: Send + 'static,
    {
        let ordered = Arc::clone(self);
        // The thread cannot end before it is counted, as it needs the lock for that.
        let mut sink = lock(&self.sink);
        let started = thread::Builder::new().spawn(move || {
            let ended = panic::catch_unwind(AssertUnwindSafe(|| work(&ordered)));
            let mut sink = lock(&ordered.sink);
            sink.threads -= 1;
            if ended.is_err() {
                ordered.fail(&mut sink, "a thread has failed; please report this".into());
            }
            ordered.ended.notify_all();
        });
        started.map_err(|error| format!("cannot start a thread: {error}"))?;
        sink.threads += 1;
        Ok(())
    }

    /// Takes from the source; `None` when there is nothing left, or it cannot be read.
    pub(super) fn take(&self, read: impl FnOnce(&mut S) -> Result<bool>) -> Option<Ticket<'_, S, K>> {
        let mut source = lock(&self.source);
        if source.ended {
            return None;
        }
        let result = read(&mut source.from);
        source.ended = !matches!(result, Ok(true));
        let number = source.next;
        source.next += 1;
        let ticket = Ticket { ordered: self, number, source: Some(source) };
        match result {
            Ok(true) => Some(ticket),
            Ok(false) => None,
            // What was read before is put down before.
            Err(failure) => {
                let _ = ticket.end(|_| Err(failure));
                None
            }
        }
    }

    /// Waits until all threads have ended or one has failed. Until then `meanwhile` is called now and then.
    pub(super) fn wait(&self, every: Duration, mut meanwhile: impl FnMut(&K)) -> Result<()> {
        let mut sink = lock(&self.sink);
        while sink.threads > 0 && sink.failure.is_none() {
            sink = self.ended.wait_timeout(sink, every).unwrap_or_else(PoisonError::into_inner).0;
            meanwhile(&sink.into);
        }
        // The failure stays known to the threads that are still running.
        match &mut sink.failure {
            Some(failure) => Err(std::mem::replace(failure, CliError::Other(String::new()))),
            None => Ok(()),
        }
    }

    /// Gives access to the sink, between two things that are put down.
    pub(super) fn sink<R>(&self, access: impl FnOnce(&mut K) -> R) -> R {
        access(&mut lock(&self.sink).into)
    }

    fn fail(&self, sink: &mut Sink<K>, failure: CliError) {
        sink.failure.get_or_insert(failure);
        self.turned.notify_all();
        self.ended.notify_all();
    }
}

impl<S, K> Ticket<'_, S, K> {
    /// Lets other threads take. Whoever keeps the source keeps others from holding as much as itself.
    pub(super) fn share_source(&mut self) {
        self.source = None;
    }

    /// Puts something down, and keeps the turn. After a failure, or behind one, it is time to stop.
    pub(super) fn put(&self, put: impl FnOnce(&mut K) -> Result<()>) -> ControlFlow<()> {
        self.in_turn(put).map_continue(drop)
    }

    /// Puts the last thing down, and passes the turn on.
    pub(super) fn end(self, put: impl FnOnce(&mut K) -> Result<()>) -> ControlFlow<()> {
        self.in_turn(put)?.turn += 1;
        self.ordered.turned.notify_all();
        ControlFlow::Continue(())
    }

    fn in_turn(&self, put: impl FnOnce(&mut K) -> Result<()>) -> ControlFlow<(), MutexGuard<'_, Sink<K>>> {
        let mut sink = lock(&self.ordered.sink);
        while sink.turn != self.number && sink.failure.is_none() {
            sink = self.ordered.turned.wait(sink).unwrap_or_else(PoisonError::into_inner);
        }
        if sink.failure.is_some() {
            return ControlFlow::Break(());
        }
        match put(&mut sink.into) {
            Ok(()) => ControlFlow::Continue(sink),
            Err(failure) => {
                self.ordered.fail(&mut sink, failure);
                ControlFlow::Break(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ordered;
    use crate::cli::shared::{CliError, Result};
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    /// Takes numbers from 0, and puts each down twice.
    fn run(
        count: u64,
        threads: usize,
        keep: impl Fn(u64) -> bool + Copy + Send + 'static,
        put: impl Fn(u64) -> Result<()> + Copy + Send + 'static,
    ) -> (Vec<u64>, Result<()>) {
        let ordered = Arc::new(Ordered::new(0, Vec::new()));
        for _ in 0..threads {
            let work = move |ordered: &Ordered<u64, Vec<u64>>| {
                let mut number = 0;
                while let Some(mut ticket) = ordered.take(|next| {
                    number = *next;
                    *next += 1;
                    Ok(number < count)
                }) {
                    if !keep(number) {
                        ticket.share_source();
                    }
                    // The earlier ones are the slower ones.
                    thread::sleep(Duration::from_micros(10 * (7 - number % 8)));
                    let put = |sink: &mut Vec<u64>| {
                        sink.push(number);
                        put(number)
                    };
                    if ticket.put(put).is_break() || ticket.end(put).is_break() {
                        break;
                    }
                }
            };
            assert!(ordered.spawn(work).is_ok());
        }
        let result = ordered.wait(Duration::from_secs(1), |_| ());
        (ordered.sink(|sink| sink.clone()), result)
    }

    #[test]
    fn the_order_is_kept() {
        for threads in [1, 2, 7] {
            for keep in [|_| false, |number| number % 3 == 0] {
                let (sink, result) = run(500, threads, keep, |_| Ok(()));
                let expected: Vec<u64> = (0..500).flat_map(|number| [number, number]).collect();
                assert!(result.is_ok() && sink == expected, "{threads}");
            }
        }
    }

    #[test]
    fn nothing_is_put_down_behind_a_failure() {
        let fail = |number| if number == 100 { Err(CliError::Other("enough".into())) } else { Ok(()) };
        let (sink, result) = run(u64::MAX, 5, |_| false, fail);
        assert!(matches!(result, Err(CliError::Other(message)) if message == "enough"));
        // What the failing call itself put down counts to it.
        assert_eq!((sink.len(), sink.last()), (201, Some(&100)));
    }

    /// What was read before is put down before.
    #[test]
    fn a_source_that_fails_does_so_in_its_turn() {
        let ordered = Arc::new(Ordered::new(0, Vec::new()));
        for _ in 0..4 {
            let work = |ordered: &Ordered<u64, Vec<u64>>| {
                let mut number = 0;
                while let Some(mut ticket) = ordered.take(|next| {
                    number = *next;
                    *next += 1;
                    if number < 8 { Ok(true) } else { Err(CliError::Other("damaged".into())) }
                }) {
                    ticket.share_source();
                    thread::sleep(Duration::from_millis(5));
                    let put = |sink: &mut Vec<u64>| {
                        sink.push(number);
                        Ok(())
                    };
                    if ticket.end(put).is_break() {
                        break;
                    }
                }
            };
            assert!(ordered.spawn(work).is_ok());
        }
        let result = ordered.wait(Duration::from_secs(1), |_| ());
        assert!(matches!(result, Err(CliError::Other(message)) if message == "damaged"));
        assert_eq!(ordered.sink(|sink| sink.clone()), (0..8).collect::<Vec<u64>>());
    }

    #[test]
    fn a_panic_ends_the_others() {
        let panic = |number| if number == 100 { panic!("on purpose") } else { Ok(()) };
        let (sink, result) = run(u64::MAX, 3, |number| number == 100, panic);
        assert!(matches!(result, Err(CliError::Other(message)) if message.contains("a thread has failed")));
        assert_eq!(sink.len(), 201);
    }

    /// Whoever waits for a source that gives nothing keeps nobody from failing.
    #[test]
    fn a_failure_does_not_wait_for_the_source() {
        let (give, from) = mpsc::channel();
        give.send(()).unwrap();
        let ordered = Arc::new(Ordered::new(from, ()));
        for _ in 0..2 {
            let work = |ordered: &Ordered<mpsc::Receiver<()>, ()>| {
                while let Some(mut ticket) = ordered.take(|from| Ok(from.recv().is_ok())) {
                    ticket.share_source();
                    if ticket.end(|()| Err(CliError::ReaderGone(String::new()))).is_break() {
                        break;
                    }
                }
            };
            assert!(ordered.spawn(work).is_ok());
        }
        assert!(matches!(ordered.wait(Duration::from_secs(1), |()| ()), Err(CliError::ReaderGone(_))));
        drop(give);
    }
}
