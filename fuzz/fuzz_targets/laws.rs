//! Every law, the first byte choosing which.

#![no_main]

#[path = "../laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (_, law, _) = laws::ALL[usize::from(*first) % laws::ALL.len()];
    // Bytes that are too few for the law's input are no finding.
    let _ = law(&mut arbitrary::Unstructured::new(rest));
});
