//! A Redis that a test starts, if one is installed.

use std::io::{ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A Redis of the test's own, which keeps nothing.
pub(crate) struct Server {
    child: Child,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
}

/// This variable makes a skipped test fail: where everything is installed, as in CI, nothing may be skipped.
pub(crate) const DENY_SKIPS: &str = "CONSENTRY_DENY_SKIPS";

impl Server {
    /// Returns `None`, and reports it on the terminal, if no Redis is installed.
    pub(crate) fn start() -> Option<Self> {
        Server::start_with("--port", &[], tempfile::tempdir().unwrap())
    }

    /// Starts a server with options, in a folder. `port` is the option of the port that it listens on.
    pub(crate) fn start_with(port: &str, options: &[&str], folder: tempfile::TempDir) -> Option<Self> {
        // Somebody may take the port in between; then the server does not start, and another one is tried.
        for _ in 0..10 {
            let number = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let started = Command::new("redis-server")
                .args(options)
                .args([port, &number.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
                .current_dir(folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let mut child = match started {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    skip("there is no `redis-server`; install one (`apt-get install redis-server`)");
                    return None;
                }
                started => started.unwrap(),
            };
            for _ in 0..100 {
                if TcpStream::connect(("127.0.0.1", number)).is_ok() {
                    return Some(Server { child, folder, port: number });
                }
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
            }
            child.kill().ok();
            child.wait().ok();
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        assert!(self.folder.path().exists());
    }
}

/// Reports that the running test skips what needs a Redis.
pub(crate) fn skip(reason: &str) {
    let thread = thread::current();
    let message = format!("SKIPPED the Redis part of `{}`: {reason}\n", thread.name().unwrap_or_default());
    assert!(std::env::var_os(DENY_SKIPS).is_none(), "{message}");
    // The harness captures what the macros print, and shows it for failed tests only.
    std::io::stderr().write_all(message.as_bytes()).unwrap();
}
