//! What is looked for in the raw text before it is parsed: nesting that would exhaust the parser's stack, and
//! characters that make a policy read otherwise than it means.

use super::{MAX_FILE_BYTES, MAX_NESTING};
use crate::diagnostic::{Code, Diagnostic, FileId, Span};

/// Whether the text must not be given to the parser.
pub(super) fn keeps_from_parsing(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.code, Code::NestedTooDeep | Code::FileTooLarge)
}

pub(super) fn scan(text: &str, file: FileId) -> Vec<Diagnostic> {
    if text.len() > MAX_FILE_BYTES {
        return vec![too_large(text.len())];
    }
    let mut found = Vec::new();
    found.extend(nesting(text, file));
    found.extend(bidirectional(text, file));
    found
}

/// A file over the limit, by its length.
pub(crate) fn too_large(bytes: usize) -> Diagnostic {
    Diagnostic::new(
        Code::FileTooLarge,
        format!("the file has {bytes} bytes, and the limit is {MAX_FILE_BYTES}"),
    )
    .help("split it into several files and include them")
}

/// The first parenthesis that is nested too deeply. Texts and comments do not count, as in the grammar.
fn nesting(text: &str, file: FileId) -> Option<Diagnostic> {
    let mut depth = 0usize;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((offset, byte)) = bytes.next() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'/' if bytes.next_if(|(_, next)| *next == b'/').is_some() => {
                while bytes.next_if(|(_, next)| *next != b'\n').is_some() {}
            }
            b'"' => {
                while let Some((_, inside)) = bytes.next_if(|(_, next)| *next != b'\n') {
                    match inside {
                        b'"' => break,
                        b'\\' => drop(bytes.next_if(|(_, next)| *next != b'\n')),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        if depth > MAX_NESTING {
            let span = Span::new(file, offset, offset + 1);
            let message = format!("groups are nested more than {MAX_NESTING} deep");
            return Some(
                Diagnostic::new(Code::NestedTooDeep, message)
                    .at(span, "one level too many")
                    .help("write the requirement with fewer levels; two are nearly always enough"),
            );
        }
    }
    None
}

/// How many of them are listed; a text that has so many is no policy.
const MAX_BIDIRECTIONAL: usize = 100;

/// Characters that reorder the text around them. They are never needed in a policy, and the usual means to make a
/// reviewer read one thing while the tool reads another.
fn bidirectional(text: &str, file: FileId) -> Vec<Diagnostic> {
    text.char_indices()
        .filter(|(_, char)| {
            matches!(char, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        })
        .take(MAX_BIDIRECTIONAL)
        .map(|(offset, char)| {
            Diagnostic::new(Code::BidirectionalCharacter, format!("U+{:04X} changes the direction of the text around it", u32::from(char)))
                .at(Span::new(file, offset, offset + char.len_utf8()), "here")
                .help(format!("delete it; where a name really has it, write it as \\u{{{:04X}}}", u32::from(char)))
        })
        .collect()
}

/// The first character of a name that nobody can see, in text that was written without an escape.
pub(super) fn invisible(written: &str) -> Option<(usize, char)> {
    written.char_indices().find(|(_, char)| {
        char.is_control()
            || matches!(char, '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200D}'
                | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E01EF}')
    })
}
