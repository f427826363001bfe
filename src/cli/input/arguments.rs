//! The arguments about what is read.

use super::Chunks;
use crate::cli::shared::Result;
use std::path::PathBuf;

/// The limits of archives.
#[derive(clap::Args)]
pub(crate) struct ArchiveArguments {
    /// The largest window of a zstd archive, in bytes or as 128M or 1G; `zstd --long` and `--ultra` need more than the default. So much
    /// memory may be used [default: 8M].
    #[arg(long, value_name = "SIZE", value_parser = size)]
    zstd_window: Option<u64>,
}

impl ArchiveArguments {
    /// Returns the largest window.
    pub(super) fn zstd_window(&self) -> u64 {
        self.zstd_window.unwrap_or(8 << 20)
    }

    /// Returns an error if there is a limit of archives where nothing is read that may be one; `needed` names that.
    pub(crate) fn ensure_unused(&self, needed: &str) -> Result<()> {
        match self.zstd_window {
            None => Ok(()),
            Some(_) => Err(format!(
                "--zstd-window is for events that are read: name some with {needed}, or leave it out"
            )
            .into()),
        }
    }
}

/// The events that a command reads.
#[derive(clap::Args)]
pub(crate) struct EventsArguments {
    /// The events, one a line [default: standard input].
    pub(crate) events: Option<PathBuf>,
    #[command(flatten)]
    archives: ArchiveArguments,
}

impl EventsArguments {
    /// Opens the events.
    pub(crate) fn open(&self) -> Result<Chunks> {
        Chunks::open(self.events.as_deref(), &self.archives)
    }
}

/// Reads a size: a number of bytes, or one with a unit.
fn size(text: &str) -> Result<u64, &'static str> {
    let number = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let unit = text.get(number.len()..).unwrap_or_default().to_ascii_uppercase();
    let shift = match unit.as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        _ => return Err("write a number of bytes, or one with K, M or G behind it"),
    };
    let number: u64 =
        number.parse().map_err(|_| "write a number of bytes, or one with K, M or G behind it")?;
    number.checked_mul(1 << shift).filter(|size| *size > 0).ok_or("the size is too large, or nothing")
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in
            [("128M", 128 << 20), ("128mib", 128 << 20), ("2G", 2 << 30), ("8192", 8192), ("64K", 1 << 16)]
        {
            assert_eq!(size(text), Ok(bytes));
        }
        for text in ["", "M", "-1", "1.5G", "1T", "99999999999G", "0", "1 M"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
