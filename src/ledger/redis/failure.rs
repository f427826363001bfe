//! Why a request to Redis failed.

use std::fmt;
use std::io;

/// The characters of a server's message that an error shows.
const SHOWN: usize = 200;

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The time of the request was up.
    Late,
    /// The connection broke, or could not be opened.
    Io(io::Error),
    /// The reply needs more memory than one may.
    TooLarge,
    /// The reply is none of the protocol, or answers another question.
    Unexpected(&'static str),
    /// The server has not seen the script.
    NoScript,
    /// The server answered with an error.
    Refused(String),
}

impl Failure {
    /// A reply of another type than the request has.
    pub(super) const OTHER_TYPE: Failure = Failure::Unexpected("the reply is of another type");

    /// The failure that a server's error reply means.
    pub(super) fn refused(reply: &[u8]) -> Self {
        let reply = String::from_utf8_lossy(reply);
        let code = code(&reply);
        match (code, meaning(code)) {
            ("NOSCRIPT", _) => Failure::NoScript,
            (_, Some(meaning)) => Failure::Refused(format!("{meaning} ({code})")),
            _ => {
                let text = reply.chars().take(SHOWN).map(|char| if char.is_control() { ' ' } else { char });
                Failure::Refused(format!("the server answers `{}`", text.collect::<String>()))
            }
        }
    }

    /// The failure that an error reply to the handshake means. It shows no text of the server: some servers repeat the arguments, and so the password.
    pub(super) fn refused_handshake(reply: &[u8]) -> Self {
        let reply = String::from_utf8_lossy(reply);
        let code = code(&reply);
        let meaning =
            meaning(code).unwrap_or("the server refuses the user, the password or the database number");
        Failure::Refused(format!("{meaning} ({code})"))
    }

    /// True if the server, or the network, closed the connection.
    pub(super) fn is_closed(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
        let closed = [BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof];
        matches!(self, Failure::Io(error) if closed.contains(&error.kind()))
    }
}

/// Returns the word in capitals that an error reply begins with.
fn code(reply: &str) -> &str {
    let word = reply.split(' ').next().unwrap_or_default();
    let is_code = (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { word } else { "no code" }
}

fn meaning(code: &str) -> Option<&'static str> {
    Some(match code {
        "MOVED" | "ASK" | "CLUSTERDOWN" | "CROSSSLOT" | "TRYAGAIN" => {
            "the server is part of a Redis Cluster; the ledger needs a server without cluster mode"
        }
        "NOLEDGER" => "the marker of the ledger is gone; `ledger ingest` and `ledger import` make a ledger",
        "READONLY" => "the server is a replica, which takes no changes; use the address of the primary",
        "MASTERDOWN" => "the server is a replica that has lost its primary; use the address of the primary",
        "LOADING" => "the server is still loading its data; try again later",
        "BUSY" => "the server is busy with a script; try again later",
        "NOAUTH" => "the server requires a password",
        "WRONGPASS" => "the server does not accept the user name or the password",
        "NOPERM" => {
            "the user lacks a permission; allow the keys of the ledger and GET, SET, DEL, HGET, HMGET, HSETNX, HINCRBY, SCAN, EVAL and EVALSHA"
        }
        "OOM" => "the memory of the server is full, and it takes no changes; raise its `maxmemory`",
        "WRONGTYPE" => "a key of the ledger holds another type than text; use another prefix",
        _ => return None,
    })
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::Late,
            _ => Failure::Io(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Late => f.write_str("the time for an answer is up"),
            Failure::Io(error) => error.fmt(f),
            Failure::TooLarge => f.write_str("the reply is too large"),
            Failure::Unexpected(what) => write!(f, "{what}; is it a Redis?"),
            Failure::NoScript => f.write_str("the server does not know the script"),
            Failure::Refused(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's text can have control characters, and any length. To a handshake it can repeat the password.
    #[test]
    fn the_text_of_a_server_is_shown_with_care() {
        let shown = Failure::refused(b"ERR \x1b[31mred").to_string();
        assert_eq!(shown, "the server answers `ERR  [31mred`");
        assert!(Failure::refused("é".repeat(10_000).as_bytes()).to_string().len() < 500);
        let reply = b"ERR unknown command 'AUTH', with args beginning with: 'hunter2'";
        assert!(!Failure::refused_handshake(reply).to_string().contains("hunter2"));
        assert!(!Failure::refused_handshake(b"hunter2").to_string().contains("hunter2"));
        assert!(!Failure::refused_handshake(b"HUNTER2HUNTER2HUNTER2").to_string().contains("HUNTER"));
        assert!(Failure::refused(b"MOVED 3999 127.0.0.1:6381").to_string().contains("Redis Cluster"));
    }
}
