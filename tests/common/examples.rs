//! The examples of the pages of findings, as files.

use consentry::source::{Source, SourceError};
use std::collections::BTreeMap;

/// What a page says below a heading.
pub(crate) fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n\n")).unwrap();
    rest.split("\n## ").next().unwrap()
}

/// The files of an example, as bytes, by name.
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl Source for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        self.0.get(path).cloned().ok_or(SourceError::NotFound)
    }
}

/// The files of a section, and the name of the first. Behind the three backquotes and `consent` may stand
///
/// - the name of the file;
/// - `N times`: the last line stands so often, or the whole file if its name has `{number}` in it; `{number}` is which one;
/// - `in Latin-1`: each character is one byte.
///
/// `<U+202E>` is the character of that number, and `<9 times n>` is a text that many times.
pub(crate) fn example(section: &str) -> (String, Files) {
    let (mut first, mut files) = (None, BTreeMap::new());
    for block in section.split("```consent").skip(1) {
        let (info, text) = block.split_once('\n').unwrap();
        let text = repeated(&characters(text.split_once("```").unwrap().0));
        let (times, info) = match info.split_once(" times") {
            Some((times, info)) => (times.trim().parse().unwrap(), info),
            None => (1, info),
        };
        let (latin, name) = match info.strip_suffix(" in Latin-1") {
            Some(name) => (true, name.trim()),
            None => (false, info.trim()),
        };
        let numbered = |text: &str, number: usize| text.replace("{number}", &number.to_string());
        if name.contains("{number}") {
            files.extend(
                (1..=times).map(|number| (numbered(name, number), numbered(&text, number).into_bytes())),
            );
            continue;
        }
        let (start, last) = text.trim_end().rsplit_once('\n').unwrap();
        let lines: String = (1..=times).map(|number| numbered(last, number) + "\n").collect();
        let text = format!("{start}\n{lines}");
        let bytes = match latin {
            true => text.chars().map(|char| u8::try_from(char).unwrap()).collect(),
            false => text.into_bytes(),
        };
        first.get_or_insert(name.to_owned());
        files.insert(name.to_owned(), bytes);
    }
    (first.unwrap(), Files(files))
}

fn repeated(text: &str) -> String {
    let mut parts = text.split('<');
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (what, rest) = part.split_once('>').unwrap();
        let (times, what) = what.split_once(" times ").unwrap();
        whole.push_str(&what.repeat(times.parse().unwrap()));
        whole.push_str(rest);
    }
    whole
}

fn characters(text: &str) -> String {
    let mut parts = text.split("<U+");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (number, rest) = part.split_once('>').unwrap();
        whole.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
        whole.push_str(rest);
    }
    whole
}
