//! Where in an event the reader is, and what it has found so far.

use super::Doubt;
use super::keys::{Key, Keys};
use crate::event::json::skip_space;
use crate::event::parts::{ConsentPart, Parts};

/// Follows the way to the preferences and to the integrations object, block by block.
pub(super) struct Locator<'k, 't> {
    keys: &'k Keys,
    text: &'t [u8],
    /// How many objects and arrays may be open.
    nesting: u32,
    /// How many are.
    depth: u32,
    /// How many of the objects on the way to the preferences are open: these are the outermost ones behind the event.
    level: u32,
    /// The object that is open, when it is one of the two that are looked for.
    open: Option<Part>,
    /// When as many objects and arrays as this are left open, something that is looked at ends: the object that is
    /// looked for, the innermost one on the way, or the event.
    watched: u32,
    /// A bit for each of the objects on the way that was there.
    parents: u32,
    found: Parts<'t>,
    /// Where the event's own object is closed.
    ended: Option<usize>,
}

/// An object that is looked for, and where it begins.
#[derive(Debug, Clone, Copy)]
enum Part {
    Preferences(usize),
    Integrations(usize),
}

impl<'k, 't> Locator<'k, 't> {
    /// `text` begins with `{`.
    pub(super) fn new(keys: &'k Keys, text: &'t [u8], nesting: u32) -> Self {
        let mut found = Parts::default();
        if keys.parents() == 0 {
            found.consent = ConsentPart::Empty;
        }
        Locator {
            keys,
            text,
            nesting,
            depth: 0,
            level: 0,
            open: None,
            watched: 0,
            parents: 0,
            found,
            ended: None,
        }
    }

    /// What was found, once every block was looked at. Nothing but white space may come after the event.
    #[inline(always)]
    pub(super) fn finish(self) -> Result<Parts<'t>, Doubt> {
        let behind = self.ended.and_then(|at| self.text.get(at + 1..)).ok_or(Doubt)?;
        if skip_space(behind).is_empty() { Ok(self.found) } else { Err(Doubt) }
    }

    /// Looks at the block of `text` that begins at `base`. `candidates` are opening quotes of strings that may be keys which
    /// are looked for; `opens` and `closes` are brackets outside strings.
    #[inline(always)]
    pub(super) fn block(
        &mut self,
        mut candidates: u64,
        opens: u64,
        closes: u64,
        base: usize,
    ) -> Result<(), Doubt> {
        if self.depth + opens.count_ones() > self.nesting {
            return Err(Doubt);
        }
        // The brackets that are not counted yet.
        let mut left = !0u64;
        while candidates != 0 {
            let at = candidates.trailing_zeros();
            let before = left & !(!0 << at);
            self.brackets(opens & before, closes & before, base)?;
            left = !0 << at;
            candidates &= candidates - 1;
            if self.depth == self.level + 1 && self.open.is_none() {
                self.string(base + at as usize)?;
            }
        }
        self.brackets(opens & left, closes & left, base)
    }

    #[inline(always)]
    fn brackets(&mut self, opens: u64, closes: u64, base: usize) -> Result<(), Doubt> {
        let count = closes.count_ones();
        if count != 0 && self.depth <= self.watched + count {
            // Something that is looked at may end here.
            return self.one_by_one(opens, closes, base);
        }
        self.depth = self.depth + opens.count_ones() - count;
        Ok(())
    }

    fn one_by_one(&mut self, opens: u64, closes: u64, base: usize) -> Result<(), Doubt> {
        let mut left = opens | closes;
        while left != 0 {
            let at = left.trailing_zeros();
            left &= left - 1;
            if opens >> at & 1 == 1 {
                self.depth += 1;
                continue;
            }
            self.depth = self.depth.checked_sub(1).ok_or(Doubt)?;
            if self.depth == self.watched {
                self.end(base + at as usize)?;
            }
        }
        Ok(())
    }

    /// What is watched ends with the bracket at `at`.
    fn end(&mut self, at: usize) -> Result<(), Doubt> {
        match self.open.take() {
            Some(Part::Preferences(start)) => {
                self.found.consent = ConsentPart::Preferences(self.text.get(start..=at).ok_or(Doubt)?);
            }
            Some(Part::Integrations(start)) => {
                self.found.integrations = Some(self.text.get(start..=at).ok_or(Doubt)?);
            }
            None if self.level > 0 => self.level -= 1,
            None if self.ended.is_none() => self.ended = Some(at),
            None => return Err(Doubt),
        }
        self.watched = self.level;
        Ok(())
    }

    /// A string that is a member of the innermost object on the way, at its opening quote.
    fn string(&mut self, at: usize) -> Result<(), Doubt> {
        let rest = self.text.get(at + 1..).ok_or(Doubt)?;
        let Some((key, length)) = self.keys.at(self.level, rest) else { return Ok(()) };
        let behind = skip_space(rest.get(length + 1..).unwrap_or_default());
        // A string that no colon follows is a value.
        let Some(value) = behind.strip_prefix(b":") else { return Ok(()) };
        let value = skip_space(value);
        let start = self.text.len() - value.len();
        let is_object = value.first() == Some(&b'{');
        match key {
            Key::Parent if is_object && self.parents >> self.level & 1 == 0 => {
                self.parents |= 1 << self.level;
                self.level += 1;
                self.watched = self.level;
                if self.level == self.keys.parents() {
                    self.found.consent = ConsentPart::Empty;
                }
                Ok(())
            }
            Key::Preferences if is_object && matches!(self.found.consent, ConsentPart::Empty) => {
                self.part(Part::Preferences(start))
            }
            Key::Integrations if is_object && self.found.integrations.is_none() => {
                self.part(Part::Integrations(start))
            }
            Key::Type => once(&mut self.found.kind, value),
            Key::Event => once(&mut self.found.event, value),
            Key::MessageId => once(&mut self.found.id, value),
            // Malformed, or there for the second time: the slow reader knows what that means.
            Key::Parent | Key::Preferences | Key::WrongSpelling | Key::Integrations => Err(Doubt),
        }
    }

    fn part(&mut self, part: Part) -> Result<(), Doubt> {
        self.open = Some(part);
        self.watched = self.level + 1;
        Ok(())
    }
}

fn once<'t>(found: &mut Option<&'t [u8]>, value: &'t [u8]) -> Result<(), Doubt> {
    match found.replace(value) {
        None => Ok(()),
        Some(_) => Err(Doubt),
    }
}
