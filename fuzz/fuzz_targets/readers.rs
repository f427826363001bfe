//! The law `readers_agree_on_bytes` on the fuzzer's bytes.

#![no_main]

#[path = "../laws/mod.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // Bytes that are too few for the law's input are no finding.
    let _ = laws::readers_agree_on_bytes(&mut arbitrary::Unstructured::new(bytes));
});
