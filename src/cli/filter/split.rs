//! A file for each destination.

use super::output_file::OutputFile;
use crate::cli::shared::{CliError, Result};
use consentry::Policy;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

/// How many files are open at once. Systems allow a process 256 and more.
const MAX_OPEN: usize = 128;

/// The longest name before its ending; systems allow 255 bytes, some of them less.
const MAX_NAME: usize = 120;

/// Names that some systems give to devices, whatever ending follows.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// Files that lines are appended to, by the numbers of the destinations.
pub(super) struct Split {
    folder: PathBuf,
    pub(super) paths: Vec<PathBuf>,
    /// The files that are open, the one used last at the end.
    open: Vec<(usize, OutputFile)>,
}

impl Split {
    /// Names a file for every destination of the policy. They do not exist before [`Split::create`].
    pub(super) fn new(folder: &Path, policy: &Policy) -> Result<Self> {
        let destinations = policy.destinations();
        let paths: Vec<PathBuf> = destinations.iter().map(|one| folder.join(file_name(one.name()))).collect();
        let mut known = BTreeMap::new();
        for (path, destination) in paths.iter().zip(destinations) {
            if let Some(other) = known.insert(path, destination.name()) {
                let (one, path) = (destination.name(), path.display());
                return Err(format!("`{other}` and `{one}` would share the file `{path}`").into());
            }
        }
        Ok(Split { folder: folder.to_owned(), paths, open: Vec::new() })
    }

    /// Creates the files, all of them empty.
    pub(super) fn create(&self, force: bool) -> Result<()> {
        fs::create_dir_all(&self.folder).map_err(CliError::output(&self.folder))?;
        for path in &self.paths {
            // Nobody has named what is behind a link, so the link gives way to a file, and what it led to stays.
            if force && path.symlink_metadata().is_ok_and(|there| there.is_symlink()) {
                fs::remove_file(path).map_err(CliError::output(path))?;
            }
            OutputFile::create(path, force)?;
        }
        Ok(())
    }

    /// Appends whole lines to the file of a destination.
    pub(super) fn append(&mut self, destination: usize, bytes: &[u8]) -> Result<()> {
        let Some(path) = self.paths.get(destination) else { return Ok(()) };
        let mut file = match self.open.iter().rposition(|(other, _)| *other == destination) {
            Some(at) => self.open.remove(at).1,
            None => {
                if self.open.len() >= MAX_OPEN {
                    self.open.remove(0);
                }
                OutputFile::open(path, OpenOptions::new().append(true))?
            }
        };
        file.append(bytes, true)?;
        self.open.push((destination, file));
        Ok(())
    }
}

/// The name of a destination's file, another one for each name on every file system.
///
/// Small letters, digits, `-` and `_` stand for themselves, a capital letter is its small one behind a `+`, and every other
/// byte is `%` and two digits: so no system that does not tell capitals apart, or that composes accents, can confuse two
/// of them. What is too long is cut and ends in `~` and its hash.
fn file_name(destination: &str) -> String {
    let mut name = String::new();
    let is_device = DEVICES.contains(&destination)
        || NUMBERED_DEVICES.iter().any(|device| {
            destination.strip_prefix(device).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']))
        });
    for (at, byte) in destination.bytes().enumerate() {
        match byte {
            // The name must be no device, and no option of a command.
            b'a'..=b'z' | b'-' if at == 0 && (is_device || byte == b'-') => {
                name.push_str(&format!("%{byte:02X}"));
            }
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte.into()),
            b'A'..=b'Z' => name.extend(['+', byte.to_ascii_lowercase().into()]),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > MAX_NAME {
        let hash = destination.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            // FNV-1a: it stays the same in every version, and a collision is found before anything is written.
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
        });
        name.truncate(MAX_NAME - 17);
        name.push_str(&format!("~{hash:016x}"));
    }
    name + ".ndjson"
}

#[cfg(test)]
mod tests {
    use super::file_name;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_safe_and_each_its_own() {
        let long = "x".repeat(200);
        let names = [
            ("amplitude-js_2", "amplitude-js_2"),
            ("Amazon S3", "+amazon%20+s3"),
            ("amazon s3", "amazon%20s3"),
            ("+amazon s3", "%2Bamazon%20s3"),
            ("Amazon%20S3", "+amazon%2520+s3"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("../x", "%2E%2E%2Fx"),
            ("a\\b:c*d?\"<>|\0", "a%5Cb%3Ac%2Ad%3F%22%3C%3E%7C%00"),
            ("-rf", "%2Drf"),
            ("con", "%63on"),
            ("CON", "+c+o+n"),
            ("com1", "%63om1"),
            ("com", "com"),
            ("com10", "com10"),
            ("x.", "x%2E"),
            ("~x", "%7Ex"),
            ("\u{E9}", "%C3%A9"),
            ("e\u{301}", "e%CC%81"),
            ("", ""),
            (&long, &format!("{}~6ee14c8caecd5c45", "x".repeat(103))),
        ];
        for (name, expected) in names {
            assert_eq!(file_name(name), format!("{expected}.ndjson"));
        }
        let longer = "x".repeat(201);
        let folded: BTreeSet<String> = names
            .iter()
            .map(|(name, _)| *name)
            .chain([longer.as_str()])
            .map(|name| file_name(name).to_lowercase())
            .collect();
        assert_eq!(folded.len(), names.len() + 1);
        assert!(folded.iter().all(|name| name.len() <= 127));
    }
}
