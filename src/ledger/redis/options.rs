//! Options of a store in Redis.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where a Redis is, who asks it, and for how long.
#[derive(Clone)]
#[non_exhaustive]
pub struct RedisOptions {
    /// The address of one server, the primary: `redis://USER:PASSWORD@HOST:PORT/DB`, `rediss://…` for TLS, or `redis+unix:///PATH?db=DB`. Everything
    /// but the host or the path may be missing. The user and the password are percent-encoded.
    pub address: String,
    /// The text that each key begins with.
    pub prefix: String,
    /// The time for one request, with everything that it needs: to connect, to log in, to write, to read, and to repeat it on a new
    /// connection if the server has closed an idle one. The resolution of a host name is the exception: the standard library cannot interrupt it.
    pub timeout: Duration,
    /// The user, if the address names none.
    pub user: Option<String>,
    /// The password, if the address has none.
    pub password: Option<String>,
    /// A file of certificates (PEM) that sign the server's, in place of the system's. TLS alone reads it.
    pub certificates: Option<PathBuf>,
}

impl RedisOptions {
    /// Options with an address, and no other credentials than its own.
    pub fn new(address: impl Into<String>, prefix: impl Into<String>, timeout: Duration) -> Self {
        let (address, prefix) = (address.into(), prefix.into());
        RedisOptions { address, prefix, timeout, user: None, password: None, certificates: None }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address can have a password in it.
        let mut shown = f.debug_struct("RedisOptions");
        shown.field("prefix", &self.prefix).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
