//! What is looked for in the raw text before it is parsed: nesting that would exhaust the parser's stack, and
//! characters that make a policy read otherwise than it means.

use super::keywords::ends_nesting;
use super::tokens::Tokens;
use crate::diagnostic::{Code, Diagnostic, FileId, Span, is_bidirectional};

/// How deeply parentheses may be nested.
pub const MAX_NESTING: usize = 32;

/// The most words of a policy: names, texts, words of the language, single characters and comments. Each takes some hundred bytes of
/// memory, however short it is.
pub const MAX_WORDS: usize = 1_000_000;

/// Returns true if the text must not be given to the parser.
pub(super) fn keeps_from_parsing(diagnostic: &Diagnostic) -> bool {
    matches!(diagnostic.code, Code::NestedTooDeep | Code::FileTooLarge)
}

pub(super) fn scan(text: &str, file: FileId) -> Vec<Diagnostic> {
    let large = has_too_many_words(text).then(|| too_many_words(file));
    large.into_iter().chain(nesting(text, file)).chain(deceptive(text, file)).collect()
}

fn has_too_many_words(text: &str) -> bool {
    // Most files have fewer bytes.
    text.len() > MAX_WORDS && Tokens::new(text, 0).count() + text.matches("//").count() > MAX_WORDS
}

fn too_many_words(file: FileId) -> Diagnostic {
    Diagnostic::new(Code::FileTooLarge, format!("the file has more than {MAX_WORDS} words"))
        .at(Span::new(file, 0, 0), "too many words")
        .help("split it into several policies")
}

/// The first parenthesis or brace that is nested too deeply. Texts and comments do not count, as in the grammar.
fn nesting(text: &str, file: FileId) -> Option<Diagnostic> {
    // Most policies have too few parentheses and braces in all, which is quickly counted.
    text.bytes().filter(|byte| matches!(byte, b'(' | b'{')).nth(MAX_NESTING)?;
    let mut depth = 0usize;
    for token in Tokens::new(text, 0) {
        // A word that begins a statement ends every group and every JSON object: none of them may be a bare name, and
        // JSON has no such words outside its texts.
        if token.first && ends_nesting(text.get(token.at - token.column..).unwrap_or_default()) {
            depth = 0;
        }
        match token.text {
            "(" | "{" => depth += 1,
            ")" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            let span = Span::new(file, token.at, token.at + 1);
            let message = format!("groups or objects are nested more than {MAX_NESTING} deep");
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
const MAX_DECEPTIVE: usize = 100;

/// Characters that make a text read otherwise than it means, in an editor, in a review or in a terminal: those that
/// reorder the text around them, and those that some programs show as the end of a line and the grammar does not.
fn deceptive(text: &str, file: FileId) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (offset, char) in text.char_indices() {
        let line_feed_follows = || text.as_bytes().get(offset + 1) == Some(&b'\n');
        let (code, message) = match char {
            '\t' | '\n' | ' '..='~' => continue,
            '\r' if line_feed_follows() => continue,
            char if is_bidirectional(char) => {
                (Code::BidirectionalCharacter, "changes the direction of the text around it")
            }
            '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{B}' | '\u{C}' => {
                (Code::ControlCharacter, "ends a line in some editors, and not in this language")
            }
            char if char.is_control() => (Code::ControlCharacter, "is a control character"),
            _ => continue,
        };
        if found.len() >= MAX_DECEPTIVE {
            break;
        }
        let number = u32::from(char);
        let help = match char {
            '\r' => "end lines with a line feed, alone or after a carriage return".to_owned(),
            _ => format!("delete it; where a text really has it, write it as \\u{{{number:04X}}}"),
        };
        found.push(
            Diagnostic::new(code, format!("U+{number:04X} {message}"))
                .at(Span::new(file, offset, offset + char.len_utf8()), "here")
                .help(help),
        );
    }
    found
}

/// The first character of a name, as it was written, that nobody can see: format characters, blanks that are no plain
/// space, and a plain space at either end.
pub(super) fn invisible(written: &str) -> Option<(usize, char)> {
    let last = written.len().saturating_sub(2);
    written.char_indices().find(|(at, char)| {
        (*char == ' ' && (*at == 1 || *at == last))
            || (*char != ' ' && char.is_whitespace())
            || is_invisible(*char)
    })
}

/// Returns true if a name has to write a character by its number; a plain space only at its ends.
pub(super) fn must_be_numbered(char: char) -> bool {
    char.is_whitespace() || char.is_control() || is_bidirectional(char) || is_invisible(char)
}

fn is_invisible(char: char) -> bool {
    matches!(char, '\u{AD}' | '\u{34F}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}' | '\u{115F}' | '\u{1160}'
        | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}' | '\u{1D159}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}
