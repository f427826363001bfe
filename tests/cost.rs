//! The cost of hostile and large policies, counted in allocations and not in time: work that grows faster than its input allocates
//! more often, or more bytes, than the input grows. `benches/limits` measures seconds.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

use consentry::diagnostic::Code;
use consentry::exact::{
    Coverage, certify, decision_tables, default_situations, diff, fingerprint, prove_all,
};
use consentry::lint::{Levels, lint};
use consentry::model::{MAX_CATEGORIES, MAX_DESTINATIONS, MAX_EVENTS, MAX_FILES};
use consentry::report::lint::LintReport;
use consentry::report::prove::ProveReport;
use consentry::report::table::{MAX_TABLE_BYTES, TableReport, TableTooLargeError};
use consentry::report::{json, page::Document, text};
use consentry::source::Memory;
use consentry::syntax::MAX_NAME_BYTES;
use consentry::{Policy, Table};
use std::io;

#[path = "common/worst.rs"]
mod worst;

use worst::{HEAD, WORST, joined, lines};

fn memory(files: impl IntoIterator<Item = (String, String)>) -> Memory {
    let mut memory = Memory::default();
    files.into_iter().for_each(|(name, text)| memory.insert(name, text));
    memory
}

/// The allocations of some work, and their bytes.
fn allocations(work: impl FnOnce()) -> [u64; 2] {
    let counted = allocation_counter::measure(work);
    [counted.count_total, counted.bytes_total]
}

/// Lints a policy and writes the findings as JSON, as the command does.
fn lint_and_report(files: &Memory) {
    let linted = [lint(files, "main", &Levels::default())];
    json::write_escaped(&mut io::sink(), &LintReport::of(&linted)).unwrap();
}

/// Twice as much to read takes at most 2.3 times the work. Lists grow by powers of two, and so do the policies that are compared: by four,
/// which twice as many files have as includes.
#[test]
fn doubling_a_policy_doubles_the_work_of_lint() {
    let mut faster = Vec::new();
    for worst in WORST {
        let measured = [1, 4].map(|times| {
            let files = (worst.files)(worst.size * times);
            let bytes = files.values().map(String::len).sum::<usize>();
            let files = memory(files);
            (bytes as f64, allocations(|| lint_and_report(&files)))
        });
        let [(bytes, few), (more_bytes, more)] = measured;
        let doublings = (more_bytes / bytes).log2();
        for (what, few, more) in [("allocations", few[0], more[0]), ("bytes", few[1], more[1])] {
            let growth = (more as f64 / few as f64).powf(1.0 / doublings);
            if growth > 2.3 {
                faster.push(format!("{}: {growth:.2} times the {what}", worst.name));
            }
        }
    }
    assert!(faster.is_empty(), "{faster:#?}");
}

/// The codes of what keeps a policy from compiling, each once.
fn codes(text: &str) -> Vec<Code> {
    match Policy::parse(text) {
        Ok(_) => Vec::new(),
        Err(error) => {
            let mut codes: Vec<Code> = error.diagnostics().iter().map(|found| found.code).collect();
            codes.dedup();
            codes
        }
    }
}

/// At each limit a policy compiles; beyond it the message names the limit.
#[test]
fn a_policy_beyond_a_limit_does_not_compile() {
    let name = |size: usize| format!("{HEAD}category \"{}\"\n", "n".repeat(size));
    let word = |size: usize| format!("{HEAD}category {}\n", "n".repeat(size));
    let drop = |size: usize| {
        let reason = "n".repeat(size);
        format!("{HEAD}override reconcile {{ consent integrations enforce any any drop \"{reason}\" }}\n")
    };
    let exempt =
        |count| format!("{HEAD}override exempt events {}\n", joined(count, |id| format!("\"e{id}\"")));
    let preference =
        |count| format!("{HEAD}override preference events {}\n", joined(count, |id| format!("\"e{id}\"")));
    let categories = |count| format!("{HEAD}{}", lines(count, |id| format!("category c{id}")));
    let destinations =
        |count| format!("{HEAD}{}", lines(count, |id| format!("destination \"d{id}\" unmapped")));
    type Sized<'s> = (&'s dyn Fn(usize) -> String, usize, Code);
    let limits: [Sized; 7] = [
        (&name, MAX_NAME_BYTES, Code::NameTooLong),
        (&word, MAX_NAME_BYTES, Code::NameTooLong),
        (&drop, MAX_NAME_BYTES, Code::NameTooLong),
        (&exempt, MAX_EVENTS, Code::TooManyDeclarations),
        (&preference, MAX_EVENTS, Code::TooManyDeclarations),
        (&categories, MAX_CATEGORIES, Code::TooManyDeclarations),
        (&destinations, MAX_DESTINATIONS, Code::TooManyDeclarations),
    ];
    for (text, limit, code) in limits {
        assert_eq!(codes(&text(limit)), [], "{code} at {limit}");
        assert_eq!(codes(&text(limit + 1)), [code], "{code} at {}", limit + 1);
    }
    const { assert!(MAX_EVENTS == 63 && MAX_NAME_BYTES == 1_024 && MAX_FILES == 256) };
    const { assert!(MAX_CATEGORIES >= 10_000 && MAX_DESTINATIONS >= 100_000) };
}

/// A name that is too long is in no message as a whole, however often the policy repeats it.
#[test]
fn a_name_that_is_too_long_is_not_repeated() {
    let name = "n".repeat(1 << 20);
    let uses = lines(6, |id| format!("destination \"d{id}\" needs \"{name}\""));
    let error = Policy::parse(&format!("{HEAD}category \"{name}\"\n{uses}")).unwrap_err();
    assert!(error.to_string().len() < 20_000, "{}", error.to_string().len());
    assert!(error.diagnostics().iter().all(|found| found.code == Code::NameTooLong));
}

/// Includes that bring nothing are reported up to a number, and not looked for after that.
#[test]
fn missing_files_are_not_looked_for_without_end() {
    let text = format!("{HEAD}{}", lines(20_000, |id| format!("include \"missing{id}\"")));
    let error = Policy::parse(&text).unwrap_err();
    assert_eq!(error.diagnostics().len(), 1_000);
}

/// A policy whose destinations each ask for something else that has a large diagram.
fn hard(destinations: usize, prelude: &str) -> Policy {
    let pairs = |first: usize| {
        joined(24, |id| format!("(any of c{}, c{})", (first + id) % 400, (first + id + 24) % 400))
    };
    let text = format!(
        "consentry 1\npolicy \"p\"\ninclude prelude \"{prelude}\"\n{}{}{}",
        lines(400, |id| format!("category c{id}")),
        lines(destinations, |id| format!("destination \"d{id}\" needs all of {}", pairs(id))),
        lines(destinations, |id| format!("never deliver \"d{id}\" without c{id} when consent answered")),
    );
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Questions about a whole policy share their steps: more destinations than these allow do not take longer, and what is not answered is
/// said to be too large.
#[test]
fn exact_answers_about_a_policy_share_their_steps() {
    let (old, new) = (hard(200, "segment"), hard(200, "segment-strict"));
    let [allocated, _] = allocations(|| {
        assert!(fingerprint(&old).is_err());
        assert!(prove_all(&old).any(|proof| proof.is_err()));
        assert!(!diff(&old, &new).too_large.is_empty());
    });
    assert!(allocated < 400_000_000, "{allocated}");
}

/// Destinations that differ in names alone are one question, for a promise as for a fingerprint.
#[test]
fn destinations_that_are_alike_are_asked_about_once() {
    let promised = |destinations: usize| {
        let text = format!(
            "{HEAD}category A\n{}never deliver any without A when consent answered and event not exempt\n",
            lines(destinations, |id| format!("destination \"d{id}\" needs A")),
        );
        let policy = Policy::parse(&text).unwrap();
        let mut situations = 0;
        let [allocated, _] = allocations(|| {
            situations = prove_all(&policy).next().unwrap().unwrap().situations.unwrap();
        });
        (situations, allocated)
    };
    let ((one, cost), (many, total)) = (promised(1), promised(1_001));
    assert_eq!(many, 1_001 * one);
    assert!((total - cost) / 1_000 < cost / 4, "{cost} for one, {total} for all");
}

/// A table with an event in each row for each destination is written up to a size; one without events has no such limit.
#[test]
fn a_table_with_events_has_a_limit() {
    let destinations = lines(3_000, |id| format!("destination \"{}{id}\" needs A", "n".repeat(1_000)));
    let policy = Policy::parse(&format!("{HEAD}category A\n{destinations}")).unwrap();
    let tables = decision_tables(&policy, policy.destination_ids()).unwrap();
    assert_eq!(tables.len(), 1);
    let report = || TableReport::new(&policy, "p.consent", &tables, ProveReport::new(&policy, []));
    let [_, bytes] =
        allocations(|| assert_eq!(report().with_events(&policy, &tables).err(), Some(TableTooLargeError)));
    assert!(bytes < 12 * MAX_TABLE_BYTES as u64, "{bytes}");
    assert!(TableTooLargeError.to_string().contains(&MAX_TABLE_BYTES.to_string()));
    text::write(&mut io::sink(), &report().page()).unwrap();
}

/// One wide cell does not make every row of a long table as wide.
#[test]
fn long_tables_are_not_padded_to_their_widest_cell() {
    let needs = joined(5_000, |id| format!("c{id}"));
    let text = format!(
        "{HEAD}{}destination \"wide\" needs all of {needs}\n{}",
        lines(5_000, |id| format!("category c{id}")),
        lines(5_000, |id| format!("destination \"d{id}\" needs all of c{id}, c{}", (id + 1) % 5_000)),
    );
    let policy = Policy::parse(&text).unwrap();
    let tables = decision_tables(&policy, policy.destination_ids()).unwrap();
    let report = TableReport::new(&policy, "p.consent", &tables, ProveReport::new(&policy, []));
    let mut written = Vec::new();
    consentry::report::markdown::write(&mut written, &report.page()).unwrap();
    assert!(written.len() < 8 * text.len(), "{} of {}", written.len(), text.len());
}

/// However large a policy is, `certify` compares about as much where nobody asks for more, and says that it is a sample.
#[test]
fn certify_compares_no_more_for_more_destinations() {
    let policy = |destinations: usize| {
        let text = format!(
            "{HEAD}category A\n{}",
            lines(destinations, |id| format!("destination \"d{id}\" needs A"))
        );
        Policy::parse(&text).unwrap()
    };
    let compared = |policy: &Policy| {
        let most = default_situations(policy);
        let work = policy.destinations().len() as u64 * most.min(400);
        (most, work)
    };
    assert_eq!(compared(&policy(50)).0, 1 << 20);
    let (most, work) = compared(&policy(20_000));
    assert!((1..400).contains(&most) && work < 1_000_000, "{most}");
    assert_eq!(compared(&policy(MAX_DESTINATIONS)).0, 1);
    let certificate = certify(&Table::new(policy(2_000)), 8);
    assert!(certificate.coverage.iter().all(|(_, one)| matches!(one, Coverage::Sampled { compared: 8, .. })));
    assert!(certificate.differences.is_empty());
}
