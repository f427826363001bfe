//! Addresses and credentials of a ledger in Redis, through the command: none of them is shown.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[allow(dead_code, reason = "every run has variables")]
mod common;
#[path = "common/redis_server.rs"]
#[allow(dead_code, reason = "not every test denies skips")]
mod redis_server;

use redis_server::Server;
use std::fs;

const EVENT: &str = r#"{"type":"track","event":"Segment Consent Preference Updated","userId":"u","timestamp":"2026-10-01T00:00:00Z","context":{"consent":{"categoryPreferences":{"A":true}}}}"#;

/// Every password in these tests has this part.
const SECRET: &str = "hunter2";

/// Runs the command with some variables; returns its status, and what it reports.
fn told(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = common::command(arguments);
    command.env_remove("CONSENTRY_LEDGER_PASSWORD").env_remove("CONSENTRY_LEDGER_USER");
    command.envs(variables.iter().copied());
    let output = common::run_command(&mut command, format!("{EVENT}\n").as_bytes());
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(!told.contains(SECRET), "{told}");
    (output.status.code().unwrap(), told)
}

/// Records an event.
fn ingest(address: &str, options: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    told(&[&["ledger", "ingest", address, "-"], options].concat(), variables)
}

fn assert_ingested(address: &str, options: &[&str], variables: &[(&str, &str)]) {
    let (status, text) = ingest(address, options, variables);
    assert_eq!(status, 0, "{address}: {text}");
    let shown = told(&[&["ledger", "show", address, "user:u"], options].concat(), variables);
    assert_eq!(shown.0, 0, "{address}: {}", shown.1);
}

fn assert_refused(address: &str, options: &[&str], variables: &[(&str, &str)], part: &str) {
    let (status, text) = ingest(address, options, variables);
    assert!(status == 2 && text.contains(part), "{address}: {status} {text}");
}

#[test]
fn credentials_come_from_a_file_a_variable_or_the_address() {
    let password = "hunter2:@/#%é";
    let encoded = "hunter2%3A%40%2F%23%25%C3%A9";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password").to_str().unwrap().to_owned();
    let other = folder.path().join("other").to_str().unwrap().to_owned();
    fs::write(&file, format!("{password}\r\nsecond line\n")).unwrap();
    fs::write(&other, "hunter2\n").unwrap();
    let Some(server) = Server::start_with("--port", &["--requirepass", password], folder) else { return };
    let at = |user: &str| format!("redis://{user}127.0.0.1:{}/2", server.port);
    let (plain, full) = (at(""), at(&format!(":{encoded}@")));
    let (variable, from_file) = (("CONSENTRY_LEDGER_PASSWORD", password), ["--ledger-password-file", &file]);
    assert_refused(&plain, &[], &[], "the server requires a password (NOAUTH)");
    assert_ingested(&plain, &[], &[variable]);
    assert_ingested(&plain, &from_file, &[]);
    assert_ingested(&full, &[], &[]);
    assert_ingested(&full.to_uppercase().replace("HUNTER2", "hunter2"), &from_file, &[variable]);
    let wrong = ("CONSENTRY_LEDGER_PASSWORD", "hunter2");
    assert_refused(&plain, &[], &[wrong], "does not accept the user name or the password (WRONGPASS)");
    assert_refused(&plain, &from_file, &[wrong], "different passwords; give one");
    assert_refused(&full, &[], &[wrong], "different passwords; give one");
    assert_refused(&full, &["--ledger-password-file", &other], &[], "different passwords; give one");
    assert_refused(&plain, &["--ledger-password-file", "no such file"], &[], "cannot read `no such file`");
    fs::write(&other, "\nhunter2\n").unwrap();
    assert_refused(&plain, &["--ledger-password-file", &other], &[], "the first line of");
    // A user of their own, who may use these keys alone.
    let mut admin = redis::Client::open(full.as_str()).unwrap().get_connection().unwrap();
    let rules = ["SETUSER", "al:ice", "on", ">hunter2a", "~consentry:*"];
    let commands = [
        "+get", "+set", "+del", "+hget", "+hmget", "+hsetnx", "+hincrby", "+scan", "+eval", "+evalsha",
        "+select",
    ];
    redis::cmd("ACL").arg(&rules).arg(&commands).exec(&mut admin).unwrap();
    let theirs = ("CONSENTRY_LEDGER_PASSWORD", "hunter2a");
    assert_ingested(&at("al%3Aice@"), &[], &[theirs]);
    assert_ingested(&at("al%3Aice:hunter2a@"), &[], &[]);
    assert_ingested(&plain, &[], &[theirs, ("CONSENTRY_LEDGER_USER", "al:ice")]);
    assert_refused(
        &at("al%3Aice@"),
        &[],
        &[theirs, ("CONSENTRY_LEDGER_USER", "bob")],
        "different user names",
    );
    assert_refused(&at("al%3Aice@"), &["--ledger-prefix", "x:"], &[theirs], "lacks a permission");
    redis::cmd("ACL").arg(&["SETUSER", "al:ice", "-select"]).exec(&mut admin).unwrap();
    assert_refused(&at("al%3Aice@"), &[], &[theirs], "lacks a permission");
    // An empty variable is none.
    assert_refused(&plain, &[], &[("CONSENTRY_LEDGER_PASSWORD", "")], "NOAUTH");
    let (status, text) = told(&["ledger", "show", &format!("{}x", at("")), "user:u"], &[]);
    assert!(status == 2 && text.contains("the address is invalid"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket").to_str().unwrap().to_owned();
    let options = ["--unixsocket", &path, "--requirepass", "hunter2"];
    let Some(_server) = Server::start_with("--port", &options, folder) else { return };
    let variable = ("CONSENTRY_LEDGER_PASSWORD", "hunter2");
    assert_ingested(&format!("redis+unix://{path}?db=1"), &[], &[variable]);
    assert_ingested(&format!("UNIX://{path}?pass=hunter2"), &[], &[]);
    assert_refused(&format!("unix://{path}"), &[], &[], "NOAUTH");
    assert_refused("unix:///no/such/socket", &[], &[], "No such file");
}

#[test]
fn an_address_that_is_not_supported_has_its_own_error() {
    for (address, part) in [
        (
            "redis-sentinel://:hunter2@h:1/m",
            "Sentinel is not supported; give the address of one server, the primary",
        ),
        ("REDISS+SENTINEL://h/m", "Sentinel is not supported"),
        ("redis-cluster://h:1", "Redis Cluster is not supported"),
        ("Redis:h:1", "a ledger in Redis is `redis://HOST:PORT/DB`"),
        ("http://:hunter2@h", "a ledger is a file or `redis://HOST:PORT/DB`, and no `http://`"),
        ("redis://:hunter2#@h", "the address is invalid"),
        ("redis://h/#hunter2", "an address has no `#`"),
    ] {
        let part = if address.contains("#@") { "an address has no `#`" } else { part };
        assert_refused(address, &[], &[], part);
    }
    let is_tls = cfg!(feature = "ledger-redis-tls");
    let part = if is_tls { "Connection refused" } else { "build with `--features cli,ledger-redis-tls`" };
    for scheme in ["rediss", "REDISS", "valkeys"] {
        assert_refused(&format!("{scheme}://:hunter2@127.0.0.1:1"), &[], &[], part);
    }
    assert_refused(
        "redis://127.0.0.1:1",
        &["--ledger-ca", "ca.pem"],
        &[],
        "begin the address with `rediss://`",
    );
}

/// The certificates of a test: of an authority, of a server that it has signed, and of a stranger.
#[cfg(feature = "ledger-redis-tls")]
fn certificates(folder: &std::path::Path) {
    let openssl = |line: &str| {
        let mut command = std::process::Command::new("openssl");
        let output = command.args(line.split(' ')).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    for (name, subject) in [("ca", "/CN=ca"), ("stranger", "/CN=stranger")] {
        openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj {subject} -keyout {name}.key -out {name}.pem"
        ));
    }
    openssl("req -newkey rsa:2048 -nodes -subj /CN=server -keyout server.key -out server.csr");
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
}

/// TLS to a Redis: it is trusted by its authority and its name, and nothing is sent in the clear.
#[cfg(feature = "ledger-redis-tls")]
#[test]
fn tls_trusts_an_authority() {
    let is_there = |program: &str| std::process::Command::new(program).arg("version").output().is_ok();
    if !is_there("openssl") {
        return redis_server::skip("there is no `openssl`");
    }
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (ca, stranger) = (path("ca.pem"), path("stranger.pem"));
    let options = [
        "--port",
        "0",
        "--tls-cert-file",
        "server.pem",
        "--tls-key-file",
        "server.key",
        "--tls-ca-cert-file",
        "ca.pem",
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "hunter2",
    ];
    let (ca_option, stranger_option) = (["--ledger-ca", &ca], ["--ledger-ca", &stranger]);
    let Some(server) = Server::start_with("--tls-port", &options, folder) else { return };
    let variable = [("CONSENTRY_LEDGER_PASSWORD", "hunter2")];
    let address = format!("Rediss://localhost:{}/1", server.port);
    assert_ingested(&address, &ca_option, &variable);
    assert_refused(&address, &ca_option, &[], "NOAUTH");
    assert_refused(&address, &stranger_option, &variable, "certificate");
    // The system does not know the authority, unless a variable names it.
    assert_refused(&address, &[], &variable, "certificate");
    assert_ingested(&address, &[], &[variable[0], ("SSL_CERT_FILE", &ca)]);
    // The certificate has another name.
    let number = format!("rediss://127.0.0.1:{}", server.port);
    assert_refused(&number, &ca_option, &variable, "certificate");
    assert_refused(&number.replace("rediss", "redis"), &[], &variable, "the ledger does not answer");
    let file = ["--ledger-ca", "Cargo.toml"];
    assert_refused(
        &format!("rediss://127.0.0.1:{}", server.port),
        &file,
        &variable,
        "is no file of certificates",
    );
}
