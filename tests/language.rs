//! Every example of the language reference, and the README's, compiles without a finding, or gives the code it is
//! marked with.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use consentry::diagnostic::Diagnostic;
use consentry::source::Memory;
use consentry::syntax::Keyword;
use consentry::{Policy, lint};

/// The fenced examples of a page: what stands after the three backquotes and `consent`, and the text.
fn examples(page: &str) -> Vec<(&str, &str)> {
    page.split("```consent")
        .skip(1)
        .map(|rest| {
            let (mark, rest) = rest.split_once('\n').unwrap();
            (mark.trim(), rest.split_once("```").unwrap().0)
        })
        .collect()
}

fn codes(text: &str) -> Vec<String> {
    let linted = lint::lint(&Memory::from([("example", text)]), "example", &Default::default());
    let said = |found: &Diagnostic| match found.code.is_lint() {
        true => format!("{} {} {}", found.severity.as_str(), found.code, found.message),
        false => format!("{} {}", found.code, found.message),
    };
    linted.diagnostics.iter().map(said).collect()
}

#[test]
fn the_reference_shows_what_works() {
    let page = include_str!("../grammar/language.md");
    let examples = examples(page);
    assert!(examples.len() >= 10, "{} examples", examples.len());
    let base = examples.iter().find(|(mark, _)| *mark == "base").unwrap().1;
    for (mark, text) in examples {
        let whole = if mark.starts_with("statements") { format!("{base}{text}") } else { text.to_owned() };
        let found = codes(&whole);
        match mark.strip_prefix('C') {
            Some(_) => assert!(
                found.iter().all(|one| one.starts_with(mark)) && !found.is_empty(),
                "{text}\n{found:?}"
            ),
            None => {
                Policy::parse(&whole).unwrap_or_else(|error| panic!("{error}\n{text}"));
                // An example is short, so that lint may ask more of it; an error would be an error here too.
                let errors: Vec<_> = found.iter().filter(|one| one.starts_with("error")).collect();
                assert!(errors.is_empty(), "{text}\n{errors:?}");
            }
        }
    }
}

#[test]
fn the_readme_shows_what_works() {
    for (mark, text) in examples(include_str!("../README.md")) {
        let errors: Vec<_> = codes(text).into_iter().filter(|found| !found.starts_with("warning")).collect();
        assert_eq!((mark, errors), ("", vec![]), "{text}");
    }
}

/// A word that the language has, and that the reference does not mention, is one that nobody can learn.
#[test]
fn the_reference_mentions_every_word() {
    let grammar = include_str!("../grammar/consent.pest");
    let page = include_str!("../grammar/language.md");
    let mut words = 0;
    for line in grammar.lines().filter(|line| line.starts_with("word_")) {
        let word = line.split('"').nth(1).unwrap();
        let alone = |before: Option<char>, after: Option<char>| {
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        };
        let mentioned = page
            .match_indices(word)
            .any(|(at, _)| alone(page[..at].chars().next_back(), page[at + word.len()..].chars().next()));
        assert!(mentioned, "`{word}`");
        words += 1;
    }
    assert!(words > 50, "{words} words");
}

/// Each statement is named on the page where its readers look it up, and so is each word that begins one of its parts.
#[test]
fn the_reference_lists_every_keyword() {
    let page = include_str!("../grammar/language.md");
    for keyword in Keyword::ALL {
        for words in std::iter::once(&keyword.as_str()).chain(keyword.parts()) {
            let is_code = |before: &str| page.contains(&format!("{before}{words}"));
            assert!(["`", "\n"].into_iter().any(is_code), "{keyword:?}: `{words}`");
        }
    }
}
