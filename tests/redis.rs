//! Servers that are no good Redis: whatever they do, a request ends by its deadline, with an error, in bounded memory.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use consentry::ledger::{
    Choices, Id, LedgerEntry, RedisStore, Store, StoreError, Timestamp, Write, WriteTime,
};
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_millis(400);

/// A tenth of the timeout, and what a busy machine may take to wake a thread.
const SLACK: Duration = Duration::from_millis(40 + 250);

/// The bytes by which the memory of the process may grow.
const GROWTH: usize = 64 << 20;

/// Starts a server that does something with each connection, and returns its address.
fn serve(each: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, each) = (listener.local_addr().unwrap(), Arc::new(each));
    thread::spawn(move || {
        for client in listener.incoming() {
            let each = Arc::clone(&each);
            thread::spawn(move || each(client.unwrap()));
        }
    });
    address.to_string()
}

/// Starts a server that does something whenever a request comes, until that returns false.
fn answering(answer: impl Fn(&mut TcpStream) -> bool + Send + Sync + 'static) -> String {
    serve(move |mut client| {
        let mut buffer = [0; 1 << 16];
        while let Ok(1..) = client.read(&mut buffer) {
            if !answer(&mut client) {
                return;
            }
        }
    })
}

/// Starts a server that answers every request with the same bytes.
fn always(reply: impl Into<Vec<u8>>) -> String {
    let reply = reply.into();
    answering(move |client| client.write_all(&reply).is_ok())
}

/// Starts a server that begins with some bytes, and repeats others as fast as it can.
fn flooding(first: &'static str, rest: &'static str) -> String {
    answering(move |client| {
        let rest = rest.repeat((1 << 16) / rest.len());
        let mut goes_on = client.write_all(first.as_bytes()).is_ok();
        while goes_on {
            goes_on = client.write_all(rest.as_bytes()).is_ok();
        }
        false
    })
}

/// Starts a server that sends a byte every 50 ms.
fn dripping(first: &'static str, rest: &'static str) -> String {
    answering(move |client| {
        for byte in first.bytes().chain(rest.bytes().cycle()) {
            thread::sleep(Duration::from_millis(50));
            if client.write_all(&[byte]).is_err() {
                break;
            }
        }
        false
    })
}

fn store(address: &str) -> RedisStore {
    RedisStore::new(&format!("redis://{address}"), "x:", TIMEOUT).unwrap()
}

fn user(id: impl Into<String>) -> Id {
    Id::User(id.into())
}

fn entry() -> LedgerEntry {
    let time = WriteTime::Stated(Timestamp::from_microseconds(0));
    let preferences = [("A".into(), true)].into();
    Choices::from(Write { time, preferences, refuses_others: true, version: None }).into()
}

/// Asks in each way, each time with a store of its own, and returns the errors. None may be late.
fn errors(address: &str) -> Vec<StoreError> {
    let ids = [user("p"), user("q")];
    type Question<'q> = &'q dyn Fn(&RedisStore) -> Result<(), StoreError>;
    let questions: [Question<'_>; 4] = [
        &|store| store.get(&ids).map(drop),
        &|store| store.update(&ids, &mut |entries| entries[0] = entry()),
        &|store| store.join(&[(ids[0].clone(), entry())]),
        &|store| store.each(&mut |_, _| true),
    ];
    let ask = |question: Question<'_>| {
        let store = store(address);
        let started = Instant::now();
        let Err(error) = question(&store) else { panic!("an answer that is none") };
        assert!(started.elapsed() < TIMEOUT + SLACK, "{error} after {:?}", started.elapsed());
        error
    };
    questions.into_iter().map(ask).collect()
}

/// The most memory that this process has had, in bytes, if the system tells it.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10)
}

/// The memory of a process counts all tests in it, so this one has a process of its own.
#[test]
fn a_hostile_server_takes_neither_time_nor_memory() {
    const ALONE: &str = "CONSENTRY_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_hostile_server_takes_neither_time_nor_memory"]).env(ALONE, "1");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let before = peak();
    let servers = [
        ("silent", serve(|client| drop((thread::sleep(Duration::from_secs(60)), client)))),
        ("dripping text", dripping("$1000\r\n", "x")),
        ("dripping line", dripping("+", "x")),
        ("dripping values", dripping("*100000\r\n", "$1\r\nx\r\n")),
        ("flood of a text", flooding("$33000000\r\n", "x")),
        ("flood of a text of 2 GB", flooding("$2000000000\r\n", "x")),
        ("flood of a line", flooding("+", "x")),
        ("flood of nulls", flooding("*1000000000\r\n", "$-1\r\n")),
        ("flood of texts", flooding("*1000000000\r\n", "$0\r\n\r\n")),
        ("flood of arrays", flooding("*1000000000\r\n", "*0\r\n")),
        ("flood of line ends", flooding("", "\r\n")),
        ("announced values", always("*4611686018427387904\r\n")),
        ("announced text", always("$9223372036854775807\r\n")),
        ("nested", always("*1\r\n".repeat(100_000))),
        ("nested and wide", flooding("", "*1000000\r\n")),
        ("scanned", flooding("*2\r\n$1\r\n0\r\n*100000000\r\n", "$3\r\nx:a\r\n")),
    ];
    for (name, address) in servers {
        for error in errors(&address) {
            assert!(error.to_string().starts_with("the ledger does not answer: "), "{name}: {error}");
        }
        // The login is a part of the request.
        let store = RedisStore::new(&format!("redis://:hunter2@{address}/1"), "x:", TIMEOUT).unwrap();
        let started = Instant::now();
        let error = store.get(&[user("p")]).unwrap_err().to_string();
        assert!(started.elapsed() < TIMEOUT + SLACK, "{name}: {error} after {:?}", started.elapsed());
        assert!(!error.contains("hunter2"), "{name}: {error}");
        // So is the handshake of TLS. Without it, and where the system trusts nobody, there is no such store.
        let started = Instant::now();
        let secure = RedisStore::new(&format!("rediss://{address}"), "x:", TIMEOUT);
        assert!(secure.and_then(|store| store.get(&[user("p")])).is_err(), "{name}");
        assert!(started.elapsed() < TIMEOUT + SLACK, "{name}: TLS after {:?}", started.elapsed());
        if let (Some(before), Some(after)) = (before, peak()) {
            assert!(after - before < GROWTH, "{name}: {} MiB", (after - before) >> 20);
        }
    }
    // This one does not read either.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let long: Vec<Id> = (0..10).map(|number| user(format!("{number}").repeat(1 << 20))).collect();
    let store = store(&deaf.local_addr().unwrap().to_string());
    let started = Instant::now();
    assert!(store.get(&long).is_err());
    assert!(started.elapsed() < TIMEOUT + SLACK, "{:?}", started.elapsed());
}

#[test]
fn a_reply_of_another_type_is_an_error() {
    for reply in [
        ":1\r\n",
        ":1\r\n:1\r\n",
        "+OK\r\n+OK\r\n",
        "*0\r\n*0\r\n",
        "$1\r\nx\r\n$1\r\nx\r\n",
        "*2\r\n$1\r\n0\r\n:1\r\n",
        "*2\r\n:0\r\n*0\r\n",
        "*3\r\n$1\r\n0\r\n*0\r\n$-1\r\n",
        "*2\r\n$1\r\nx\r\n*0\r\n",
        "*2\r\n$1\r\n0\r\n*1\r\n$1\r\n\u{7f}\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "%1\r\n+a\r\n+b\r\n",
        "_\r\n_\r\n",
        // More replies than questions: nobody knows which are the answers.
        "$-1\r\n$-1\r\n$-1\r\n",
    ] {
        errors(&always(reply));
    }
}

/// A server that hangs up in a reply, after each of its bytes.
#[test]
fn a_part_of_a_reply_is_an_error() {
    let whole = b"$1\r\n1\r\n$-1\r\n$12\r\n{\"s\":true,\"\r\n";
    for end in 0..whole.len() {
        let address = answering(move |client| client.write_all(&whole[..end]).is_err());
        for error in errors(&address) {
            assert!(!error.to_string().contains("within"), "{end}: {error}");
        }
    }
}

#[test]
fn the_errors_of_a_server_are_explained() {
    for (reply, part) in [
        (
            "-READONLY You can't write against a read only replica.",
            "use the address of the primary (READONLY)",
        ),
        ("-OOM command not allowed when used memory > 'maxmemory'.", "raise its `maxmemory` (OOM)"),
        (
            "-LOADING Redis is loading the dataset in memory",
            "still loading its data; try again later (LOADING)",
        ),
        ("-MOVED 3999 127.0.0.1:6381", "is part of a Redis Cluster"),
        ("-CLUSTERDOWN Hash slot not served", "is part of a Redis Cluster"),
        ("-NOAUTH Authentication required.", "requires a password (NOAUTH)"),
        ("-WRONGPASS invalid username-password pair", "does not accept the user name or the password"),
        ("-NOPERM this user has no permissions", "lacks a permission"),
        ("-ERR something", "the server answers `ERR something`"),
    ] {
        for error in errors(&always(format!("{reply}\r\n"))) {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

/// Requests do not wait for each other, and not all of their connections are kept.
#[test]
fn threads_ask_at_the_same_time() {
    let opened = Arc::new(AtomicUsize::new(0));
    let (open, pause) = (Arc::clone(&opened), Duration::from_millis(150));
    let address = serve(move |mut client| {
        open.fetch_add(1, Ordering::SeqCst);
        while let Ok(1..) = client.read(&mut [0; 1 << 10]) {
            thread::sleep(pause);
            client.write_all(b"$1\r\n1\r\n$-1\r\n").unwrap();
        }
        open.fetch_sub(1, Ordering::SeqCst);
    });
    let store = store(&address);
    let started = Instant::now();
    thread::scope(|scope| {
        for number in 0..20 {
            let store = &store;
            scope.spawn(move || store.get(&[user(number.to_string())]).unwrap());
        }
    });
    assert!(started.elapsed() < 2 * pause, "{:?}", started.elapsed());
    thread::sleep(pause);
    assert_eq!(opened.load(Ordering::SeqCst), 8);
    let ids = [user("p")];
    (0..3).for_each(|_| drop(store.get(&ids).unwrap()));
    assert_eq!(opened.load(Ordering::SeqCst), 8);
}

/// A reply that comes too late, or that nobody asked for, answers no other question.
#[test]
fn a_stray_reply_answers_nothing() {
    let address = answering(|client| {
        client.write_all(b"$1\r\n1\r\n$-1\r\n").unwrap();
        thread::sleep(Duration::from_millis(50));
        client.write_all(b"$13\r\n{\"s\":   true}\r\n").is_ok()
    });
    let store = store(&address);
    for _ in 0..3 {
        assert_eq!(store.get(&[user("p")]).unwrap(), [LedgerEntry::default()]);
        thread::sleep(Duration::from_millis(100));
    }
}

/// After a silence nobody waits again for as long.
#[test]
fn a_silent_server_is_not_asked_at_once() {
    let address = serve(|client| drop((thread::sleep(Duration::from_secs(60)), client)));
    let (store, ids) = (store(&address), [user("p")]);
    let ask = || {
        let started = Instant::now();
        let error = store.get(&ids).unwrap_err().to_string();
        (started.elapsed() >= TIMEOUT, error)
    };
    assert_eq!(ask(), (true, "the ledger does not answer: it gave no answer within 400 ms".to_owned()));
    assert_eq!(ask(), (false, "the ledger does not answer: it was silent a moment ago".to_owned()));
    thread::sleep(TIMEOUT);
    assert!(ask().0);
}
