//! The fast reader: it finds the few parts of an event that a decision reads, in one pass over its bytes.
//!
//! It answers when it is certain, and otherwise it doubts: then the slow reader, which is the definition, looks at the line.
//! What is no event, what is malformed, what is there twice, and every key that is written with an escape is for the
//! slow reader. So the fast one needs no error messages, and its answers equal those of the slow one:
//!
//! - in the [validating](Grade::Validating) grade on all bytes whatsoever;
//! - in the [trusted](Grade::Trusted) grade on everything that is JSON.
//!
//! `simd` tells which of 64 bytes are quotes, brackets and so on; `strings` takes away what is inside strings; `locate`
//! follows the brackets to the keys that are looked for; `grammar` checks the rest of RFC 8259, in the validating grade.

mod blocks;
mod grammar;
mod keys;
mod locate;
mod scan;
mod simd;
mod strings;

pub(crate) use blocks::Blocks as Room;
pub(crate) use keys::Keys;
pub use simd::InstructionSet;

use super::parts::Parts;
use super::read::Limits;
pub(super) use locate::skip_space;
use scan::{Scan, Scanned};

/// How much of an event's bytes is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Grade {
    /// Everything: bytes that are not one JSON object by RFC 8259 in UTF-8 are refused, wherever the fault is.
    #[default]
    Validating,
    /// What the way to the answer needs: the caller's own parser has accepted the bytes already, as they are. Decisions are those
    /// of the validating grade on everything that is JSON; for other bytes nothing is promised but that nothing panics.
    Trusted,
}

/// The fast reader is not certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Doubt;

/// Finds the parts of an event; `None` when the slow reader has to look.
#[inline]
pub(crate) fn find<'t>(
    bytes: &'t [u8],
    keys: &Keys,
    limits: &Limits,
    grade: Grade,
    instructions: InstructionSet,
    room: &mut Room,
) -> Option<Parts<'t>> {
    let text = trim(bytes);
    if bytes.len() > limits.bytes || text.first() != Some(&b'{') || text.last() != Some(&b'}') {
        return None;
    }
    let nesting = u32::try_from(limits.nesting).unwrap_or(u32::MAX);
    let scanned: Scanned = match grade {
        Grade::Validating => instructions.run(Scan::<true> { keys, text, nesting, room }),
        Grade::Trusted => instructions.run(Scan::<false> { keys, text, nesting, room }),
    }
    .ok()?;
    let certain = !scanned.beyond_ascii || simdutf8::basic::from_utf8(text).is_ok();
    certain.then_some(scanned.parts)
}

fn trim(bytes: &[u8]) -> &[u8] {
    let text = skip_space(bytes);
    if text.last() == Some(&b'}') {
        return text;
    }
    let space = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    text.get(..text.len() - space).unwrap_or_default()
}
