//! Text → [`Tree`]. Parsing never fails: it gives a tree of what could be read and a diagnostic for what could not.
//!
//! `grammar/consent.pest` is the grammar, `generated.rs` the parser made from it. `scan` refuses what could harm the
//! parser or deceive the reader, and `builder` turns the parser's pairs into the tree. `recover` reports what was wrong with the text
//! that is no statement, and reads on where `resync` says that one goes on. `expected` words its errors with `phrases`, and `advice`
//! adds how to correct them. `quote` writes names and texts so that all of them read them again.

mod advice;
pub(crate) mod allow;
mod builder;
mod enforce;
mod expected;
mod keywords;
pub(crate) mod lines;
mod old_words;
mod phrases;
mod quote;
mod recover;
mod resync;
mod scan;
mod tokens;
pub mod tree;
mod values;

// Generated code keeps the generator's habits.
#[allow(clippy::all, dead_code, missing_docs, unreachable_pub, unused_imports)]
#[rustfmt::skip]
mod generated;

pub use builder::{MAX_INPUTS, MAX_NAME_BYTES};
pub use keywords::Keyword;
pub(crate) use quote::is_reason;
pub use quote::{name, quoted};
pub(crate) use quote::{path, unquoted};
pub use scan::{MAX_NESTING, MAX_WORDS};
pub use tree::Tree;

use crate::diagnostic::{Code, Diagnostic, FileId};

/// The largest file that is parsed, in bytes.
pub const MAX_FILE_BYTES: usize = 8 << 20;

impl Tree {
    /// Parses one text by itself. The tree prints back as the text, whatever is wrong with it.
    ///
    /// ```
    /// use consentry::syntax::Tree;
    ///
    /// let (tree, found) = Tree::parse("consentry 1\ncategory A // one\ncatgory B\n");
    /// assert_eq!(tree.statements.len(), 1);
    /// assert_eq!(found[0].message, "no statement begins with `catgory`");
    /// assert_eq!(tree.to_string(), "consentry 1\ncategory A // one\ncatgory B\n");
    /// ```
    pub fn parse(text: &str) -> (Tree, Vec<Diagnostic>) {
        parse(text, FileId(0))
    }
}

/// The text of a file, as long as it is text and no larger than what is parsed; `name` is for the message.
pub fn text_of(name: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(too_large(&format!("`{name}`")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        let message = format!("`{name}` is not UTF-8: byte {at} on line {line} is wrong");
        Diagnostic::new(Code::NotUtf8, message).help("save the file as UTF-8")
    })
}

/// The finding about a text that is not parsed because of its size.
pub(crate) fn too_large(what: &str) -> Diagnostic {
    Diagnostic::new(Code::FileTooLarge, format!("{what} is larger than {MAX_FILE_BYTES} bytes"))
        .help("split it into several files and include them")
}

/// Parses one file.
pub(crate) fn parse(text: &str, file: FileId) -> (Tree, Vec<Diagnostic>) {
    let mut diagnostics = scan::scan(text, file);
    if diagnostics.iter().any(scan::keeps_from_parsing) {
        let tree =
            Tree { file, edition: None, statements: Vec::new(), tokens: Vec::new(), text: text.into() };
        return (tree, diagnostics);
    }
    let (tree, found) = builder::file::build(text, file);
    diagnostics.extend(found);
    (tree, diagnostics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Files;

    fn check(text: &str) -> (Tree, Vec<Code>) {
        let file = Files::default().add("test.consent", text);
        let (tree, diagnostics) = parse(text, file);
        assert_eq!(tree.to_string(), text, "the tree prints back as its text");
        (tree, diagnostics.into_iter().map(|diagnostic| diagnostic.code).collect())
    }

    #[test]
    fn prints_back_comments_and_mistakes() {
        for text in [
            "",
            "   \n",
            "\u{FEFF}consentry 1\r\n",
            "consentry 1 // one\n// two\ncategory /* no */ A\ncategory B // three",
            "consentry 1\npolicy \"a\n%%% \u{1F600}\ncategory A always // so\n",
            "consentry 1\nreconcile { // a\n consent integrations enforce // b\n any any nothing // c\n } // d",
            "consentry 1\ntest \"x\" {\n  deliver \"y\" // z\n}\n\ncategory A",
        ] {
            check(text);
        }
    }

    #[test]
    fn comments_are_tokens() {
        let text = "consentry 1 // one\n/ /\ncategory A // two\n";
        let (tree, _) = check(text);
        let comments = tree.tokens.iter().filter(|token| token.kind == tree::TokenKind::Comment);
        assert_eq!(comments.map(|token| &text[token.span.range()]).collect::<Vec<_>>(), ["// one", "// two"]);
    }

    #[test]
    fn three_mistakes_are_three_diagnostics_and_the_rest_is_read() {
        let (tree, codes) = check(
            "consentry 1\ncategory Advertising \"a\ncategory Analytics\ndestination \"X\" neds Analytics\n\
             unmapped destinations keep\ncategory Functional\n",
        );
        assert_eq!(codes, [Code::UnterminatedText, Code::UnexpectedText, Code::UnexpectedText]);
        let names: Vec<String> = tree.statements.iter().map(|statement| statement.fact.phrase()).collect();
        assert_eq!(
            names,
            ["category Advertising", "category Analytics", "destination \"X\"", "category Functional"]
        );
    }

    #[test]
    fn mistakes_of_one_statement_come_in_their_order() {
        let (_, codes) = check(
            "consentry 1\nreconcile {\n  consent integrations enforce\n  missing any noting\n  answered any drop \"a\n  \
             answered any consent\n  any any consnt\n}\ncategory A\n",
        );
        assert_eq!(codes, [Code::UnexpectedText, Code::UnterminatedText, Code::UnexpectedText]);
        // A row may be wrong where it begins, and is then read again from there.
        let (_, codes) =
            check("consentry 1\nreconcile {\n  consent integrations enforce\n  no any nothing\n}\n");
        assert_eq!(codes, [Code::UnexpectedText]);
    }

    /// A statement is read on a bounded number of times, and a file has a bounded number of messages.
    #[test]
    fn very_many_mistakes_of_one_statement() {
        let rows = "  any any noting\n".repeat(15_000);
        let table = format!("reconcile {{\n  consent integrations enforce\n{rows}}}\n");
        let found = check(&format!("consentry 1\n{table}")).1;
        assert_eq!(found, [Code::UnexpectedText; 51]);
        // In a very long line, fewer are looked for.
        let modes: String = (0..100_000).map(|number| format!(" mode x{number}")).collect();
        assert!((2..10).contains(&check(&format!("consentry 1\ndestination \"D\"{modes}\n")).1.len()));
        let found = check(&format!("consentry 1\n{}", table.repeat(20))).1;
        assert_eq!(
            (found.len(), found[999], found[1_000]),
            (1_001, Code::UnexpectedText, Code::TooManyErrors)
        );
        // Behind more words than anybody reads, nothing is looked for.
        for (words, expected) in [(5_000, 2), (20_000, 1)] {
            let text = format!("consentry 1\ncategory A not{} alwys\n", " so".repeat(words));
            assert_eq!(check(&text).1.len(), expected, "{words}");
        }
    }

    #[test]
    fn attributes_do_not_swallow_the_next_statement() {
        let (tree, codes) = check(
            "consentry 1\ndestination \"A\" exempt\nexempt events \"B\"\ndestination \"C\" unmapped\n\
             unmapped destinations block\ncategory D always\nalways deliver \"A\"\n",
        );
        assert_eq!((codes, tree.statements.len()), (Vec::new(), 6));
    }

    #[test]
    fn nesting_is_bounded_before_the_parser_sees_it() {
        let deep = format!("consentry 1\ndestination \"X\" needs {}", "any of (".repeat(100_000));
        assert_eq!(check(&deep).1, [Code::NestedTooDeep]);
        // Where the next line begins a statement, nothing goes on being nested: each of these has its own mistake.
        for statement in [
            "category A",
            "banner stays",
            "model opt-in",
            "gate opens on any grant",
            "library loads when granted",
        ] {
            let codes = check(&format!("consentry 1\n{}", format!("{statement} (\n").repeat(100))).1;
            assert_eq!(codes, [Code::UnexpectedText; 100], "{statement}");
        }
    }
}
