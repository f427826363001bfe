//! Layouts that nobody would write: anything that the grammar allows between two words.

use arbitrary::{Result, Unstructured};
use consentry::syntax::Tree;
use consentry::syntax::tree::TokenKind;

/// Space that parts two words and says nothing. The first is taken when the bytes have come to an end.
const SPACES: [&str; 8] = [" ", "", "\n", "\r\n", "  \t", "\n\t", " \r\n   ", "\t \n "];

/// Comments and blank lines, which a layout keeps.
const COMMENTS: [&str; 15] = [
    "\n\n",
    "\n\r\n\n \n",
    "// at the end\n",
    " // at the end \t \r\n",
    " // it goes on\n // further out\n",
    "\n// on a line of its own\n",
    "\n  // on a line\n\n\n// and another behind a blank one\n",
    "//\n",
    " // \"in quotes\" \\ { , ( consentry 1\n",
    " ///// \u{1F600} é \t // twice\r\n",
    "\n\n// apart\n\n",
    "// one\n//two\n",
    "// allow unmapped-destination, unused-category because \"so\"\n",
    "\n// allow overlapping-rows, redundant-requirement, unusual-wire-id, delivered-without-consent, inherited-permissive-setting because \"so\"\n",
    " // allow exempt-without-reason, unmapped-destination, never-delivered, always-delivered because \"so\"\n",
];

/// The text with other space between its words, and comments and blank lines as well if they are wanted.
pub fn spoilt(text: &str, comments: bool, u: &mut Unstructured) -> Result<String> {
    let (tree, _) = Tree::parse(text);
    let mut spoilt = String::new();
    let mut last = "";
    for token in &tree.tokens {
        let word = &text[token.span.range()];
        spoilt.push_str(&space(last, word, comments, u)?);
        spoilt.push_str(word);
        last = word;
    }
    Ok(spoilt + &space(last, "", comments, u)?)
}

fn space(before: &str, behind: &str, comments: bool, u: &mut Unstructured) -> Result<String> {
    // The keys of a path stand together.
    if before == "." || behind == "." {
        return Ok(String::new());
    }
    let mut space = String::new();
    // Bytes that have come to an end say 0 for ever: that ends the comments.
    while comments && u.int_in_range(0..=5)? == 5 {
        space.push_str(u.choose(&COMMENTS)?);
    }
    space.push_str(u.choose(&SPACES)?);
    let is_letter = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if space.is_empty() && before.ends_with(is_letter) && behind.starts_with(is_letter) {
        space.push(' ');
    }
    Ok(space)
}

/// The comments of a text, in their order.
pub fn comments(text: &str) -> Vec<String> {
    let (tree, _) = Tree::parse(text);
    let comments = tree.tokens.iter().filter(|token| token.kind == TokenKind::Comment);
    comments.map(|token| text[token.span.range()].trim_end().to_owned()).collect()
}

/// What the statements of a text say, in their order, wherever they stand.
pub fn facts(text: &str) -> String {
    let (tree, found) = Tree::parse(text);
    assert!(found.is_empty(), "{found:?}\n{text}");
    let facts: Vec<_> =
        tree.statements.iter().map(|statement| (statement.overrides.is_some(), &statement.fact)).collect();
    let said = format!("{facts:?}");
    let mut pieces = said.split("Span { file: ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |said, piece| said + piece.split_once(" }").map_or(piece, |(_, rest)| rest))
}
