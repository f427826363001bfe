//! `src/syntax/generated.rs` is what `pest_generator` makes of `grammar/consent.pest`.
//!
//! Run with `BLESS=1` after a change of the grammar to write it anew.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]

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
