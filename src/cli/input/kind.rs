//! The kind of an input, by its first bytes.

/// The kinds of input. Those of the last sort are named in a message with the command that converts them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Plain,
    Gzip,
    Zstd,
    Other(&'static Foreign),
}

/// An archive or an encoding that is not read.
#[derive(Debug, PartialEq)]
pub(super) struct Foreign {
    pub(super) name: &'static str,
    /// The command that converts a file which is named behind it.
    pub(super) from_file: &'static str,
    /// The command that converts what comes through a pipe.
    pub(super) from_pipe: &'static str,
}

const fn foreign(name: &'static str, from_file: &'static str, from_pipe: &'static str) -> Foreign {
    Foreign { name, from_file, from_pipe }
}

const fn same(name: &'static str, command: &'static str) -> Foreign {
    foreign(name, command, command)
}

static XZ: Foreign = same("an xz archive", "xz -dc");
static BZIP2: Foreign = same("a bzip2 archive", "bzip2 -dc");
static LZ4: Foreign = same("an lz4 archive", "lz4 -dc");
static COMPRESS: Foreign = same("an archive of `compress`", "gzip -dc");
static ZIP: Foreign = foreign("a zip archive", "unzip -p", "funzip");
static TAR: Foreign = foreign("a tar archive", "tar -xOf", "tar -xO");
static UTF_16: Foreign = same("UTF-16, and not UTF-8", "iconv -f UTF-16 -t UTF-8");
static UTF_16LE: Foreign = same("UTF-16, and not UTF-8", "iconv -f UTF-16LE -t UTF-8");
static UTF_16BE: Foreign = same("UTF-16, and not UTF-8", "iconv -f UTF-16BE -t UTF-8");
static UTF_32: Foreign = same("UTF-32, and not UTF-8", "iconv -f UTF-32 -t UTF-8");
static UTF_32LE: Foreign = same("UTF-32, and not UTF-8", "iconv -f UTF-32LE -t UTF-8");
static UTF_32BE: Foreign = same("UTF-32, and not UTF-8", "iconv -f UTF-32BE -t UTF-8");
/// These are read, but not inside another archive.
pub(super) static GZIP: Foreign = same("a gzip archive", "gzip -dc");
pub(super) static ZSTD: Foreign = same("a zstd archive", "zstd -dc");

/// First bytes and their kinds. A longer one comes before its own beginning.
static STARTS: [(&[u8], Kind); 13] = [
    (&[0x1F, 0x8B, 8], Kind::Gzip),
    (&[0x28, 0xB5, 0x2F, 0xFD], Kind::Zstd),
    (&[0xFD, b'7', b'z', b'X', b'Z', 0], Kind::Other(&XZ)),
    (b"BZh", Kind::Other(&BZIP2)),
    (&[4, 0x22, 0x4D, 0x18], Kind::Other(&LZ4)),
    (&[0x1F, 0x9D], Kind::Other(&COMPRESS)),
    (b"PK\x03\x04", Kind::Other(&ZIP)),
    (b"PK\x05\x06", Kind::Other(&ZIP)),
    (b"PK\x07\x08", Kind::Other(&ZIP)),
    (&[0xFF, 0xFE, 0, 0], Kind::Other(&UTF_32)),
    (&[0, 0, 0xFE, 0xFF], Kind::Other(&UTF_32)),
    (&[0xFF, 0xFE], Kind::Other(&UTF_16)),
    (&[0xFE, 0xFF], Kind::Other(&UTF_16)),
];

/// The first byte of a skippable frame of zstd may be any from 0x50 to 0x5F.
const SKIPPABLE: [u8; 4] = [0x50, 0x2A, 0x4D, 0x18];

/// The characters that a line of JSON may begin with, or a blank line.
const OPENERS: &[u8] = b"{[\" \t\r\n";

/// The word in the header of a tar archive, and its place: the name of a file comes before it.
const USTAR: (usize, &[u8]) = (257, b"ustar");

/// Returns the kind of an input that starts so; `None` while more bytes are needed to tell. An event needs two, and a line that is none up to 262.
pub(super) fn recognise(start: &[u8]) -> Option<Kind> {
    for (magic, kind) in &STARTS {
        if start.starts_with(magic) {
            return Some(*kind);
        }
        if magic.starts_with(start) {
            return None;
        }
    }
    // Without a byte-order mark every second byte of an event is zero, or three of four.
    let opens = |byte: u8| OPENERS.contains(&byte);
    match *start {
        [first, 0, 0, 0, ..] if opens(first) => return Some(Kind::Other(&UTF_32LE)),
        [0, 0, 0, first, ..] if opens(first) => return Some(Kind::Other(&UTF_32BE)),
        [first, 0, _, 0, ..] if opens(first) => return Some(Kind::Other(&UTF_16LE)),
        [0, first, 0, _, ..] if opens(first) => return Some(Kind::Other(&UTF_16BE)),
        [first] | [first, 0] | [first, 0, _] if opens(first) => return None,
        [0] | [0, 0] | [0, 0, 0] => return None,
        [0, first] | [0, first, 0] if opens(first) => return None,
        _ => {}
    }
    let mut skippable = start.to_vec();
    skippable.iter_mut().take(1).for_each(|first| *first &= 0xF0);
    if skippable.starts_with(&SKIPPABLE) {
        return Some(Kind::Zstd);
    }
    if SKIPPABLE.starts_with(&skippable) {
        return None;
    }
    let (at, word) = USTAR;
    let is_text = start.first().is_some_and(|first| opens(*first)) || start.contains(&b'\n');
    match start.get(at..at + word.len()) {
        _ if is_text => Some(Kind::Plain),
        Some(there) if there == word => Some(Kind::Other(&TAR)),
        Some(_) => Some(Kind::Plain),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        BZIP2, Kind, TAR, UTF_16, UTF_16BE, UTF_16LE, UTF_32, UTF_32BE, UTF_32LE, XZ, ZIP, recognise,
    };

    #[test]
    fn a_kind_is_told_by_as_few_bytes_as_possible() {
        let header = |word: &str| [&b"events.ndjson"[..], &[0; 244], word.as_bytes()].concat();
        for (start, kind) in [
            (&b""[..], None),
            (b"{", None),
            (b"{\"", Some(Kind::Plain)),
            (b"{}", Some(Kind::Plain)),
            (b"\n", None),
            (b"\n{", Some(Kind::Plain)),
            (b" ", None),
            (b"  ", Some(Kind::Plain)),
            (b"[", None),
            (b"[{", Some(Kind::Plain)),
            (b"no", None),
            (b"no\n", Some(Kind::Plain)),
            (b"\x1F", None),
            (b"\x1F\x8B", None),
            (b"\x1F\x8B\x08", Some(Kind::Gzip)),
            (b"\x1F\x8B\x07\n", Some(Kind::Plain)),
            (b"\x28\xB5\x2F", None),
            (b"\x28\xB5\x2F\xFD", Some(Kind::Zstd)),
            (b"\x28\xB5\x2F\xFE\n", Some(Kind::Plain)),
            (b"\x5F\x2A\x4D", None),
            (b"\x5F\x2A\x4D\x18", Some(Kind::Zstd)),
            (b"\x60\x2A\x4D\x18\n", Some(Kind::Plain)),
            (b"\xFF\xFE", None),
            (b"\xFF\xFE{\0", Some(Kind::Other(&UTF_16))),
            (b"\xFE\xFF", Some(Kind::Other(&UTF_16))),
            (b"\xFF\xFE\0\0", Some(Kind::Other(&UTF_32))),
            (b"{\0", None),
            (b"{\0}\0", Some(Kind::Other(&UTF_16LE))),
            (b"\0{\0}", Some(Kind::Other(&UTF_16BE))),
            (b"\n\0{\0", Some(Kind::Other(&UTF_16LE))),
            (b"\0[\0{", Some(Kind::Other(&UTF_16BE))),
            (b"{\0\0", None),
            (b"{\0\0\0", Some(Kind::Other(&UTF_32LE))),
            (b"\0\0\0", None),
            (b"\0\0\0{", Some(Kind::Other(&UTF_32BE))),
            (b"\0\0\0\0\n", Some(Kind::Plain)),
            (b"\0{}\n", Some(Kind::Plain)),
            (b"{\0}\n", Some(Kind::Plain)),
            (b"BZh9", Some(Kind::Other(&BZIP2))),
            (b"PK\x03\x04", Some(Kind::Other(&ZIP))),
            (b"\xFD7zXZ\0", Some(Kind::Other(&XZ))),
            (&header("ustar"), Some(Kind::Other(&TAR))),
            (&header("other"), Some(Kind::Plain)),
            (&header("usta"), None),
        ] {
            assert_eq!(recognise(start), kind, "{start:x?}");
        }
    }
}
