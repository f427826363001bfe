//! The laws of `fuzz/laws/`, each a test, on inputs from a seed. `CONSENTRY_ROUNDS` and `CONSENTRY_SEED` choose other inputs than the
//! usual ones; see `fuzz/README.md`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that fails may panic"
)]

#[macro_use]
#[path = "../fuzz/laws/mod.rs"]
mod laws;

use arbitrary::Unstructured;

/// SplitMix64: a few lines, and the same everywhere.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    });
    words.flat_map(u64::to_le_bytes).take(length).collect()
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |value| value.parse().unwrap())
}

fn holds(name: &str) {
    let (rounds, seed) = (number("CONSENTRY_ROUNDS", 40), number("CONSENTRY_SEED", 1));
    let (_, law, tries) = laws::ALL.iter().find(|(known, ..)| *known == name).unwrap();
    let rounds = rounds * tries;
    let mut compared = 0;
    for round in 0..rounds {
        // Arbitrary bytes are tried short, so that something other than a refusal comes of them now and then.
        let length = if name.ends_with("_bytes") { round as usize % 200 } else { 1 << 17 };
        let input = bytes(seed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(round), length);
        compared += law(&mut Unstructured::new(&input)).unwrap();
    }
    // Shown with `--nocapture`: the counts that the documentation quotes.
    println!("{name}: {rounds} rounds from seed {seed}, {compared} comparisons");
    assert!(compared >= rounds.min(1));
}

macro_rules! tests {
    ($($name:ident: $law:path, $tries:literal;)*) => {
        $(
            #[test]
            fn $name() {
                holds(stringify!($name));
            }
        )*
    };
}
each_law!(tests);

/// Every input of `fuzz/corpus/` through the law of its target: what a fuzzer found once stays found.
#[test]
fn the_corpus_is_replayed() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut replayed = 0;
    for target in std::fs::read_dir(corpus).unwrap() {
        let target = target.unwrap();
        let name = target.file_name().into_string().unwrap();
        let law = match name.as_str() {
            "decisions" => "table_equals_reference",
            "readers" => "readers_agree_on_bytes",
            other => other,
        };
        for input in std::fs::read_dir(target.path()).unwrap() {
            let bytes = std::fs::read(input.unwrap().path()).unwrap();
            let (law, bytes) = match (law, bytes.split_first()) {
                ("laws", Some((first, rest))) => (laws::ALL[usize::from(*first) % laws::ALL.len()].1, rest),
                ("laws", None) => continue,
                _ => (laws::ALL.iter().find(|(known, ..)| *known == law).unwrap().1, bytes.as_slice()),
            };
            let _ = law(&mut Unstructured::new(bytes));
            replayed += 1;
        }
    }
    assert!(replayed >= 10, "{replayed} inputs");
}
