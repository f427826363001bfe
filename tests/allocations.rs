//! Deciding allocates nothing, from the first event on.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use consentry::event::InstructionSet;
use consentry::model::{ConsentState, IntegrationsState};
use consentry::{Input, Limits, Policy, Scratch, Table, Validation};

/// Bytes to decisions: nothing is allocated once every text that repeats has been met, nor where none repeats.
#[test]
fn reading_and_rewriting_allocate_nothing() {
    let path = format!("{}/policies/examples/gazette/gazette.consent", env!("CARGO_MANIFEST_DIR"));
    let table = Table::new(Policy::load(path).unwrap());
    let limits = Limits::default();
    let buffer = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/events.ndjson")).unwrap();
    // What is malformed is for the slow reader, which allocates. So is an event without consent or integrations of its own that has a key
    // which is called like them.
    let is_usual = |line: &[u8]| {
        let event = table.read(line, &limits).unwrap();
        let has_key = |key: &str| line.windows(key.len()).any(|part| part == key.as_bytes());
        match event.consent.state() {
            ConsentState::Malformed => false,
            ConsentState::Missing | ConsentState::Empty if has_key("onsent\":") => false,
            _ => event.integrations.state() != IntegrationsState::None || !has_key("integrations\":"),
        }
    };
    let usual: Vec<&[u8]> = consentry::event::lines(&buffer)
        .filter(|(line, _)| is_usual(line))
        .map(|(_, with_break)| with_break)
        .collect();
    let usual = usual.concat();
    let unique: String = (0..2_000u32)
        .map(|number| {
            let bits: Vec<String> =
                (0..11).map(|bit| format!("\"{bit}\":{}", number >> bit & 1 == 1)).collect();
            let integrations = format!("{{\"All\":false,\"{number}\":true}}");
            format!(
                "{{\"context\":{{\"consent\":{{\"categoryPreferences\":{{{}}}}}}},\"integrations\":{integrations}}}\n",
                bits.join(",")
            )
        })
        .collect();
    for instructions in InstructionSet::available() {
        let table = table.clone().with_instructions(instructions);
        for validation in [Validation::Full, Validation::Trusted] {
            let mut scratch = table.scratch();
            let mut delivered = 0;
            let mut decide = |buffer: &[u8], scratch: &mut Scratch| {
                for (line, _) in consentry::event::lines(buffer) {
                    let input = Input::line(line).limits(limits).validation(validation);
                    delivered += table.decide(input, scratch).unwrap().delivered().count();
                }
            };
            (0..3).for_each(|_| decide(&usual, &mut scratch));
            let counted = allocation_counter::measure(|| decide(&usual, &mut scratch));
            assert_eq!(counted.count_total, 0, "{validation:?} {}", instructions.name());
            let counted = allocation_counter::measure(|| decide(unique.as_bytes(), &mut scratch));
            assert_eq!(counted.count_total, 0, "{validation:?} {}, none repeats", instructions.name());
            assert!(delivered > 1_000);

            let mut into = Vec::with_capacity(8 << 20);
            let mut rewrite = |scratch: &mut Scratch| {
                for (line, _) in consentry::event::lines(&usual) {
                    table.rewrite(Input::line(line).validation(validation), scratch, &mut into).unwrap();
                }
            };
            (0..3).for_each(|_| rewrite(&mut scratch));
            let counted = allocation_counter::measure(|| rewrite(&mut scratch));
            assert_eq!(counted.count_total, 0, "rewriting, {validation:?} {}", instructions.name());
        }
    }
}

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
                delivered += table.decide(Input::event(event), &mut scratch).unwrap().delivered().count();
            }
        });
        assert_eq!(counted.count_total, 0, "{policy}");
        assert!(delivered > 1_000, "{policy}: {delivered}");
    }
    // The counter counts.
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(9))));
    assert_eq!(counted.count_total, 1);
}
