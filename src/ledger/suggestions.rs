//! Names of a policy that events misspell.

use crate::breakdown::{MAX_VALUE_BYTES, MAX_VALUES};
use crate::diagnostic::{edits, is_harmful, looks, nearest};
use crate::event::Name;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Suggests which of some names is meant by another one. Its time and memory are bounded, whatever names come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Suggestions {
    names: Vec<String>,
    known: HashSet<Vec<u8>>,
    /// Words for names, each with the place of its name.
    words: HashMap<String, usize>,
    /// The names by their looks.
    by_look: HashMap<String, usize>,
    /// The names in lower case, to compare letters with.
    lower: Vec<Lower>,
    /// The first names that mean one of these.
    near: BTreeMap<Vec<u8>, usize>,
    /// The first names that mean none.
    far: BTreeSet<Vec<u8>>,
    /// The number of pairs of letters that may still be compared.
    budget: usize,
    /// True once a name was not compared with all others.
    is_exhausted: bool,
}

/// A name in lower case, and what a name has in common with it that differs in few letters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Lower {
    text: String,
    letters: usize,
    digits: String,
}

impl Lower {
    fn of(name: &str) -> Self {
        let text = name.to_lowercase();
        let digits = text.chars().filter(char::is_ascii_digit).collect();
        Lower { letters: text.chars().count(), digits, text }
    }

    /// Returns true if the name may be meant by another one: `C0004` and `C0005` are two names, and no spelling error.
    fn may_be_meant(&self, by: &Lower) -> bool {
        self.digits == by.digits && self.letters.abs_diff(by.letters) <= edits(by.letters)
    }
}

/// The edit distance of two names takes as many steps as they have pairs of letters; this many take about a second.
const MAX_PAIRS: usize = 300_000_000;

impl Suggestions {
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut all = Suggestions { budget: MAX_PAIRS, ..Suggestions::default() };
        for name in names {
            all.known.insert(name.as_bytes().to_vec());
            all.add(name, all.names.len());
            all.names.push(name.to_owned());
        }
        all
    }

    /// Suggests each name for a word too, and for what is nearly that word. The words come in the order of the names.
    pub(super) fn with_words<'n>(mut self, words: impl Iterator<Item = &'n str>) -> Self {
        for (id, word) in words.enumerate() {
            if self.names.get(id).is_some_and(|name| name != word) {
                self.words.entry(word.to_owned()).or_insert(id);
                self.add(word, id);
            }
        }
        self
    }

    fn add(&mut self, word: &str, id: usize) {
        for look in alike(word) {
            self.by_look.entry(look).or_insert(id);
        }
        self.lower.push(Lower::of(word));
    }

    /// Returns true if some name was not compared with all others, because there were too many.
    pub(super) fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Returns true if this is one of the names.
    pub(super) fn has(&self, name: &Name<'_>) -> bool {
        self.known.contains(name.as_bytes())
    }

    /// Returns the name that looks like this one: its case, the spaces at its ends, its punctuation or its characters differ.
    pub(super) fn looking_like(&self, name: &Name<'_>) -> Option<&str> {
        self.name(self.by_looks(&name.to_text()))
    }

    /// Returns the name that is meant by one that is not among them: one that looks like it, or else differs in few letters.
    pub(super) fn meant(&mut self, name: &Name<'_>) -> Option<&str> {
        let bytes = name.as_bytes();
        if let Some(id) = self.near.get(bytes) {
            return self.name(Some(*id));
        }
        if self.far.contains(bytes) {
            return None;
        }
        let id = self.search(&name.to_text());
        let is_short = bytes.len() <= MAX_VALUE_BYTES;
        match id {
            Some(id) if is_short && self.near.len() < MAX_VALUES => {
                self.near.insert(bytes.to_vec(), id);
            }
            None if is_short && self.far.len() < MAX_VALUES => {
                self.far.insert(bytes.to_vec());
            }
            _ => {}
        }
        self.name(id)
    }

    /// Returns the same as far as it was found, without another search.
    pub(super) fn found(&self, name: &Name<'_>) -> Option<&str> {
        self.name(self.near.get(name.as_bytes()).copied())
    }

    fn name(&self, id: Option<usize>) -> Option<&str> {
        self.names.get(id?).map(String::as_str)
    }

    fn by_looks(&self, text: &str) -> Option<usize> {
        // Nobody takes a longer name for another one.
        let is_short = text.len() <= 4 * MAX_VALUE_BYTES;
        let word = self.words.get(text).copied();
        word.or_else(|| {
            is_short.then(|| alike(text).iter().find_map(|look| self.by_look.get(look).copied())).flatten()
        })
    }

    fn search(&mut self, text: &str) -> Option<usize> {
        let by_looks = self.by_looks(text);
        if by_looks.is_some() || text.len() > MAX_VALUE_BYTES {
            return by_looks;
        }
        let own = Lower::of(text);
        let others = self.lower.iter().filter(|other| other.may_be_meant(&own));
        let others: Vec<&str> = others.map(|other| other.text.as_str()).collect();
        let pairs = own.text.len() * others.iter().map(|other| other.len()).sum::<usize>() + self.lower.len();
        let Some(left) = self.budget.checked_sub(pairs) else {
            self.is_exhausted = true;
            return None;
        };
        self.budget = left;
        self.by_look.get(nearest(&own.text, others)?).copied()
    }
}

/// Returns how a name looks, also without what nobody sees or minds.
fn alike(name: &str) -> Vec<String> {
    let visible: String = name.chars().filter(|char| !is_harmful(*char)).collect();
    let mut all = Vec::from(looks(visible.trim()));
    let letters: Vec<String> =
        all.iter().map(|look| look.chars().filter(|char| char.is_alphanumeric()).collect()).collect();
    all.extend(letters.into_iter().filter(|look: &String| !look.is_empty()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_no_other() {
        let names = ["All", "Facebook Pixel", "Amplitude", "Café", "C0004", "Google Analytics 4", "AMP"];
        let mut suggestions = Suggestions::new(names.into_iter());
        for (name, meant) in [
            ("all", Some("All")),
            ("ALL", Some("All")),
            (" All\u{a0}", Some("All")),
            ("\u{410}ll", Some("All")),
            ("facebook pixel", Some("Facebook Pixel")),
            ("FacebookPixel", Some("Facebook Pixel")),
            ("facebook_pixel", Some("Facebook Pixel")),
            ("Facebok Pixel", Some("Facebook Pixel")),
            ("Amplitude ", Some("Amplitude")),
            ("\u{410}MPLITUDE", Some("Amplitude")),
            ("\u{feff}Amplitude", Some("Amplitude")),
            ("\u{ff21}mplitude", Some("Amplitude")),
            ("Cafe\u{301}", Some("Café")),
            ("c0004", Some("C0004")),
            ("CO004", Some("C0004")),
            ("C0005", None),
            ("Google Analytics", None),
            ("Salesforce", None),
            ("", None),
            ("!", None),
        ] {
            let name = Name::from(name);
            assert_eq!(suggestions.meant(&name), meant, "{name:?}");
            assert_eq!(suggestions.meant(&name), meant, "{name:?}");
            assert_eq!(suggestions.found(&name), meant, "{name:?}");
        }
    }

    /// The name of one category may look like the wire id of another one.
    #[test]
    fn a_word_means_its_own_name() {
        let names = ["analytics", "advertising"];
        let words = ["Advertising", "Analytics"];
        let mut suggestions = Suggestions::new(names.into_iter()).with_words(words.into_iter());
        assert_eq!(suggestions.meant(&Name::from("Advertising")), Some("analytics"));
        assert_eq!(suggestions.meant(&Name::from("ADVERTISING")), Some("advertising"));
    }

    /// However many names come, and however many there are, the work ends.
    #[test]
    fn searches_are_bounded() {
        let letters = |mut number: usize| -> String {
            std::iter::repeat_with(|| {
                let letter = char::from(b'a' + (number % 26) as u8);
                number /= 26;
                letter
            })
            .take(5)
            .collect()
        };
        let names: Vec<String> =
            (0..20_000).map(|number| format!("{:x<60}{}", "", letters(number))).collect();
        let mut suggestions = Suggestions::new(names.iter().map(String::as_str));
        let mut compared = 0;
        for number in 0..2 * MAX_VALUES {
            let before = suggestions.budget;
            suggestions.meant(&Name::from(format!("{:y<60}{}", "", letters(number))));
            compared += before - suggestions.budget;
        }
        assert!(compared <= MAX_PAIRS && compared > MAX_PAIRS / 2, "{compared}");
        assert!(suggestions.is_exhausted());
        assert_eq!((suggestions.near.len(), suggestions.far.len()), (0, MAX_VALUES));
    }
}
