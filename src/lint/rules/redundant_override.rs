//! An override that says what is said already, word for word.

use super::{Code, Diagnostic, Subject};
use crate::diagnostic::{FileId, Span};
use crate::lint::fix::deletion;
use crate::lint::places::around;
use crate::model::FileSet;
use crate::syntax::tree::{Statement, TokenKind, Tree};
use std::collections::HashMap;

pub(super) fn check(subject: &Subject, found: &mut Vec<Diagnostic>) {
    let files = subject.policy.files();
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
    let graph = subject.include_graph();
    let reached: Vec<FileSet> = subject.trees.iter().map(|tree| graph.reached(tree.file)).collect();
    let reached = |file: FileId| reached.get(file.0).copied().unwrap_or_default();
    for statements in said.values() {
        let written = |tree: &Tree, statement: &Statement| -> Vec<&str> {
            words(tree, statement).into_iter().map(|word| files.excerpt(word)).collect()
        };
        let speaking: FileSet = statements.iter().map(|(tree, _)| tree.file).collect();
        for (tree, statement) in statements.iter().filter(|(_, statement)| statement.overrides.is_some()) {
            // What would be in force without it is said in files that no other file which speaks of it includes.
            let others = speaking.and(reached(tree.file));
            let replaced = others.iter().fold(FileSet::default(), |all, other| all.or(reached(other)));
            let last = others.without(replaced);
            let mut last = statements.iter().filter(|(other, _)| last.contains(other.file));
            // Two that say the same would contradict each other without it.
            let (Some((other_tree, other)), None) = (last.next(), last.next()) else { continue };
            // Who says a prelude's setting once more has decided it: that is what `inherited-permissive-setting` asks for.
            if files.is_prelude(other.span.file) || written(tree, statement) != written(other_tree, other) {
                continue;
            }
            let finding = Diagnostic::new(Code::RedundantOverride, "the override changes nothing")
                .at(statement.span, "says the same")
                .at(other.span, "as this")
                .help("delete it; where it shall stay to show that somebody has decided so, say that: `// allow redundant-override because \"...\"`");
            found.push(finding.fix("delete the override", deletion(files, tree, statement.span)));
        }
    }
}

/// The words of a statement, without `override`.
fn words(tree: &Tree, statement: &Statement) -> Vec<Span> {
    let [_, tokens, _] = around(tree, statement.span);
    let words = tokens.iter().filter(|token| token.kind == TokenKind::Word).map(|token| token.span);
    words.filter(|span| Some(*span) != statement.overrides).collect()
}
