//! A socket whose every read and write ends by the deadline of the request.

use super::address::Place;
use super::deadline::Deadline;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// A socket and the deadline of its present request. A server that sends a byte now and then gains no time by it.
#[derive(Debug)]
pub(super) struct TimedSocket {
    socket: Socket,
    pub(super) deadline: Deadline,
}

impl TimedSocket {
    /// Connects to a server, on any of its addresses.
    ///
    /// The standard library cannot interrupt two steps: the resolution of a host name, and the connection to a unix socket whose queue is full.
    pub(super) fn connect(place: &Place, deadline: Deadline) -> io::Result<Self> {
        let socket = match place {
            Place::Tcp { host, port, .. } => Socket::Tcp(connect_to_any(host, *port, deadline)?),
            #[cfg(unix)]
            Place::Unix(path) => Socket::Unix(UnixStream::connect(path)?),
            #[cfg(not(unix))]
            Place::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(TimedSocket { socket, deadline })
    }

    /// Makes reads return at once, or wait for the deadline again.
    pub(super) fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        match &self.socket {
            Socket::Tcp(socket) => socket.set_nonblocking(is_nonblocking),
            #[cfg(unix)]
            Socket::Unix(socket) => socket.set_nonblocking(is_nonblocking),
        }
    }
}

/// Connects to the first address that answers. Each address gets its share of the time that is left.
fn connect_to_any(host: &str, port: u16, deadline: Deadline) -> io::Result<TcpStream> {
    let addresses: Vec<_> = (host, port).to_socket_addrs()?.collect();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for (at, address) in addresses.iter().enumerate() {
        let others = u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
        let share = (deadline.left()? / others).max(Duration::from_millis(1));
        match TcpStream::connect_timeout(address, share) {
            Ok(socket) => {
                // A request is one write, and its answer is waited for.
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

impl Read for TimedSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = Some(self.deadline.left()?);
        match &mut self.socket {
            Socket::Tcp(socket) => {
                socket.set_read_timeout(left)?;
                socket.read(buffer)
            }
            #[cfg(unix)]
            Socket::Unix(socket) => {
                socket.set_read_timeout(left)?;
                socket.read(buffer)
            }
        }
    }
}

impl Write for TimedSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = Some(self.deadline.left()?);
        match &mut self.socket {
            Socket::Tcp(socket) => {
                socket.set_write_timeout(left)?;
                socket.write(bytes)
            }
            #[cfg(unix)]
            Socket::Unix(socket) => {
                socket.set_write_timeout(left)?;
                socket.write(bytes)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
