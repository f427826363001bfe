//! Whether a text is JSON by RFC 8259, 64 bytes at a time and without a loop over its tokens.
//!
//! A JSON text is a sequence of tokens, and it is well formed when each token may follow the one before it, where some
//! answers depend on whether the innermost container is an object. So for each kind of token the mask of their last
//! bytes is moved to the first byte of whatever token comes next (`Pending::next`), and compared with the tokens that may
//! stand there:
//!
//! | after | in an object | in an array |
//! |---|---|---|
//! | an opening bracket | a key, or the closing bracket | a value, or the closing bracket |
//! | `,` | a key | a value |
//! | a key | `:` and nothing else; there is no other `:` | no key is here |
//! | `:` | a value | |
//! | a value, a closing bracket | `,` or a closing bracket | `,` or a closing bracket |
//!
//! A string is a key when it comes after an opening bracket or `,` in an object. Every token is the one after another, but
//! for the first, which is `{` (the caller sees to that, and that nothing comes after its `}`). Closing brackets must
//! close a container of their kind. Strings must have no control characters and good escapes; whatever else stands
//! outside strings must be a number, `true`, `false` or `null`. UTF-8 is for the caller to check.

use super::tokens::{Tokens, ones};
use super::uncertain::Uncertain;

/// The most containers that may be open at once: more, and the slow reader looks.
const MAX_NESTING: u32 = 63;

/// What is carried from block to block.
#[derive(Default)]
pub(super) struct Grammar {
    after_opening: Pending,
    after_comma: Pending,
    after_key: Pending,
    after_colon: Pending,
    after_value: Pending,
    /// 1 when the open string is a key.
    key_open: u64,
    /// 1 when the last byte belongs to a number or a word.
    scalar_open: u64,
    /// How many containers are open, and which of them are arrays: the outermost is bit 1.
    depth: u32,
    arrays: u64,
    /// The event's own object is closed.
    ended: bool,
}

/// Whether a token of one kind waits for the one that comes after it: 0 or 1.
#[derive(Default)]
struct Pending(u64);

impl Pending {
    /// The first bytes of the tokens after those that end at `ends`. `directly` are places right behind other tokens.
    #[inline(always)]
    fn next(&mut self, ends: u64, directly: u64, space: u64) -> u64 {
        if space == 0 {
            let next = ends << 1 | self.0 | directly;
            self.0 = ends >> 63;
            return next;
        }
        // A bit that is added to a run of white space carries to the first byte behind the run.
        let (sum, open) = (ends << 1 | self.0 | directly).overflowing_add(space);
        self.0 = ends >> 63 | u64::from(open);
        sum & !space
    }
}

impl Grammar {
    /// Checks the block of `text` that begins at `base`; doubts whatever is not well formed.
    #[inline(always)]
    pub(super) fn block(&mut self, tokens: &Tokens, text: &[u8], base: usize) -> Result<(), Uncertain> {
        let Tokens { inside, opening, closing, opens, closes, braces, commas, colons, space, .. } = *tokens;

        let scalars = !(inside | closing | opens | closes | commas | colons | space);
        let moved = scalars << 1 | self.scalar_open;
        let (scalar_starts, behind_scalars) = (scalars & !moved, moved & !scalars);
        self.scalar_open = scalars >> 63;
        let values = opening | opens | scalar_starts;

        let objects = self.objects(opens, closes, braces)?;
        let after_opening = self.after_opening.next(opens, 0, space);
        let after_comma = self.after_comma.next(commas, 0, space);
        let after_colon = self.after_colon.next(colons, 0, space);
        let keys = opening & objects & (after_opening | after_comma);
        let (sum, key_open) = (keys | self.key_open).overflowing_add(inside);
        self.key_open = u64::from(key_open);
        let key_ends = sum & closing;
        let after_key = self.after_key.next(key_ends, 0, space);
        let after_value = self.after_value.next(closing & !key_ends | closes, behind_scalars, space);

        let wrong = after_opening & objects & !(opening | closes)
            | after_opening & !objects & !(values | closes)
            | after_comma & objects & !opening
            | after_comma & !values
            | after_colon & !values
            | after_key ^ colons
            | after_value & !(commas | closes)
            | tokens.wrong;
        if wrong != 0 {
            return Err(Uncertain);
        }
        for at in ones(tokens.unicode) {
            four_digits(text.get(base + at + 1..).unwrap_or_default())?;
        }
        for at in ones(scalar_starts) {
            scalar(text.get(base + at..).unwrap_or_default())?;
        }
        Ok(())
    }

    /// The bytes whose innermost container is an object; a bracket counts as what is around it, or as what it closes.
    #[inline(always)]
    fn objects(&mut self, opens: u64, closes: u64, braces: u64) -> Result<u64, Uncertain> {
        let closing = closes.count_ones();
        if (opens | closes) & !braces | self.arrays == 0 && closing < self.depth {
            // Objects alone, as far as the block goes, and the outermost stays open.
            self.depth = self.depth + opens.count_ones() - closing;
            return if self.depth > MAX_NESTING { Err(Uncertain) } else { Ok(!0) };
        }
        let mut mask = self.innermost();
        for at in ones(opens | closes) {
            let is_array = !braces >> at & 1;
            if opens >> at & 1 == 1 {
                // Nothing comes after the event.
                if self.ended || self.depth == MAX_NESTING {
                    return Err(Uncertain);
                }
                self.depth += 1;
                self.arrays |= is_array << self.depth;
            } else {
                if self.depth == 0 || self.arrays >> self.depth & 1 != is_array {
                    return Err(Uncertain);
                }
                self.arrays &= !(1 << self.depth);
                self.depth -= 1;
                self.ended = self.depth == 0;
            }
            let behind = !1 << at;
            mask = mask & !behind | self.innermost() & behind;
        }
        Ok(mask)
    }

    /// All bits set when the innermost container is an object.
    #[inline(always)]
    fn innermost(&self) -> u64 {
        (self.arrays >> self.depth & 1).wrapping_sub(1)
    }
}

/// Checks what comes after `\u`.
fn four_digits(rest: &[u8]) -> Result<(), Uncertain> {
    match rest.first_chunk::<4>() {
        Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(()),
        _ => Err(Uncertain),
    }
}

/// Checks the number or the word that `rest` begins with, up to a byte that belongs to no such thing.
fn scalar(rest: &[u8]) -> Result<(), Uncertain> {
    let behind = match rest {
        [b't', b'r', b'u', b'e', behind @ ..]
        | [b'f', b'a', b'l', b's', b'e', behind @ ..]
        | [b'n', b'u', b'l', b'l', behind @ ..] => behind,
        _ => number(rest)?,
    };
    match behind {
        [b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n', ..] => Ok(()),
        _ => Err(Uncertain),
    }
}

/// What is behind the number that `rest` begins with.
fn number(rest: &[u8]) -> Result<&[u8], Uncertain> {
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let rest = match rest.strip_prefix(b"0") {
        Some(rest) => rest,
        None => digits(rest)?,
    };
    let rest = match rest.strip_prefix(b".") {
        Some(fraction) => digits(fraction)?,
        None => rest,
    };
    match rest {
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => digits(exponent),
        _ => Ok(rest),
    }
}

/// What is behind one digit or more.
fn digits(rest: &[u8]) -> Result<&[u8], Uncertain> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { Err(Uncertain) } else { rest.get(count..).ok_or(Uncertain) }
}
