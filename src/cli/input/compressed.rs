//! Archives, recognised by their first bytes.

use super::kind::{Foreign, GZIP, Kind, ZSTD, recognise};
use crate::cli::shared::quoted;
use flate2::bufread::GzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;

type Reader = Box<dyn Read + Send>;

/// Returns the bytes that an archive holds; the bytes themselves if they are none. `window` is the largest window of a zstd frame.
pub(super) fn decompress(reader: Reader, file: Option<&Path>, window: u64) -> io::Result<Reader> {
    let (kind, reader) = start(reader)?;
    let buffered = |reader| BufReader::with_capacity(1 << 16, reader);
    let (archive, reader): (_, Reader) = match kind {
        Kind::Plain => return Ok(reader),
        Kind::Other(kind) => return Err(unread(file, None, kind)),
        Kind::Gzip => (&GZIP, Box::new(Gzip::new(buffered(reader)))),
        Kind::Zstd => (&ZSTD, Box::new(Zstd::new(buffered(reader), window))),
    };
    let (kind, reader) = match start(reader) {
        Ok(inside) => inside,
        // Whoever reads the lines meets the damage.
        Err(error) => return Ok(Box::new(Damaged(Some(error)))),
    };
    match kind {
        Kind::Plain => Ok(reader),
        Kind::Other(kind) => Err(unread(file, Some(archive), kind)),
        Kind::Gzip => Err(unread(file, Some(archive), &GZIP)),
        Kind::Zstd => Err(unread(file, Some(archive), &ZSTD)),
    }
}

/// Returns the kind of an input, and all of its bytes.
fn start(mut reader: Reader) -> io::Result<(Kind, Reader)> {
    let mut start = Vec::new();
    loop {
        if let Some(kind) = recognise(&start) {
            return Ok((kind, Box::new(Cursor::new(start).chain(reader))));
        }
        // One byte at a time, so that a short first line of a slow stream is not kept back.
        if reader.by_ref().take(1).read_to_end(&mut start)? == 0 {
            // At a terminal there might be more behind the end, which is nobody's.
            return Ok((Kind::Plain, Box::new(Cursor::new(start))));
        }
    }
}

/// An archive that is damaged at its start.
struct Damaged(Option<io::Error>);

impl Read for Damaged {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Returns the error of an input that is not read, with the command that converts it.
fn unread(file: Option<&Path>, archive: Option<&Foreign>, kind: &Foreign) -> io::Error {
    let of_file = |kind: &Foreign| match file {
        Some(file) => format!("{} {}", kind.from_file, quoted(&file.display().to_string())),
        None => kind.from_pipe.to_owned(),
    };
    let (within, command) = match archive {
        None => (String::new(), of_file(kind)),
        Some(archive) => {
            (format!(" inside {}", archive.name), format!("{} | {}", of_file(archive), kind.from_pipe))
        }
    };
    io::Error::other(format!("it is {}{within}; convert it first: `{command} | consentry ...`", kind.name))
}

/// Any number of gzip members, one behind the other, and zero bytes after them, which tapes and blocks of storage add.
struct Gzip<R> {
    /// The member that is being read; `None` at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gzip<R> {
    fn new(source: R) -> Self {
        Gzip { member: Some(GzDecoder::new(source)) }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            let source = member.get_mut();
            if source.fill_buf()?.first() == Some(&0) {
                skip_padding(source)?;
            }
            let is_more = !source.fill_buf()?.is_empty();
            self.member =
                self.member.take().filter(|_| is_more).map(|member| GzDecoder::new(member.into_inner()));
        }
        Ok(0)
    }
}

/// Skips zero bytes, behind which nothing may follow.
fn skip_padding(source: &mut impl BufRead) -> io::Result<()> {
    loop {
        let padding = source.fill_buf()?;
        let length = padding.len();
        if length == 0 {
            return Ok(());
        }
        if padding.iter().any(|byte| *byte != 0) {
            return Err(io::Error::other("damaged gzip archive: other bytes follow its padding"));
        }
        source.consume(length);
    }
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
    fn new(source: R, window: u64) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(window);
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
                "the zstd archive needs a window of {requested} bytes, and at most {max} are held in memory; allow it with `--zstd-window {}`",
                size(requested)
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

/// Returns a size as `--zstd-window` takes it, which may be a little larger.
fn size(bytes: u64) -> String {
    format!("{}M", bytes.div_ceil(1 << 20))
}
