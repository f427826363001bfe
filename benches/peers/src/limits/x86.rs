//! The structural scan with AVX-512 and AVX2.

use super::StructuralScan;
use super::structure::{Block, Scan, Structure};
use std::arch::x86_64::*;

/// The scans that this processor can run.
pub(super) fn available() -> impl Iterator<Item = StructuralScan> {
    let avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("pclmulqdq");
    let avx512 = avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
    let scans = [
        (avx512, "AVX-512", scan_avx512 as fn(&[u8]) -> Structure),
        (avx2, "AVX2", scan_avx2 as fn(&[u8]) -> Structure),
    ];
    scans
        .into_iter()
        .filter(|(has, ..)| *has)
        .map(|(_, instructions, scan)| StructuralScan { instructions, scan })
}

fn scan_avx512(text: &[u8]) -> Structure {
    // SAFETY: `available` gives this function away only where the processor has all of its features.
    unsafe { avx512(text) }
}

fn scan_avx2(text: &[u8]) -> Structure {
    // SAFETY: `available` gives this function away only where the processor has all of its features.
    unsafe { avx2(text) }
}

#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt,pclmulqdq")]
fn avx512(text: &[u8]) -> Structure {
    let mut scan = Scan::default();
    let (blocks, rest) = text.as_chunks::<64>();
    for block in blocks {
        // SAFETY: the reference is good for 64 bytes, and the load asks for no alignment.
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        scan.block(masks_avx512(bytes), |bits| prefix_xor(bits));
    }
    if !rest.is_empty() {
        // SAFETY: the mask names only bytes of `rest`, and a masked load does not touch the others.
        let bytes = unsafe { _mm512_maskz_loadu_epi8(!(u64::MAX << rest.len()), rest.as_ptr().cast()) };
        scan.block(masks_avx512(bytes), |bits| prefix_xor(bits));
    }
    scan.finish()
}

#[target_feature(enable = "avx512f,avx512bw")]
fn masks_avx512(bytes: __m512i) -> Block {
    let upper = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    Block {
        backslashes: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\\' as i8)),
        quotes: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'"' as i8)),
        opens: _mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8(b'{' as i8)),
        closes: _mm512_cmpeq_epi8_mask(upper, _mm512_set1_epi8(b'}' as i8)),
    }
}

#[target_feature(enable = "avx2,bmi1,popcnt,pclmulqdq")]
fn avx2(text: &[u8]) -> Structure {
    let mut scan = Scan::default();
    let (blocks, rest) = text.as_chunks::<64>();
    for block in blocks {
        scan.block(masks_avx2(block), |bits| prefix_xor(bits));
    }
    if !rest.is_empty() {
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        scan.block(masks_avx2(&last), |bits| prefix_xor(bits));
    }
    scan.finish()
}

#[target_feature(enable = "avx2")]
fn masks_avx2(block: &[u8; 64]) -> Block {
    // SAFETY: the reference is good for 64 bytes, and the loads ask for no alignment.
    let halves = unsafe {
        let halves: *const __m256i = block.as_ptr().cast();
        [_mm256_loadu_si256(halves), _mm256_loadu_si256(halves.add(1))]
    };
    let upper = halves.map(|half| _mm256_or_si256(half, _mm256_set1_epi8(0x20)));
    Block {
        backslashes: equal_avx2(halves, b'\\'),
        quotes: equal_avx2(halves, b'"'),
        opens: equal_avx2(upper, b'{'),
        closes: equal_avx2(upper, b'}'),
    }
}

#[target_feature(enable = "avx2")]
fn equal_avx2(halves: [__m256i; 2], byte: u8) -> u64 {
    let mask = |half| _mm256_movemask_epi8(_mm256_cmpeq_epi8(half, _mm256_set1_epi8(byte as i8))) as u32;
    u64::from(mask(halves[1])) << 32 | u64::from(mask(halves[0]))
}

/// A product without carries, with all ones, adds to each bit those below it.
#[target_feature(enable = "pclmulqdq")]
fn prefix_xor(bits: u64) -> u64 {
    let product = _mm_clmulepi64_si128::<0>(_mm_cvtsi64_si128(bits as i64), _mm_set1_epi8(-1));
    _mm_cvtsi128_si64(product) as u64
}
