//! A reader of replies whose memory is bounded.
//!
//! The parser of the `redis` crate bounds the nesting alone. A value takes some twenty times its bytes there (16 million nulls in 48 MB took
//! 920 MB and many seconds), and the buffer keeps a second copy. This reader counts values and bytes against one limit before it allocates.

use super::failure::Failure;
use redis::Value;
use std::io::{self, BufRead, Read};

/// The bytes that the replies of one request may take in memory.
pub(super) const LIMIT: usize = 32 << 20;

/// The bytes of a line: a number, a status or an error.
const LINE: usize = 4 << 10;

/// The depth of arrays. `SCAN` answers with an array in an array.
const DEPTH: usize = 4;

/// The bytes or values that are allocated before any of them has come.
const AHEAD: usize = 1 << 10;

/// The bytes of a value in memory without its text: the value, twice since an array that grows is copied, and what the allocation of the text adds.
const VALUE: usize = 2 * size_of::<Value>() + 32;

/// Reads the replies of one request.
pub(super) struct Replies<R> {
    from: R,
    left: usize,
    refused: fn(&[u8]) -> Failure,
}

impl<R: BufRead> Replies<R> {
    /// Reads from a connection; `refused` turns error replies into failures.
    pub(super) fn new(from: R, refused: fn(&[u8]) -> Failure) -> Self {
        Replies { from, left: LIMIT, refused }
    }

    /// Reads the next reply. An error reply is a failure, also inside an array.
    pub(super) fn next(&mut self) -> Result<Value, Failure> {
        self.value(DEPTH)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Failure> {
        self.spend(VALUE)?;
        let line = self.line()?;
        let (kind, rest) = line.split_first().ok_or(Failure::Unexpected("a line of the reply is empty"))?;
        match kind {
            b'+' => Ok(Value::SimpleString(String::from_utf8_lossy(rest).into_owned())),
            b'-' => Err((self.refused)(rest)),
            b':' => Ok(Value::Int(number(rest)?)),
            b'$' | b'*' if rest == b"-1" => Ok(Value::Nil),
            b'$' => self.text(length(rest)?),
            b'*' => self.array(length(rest)?, depth),
            _ => Err(Failure::Unexpected("the reply is not of the protocol")),
        }
    }

    fn text(&mut self, length: usize) -> Result<Value, Failure> {
        self.spend(length)?;
        let mut text = Vec::new();
        while text.len() < length {
            let read = text.len();
            text.resize(length.min(read + read.max(AHEAD)), 0);
            self.from.read_exact(text.get_mut(read..).unwrap_or_default())?;
        }
        let mut end = [0; 2];
        self.from.read_exact(&mut end)?;
        match &end == b"\r\n" {
            true => Ok(Value::BulkString(text)),
            false => Err(Failure::Unexpected("a text of the reply has another length")),
        }
    }

    fn array(&mut self, length: usize, depth: usize) -> Result<Value, Failure> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Failure::Unexpected("the reply is nested too deeply"));
        };
        let mut values = Vec::with_capacity(length.min(AHEAD));
        for _ in 0..length {
            values.push(self.value(depth)?);
        }
        Ok(Value::Array(values))
    }

    /// Reads a line without its end.
    fn line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut line = Vec::new();
        self.from.by_ref().take(LINE as u64).read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Err(match line.len() {
                LINE.. => Failure::Unexpected("a line of the reply is too long"),
                _ => io::Error::from(io::ErrorKind::UnexpectedEof).into(),
            });
        }
        let line = line.strip_suffix(b"\r\n").ok_or(Failure::Unexpected("a line of the reply has no end"))?;
        self.spend(line.len())?;
        Ok(line.to_vec())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Failure> {
        self.left = self.left.checked_sub(bytes).ok_or(Failure::TooLarge)?;
        Ok(())
    }
}

fn number(text: &[u8]) -> Result<i64, Failure> {
    let number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or(Failure::Unexpected("a number of the reply is none"))
}

fn length(text: &[u8]) -> Result<usize, Failure> {
    usize::try_from(number(text)?).map_err(|_| Failure::Unexpected("a length of the reply is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Value, Failure> {
        Replies::new(bytes, Failure::refused).next()
    }

    #[test]
    fn replies_are_read() {
        let text = |text: &str| Value::BulkString(text.into());
        assert_eq!(read(b"$2\r\n\r\n\r\n").unwrap(), text("\r\n"));
        assert_eq!(read(b"+OK\r\n").unwrap(), Value::SimpleString("OK".into()));
        assert_eq!(read(b"$-1\r\n").unwrap(), Value::Nil);
        let scanned = b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n:-7\r\n";
        let keys = Value::Array(vec![text("a"), Value::Int(-7)]);
        assert_eq!(read(scanned).unwrap(), Value::Array(vec![text("0"), keys]));
        for end in 0..scanned.len() {
            assert!(read(&scanned[..end]).unwrap_err().is_closed(), "{end}");
        }
    }

    /// Nothing is allocated because a server announces it.
    #[test]
    fn replies_are_bounded() {
        for large in ["$2000000000\r\n", "$33554432\r\n"] {
            assert!(matches!(read(large.as_bytes()), Err(Failure::TooLarge)), "{large}");
        }
        let nulls = [&b"*999999999\r\n"[..], &b"$-1\r\n".repeat(300_000)].concat();
        assert!(matches!(read(&nulls), Err(Failure::TooLarge)));
        assert!(read(b"*999999999999\r\n").unwrap_err().is_closed());
        let wrong: [&[u8]; 8] = [
            b"\r\n",
            b"?\r\n",
            b":x\r\n",
            b"$-2\r\n",
            b"$1\r\nabc\r\n",
            b"$1\n",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
            b"+\n",
        ];
        for wrong in wrong {
            assert!(matches!(read(wrong), Err(Failure::Unexpected(_))), "{wrong:?}");
        }
        assert!(matches!(read(&[b'+'; 10_000]), Err(Failure::Unexpected(_))));
        assert!(matches!(read(b"*1\r\n-NOSCRIPT no\r\n"), Err(Failure::NoScript)));
    }
}
