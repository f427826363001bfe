//! Deciding allocates nothing, from the first event on.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use consentry::{Limits, Policy, Table};

#[test]
fn deciding_allocates_nothing() {
    for policy in ["shop", "gazette/gazette"] {
        let path = format!("{}/policies/examples/{policy}.consent", env!("CARGO_MANIFEST_DIR"));
        let table = Table::new(Policy::load(path).unwrap());
        let lines = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/events.ndjson")).unwrap();
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let events: Vec<_> = lines.map(|line| table.read(line, &Limits::default()).unwrap()).collect();
        let mut scratch = table.scratch();
        let mut delivered = 0;
        let counted = allocation_counter::measure(|| {
            for event in &events {
                delivered += table.decide(event, &mut scratch).delivered().count();
            }
        });
        assert_eq!(counted.count_total, 0, "{policy}");
        assert!(delivered > 1_000, "{policy}: {delivered}");
    }
    // The counter counts.
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(9))));
    assert_eq!(counted.count_total, 1);
}
