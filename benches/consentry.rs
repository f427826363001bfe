//! How long the stages take: policy text → policy → table, event bytes → event → decision; and questions about whole policies.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that fails may panic"
)]

use consentry::exact::{decision_tables, diff, fingerprint, prove};
use consentry::{Event, Input, Limits, Policy, Table};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;

const EVENTS: &str = include_str!("../tests/data/events.ndjson");

/// A policy with two thirds conjunctions and one third other formulas.
fn policy_text(categories: usize, destinations: usize) -> String {
    let mut text = "consentry 1\npolicy \"large\"\ninclude prelude \"segment\"\n".to_owned();
    for id in 0..categories {
        writeln!(text, "category c{id}").unwrap();
    }
    for id in 0..destinations {
        let any = if id % 3 == 0 { "any of " } else { "" };
        writeln!(
            text,
            "destination \"d{id}\" needs {any}c{}, c{}",
            id % categories,
            (id * 7 + 1) % categories
        )
        .unwrap();
    }
    text
}

fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    for (categories, destinations) in [(8, 50), (1_000, 10_000)] {
        let text = policy_text(categories, destinations);
        let policy = Policy::parse(&text).unwrap();
        let size = format!("{categories} categories, {destinations} destinations");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("text to policy: {size}"), |bencher| {
            bencher.iter(|| Policy::parse(black_box(&text)).unwrap());
        });
        group.bench_function(format!("policy to table: {size}"), |bencher| {
            bencher.iter_batched(|| policy.clone(), Table::new, criterion::BatchSize::SmallInput);
        });
    }
}

fn decide(criterion: &mut Criterion) {
    let root = env!("CARGO_MANIFEST_DIR");
    let limits = Limits::default();
    let lines: Vec<&[u8]> = EVENTS.lines().map(str::as_bytes).collect();
    let mut group = criterion.benchmark_group("decide 300 real events");
    group.throughput(Throughput::Elements(lines.len() as u64));
    for example in ["shop", "gazette/gazette"] {
        let policy = Policy::load(format!("{root}/policies/examples/{example}.consent")).unwrap();
        let table = Table::new(policy);
        let mut scratch = table.scratch();
        let events: Vec<Event> = lines.iter().map(|line| table.read(line, &limits).unwrap()).collect();
        let count = table.policy().destinations().len();
        group.bench_function(format!("bytes to event: {count} destinations"), |bencher| {
            bencher
                .iter(|| lines.iter().for_each(|line| drop(black_box(table.read(line, &limits).unwrap()))));
        });
        group.bench_function(format!("event to decision: {count} destinations"), |bencher| {
            bencher.iter(|| {
                let delivered = events.iter().map(|event| {
                    table.decide(Input::event(event), &mut scratch).unwrap().delivered().count()
                });
                black_box(delivered.sum::<usize>())
            });
        });
    }
}

/// 500 destinations with up to eight of 24 categories each, of which the first ones leave out their last category.
fn needs_up_to_eight(prelude: &str, shorter: usize) -> Policy {
    let mut text = format!("consentry 1\npolicy \"eight\"\ninclude prelude \"{prelude}\"\n");
    for id in 0..24 {
        writeln!(text, "category c{id}").unwrap();
    }
    for id in 0..500 {
        let all: Vec<String> =
            (0..id % 8 + 1).map(|place| format!("c{}", (id + place * [1, 5, 7, 11][id % 4]) % 24)).collect();
        let left = if id < shorter && all.len() > 1 { all.len() - 1 } else { all.len() };
        let word = if id % 3 == 0 { "any of " } else { "" };
        writeln!(text, "destination \"d{id}\" needs {word}{}", all[..left].join(", ")).unwrap();
        writeln!(
            text,
            "never deliver \"d{id}\" without any of {} when event not exempt and consent answered",
            all.join(", ")
        )
        .unwrap();
    }
    Policy::parse(&text).unwrap()
}

/// One destination with 30 categories.
fn needs_thirty(prelude: &str, needs: &str) -> Policy {
    let mut text = format!("consentry 1\npolicy \"thirty\"\ninclude prelude \"{prelude}\"\n");
    for id in 0..30 {
        writeln!(text, "category c{id:02}").unwrap();
    }
    Policy::parse(&format!("{text}destination \"d\" needs {needs}")).unwrap()
}

fn exact(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exact: 500 destinations, up to 8 categories each");
    group.sample_size(20);
    let policy = needs_up_to_eight("segment-strict", 0);
    for (what, other) in [
        ("nothing changed", needs_up_to_eight("segment-strict", 0)),
        ("three destinations changed", needs_up_to_eight("segment-strict", 4)),
        ("every destination changed", needs_up_to_eight("segment-strict", 500)),
        ("the platform's rules changed for all", needs_up_to_eight("segment", 0)),
        ("both", needs_up_to_eight("segment", 500)),
    ] {
        group.bench_function(format!("diff: {what}"), |bencher| {
            bencher.iter(|| assert!(diff(&policy, black_box(&other)).too_large.is_empty()));
        });
    }
    group.bench_function("prove 500 promises", |bencher| {
        bencher.iter(|| {
            let proofs = policy.promises().iter().map(|promise| prove(black_box(&policy), promise).unwrap());
            black_box(proofs.filter(|proof| proof.counterexamples.is_empty()).count())
        });
    });
    group.bench_function("table", |bencher| {
        bencher.iter(|| decision_tables(black_box(&policy), policy.destination_ids()).unwrap().len());
    });
    group.bench_function("fingerprint", |bencher| bencher.iter(|| fingerprint(black_box(&policy)).unwrap()));
    group.finish();

    let mut group = criterion.benchmark_group("exact: one destination, 30 categories");
    group.sample_size(20);
    let list: Vec<String> = (0..30).map(|id| format!("c{id:02}")).collect();
    let pairs: Vec<String> = (0..15).map(|id| format!("(any of c{:02}, c{:02})", id, id + 15)).collect();
    for (what, needs, fewer) in [
        ("a list", list.join(", "), list[1..].join(", ")),
        ("any of a list", format!("any of {}", list.join(", ")), format!("any of {}", list[1..].join(", "))),
        ("15 pairs", format!("all of {}", pairs.join(", ")), format!("all of {}", pairs[1..].join(", "))),
    ] {
        let policy = needs_thirty("segment-strict", &needs);
        for (how, other) in [
            ("fewer needed", needs_thirty("segment-strict", &fewer)),
            ("other rules", needs_thirty("segment", &needs)),
        ] {
            group.bench_function(format!("diff: {what}, {how}"), |bencher| {
                bencher.iter(|| assert!(diff(&policy, black_box(&other)).too_large.is_empty()));
            });
        }
    }
}

criterion_group!(benches, load, decide, exact);
criterion_main!(benches);
