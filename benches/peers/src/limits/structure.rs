//! What a structural scan finds, byte by byte and in blocks of 64.

/// What a structural scan finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Structure {
    /// Brackets and braces that open, less those that close, strings aside.
    depth: i32,
    /// Whether the text ends inside a string.
    open_string: bool,
}

impl Structure {
    /// Whether everything that was opened is closed.
    pub fn is_complete(self) -> bool {
        self == Structure::default()
    }
}

/// The definition. A backslash escapes the next byte wherever it is, as the scans in blocks have it.
pub(super) fn byte_by_byte(text: &[u8]) -> Structure {
    let (mut depth, mut open_string, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => {
                escaped = false;
                depth += bracket(*byte, open_string);
                continue;
            }
            b'\\' => escaped = true,
            b'"' => open_string = !open_string,
            _ => depth += bracket(*byte, open_string),
        }
    }
    Structure { depth, open_string }
}

fn bracket(byte: u8, inside: bool) -> i32 {
    match byte {
        b'{' | b'[' if !inside => 1,
        b'}' | b']' if !inside => -1,
        _ => 0,
    }
}

/// What an instruction set finds in 64 bytes: bit `i` speaks of byte `i`.
#[derive(Clone, Copy)]
pub(super) struct Block {
    pub(super) backslashes: u64,
    pub(super) quotes: u64,
    pub(super) opens: u64,
    pub(super) closes: u64,
}

/// A scan between two blocks.
#[derive(Clone, Copy, Default)]
pub(super) struct Scan {
    depth: i32,
    /// All ones inside a string.
    inside: u64,
    /// 1 when the next byte is escaped.
    escaped: u64,
}

impl Scan {
    /// Takes the next block. `prefix_xor` sets each bit to the exclusive or of the bits up to it.
    #[inline(always)]
    pub(super) fn block(&mut self, block: Block, prefix_xor: impl FnOnce(u64) -> u64) {
        let Block { backslashes, mut quotes, opens, closes } = block;
        // Most blocks have no backslash, so that the branch costs less than the arithmetic.
        if backslashes | self.escaped != 0 {
            quotes &= !self.escapes(backslashes);
        }
        let inside = prefix_xor(quotes) ^ self.inside;
        self.inside = ((inside as i64) >> 63) as u64;
        self.depth += (opens & !inside).count_ones() as i32 - (closes & !inside).count_ones() as i32;
    }

    /// The escaped bytes: those behind an odd number of backslashes.
    #[inline(always)]
    fn escapes(&mut self, backslashes: u64) -> u64 {
        const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
        let starts = backslashes & !self.escaped;
        let behind = starts << 1;
        // In a run that starts at an even place, the sum below carries past its end; in an odd one the bits are already set.
        let ends = (behind | ODD).wrapping_sub(starts) ^ ODD;
        let escaped = ends ^ (backslashes | self.escaped);
        self.escaped = (ends & backslashes) >> 63;
        escaped
    }

    pub(super) fn finish(self) -> Structure {
        Structure { depth: self.depth, open_string: self.inside != 0 }
    }
}
