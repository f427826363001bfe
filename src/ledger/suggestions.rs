//! Names of a policy that events misspell.

use crate::breakdown::{MAX_VALUE_BYTES, MAX_VALUES};
use crate::diagnostic::{is_harmful, looks, nearest};
use crate::event::Name;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Suggests which of some names is meant by another one. Its time and memory are bounded, whatever names come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Suggestions {
    names: Vec<String>,
    known: HashSet<Vec<u8>>,
    /// The names by their looks.
    by_look: HashMap<String, usize>,
    /// The names in lower case, to compare letters with.
    lower: Vec<String>,
    /// The sum of their lengths.
    letters: usize,
    /// The first names that mean one of these.
    near: BTreeMap<Vec<u8>, usize>,
    /// The first names that mean none.
    far: BTreeSet<Vec<u8>>,
    /// The number of pairs of letters that may still be compared.
    budget: usize,
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

    /// Suggests a name for each of these words too, and for one that is nearly such a word. A word comes with its name.
    pub(super) fn with_words<'n>(mut self, words: impl Iterator<Item = (&'n str, &'n str)>) -> Self {
        for (word, name) in words.filter(|(word, name)| word != name) {
            if let Some(id) = self.names.iter().position(|known| known == name) {
                self.add(word, id);
            }
        }
        self
    }

    fn add(&mut self, word: &str, id: usize) {
        for look in alike(word) {
            self.by_look.entry(look).or_insert(id);
        }
        let lower = word.to_lowercase();
        self.letters += lower.len();
        self.lower.push(lower);
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
        is_short.then(|| alike(text).iter().find_map(|look| self.by_look.get(look).copied())).flatten()
    }

    fn search(&mut self, text: &str) -> Option<usize> {
        let by_looks = self.by_looks(text);
        let pairs = text.len() * self.letters;
        if by_looks.is_some() || text.len() > MAX_VALUE_BYTES || pairs > self.budget {
            return by_looks;
        }
        self.budget -= pairs;
        // `C0004` and `C0005` are two names, and no spelling error.
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let own = digits(text);
        let others = self.lower.iter().map(String::as_str).filter(|other| digits(other) == own);
        self.by_look.get(nearest(&text.to_lowercase(), others)?).copied()
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

    /// However many names come, and however many there are, the work ends.
    #[test]
    fn searches_are_bounded() {
        let names: Vec<String> = (0..20_000).map(|number| format!("{:x<60}{number:05}", "")).collect();
        let mut suggestions = Suggestions::new(names.iter().map(String::as_str));
        let mut compared = 0;
        for number in 0..2 * MAX_VALUES {
            let before = suggestions.budget;
            suggestions.meant(&Name::from(format!("{:y<60}{number:05}", "")));
            compared += before - suggestions.budget;
        }
        assert!(compared <= MAX_PAIRS && compared > MAX_PAIRS / 2, "{compared}");
        assert_eq!((suggestions.near.len(), suggestions.far.len()), (0, MAX_VALUES));
    }
}
