//! `src/syntax/generated.rs` is what `pest_generator` makes of `grammar/consent.pest`.
//!
//! Run with `BLESS=1` after a change of the grammar to write it anew.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]

use std::{fs, path::Path};

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
