//! The ways to a decision, with criterion's statistics. One iteration is a pass over all events of a workload.

#![allow(missing_docs, reason = "criterion's macros make functions without documentation")]

use consentry_peers::agreement;
use consentry_peers::limits::StructuralScan;
use consentry_peers::ours::{self, Ours};
use consentry_peers::peers::{self, Peer, Rewriter};
use consentry_peers::rules::Rules;
use consentry_peers::suite::bytes::{COLD, GRADES, REWRITING, cold, pass, rewrite_all};
use consentry_peers::suite::extracted::Inputs;
use consentry_peers::suite::{compiling, shapes, threads};
use consentry_peers::workload::{ConsentStrings, Shape, Workload};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use std::hint::black_box;

/// Few enough that slow peers have their hundred samples within seconds.
const EVENTS: usize = 2000;

fn group<'c>(criterion: &'c mut Criterion, name: &str, elements: usize) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(elements as u64));
    group
}

fn extracted(criterion: &mut Criterion) {
    let Inputs { ours, rules, masks, names, .. } = &Inputs::new();
    agreement::extracted(rules, ours);
    let mut room = ours.room();
    let mut group = group(criterion, "decision alone", masks.len());
    group.bench_function("from a mask", |bencher| {
        bencher.iter(|| masks.iter().map(|mask| ours.from_mask(black_box(mask), &mut room)).sum::<u64>());
    });
    group.bench_function("from names", |bencher| {
        bencher.iter(|| names.iter().map(|event| ours.from_names(black_box(event), &mut room)).sum::<u64>());
    });
}

/// Hot: the room has seen the events in the pass before. Cold: every so many events have a new room.
fn bytes(criterion: &mut Criterion) {
    let workload = &Workload::new(Shape { events: EVENTS, ..Shape::default() });
    let rules = Rules::new(&workload.catalogue);
    let ours = Ours::new(&workload.policy);
    let mut peers = peers::deciders(&workload.catalogue, &rules);
    #[cfg(feature = "engines")]
    peers.extend(peers::engines::deciders(&workload.catalogue, &rules));
    agreement::decisions(workload, &ours, &mut peers);
    let mut group = group(criterion, "bytes to decision", EVENTS);
    for (set, ours) in ours.with_each_instruction_set() {
        for (validation, decide) in GRADES {
            let mut room = ours.room();
            group.bench_function(format!("{validation}, {set}, hot"), |bencher| {
                bencher.iter(|| pass(workload.events(), |event| decide(&ours, event, &mut room)));
            });
        }
    }
    for (validation, decide) in GRADES {
        group.bench_function(format!("{validation}, cold, a room for {COLD} events"), |bencher| {
            bencher.iter(|| cold(workload.events(), &ours, decide));
        });
    }
    for Peer { name, mut decide, .. } in peers {
        group.bench_function(name, |bencher| bencher.iter(|| pass(workload.events(), &mut decide)));
    }
    for StructuralScan { instructions, scan } in StructuralScan::available() {
        group.bench_function(format!("limit: structural scan, {instructions}"), |bencher| {
            bencher.iter(|| pass(workload.events(), |event| u64::from(scan(event).is_complete())));
        });
    }
}

fn rewritten(criterion: &mut Criterion) {
    let workload = &Workload::new(Shape { events: EVENTS, ..Shape::default() });
    let rules = Rules::new(&workload.catalogue);
    let ours = Ours::new(&workload.policy);
    let mut rewriters = peers::rewriters(&workload.catalogue, &rules);
    agreement::rewritten(workload, &ours, &mut rewriters);
    let mut group = group(criterion, "bytes to rewritten event", EVENTS);
    let mut buffer = Vec::new();
    for (name, validation) in REWRITING {
        let mut room = ours.room();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                rewrite_all(workload.events(), &mut buffer, |event, into| {
                    ours.rewrite(validation, event, &mut room, into);
                });
            });
        });
    }
    for Rewriter { name, mut rewrite } in rewriters {
        group.bench_function(name, |bencher| {
            bencher.iter(|| rewrite_all(workload.events(), &mut buffer, &mut rewrite));
        });
    }
}

fn compile(criterion: &mut Criterion) {
    let mut group = group(criterion, "text to table", 1);
    group.sample_size(10);
    for (name, text) in compiling::policies() {
        group.bench_function(name, |bencher| bencher.iter(|| ours::compile(black_box(&text))));
    }
}

fn shapes(criterion: &mut Criterion) {
    let mut group = group(criterion, "other policies and other events", EVENTS);
    for (name, shape) in shapes::all(EVENTS) {
        let workload = &Workload::new(shape);
        let ours = Ours::new(&workload.policy);
        for (validation, decide) in GRADES {
            let mut room = ours.room();
            group.bench_function(format!("{validation}: {name}"), |bencher| {
                bencher.iter(|| {
                    // What is to be different from everything before must not be known from the last iteration.
                    if shape.consent == ConsentStrings::Unique {
                        room = ours.room();
                    }
                    pass(workload.events(), |event| decide(&ours, event, &mut room));
                });
            });
        }
    }
}

fn several_threads(criterion: &mut Criterion) {
    // Enough that starting a thread does not matter.
    let workload = Workload::new(Shape { events: 10 * EVENTS, ..Shape::default() });
    let ours = Ours::new(&workload.policy);
    let events: Vec<&[u8]> = workload.events().collect();
    let mut group = group(criterion, "threads", events.len());
    for (validation, decide) in GRADES {
        for count in [1, 2] {
            group.bench_function(format!("{validation}, {count}"), |bencher| {
                bencher.iter(|| threads::spread(&ours, &events, count, decide));
            });
        }
    }
}

criterion_group!(ways, extracted, bytes, rewritten, compile, shapes, several_threads);
criterion_main!(ways);
