//! Other ways to the same decisions. Each reads the bytes of one event and gives the destinations as bits.
//!
//! What none of them does and consentry does: notice duplicates of the keys on the way (the typed ones refuse such an event, the
//! others take one of them), tell `null` from a missing member, and say why. The workload has no such events.

#[cfg(feature = "engines")]
pub mod engines;
mod jiter;
mod serde_json;
mod simd_json;
mod sonic;
mod typed;

use crate::rules::Rules;
use crate::workload::Catalogue;

/// A way from an event's bytes to a decision.
pub struct Peer<'p> {
    /// The crate, and how it is used.
    pub name: &'static str,
    /// Whether bytes that are not JSON are always refused.
    pub validates: bool,
    /// Decides one event.
    pub decide: Decide<'p>,
}

/// The destinations of one event, as bits.
pub type Decide<'p> = Box<dyn FnMut(&[u8]) -> u64 + 'p>;

/// A way from an event's bytes to the event with the decision in its `integrations`, appended to a buffer.
pub struct Rewriter<'p> {
    /// The crate, and how it is used.
    pub name: &'static str,
    /// Rewrites one event.
    pub rewrite: Rewrite<'p>,
}

/// Appends the rewritten event.
pub type Rewrite<'p> = Box<dyn FnMut(&[u8], &mut Vec<u8>) + 'p>;

/// All that decide.
pub fn deciders<'p>(catalogue: &'p Catalogue, rules: &'p Rules) -> Vec<Peer<'p>> {
    let validating = |name, decide| Peer { name, validates: true, decide };
    vec![
        validating("serde_json::Value and a loop", Box::new(|event| serde_json::value(catalogue, event))),
        validating("serde_json, borrowed struct", Box::new(|event| serde_json::typed(rules, event))),
        validating("sonic-rs, borrowed struct", Box::new(|event| sonic::typed(rules, event))),
        validating("sonic-rs, lazy", Box::new(|event| sonic::lazy(rules, event))),
        Peer {
            name: "sonic-rs, lazy, unchecked",
            validates: false,
            decide: Box::new(|event| sonic::lazy_unchecked(rules, event)),
        },
        validating("simd-json, tape", {
            let mut tape = simd_json::Room::default();
            Box::new(move |event| simd_json::tape(rules, &mut tape, event))
        }),
        validating("simd-json, borrowed struct", {
            let mut room = simd_json::Room::default();
            Box::new(move |event| simd_json::typed(rules, &mut room, event))
        }),
        validating("jiter, skipping", Box::new(|event| jiter::skipping(rules, event))),
    ]
}

/// All that rewrite.
pub fn rewriters<'p>(catalogue: &'p Catalogue, rules: &'p Rules) -> Vec<Rewriter<'p>> {
    vec![
        Rewriter {
            name: "serde_json::Value and a loop",
            rewrite: Box::new(|event, into| serde_json::rewrite(catalogue, event, into)),
        },
        Rewriter {
            name: "sonic-rs, lazy and splice",
            rewrite: Box::new(|event, into| sonic::rewrite(catalogue, rules, event, into)),
        },
    ]
}
