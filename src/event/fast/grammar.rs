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

use super::Doubt;
use super::blocks::ones;
use super::simd::Simd;
use super::strings::StringBits;

/// The most containers that may be open at once: more, and the slow reader looks.
const MAX_NESTING: u32 = 63;

/// What is carried from block to block.
#[derive(Debug, Clone, Default)]
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
    /// Which of the open containers are objects: the innermost is bit 0.
    objects: u64,
    depth: u32,
}

/// Whether a token of one kind waits for the one that comes after it: 0 or 1.
#[derive(Debug, Clone, Copy, Default)]
struct Pending(u64);

impl Pending {
    /// The first bytes of the tokens after those that end at `ends`. `directly` are places right behind other tokens.
    #[inline(always)]
    fn next(&mut self, ends: u64, directly: u64, space: u64) -> u64 {
        // A bit that is added to a run of white space carries to the first byte behind the run.
        let (sum, open) = (ends << 1 | self.0 | directly).overflowing_add(space);
        self.0 = ends >> 63 | u64::from(open);
        sum & !space
    }
}

/// The tokens of a block, as far as the grammar asks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tokens {
    pub(super) strings: StringBits,
    /// `{` and `[`, and `}` and `]`, outside strings.
    pub(super) opens: u64,
    pub(super) closes: u64,
    /// Of these, `{` and `}`.
    braces: u64,
    closing_braces: u64,
    commas: u64,
    colons: u64,
    space: u64,
    control: u64,
}

impl Tokens {
    #[inline(always)]
    pub(super) fn find<S: Simd>(
        simd: S,
        bytes: S::Bytes,
        strings: StringBits,
        opens: u64,
        closes: u64,
    ) -> Self {
        let outside = !strings.inside;
        Tokens {
            strings,
            opens,
            closes,
            braces: simd.equal(bytes, b'{') & opens,
            closing_braces: simd.equal(bytes, b'}') & closes,
            commas: simd.equal(bytes, b',') & outside,
            colons: simd.equal(bytes, b':') & outside,
            space: simd.space(bytes) & outside,
            control: simd.control(bytes) & strings.inside,
        }
    }
}

impl Grammar {
    /// Checks the block of `text` that begins at `base`; doubts whatever is not well formed.
    #[inline(always)]
    pub(super) fn block(&mut self, tokens: &Tokens, text: &[u8], base: usize) -> Result<(), Doubt> {
        let Tokens { strings, opens, closes, braces, closing_braces, commas, colons, space, control } =
            *tokens;
        let StringBits { inside, opening, closing, .. } = strings;

        let scalars = !(inside | closing | opens | closes | commas | colons | space);
        let moved = scalars << 1 | self.scalar_open;
        let (scalar_starts, behind_scalars) = (scalars & !moved, moved & !scalars);
        self.scalar_open = scalars >> 63;
        let values = opening | opens | scalar_starts;

        let objects = self.containers(opens, closes, braces)?;
        let after_opening = self.after_opening.next(opens, 0, space);
        let after_comma = self.after_comma.next(commas, 0, space);
        let after_colon = self.after_colon.next(colons, 0, space);
        let keys = opening & objects & (after_opening | after_comma);
        let (sum, key_open) = (keys | self.key_open).overflowing_add(inside);
        self.key_open = u64::from(key_open);
        let key_ends = sum & closing;
        let after_key = self.after_key.next(key_ends, 0, space);
        let after_value = self.after_value.next(closing & !key_ends | closes, behind_scalars, space);

        let wrong = after_opening & objects & !(opening | closing_braces)
            | after_opening & !objects & !(values | closes & !closing_braces)
            | after_comma & objects & !opening
            | after_comma & !values
            | after_colon & !values
            | after_key ^ colons
            | after_value & !(commas | closes)
            | closes & (closing_braces ^ objects)
            | control;
        if wrong != 0 {
            return Err(Doubt);
        }
        for at in ones(strings.escapes) {
            escape(text.get(base + at + 1..).unwrap_or_default())?;
        }
        for at in ones(scalar_starts) {
            scalar(text.get(base + at..).unwrap_or_default())?;
        }
        Ok(())
    }

    /// The bytes whose innermost container is an object; a bracket counts as what is around it.
    #[inline(always)]
    fn containers(&mut self, opens: u64, closes: u64, braces: u64) -> Result<u64, Doubt> {
        let innermost = |objects: u64| (objects & 1).wrapping_neg();
        let mut mask = innermost(self.objects);
        for at in ones(opens | closes) {
            if opens >> at & 1 == 1 {
                self.objects = self.objects << 1 | braces >> at & 1;
                self.depth += 1;
                if self.depth > MAX_NESTING {
                    return Err(Doubt);
                }
            } else {
                self.objects >>= 1;
                self.depth = self.depth.checked_sub(1).ok_or(Doubt)?;
            }
            let behind = !1 << at;
            mask = mask & !behind | innermost(self.objects) & behind;
        }
        Ok(mask)
    }
}

/// Checks what comes after a backslash.
fn escape(rest: &[u8]) -> Result<(), Doubt> {
    match rest {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Ok(()),
        [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => Ok(()),
        _ => Err(Doubt),
    }
}

/// Checks the number or the word that `rest` begins with, up to a byte that belongs to no such thing.
fn scalar(rest: &[u8]) -> Result<(), Doubt> {
    let behind = match rest {
        [b't', b'r', b'u', b'e', behind @ ..]
        | [b'f', b'a', b'l', b's', b'e', behind @ ..]
        | [b'n', b'u', b'l', b'l', behind @ ..] => behind,
        _ => number(rest)?,
    };
    match behind {
        [b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n', ..] => Ok(()),
        _ => Err(Doubt),
    }
}

/// What is behind the number that `rest` begins with.
fn number(rest: &[u8]) -> Result<&[u8], Doubt> {
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
fn digits(rest: &[u8]) -> Result<&[u8], Doubt> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { Err(Doubt) } else { rest.get(count..).ok_or(Doubt) }
}
