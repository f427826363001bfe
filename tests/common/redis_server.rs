//! A Redis that a test starts, if one is installed.

use std::io::{self, ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A Redis of the test's own, which keeps nothing.
pub(crate) struct Server {
    child: Child,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
    arguments: Vec<String>,
}

fn start(arguments: &[String], folder: &tempfile::TempDir) -> io::Result<Child> {
    let mut command = Command::new("redis-server");
    command.args(arguments).current_dir(folder.path());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// Waits until a server that was started accepts connections. Returns false if it does not.
fn answers(child: &mut Child, port: u16) -> bool {
    for _ in 0..100 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
    false
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
            let number_text = number.to_string();
            let own = [port, &number_text, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
            // Options that come later win.
            let arguments: Vec<String> = own.iter().chain(options).map(ToString::to_string).collect();
            let mut child = match start(&arguments, &folder) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    skip("there is no `redis-server`; install one (`apt-get install redis-server`)");
                    return None;
                }
                started => started.unwrap(),
            };
            if answers(&mut child, number) {
                return Some(Server { child, folder, port: number, arguments });
            }
            child.kill().ok();
            child.wait().ok();
        }
        panic!("redis-server does not start");
    }

    /// Kills the server without a warning, and starts it again in the same folder and at the same port.
    pub(crate) fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = start(&self.arguments, &self.folder).unwrap();
        assert!(answers(&mut self.child, self.port), "redis-server does not start again");
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
