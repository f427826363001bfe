//! `src/syntax/generated.rs` is what `pest_generator` makes of `grammar/consent.pest`.
//!
//! Run with `BLESS=1` after a change of the grammar to write it anew.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use consentry::syntax::{Keyword, Tree};
use std::{collections::BTreeSet, fs, path::Path};

const GRAMMAR: &str = "grammar/consent.pest";
const GENERATED: &str = "src/syntax/generated.rs";

#[test]
fn generated_parser_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let grammar = fs::read_to_string(root.join(GRAMMAR)).unwrap();
    let input = syn::parse_str::<syn::DeriveInput>(&format!(
        "#[grammar_inline = {grammar:?}] pub(crate) struct Grammar;"
    ))
    .unwrap();
    let tokens = pest_generator::derive_parser(quote::ToTokens::into_token_stream(input), false);
    let parser = prettyplease::unparse(&syn::parse2(tokens).unwrap());
    let expected = format!(
        "// Made from {GRAMMAR} by `BLESS=1 cargo test --test grammar`. Do not edit.\n\n\
         /// The parser of policy files.\npub(crate) struct Grammar;\n\n{parser}"
    );
    if std::env::var_os("BLESS").is_some() {
        fs::write(root.join(GENERATED), &expected).unwrap();
    }
    let actual = fs::read_to_string(root.join(GENERATED)).unwrap();
    assert!(actual == expected, "run `BLESS=1 cargo test --test grammar`");
}

/// The grammar is read by people who write policies: each rule says what it is for.
#[test]
fn every_rule_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let grammar = fs::read_to_string(root.join(GRAMMAR)).unwrap();
    let words = grammar.find("// The words of the language.").unwrap();
    let lines: Vec<&str> = grammar[..words].lines().collect();
    let mut rules = 0;
    for (index, line) in lines.iter().enumerate() {
        let Some((name, _)) = line.split_once(" = ") else { continue };
        if name.contains(char::is_whitespace) || name.starts_with('/') {
            continue;
        }
        rules += 1;
        assert!(lines[index - 1].starts_with("///"), "`{name}` is not documented");
    }
    assert!(rules > 40, "found only {rules} rules");
}

/// The list of words that are no bare names is the list of words that the language has.
#[test]
fn every_word_is_a_language_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let grammar = fs::read_to_string(root.join(GRAMMAR)).unwrap();
    let literals = |rule: &str| -> BTreeSet<String> {
        let body = grammar.split(&format!("\n{rule} = ")).nth(1).unwrap().split("\n\n").next().unwrap();
        body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut words = BTreeSet::new();
    for line in grammar.lines().filter(|line| line.starts_with("word_")) {
        words.insert(line.split('"').nth(1).unwrap().to_owned());
    }
    assert!(words.len() > 60, "found only {} words", words.len());
    assert_eq!(literals("language_word"), words);
    let dictionary = fs::read_to_string(root.join("fuzz/policy.dict")).unwrap();
    for word in &words {
        assert!(
            dictionary.lines().any(|line| line == format!("{word:?}")),
            "the fuzzer does not know `{word}`"
        );
    }
    for word in &words {
        let policy =
            |name: &str| format!("consentry 1 policy \"p\" include prelude \"segment\" category {name}");
        assert!(consentry::Policy::parse(&policy(word)).is_err(), "`{word}` is taken for a name");
        consentry::Policy::parse(&policy(&format!("{word}s-"))).unwrap();
        consentry::Policy::parse(&policy(&format!("{word:?}"))).unwrap();
    }
}

/// A word that stands only where no name can takes no name away: policies that use it as one keep their meaning.
#[test]
fn a_local_word_is_still_a_name() {
    let grammar = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(GRAMMAR)).unwrap();
    let words = grammar.lines().filter(|line| line.starts_with("local_"));
    let words: Vec<&str> = words.map(|line| line.split('"').nth(1).unwrap()).collect();
    assert!(words.len() > 10, "found only {} words", words.len());
    for word in words {
        let text = format!(
            "consentry 1 policy \"p\" include prelude \"segment\" category {word} \
             category A unasked granted destination kind {word} \
             destination \"D\" needs {word}, A kind {word} destination \"E\" needs any of {word}, (all of A, {word}) \
             override consent at {word}.{word} alias a, x{word} booleans in {word} reversed \
             test \"t\" {{ consent {{ {word}: unasked, A: granted }} block \"D\" because refused {word} }} \
             never deliver \"D\" without {word} when {word} unasked and {word} not granted"
        );
        consentry::Policy::parse(&text).unwrap_or_else(|error| panic!("{word}: {error}"));
        let text = format!(
            "consentry 1 input {word} at {word}.{word} values \"a\", true absent null \
             strategy all when {word} other and {word} absent, any otherwise \
             category {word} refused when {word} true refused when {word} 1 \
             destination \"D\" needs when {word} \"a\" {word} needs when {word} true by strategy of {word}, {word} \
             otherwise {word} kind {word} destination \"E\" needs {word}, {word} needs by strategy of {word} \
             reconcile {{ consent integrations {word} a enforce any any any \"a\" | other nothing }} \
             test \"t\" {{ input {word} true consent {{ {word}: granted }} deliver all because refused {word} }} \
             test \"u\" {{ consent {word} a expect missing 1 other deliver all because refused {word} }} \
             never deliver any without {word} when {word} absent | other and {word} refused"
        );
        let (tree, found) = Tree::parse(&text);
        assert_eq!((tree.statements.len(), found), (9, vec![]), "{word}");
        let dictionary = include_str!("../fuzz/policy.dict");
        assert!(
            dictionary.lines().any(|line| line == format!("{word:?}")),
            "the fuzzer does not know `{word}`"
        );
    }
}

/// The text of a rule of the grammar, in its braces.
fn rule<'g>(grammar: &'g str, name: &str) -> &'g str {
    let body = grammar.split(&format!("\n{name} = ")).nth(1).unwrap_or_else(|| panic!("no rule `{name}`"));
    let body = body.split("\n\n").next().unwrap().trim();
    body.split_once('{').unwrap().1.strip_suffix('}').unwrap()
}

/// The parts of an expression between marks that stand in no parentheses.
fn split(expression: &str, mark: char) -> Vec<&str> {
    let mut depth = 0;
    let outside = |char: char| {
        depth += i32::from(char == '(') - i32::from(char == ')');
        char == mark && depth == 0
    };
    expression.split(outside).map(str::trim).collect()
}

/// The words of the language that an expression may begin with, but for old forms.
fn first_words(grammar: &str, expression: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for choice in split(expression, '|') {
        for term in split(choice, '~') {
            let needed = term.trim_end_matches(['?', '*', '+']);
            match needed.strip_prefix("word_").or(needed.strip_prefix("local_")) {
                _ if needed.starts_with(['!', '"']) || needed.starts_with("old_") => {}
                Some(word) => drop(words.insert(word.replace('_', "-"))),
                None if needed.starts_with('(') => {
                    let inside = needed.trim_start_matches('(').strip_suffix(')').unwrap();
                    words.extend(first_words(grammar, inside));
                }
                None if needed == "text" => {}
                None => words.extend(first_words(grammar, rule(grammar, needed))),
            }
            if !term.ends_with(['?', '*']) {
                break;
            }
        }
    }
    words
}

/// The table of keywords lists what the grammar has: each statement, and the words that begin its parts.
#[test]
fn keywords_are_those_of_the_grammar() {
    let grammar = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(GRAMMAR)).unwrap();
    let mut first: BTreeSet<String> = Keyword::ALL
        .iter()
        .map(|keyword| keyword.as_str().split(' ').next().unwrap().to_owned())
        .chain(["override".to_owned()])
        .collect();
    assert_eq!(first, first_words(&grammar, rule(&grammar, "statement")));
    first.insert("consentry".to_owned());
    assert_eq!(first, first_words(&grammar, rule(&grammar, "statement_word")));
    for (keyword, name) in [
        (Keyword::Category, "category_attribute"),
        (Keyword::Destination, "destination_attribute"),
        (Keyword::DestinationKind, "destination_kind_attribute"),
        (Keyword::Test, "test_line"),
    ] {
        let parts: BTreeSet<String> = keyword.parts().iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(parts, first_words(&grammar, rule(&grammar, name)), "{keyword:?}");
    }
    for keyword in Keyword::ALL {
        let rest = keyword.example().unwrap_or_else(|| match keyword {
            Keyword::Policy | Keyword::Include => "\"x\"",
            Keyword::Category | Keyword::DestinationKind => "x",
            Keyword::Destination => "\"x\" unmapped",
            Keyword::Test => "\"x\" { drop }",
            Keyword::Lint => "unused-category error",
            Keyword::Input => "x at y values 1",
            Keyword::Strategy => "all",
            Keyword::Banner => "stays",
            Keyword::Model => "opt-in",
            Keyword::NeverDeliver => "any",
            Keyword::AlwaysDeliver => "all",
            other => panic!("no example of {other:?}"),
        });
        let text = format!("consentry 1\n{} {rest}\n", keyword.as_str());
        let (tree, found) = Tree::parse(&text);
        let read: Vec<Keyword> = tree.statements.iter().map(|statement| statement.fact.keyword()).collect();
        assert_eq!((read, found), (vec![*keyword], vec![]), "{text}");
    }
}
