//! Archives, recognised by their first bytes.

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

/// The largest window of a zstd frame that is held in memory: what RFC 8878 asks every reader to support.
const MAX_WINDOW: u64 = 8 << 20;

const GZIP: [u8; 3] = [0x1F, 0x8B, 8];
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// The first byte of a skippable frame may be any from 0x50 to 0x5F.
const SKIPPABLE: [u8; 4] = [0x50, 0x2A, 0x4D, 0x18];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Gzip,
    Zstd,
}

/// The bytes that an archive holds; the bytes themselves if they are none.
pub(super) fn decompress(mut reader: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut start = Vec::with_capacity(ZSTD.len());
    let kind = loop {
        if let Some(kind) = recognise(&start) {
            break kind;
        }
        // One byte at a time, so that a short first line of a slow stream is not kept back.
        if reader.by_ref().take(1).read_to_end(&mut start)? == 0 {
            // At a terminal there might be more behind the end, which is nobody's.
            return Ok(Box::new(Cursor::new(start)));
        }
    };
    let whole = Cursor::new(start).chain(reader);
    Ok(match kind {
        Kind::Plain => Box::new(whole),
        Kind::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole))),
        Kind::Zstd => Box::new(Zstd::new(BufReader::with_capacity(1 << 16, whole))),
    })
}

/// `None` while more bytes are needed to tell.
fn recognise(start: &[u8]) -> Option<Kind> {
    let mut skippable = start.to_vec();
    skippable.iter_mut().take(1).for_each(|first| *first &= 0xF0);
    for (magic, start, kind) in
        [(&GZIP[..], start, Kind::Gzip), (&ZSTD, start, Kind::Zstd), (&SKIPPABLE, &skippable, Kind::Zstd)]
    {
        if start.starts_with(magic) {
            return Some(kind);
        }
        if magic.starts_with(start) {
            return None;
        }
    }
    Some(Kind::Plain)
}

/// Any number of zstd frames, one behind the other.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
    /// How many bytes of the frame were given out.
    given: u64,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Zstd { source, decoder, in_frame: false, given: 0 }
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        match self.decoder.reset(&mut self.source) {
            Ok(()) => {
                (self.in_frame, self.given) = (true, 0);
                Ok(())
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let skipped = io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                if skipped == u64::from(length) { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
            }
            Err(FrameDecoderError::WindowSizeTooBig { requested, max }) => Err(io::Error::other(format!(
                "the zstd archive asks for a window of {requested} bytes, and at most {max} are held in memory"
            ))),
            Err(error) => Err(damaged(error)),
        }
    }

    fn end_frame(&mut self) -> io::Result<()> {
        self.in_frame = false;
        let stored = self.decoder.get_checksum_from_data();
        if stored.is_some() && stored != self.decoder.get_calculated_checksum() {
            return Err(io::Error::other("damaged zstd archive: the checksum differs"));
        }
        // Of a frame that does not say its size it is 0.
        let declared = self.decoder.content_size();
        if declared != 0 && declared != self.given {
            return Err(io::Error::other(format!(
                "damaged zstd archive: a frame of {declared} bytes has {}",
                self.given
            )));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.in_frame && self.decoder.can_collect() > 0 {
                let read = self.decoder.read(into)?;
                self.given += read as u64;
                return Ok(read);
            }
            if self.in_frame && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(damaged)?;
            } else if self.in_frame {
                self.end_frame()?;
            } else if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            } else {
                self.begin_frame()?;
            }
        }
    }
}

fn damaged(error: FrameDecoderError) -> io::Error {
    io::Error::other(format!("damaged zstd archive: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Kind, recognise};

    #[test]
    fn a_kind_is_told_by_as_few_bytes_as_possible() {
        for (start, kind) in [
            (&b""[..], None),
            (b"{", Some(Kind::Plain)),
            (b"\n", Some(Kind::Plain)),
            (b"\x1F", None),
            (b"\x1F\x8B", None),
            (b"\x1F\x8B\x08", Some(Kind::Gzip)),
            (b"\x1F\x8B\x07", Some(Kind::Plain)),
            (b"\x28\xB5\x2F", None),
            (b"\x28\xB5\x2F\xFD", Some(Kind::Zstd)),
            (b"\x28\xB5\x2F\xFE", Some(Kind::Plain)),
            (b"\x5F\x2A\x4D", None),
            (b"\x5F\x2A\x4D\x18", Some(Kind::Zstd)),
            (b"\x60\x2A\x4D\x18", Some(Kind::Plain)),
        ] {
            assert_eq!(recognise(start), kind, "{start:x?}");
        }
    }
}
