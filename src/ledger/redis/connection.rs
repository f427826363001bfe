//! A connection to a server, which takes one request at a time.

use super::address::{Address, Place};
use super::deadline::Deadline;
use super::failure::Failure;
use super::replies::Replies;
use super::socket::TimedSocket;
#[cfg(feature = "ledger-redis-tls")]
use super::tls::{Tls, TlsSocket};
use redis::Value;
use std::io::{self, BufReader, Read, Write};

/// The bytes that are read at a time.
const BUFFER: usize = 16 << 10;

/// Opens connections to one server.
pub(super) struct Connector {
    address: Address,
    #[cfg(feature = "ledger-redis-tls")]
    tls: Option<Tls>,
}

/// A connection that is logged in.
pub(super) struct Connection(BufReader<Stream>);

enum Stream {
    Plain(TimedSocket),
    #[cfg(feature = "ledger-redis-tls")]
    Tls(Box<TlsSocket>),
}

impl Connector {
    #[cfg(not(feature = "ledger-redis-tls"))]
    pub(super) fn new(address: Address) -> Self {
        Connector { address }
    }

    #[cfg(feature = "ledger-redis-tls")]
    pub(super) fn new(address: Address, tls: Option<Tls>) -> Self {
        Connector { address, tls }
    }

    /// Opens a connection, and logs in.
    pub(super) fn open(&self, deadline: Deadline) -> Result<Connection, Failure> {
        let socket = TimedSocket::connect(&self.address.place, deadline)?;
        let mut connection = Connection(BufReader::with_capacity(BUFFER, self.stream(socket)?));
        let mut handshake = redis::pipe();
        match (&self.address.user, &self.address.password) {
            (None, None) => {}
            (None, Some(password)) => drop(handshake.cmd("AUTH").arg(password)),
            (Some(user), password) => {
                handshake.cmd("AUTH").arg(user).arg(password.as_deref().unwrap_or_default());
            }
        }
        if self.address.database != 0 {
            handshake.cmd("SELECT").arg(self.address.database);
        }
        let (request, count) = (handshake.get_packed_pipeline(), handshake.len());
        let answers = connection.exchange(&request, count, deadline, Failure::refused_handshake)?;
        match answers.iter().all(|answer| matches!(answer, Value::SimpleString(text) if text == "OK")) {
            true => Ok(connection),
            false => Err(Failure::OTHER_TYPE),
        }
    }

    #[cfg(not(feature = "ledger-redis-tls"))]
    fn stream(&self, socket: TimedSocket) -> Result<Stream, Failure> {
        match self.address.place {
            // An address of TLS is refused before.
            Place::Tcp { is_tls: true, .. } => Err(io::Error::from(io::ErrorKind::Unsupported).into()),
            _ => Ok(Stream::Plain(socket)),
        }
    }

    #[cfg(feature = "ledger-redis-tls")]
    fn stream(&self, socket: TimedSocket) -> Result<Stream, Failure> {
        match (&self.tls, &self.address.place) {
            (Some(tls), _) => Ok(Stream::Tls(Box::new(tls.wrap(socket)?))),
            // Nothing is sent in the clear to a server whose address is of TLS.
            (None, Place::Tcp { is_tls: true, .. }) => {
                Err(io::Error::from(io::ErrorKind::Unsupported).into())
            }
            (None, _) => Ok(Stream::Plain(socket)),
        }
    }
}

impl Connection {
    /// Sends a request of `count` commands, and reads as many replies. After a failure nobody knows what is still to come on the connection.
    pub(super) fn ask(
        &mut self,
        request: &[u8],
        count: usize,
        deadline: Deadline,
    ) -> Result<Vec<Value>, Failure> {
        self.exchange(request, count, deadline, Failure::refused)
    }

    fn exchange(
        &mut self,
        request: &[u8],
        count: usize,
        deadline: Deadline,
        refused: fn(&[u8]) -> Failure,
    ) -> Result<Vec<Value>, Failure> {
        let stream = self.0.get_mut();
        stream.socket().deadline = deadline;
        stream.write_all(request)?;
        stream.flush()?;
        let mut replies = Replies::new(&mut self.0, refused);
        let answers = (0..count).map(|_| replies.next()).collect::<Result<_, _>>()?;
        match self.0.buffer() {
            [] => Ok(answers),
            _ => Err(Failure::Unexpected("there are more replies than questions")),
        }
    }

    /// True if the server has neither closed the idle connection nor sent what nobody asked for.
    pub(super) fn is_quiet(&mut self, deadline: Deadline) -> bool {
        let stream = self.0.get_mut();
        stream.socket().deadline = deadline;
        if stream.socket().set_nonblocking(true).is_err() {
            return false;
        }
        let read = stream.read(&mut [0]);
        let is_quiet = read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        is_quiet && stream.socket().set_nonblocking(false).is_ok()
    }
}

impl Stream {
    fn socket(&mut self) -> &mut TimedSocket {
        match self {
            Stream::Plain(socket) => socket,
            #[cfg(feature = "ledger-redis-tls")]
            Stream::Tls(stream) => &mut stream.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            #[cfg(feature = "ledger-redis-tls")]
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            #[cfg(feature = "ledger-redis-tls")]
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            #[cfg(feature = "ledger-redis-tls")]
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
