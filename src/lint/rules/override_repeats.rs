//! An override that says what is said already, word for word.

use crate::diagnostic::{Code, Diagnostic};
use crate::diagnostic::{Fix, Span};
use crate::lint::Subject;
use crate::lint::fix::deletion;
use crate::lint::reaches;
use crate::syntax::tree::{Statement, TokenKind, Tree};
use std::collections::HashMap;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let (files, includes) = (subject.policy.files(), subject.policy.includes());
    let mut said: HashMap<String, Vec<(&Tree, &Statement)>> = HashMap::new();
    let has_overrides =
        subject.trees.iter().flat_map(|tree| &tree.statements).any(|one| one.overrides.is_some());
    if !has_overrides {
        return;
    }
    for tree in subject.trees {
        for statement in &tree.statements {
            said.entry(statement.fact.phrase()).or_default().push((tree, statement));
        }
    }
    for statements in said.values() {
        let written = |tree: &Tree, statement: &Statement| -> Vec<String> {
            let words = words(tree, statement).into_iter();
            words.map(|word| files.excerpt(word).to_owned()).collect()
        };
        for (tree, statement) in statements.iter().filter(|(_, statement)| statement.overrides.is_some()) {
            let own = written(tree, statement);
            // What would be in force without it is said in files that no other file which speaks of it includes.
            let included = reaches(includes.iter(), statement.span.file);
            let others = statements.iter().filter(|(_, other)| included.contains(&other.span.file));
            let is_replaced = |file| {
                others.clone().any(|(_, other)| reaches(includes.iter(), other.span.file).contains(&file))
            };
            let mut last = others.clone().filter(|(_, other)| !is_replaced(other.span.file)).peekable();
            let Some((_, first)) = last.peek().copied() else { continue };
            // Who says a prelude's setting once more has decided it: that is what C519 asks for.
            if files.is_prelude(first.span.file) {
                continue;
            }
            if last.all(|(tree, other)| written(tree, other) == own) {
                found.push(
                    Diagnostic::new(Code::OverrideRepeats, "the override changes nothing")
                        .at(statement.span, "says the same")
                        .at(first.span, "as this")
                        .help("delete it; where it shall stay to show that somebody has decided so, say that: `// allow C521 because ...`")
                        .fix(Fix {
                            title: "delete the override".into(),
                            edits: vec![deletion(files, statement.span)],
                        }),
                );
            }
        }
    }
}

/// The words of a statement, without `override`.
fn words(tree: &Tree, statement: &Statement) -> Vec<Span> {
    let range = tree.tokens.partition_point(|token| token.span.start < statement.span.start)
        ..tree.tokens.partition_point(|token| token.span.start < statement.span.end);
    let tokens = tree.tokens.get(range).unwrap_or(&[]);
    let words = tokens.iter().filter(|token| token.kind == TokenKind::Word).map(|token| token.span);
    words.filter(|span| Some(*span) != statement.overrides).collect()
}
