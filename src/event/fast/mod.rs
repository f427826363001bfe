//! The fast reader: it finds the few parts of an event that a decision reads, in one pass over its bytes.
//!
//! It answers when it is certain, and otherwise it doubts: then the slow reader, which is the definition, looks at the line.
//! What is no event, what is malformed, what is there twice, what is nested very deeply, what is very long, and every key that is
//! written with an escape is for the slow reader. So the fast one needs no error messages, and its answers equal those of the slow one:
//!
//! - with [full](Validation::Full) validation, on all bytes whatsoever;
//! - [trusted](Validation::Trusted), on everything that is JSON.
//!
//! `simd` tells which of 64 bytes are quotes, brackets and so on; `strings` takes away what is inside strings; `structural` does both
//! for many blocks before anything is made of them. With full validation `grammar` checks the rest of RFC 8259. In the end
//! `locate` follows the brackets of the whole event to the keys that are looked for.

mod find;
mod grammar;
mod keys;
mod locate;
mod scan;
mod simd;
mod strings;
mod structural;
mod tokens;
mod uncertain;

pub use find::Validation;
pub(crate) use find::find;
pub(crate) use keys::Keys;
pub(crate) use scan::Buffers;
pub use simd::InstructionSet;
