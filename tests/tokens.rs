//! Counts the tokens of hand-written code under `src/`: without comments, tests and generated code. `.ci/tokens REV` compares with
//! a revision.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that fails may panic, and one prints its result"
)]

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::fs;
use std::path::Path;

/// Counts a group as its two delimiters and what is between them.
fn count(tokens: TokenStream) -> usize {
    let mut trees = tokens.into_iter().peekable();
    let mut total = 0;
    while let Some(tree) = trees.next() {
        if matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#')
            && matches!(trees.peek(), Some(TokenTree::Group(group)) if group.stream().to_string().replace(' ', "") == "cfg(test)")
        {
            // A test ends with its block, or with a semicolon.
            let is_end = |tree: &TokenTree| match tree {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                TokenTree::Punct(punct) => punct.as_char() == ';',
                _ => false,
            };
            trees.by_ref().find(is_end);
            continue;
        }
        total += match tree {
            TokenTree::Group(group) => 2 + count(group.stream()),
            _ => 1,
        };
    }
    total
}

fn count_text(text: &str) -> usize {
    // To a lexer a doc comment is an attribute.
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    count(code.join("\n").parse().unwrap())
}

fn count_folder(path: &Path) -> usize {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let counts = entries.map(|path| match path.extension() {
        _ if path.is_dir() => count_folder(&path),
        Some(extension) if extension == "rs" && !path.ends_with("generated.rs") => {
            count_text(&fs::read_to_string(path).unwrap())
        }
        _ => 0,
    });
    counts.sum()
}

#[test]
fn comments_and_tests_do_not_count() {
    assert_eq!(count_text("fn f(a: u8) {}\n"), 9);
    assert_eq!(count_text("/// Doc.\n// Comment.\nfn f(a: u8) {}\n"), 9);
    assert_eq!(
        count_text("#[cfg(test)]\nuse a::b;\nfn f(a: u8) {}\n#[cfg(test)]\nmod tests { fn g() {} }"),
        9
    );
    assert_eq!(count_text("#[cfg(feature = \"x\")]\nfn f() {}"), 15);
}

/// Prints the count of the folder in `CONSENTRY_SRC`, or of this tree.
#[test]
#[ignore = "prints a number; `.ci/tokens` calls it"]
fn print_tokens() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let folder = std::env::var("CONSENTRY_SRC").unwrap_or_else(|_| own.to_owned());
    println!("tokens: {}", count_folder(Path::new(&folder)));
}
