//! How long the stages take: policy text → policy → table, event bytes → event → decision.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that fails may panic"
)]

use consentry::{Event, Limits, Policy, Table};
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
                let delivered =
                    events.iter().map(|event| table.decide(event, &mut scratch).delivered().count());
                black_box(delivered.sum::<usize>())
            });
        });
    }
}

criterion_group!(benches, load, decide);
criterion_main!(benches);
