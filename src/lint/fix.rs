//! Fixes of findings: edits of the text that change no decision.

use super::places::around;
use crate::diagnostic::{Diagnostic, Edit, FileId, Files, Span};
use crate::model::{ConsentState, IntegrationsState, Policy, PromiseCondition, ReconcileRow};
use crate::syntax::tree::{Token, TokenKind, Tree};
use std::collections::BTreeMap;
use std::ops::Range;

/// The text of a file with fixes in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The text.
    pub text: String,
    /// How many findings it fixes.
    pub count: usize,
}

/// The files of some findings with their fixes applied, but for fixes that touch what another one has changed: run lint
/// again for those.
pub fn edited<'d>(
    files: &Files,
    findings: impl IntoIterator<Item = &'d Diagnostic>,
) -> BTreeMap<FileId, Fixed> {
    // By where they end, so that the one before and the one after a place are found at once.
    let mut taken: BTreeMap<FileId, BTreeMap<(usize, usize, usize), &Edit>> = BTreeMap::new();
    let mut counts: BTreeMap<FileId, usize> = BTreeMap::new();
    for fix in findings.into_iter().filter_map(|finding| finding.fix.as_ref()) {
        let overlaps = fix.edits.iter().any(|edit| {
            // Taken edits do not overlap. Of those that end after this one begins, the first to end is also the first to begin.
            let Span { file, start, end } = edit.span;
            let next = taken.get(&file).and_then(|others| others.range((start + 1, 0, 0)..).next());
            next.is_some_and(|(_, other)| other.span.start < end)
        });
        if overlaps || fix.edits.iter().any(|edit| files.is_prelude(edit.span.file)) {
            continue;
        }
        for edit in &fix.edits {
            let taken = taken.entry(edit.span.file).or_default();
            // Several insertions may be at one place.
            taken.insert((edit.span.end, edit.span.start, taken.len()), edit);
        }
        if let Some(first) = fix.edits.first() {
            *counts.entry(first.span.file).or_default() += 1;
        }
    }
    let each = taken.into_iter().map(|(file, edits)| {
        let (text, mut changed, mut end) = (files.text(file), String::new(), 0);
        let has_crlf = text.contains("\r\n");
        for edit in edits.into_values() {
            changed.push_str(text.get(end..edit.span.start).unwrap_or_default());
            match has_crlf {
                true => changed.push_str(&edit.text.replace("\r\n", "\n").replace('\n', "\r\n")),
                false => changed.push_str(&edit.text),
            }
            end = edit.span.end;
        }
        changed.push_str(text.get(end..).unwrap_or_default());
        (file, Fixed { text: changed, count: counts.get(&file).copied().unwrap_or(0) })
    });
    each.collect()
}

/// The edit that deletes a statement: its lines, where nothing else stands on them. `None` where a comment belongs to it, which
/// would come to stand at another statement: that is for its author to decide.
pub(super) fn deletion(files: &Files, tree: &Tree, statement: Span) -> Option<Edit> {
    if has_comment(files, tree, statement) {
        return None;
    }
    let text = files.text(statement.file);
    let range = statement.range();
    let line = files.lines_of(statement);
    let is_blank = |between: Range<usize>| text.get(between).unwrap_or_default().trim().is_empty();
    let is_alone = is_blank(line.start..range.start) && is_blank(range.end..line.end);
    let span = match is_alone {
        true => Span::new(statement.file, line.start, line.end),
        false => statement,
    };
    Some(Edit::new(span, ""))
}

/// Returns true if a comment belongs to a statement: above it, in it, or behind it on its last line.
fn has_comment(files: &Files, tree: &Tree, statement: Span) -> bool {
    let text = files.text(statement.file);
    let is_comment = |token: &&Token| token.kind == TokenKind::Comment;
    let on_one_line =
        |from: usize, to: usize| text.get(from..to).is_some_and(|between| !between.contains('\n'));
    let [before, inside, behind] = around(tree, statement);
    // The first comment since the last word, unless it stands behind that word on its line: then it is that word's.
    let above = before.iter().rev().take_while(is_comment).map(|token| token.span).collect::<Vec<_>>();
    let word = before.iter().rev().find(|token| !is_comment(token));
    let is_of_word = |comment: &Span| word.is_some_and(|word| on_one_line(word.span.end, comment.start));
    above.iter().any(|comment| !is_of_word(comment))
        || inside.iter().any(|token| is_comment(&token))
        || behind
            .first()
            .filter(is_comment)
            .is_some_and(|comment| on_one_line(statement.end, comment.span.start))
}

/// Returns true if two policies decide alike and carry the same names. It compares what they set: `true` is certain, and `false` may come
/// of two ways of setting the same.
pub fn is_same(one: &Policy, other: &Policy) -> bool {
    meaning(one) == meaning(other)
}

/// Everything that a policy sets, without places and reasons. Tests count by their names.
fn meaning(policy: &Policy) -> impl PartialEq {
    let categories: Vec<_> = policy
        .categories()
        .iter()
        .map(|one| {
            let label = one.label.as_ref().map(|label| &label.value);
            (
                one.name(),
                one.wire_ids().collect::<Vec<_>>(),
                one.is_always(),
                one.is_live(),
                one.unasked_granted.is_some(),
                one.refused_when.iter().map(|(when, _)| when).collect::<Vec<_>>(),
                label,
            )
        })
        .collect();
    let kinds: Vec<_> = policy
        .kinds()
        .iter()
        .map(|one| (one.name(), one.ignores_all.is_some(), one.label.as_ref().map(|label| &label.value)))
        .collect();
    let destinations: Vec<_> = policy
        .destinations()
        .iter()
        .map(|one| {
            let flags = (one.exempt.is_some(), one.disabled.is_some(), one.mode());
            let kind = one.kind.as_ref().map(|kind| kind.value);
            let arms: Vec<_> = one.arms.iter().map(|arm| (&arm.when, &arm.needs)).collect();
            (one.names().collect::<Vec<_>>(), one.requirement(), flags, kind, arms)
        })
        .collect();
    let enforced = |consent| {
        IntegrationsState::ALL
            .map(|integrations| &policy.reconcile().row(consent, integrations).enforce.value)
    };
    let settings = (
        policy.unmapped_destinations().value,
        policy.invalid_entries().value,
        policy.several_categories().value,
        [policy.exempt_events(), policy.preference_events()]
            .map(|names| names.value.iter().map(|name| &name.value).collect::<Vec<_>>()),
        (policy.ledger_check(), policy.also_records()),
        policy.reading(),
        (policy.banner().map(|one| one.value), policy.consent_model().map(|one| one.value)),
        (policy.implied_consent().value, policy.gate_opens().value),
        (policy.gate_without_consent().value, policy.library_loads().value),
        (policy.router_knows().value, policy.batches().value),
    );
    // Where inputs matter, each row counts as it is written.
    let has_columns = policy.reconcile().conditions().any(|when| !when.is_empty());
    let rows = policy.reconcile().rows().iter().filter(|_| has_columns).map(|row| {
        let states = |row: &ReconcileRow| {
            let consent: Vec<_> = row.consent.iter().map(|state| state.value).collect();
            (consent, row.integrations.iter().map(|state| state.value).collect::<Vec<_>>())
        };
        (states(row), row.enforce.value.clone())
    });
    let conditions: Vec<_> = policy.reconcile().conditions().filter(|_| has_columns).collect();
    let inputs: Vec<_> = policy.inputs().iter().map(|input| input.name()).collect();
    let inputs = (inputs, policy.strategy(), rows.collect::<Vec<_>>(), conditions);
    let tests: Vec<_> = policy.tests().iter().map(|test| test.name()).collect();
    let promises: Vec<_> = policy
        .promises()
        .iter()
        .map(|one| {
            let others = one.when.iter().filter(|when| !matches!(when, PromiseCondition::Input(_)));
            let when = (others.collect::<Vec<_>>(), one.inputs(&policy.reading().inputs));
            (one.always, (&one.subjects, &one.except), &one.without, when)
        })
        .collect();
    let levels: Vec<_> = policy.lint_levels().iter().map(|set| (set.code, set.level)).collect();
    let head = (policy.name(), policy.edition(), tests, levels, promises);
    (head, categories, kinds, destinations, ConsentState::ALL.map(enforced), settings, inputs)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    /// What becomes of `0123456789` when each finding replaces some of its bytes by a letter.
    fn changed(edits: &[&[(usize, usize)]]) -> (String, usize) {
        let mut files = Files::default();
        let file = files.add("a.consent", "0123456789");
        let findings: Vec<Diagnostic> = edits
            .iter()
            .zip(["a", "b", "c"])
            .map(|(edits, letter)| {
                let edits = edits.iter().map(|(start, end)| Edit {
                    span: Span::new(file, *start, *end),
                    text: letter.to_owned(),
                });
                Diagnostic::new(Code::RedundantOverride, "m").fix("fix it", edits)
            })
            .collect();
        let fixed = edited(&files, &findings);
        (fixed[&file].text.clone(), fixed[&file].count)
    }

    #[test]
    fn fixes_that_touch_the_same_text_wait_for_another_run() {
        assert_eq!(changed(&[&[(2, 4)], &[(4, 6)]]), ("01ab6789".into(), 2));
        assert_eq!(changed(&[&[(4, 6)], &[(2, 4)]]), ("01ba6789".into(), 2));
        for other in [(3, 5), (1, 3), (2, 4), (3, 4), (0, 10), (2, 3)] {
            let (text, count) = changed(&[&[(2, 4)], &[other], &[(8, 9)]]);
            assert_eq!((text.as_str(), count), ("01a4567c9", 2), "{other:?}");
        }
        // All edits of a fix, or none of them.
        assert_eq!(changed(&[&[(2, 4)], &[(0, 1), (3, 4)]]), ("01a456789".into(), 1));
        assert_eq!(changed(&[&[(7, 8), (0, 1)], &[(9, 10)]]), ("a123456a8b".into(), 2));
    }

    #[test]
    fn preludes_are_never_changed() {
        let mut files = Files::default();
        let (own, prelude) = (files.add("a.consent", "0123"), files.add_prelude("prelude p", "0123"));
        let edit = |file| Edit { span: Span::new(file, 0, 1), text: String::new() };
        let fix = |edits: Vec<Edit>| Diagnostic::new(Code::RedundantOverride, "m").fix("fix it", edits);
        assert!(edited(&files, &[fix(vec![edit(prelude)]), fix(vec![edit(own), edit(prelude)])]).is_empty());
        assert_eq!(edited(&files, &[fix(vec![edit(own)])])[&own].text, "123");
    }
}
