//! What events say of consent: few texts that repeat, or as many as events.

use super::ConsentStrings;
use crate::random::{Random, Zipf};

/// How many consent strings make up nearly all traffic.
pub const COMMON: usize = 120;

/// How many categories a consent string names. It is the same for every size of policy, so that only the policy differs.
pub const NAMED: usize = 8;

/// The share of events whose preferences are drawn uniformly, per mille.
const UNIFORM: usize = 30;

/// Draws consent objects.
pub(super) struct Consents<'c> {
    categories: &'c [String],
    strings: ConsentStrings,
    common: Vec<String>,
    law: Zipf,
    drawn: usize,
}

impl<'c> Consents<'c> {
    pub(super) fn new(categories: &'c [String], strings: ConsentStrings, random: &mut Random) -> Self {
        let mut consents =
            Consents { categories, strings, common: Vec::new(), law: Zipf::new(COMMON), drawn: 0 };
        while consents.common.len() < COMMON {
            let text = consents.uniform(random);
            if !consents.common.contains(&text) {
                consents.common.push(text);
            }
        }
        consents
    }

    /// The consent object of an event that has one: its text.
    pub(super) fn draw(&mut self, random: &mut Random) -> String {
        match self.strings {
            ConsentStrings::Repeated if random.chance(UNIFORM) => self.uniform(random),
            ConsentStrings::Repeated => self.common[self.law.draw(random)].clone(),
            ConsentStrings::Unique => self.unique(),
        }
    }

    /// Every category granted or refused by the toss of a coin; of a large policy, the categories in a row from one of them on.
    fn uniform(&self, random: &mut Random) -> String {
        let first = random.below(self.categories.len() - NAMED + 1);
        let choices = random.bits();
        object((0..NAMED).map(|at| (self.categories[first + at].as_str(), choices >> at & 1 == 1)))
    }

    /// A text that no other draw gives: the number of the draw, spread over all choices and all orders of eight members.
    fn unique(&mut self) -> String {
        const TEXTS: usize = 40_320 << NAMED;
        // The factor has no divisor in common with 8! × 2⁸, so that numbers below that product stay different.
        let number = self.drawn * 6_700_417 % TEXTS;
        self.drawn += 1;
        assert!(self.drawn <= TEXTS, "no more texts are different");
        let (choices, mut order) = (number % (1 << NAMED), number >> NAMED);
        let mut left: Vec<usize> = (0..NAMED).collect();
        let members = (0..NAMED).map(|_| {
            let at = order % left.len();
            order /= left.len();
            let category = left.remove(at);
            (self.categories[category].as_str(), choices >> category & 1 == 1)
        });
        object(members.collect::<Vec<_>>().into_iter())
    }
}

fn object<'n>(members: impl Iterator<Item = (&'n str, bool)>) -> String {
    let members: Vec<String> = members.map(|(name, granted)| format!("\"{name}\":{granted}")).collect();
    format!("{{\"categoryPreferences\":{{{}}}}}", members.join(","))
}
