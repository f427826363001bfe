//! An audit as one JSON document, which `grammar/audit.schema.json` describes.

use consentry::ledger::{Audit, By, Finding, Tally};
use consentry::{ConsentState, Name, Policy};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

pub(super) fn write(to: &mut impl Write, policy: &Policy, audit: &Audit, has_ledger: bool) -> io::Result<()> {
    let counted = |all: &mut dyn Iterator<Item = (&'static str, u64)>| -> Value {
        all.map(|(word, count)| (word.to_owned(), json!(count))).collect::<Map<_, _>>().into()
    };
    let states = [
        ConsentState::Missing,
        ConsentState::Empty,
        ConsentState::Unanswered,
        ConsentState::Answered,
        ConsentState::Malformed,
    ];
    let categories = audit.categories().iter().filter_map(|tally| {
        let category = policy.category(tally.id)?;
        Some(json!({
            "category": category.name(),
            "wire_id": category.wire_id(),
            "counts": tally.counts,
            "granted": tally.granted,
            "refused": tally.refused,
            "unasked": tally.unasked,
            "invalid": tally.invalid,
            "mismatched": has_ledger.then_some(tally.mismatched),
        }))
    });
    let never = audit.never_stamped().filter_map(|id| Some(policy.category(id)?.name()));
    let unknown = audit.unknown_categories();
    let unknown_rows =
        unknown.rows().map(|(name, count)| json!({ "category": name.first().map(text_of), "events": count }));
    let by = By::ALL.into_iter().map(|by| (by.word().to_owned(), breakdown(audit, by)));
    let document = json!({
        "v": 1,
        "policy": policy.name(),
        "edition": policy.edition(),
        "clean": audit.is_clean(),
        "events": audit.all().events(),
        "not_events": counted(&mut audit.errors().map(|(kind, count)| (kind.code(), count))),
        "consent": counted(&mut states.into_iter().map(|state| (state.word(), audit.state(state)))),
        "findings": findings(audit.all()),
        "wrong_spellings": counted(&mut audit.wrong_spellings()),
        "rejections": counted(&mut audit.rejections().map(|(rejection, count)| (rejection.word(), count))),
        "never_stamped": never.collect::<Vec<_>>(),
        "categories": categories.collect::<Vec<_>>(),
        "unknown_categories": { "rows": unknown_rows.collect::<Vec<_>>(), "other": unknown.other() },
        "preference_events": audit.preference_events(),
        "identify_events": audit.identify_events(),
        "without_person": audit.without_person(),
        "checks": has_ledger.then(|| counted(&mut audit.checks())),
        "by": by.collect::<Map<_, _>>(),
    });
    serde_json::to_writer(&mut *to, &document)?;
    writeln!(to)
}

fn text_of(name: &Option<Name<'_>>) -> Option<String> {
    name.as_ref().map(Name::to_string)
}

fn findings(tally: &Tally) -> Value {
    let all = Finding::ALL.into_iter();
    all.map(|finding| (finding.word().to_owned(), json!(tally.of(finding)))).collect::<Map<_, _>>().into()
}

/// A row has a member for each part of its value, so that `null` is what no event says; what is beyond the rows is apart from them.
fn breakdown(audit: &Audit, by: By) -> Value {
    let breakdown = audit.by(by);
    let rows = breakdown.rows().map(|(value, tally)| {
        let parts = by.parts().iter().zip(value);
        let mut row: Map<_, _> =
            parts.map(|(part, text)| ((*part).to_owned(), json!(text_of(text)))).collect();
        row.insert("events".to_owned(), json!(tally.events()));
        row.insert("findings".to_owned(), findings(tally));
        row
    });
    let other = breakdown.other();
    json!({
        "rows": rows.collect::<Vec<_>>(),
        "other": { "events": other.events(), "findings": findings(other) },
    })
}
