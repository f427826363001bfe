//! Addresses of servers, and who asks them.

use super::options::RedisOptions;
use crate::ledger::error::StoreError;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use std::path::PathBuf;

/// The place of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Tcp { host: String, port: u16, is_tls: bool },
    Unix(PathBuf),
}

/// A server, a database of it, and the credentials to open a connection with.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) place: Place,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: i64,
}

impl Address {
    /// Reads the address of some options, and adds their credentials. No error shows a part of the address, which can have a password in it.
    pub(super) fn of(options: &RedisOptions) -> Result<Self, StoreError> {
        let (scheme, rest) =
            options.address.split_once("://").ok_or_else(|| unsupported("an address without `://`"))?;
        let scheme = scheme.to_ascii_lowercase();
        let (base, is_tls) = match scheme.as_str() {
            "redis" | "valkey" => ("redis", false),
            "rediss" | "valkeys" => ("redis", true),
            "unix" | "redis+unix" | "valkey+unix" => ("redis+unix", false),
            scheme if scheme.contains("sentinel") => return Err(unsupported("Sentinel")),
            scheme if scheme.contains("cluster") => return Err(unsupported("Redis Cluster")),
            _ => return Err(unsupported("this scheme")),
        };
        if is_tls && !cfg!(feature = "ledger-redis-tls") {
            return Err(StoreError::new(
                "this build has no TLS; build with `--features cli,ledger-redis-tls`",
            ));
        }
        if rest.contains('#') {
            return Err(StoreError::new("an address has no `#`; write `%23` for one in a password"));
        }
        if options.certificates.is_some() && !is_tls {
            return Err(StoreError::new("certificates are for TLS: begin the address with `rediss://`"));
        }
        let info = format!("{base}://{rest}").into_connection_info();
        let info =
            info.map_err(|error| StoreError::new(format!("the address is invalid: {}", error.category())))?;
        Address::with_credentials(&info, is_tls, options)
    }

    fn with_credentials(
        info: &ConnectionInfo,
        is_tls: bool,
        options: &RedisOptions,
    ) -> Result<Self, StoreError> {
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Place::Tcp { host: host.clone(), port: *port, is_tls },
            ConnectionAddr::Unix(path) => Place::Unix(path.clone()),
            _ => return Err(unsupported("this address")),
        };
        let settings = info.redis_settings();
        Ok(Address {
            place,
            user: one_of("user names", settings.username(), options.user.as_deref())?,
            password: one_of("passwords", settings.password(), options.password.as_deref())?,
            database: settings.db(),
        })
    }
}

/// Returns what the address or the options give, if they agree.
fn one_of(what: &str, address: Option<&str>, option: Option<&str>) -> Result<Option<String>, StoreError> {
    match (address, option) {
        (Some(one), Some(other)) if one != other => {
            Err(StoreError::new(format!("the address and the options give different {what}; give one")))
        }
        (one, other) => Ok(one.or(other).map(str::to_owned)),
    }
}

fn unsupported(what: &str) -> StoreError {
    StoreError::new(format!(
        "{what} is not supported; give the address of one server, the primary: `redis://HOST:PORT/DB`, `rediss://HOST:PORT/DB` or `redis+unix:///PATH`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn options(address: &str) -> RedisOptions {
        RedisOptions::new(address, "x:", Duration::from_secs(1))
    }

    fn read(address: &str) -> Result<Address, StoreError> {
        Address::of(&options(address))
    }

    #[test]
    fn addresses_are_read() {
        let tcp = |host: &str, port| Place::Tcp { host: host.into(), port, is_tls: false };
        let one = read("REDIS://us%40er:p%3A%40ss@example.com:7000/3").unwrap();
        assert_eq!((one.place, one.database), (tcp("example.com", 7000), 3));
        assert_eq!((one.user.as_deref(), one.password.as_deref()), (Some("us@er"), Some("p:@ss")));
        assert_eq!(read("redis://[::1]").unwrap().place, tcp("::1", 6379));
        for scheme in ["unix", "Redis+Unix"] {
            let one = read(&format!("{scheme}:///run/r.sock?db=2&user=u&pass=p")).unwrap();
            assert_eq!((one.place, one.database), (Place::Unix("/run/r.sock".into()), 2));
            assert_eq!((one.user.as_deref(), one.password.as_deref()), (Some("u"), Some("p")));
        }
    }

    #[test]
    fn each_address_has_its_own_error() {
        let told = |address: &str| read(address).err().unwrap().to_string();
        for address in [
            "redis-sentinel://h:1/m",
            "rediss-sentinel://h/m",
            "redis+sentinel://h/m",
            "REDISS+SENTINEL://h/m",
        ] {
            let told = told(address);
            assert!(told.contains("Sentinel is not supported") && told.contains("the primary"), "{told}");
        }
        assert!(told("Redis-Cluster://h:1").contains("Redis Cluster is not supported"));
        assert!(told("http://h").contains("this scheme is not supported"));
        for address in
            ["redis://:hunter2", "redis://h:hunter2/x", "redis://:hunter2@h/hunter2", "redis://:hunter2#@h"]
        {
            let told = told(address);
            assert!(!told.contains("hunter2"), "{told}");
        }
        let is_tls = cfg!(feature = "ledger-redis-tls");
        assert_eq!(read("Rediss://h").is_ok(), is_tls);
        assert!(is_tls || told("rediss://h").contains("`--features cli,ledger-redis-tls`"));
    }

    #[test]
    fn credentials_agree() {
        let mut given = options("redis://u:p@h");
        (given.user, given.password) = (Some("u".into()), Some("p".into()));
        assert!(Address::of(&given).is_ok());
        given.password = Some("hunter2".into());
        let told = Address::of(&given).err().unwrap().to_string();
        assert!(told.contains("different passwords") && !told.contains("hunter2"), "{told}");
        given.address = "redis://u@h".into();
        assert_eq!(Address::of(&given).unwrap().password.as_deref(), Some("hunter2"));
        given.certificates = Some("ca.pem".into());
        assert!(Address::of(&given).is_err());
    }
}
