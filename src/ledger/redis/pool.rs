//! Connections that wait for the next request.

use super::connection::{Connection, Connector};
use super::deadline::Deadline;
use super::failure::Failure;
use redis::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The idle connections that are kept.
const IDLE: usize = 8;

/// Asks one server, for any number of threads at a time. A request takes an idle connection or opens one, and waits for no other request.
pub(super) struct Pool {
    connector: Connector,
    timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// A server that was silent is not asked before this moment, so that not everybody waits for it.
    silent_until: Option<Instant>,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(connector: Connector, timeout: Duration) -> Self {
        Pool { connector, timeout, state: Mutex::default() }
    }

    /// Returns the deadline of a request that begins now.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }

    /// Sends `count` commands, and returns as many replies. They must be commands that may be sent twice.
    pub(super) fn ask(
        &self,
        request: &[u8],
        count: usize,
        deadline: Deadline,
    ) -> Result<Vec<Value>, Failure> {
        let (idle, is_silent) = {
            let mut state = self.state();
            let is_silent = state.silent_until.is_some_and(|until| Instant::now() < until);
            (if is_silent { None } else { state.idle.pop() }, is_silent)
        };
        if is_silent {
            return Err(Failure::Refused("it was silent a moment ago".to_owned()));
        }
        let answer = self.exchange(idle, request, count, deadline);
        let mut state = self.state();
        let is_late = matches!(answer, Err(Failure::Late));
        state.silent_until = is_late.then(|| Instant::now().checked_add(self.timeout)).flatten();
        let (connection, answers) = answer?;
        if state.idle.len() < IDLE {
            state.idle.push(connection);
        }
        Ok(answers)
    }

    /// Asks on an idle connection, or on a new one if there is none, or if the server has closed the idle one.
    fn exchange(
        &self,
        idle: Option<Connection>,
        request: &[u8],
        count: usize,
        deadline: Deadline,
    ) -> Result<(Connection, Vec<Value>), Failure> {
        if let Some(mut connection) = idle
            && connection.is_quiet(deadline)
        {
            match connection.ask(request, count, deadline) {
                Err(failure) if failure.is_closed() => {}
                answer => return Ok((connection, answer?)),
            }
        }
        let mut connection = self.connector.open(deadline)?;
        let answers = connection.ask(request, count, deadline)?;
        Ok((connection, answers))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
