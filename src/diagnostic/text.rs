//! What the texts of messages may hold, and which name was meant by a misspelled one.

use std::fmt::Display;
#[cfg(any(feature = "lint", feature = "ledger"))]
use unicode_security::confusable_detection::skeleton;

/// Returns true if a character changes the direction of the text around it.
pub(crate) fn is_bidirectional(char: char) -> bool {
    matches!(char, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Returns true if a character would not be shown as what it is, or if XML cannot carry it.
pub(crate) fn is_harmful(char: char) -> bool {
    char.is_control()
        || is_bidirectional(char)
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{FFFE}'..='\u{FFFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Text that a terminal shows as it is: neither a policy nor an event may send it control sequences, break a line, or
/// turn its direction around. Such characters are shown by their number.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match is_harmful(char) {
            true => shown.extend(char.escape_unicode()),
            false => shown.push(char),
        }
    }
    shown
}

/// Escapes the harmful characters of a JSON text by their numbers. For programs it is the same JSON.
pub(crate) fn escaped(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for char in json.chars() {
        match is_harmful(char) {
            true => {
                char.encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| shown.push_str(&format!("\\u{unit:04x}")));
            }
            false => shown.push(char),
        }
    }
    shown
}

/// Returns the words as `A, B or C`, with this word before the last one.
pub(crate) fn listed<T: Display>(words: impl IntoIterator<Item = T>, conjunction: &str) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
    }
}

/// Returns how many edits a word of so many letters may have and still be meant.
pub(crate) fn edits(letters: usize) -> usize {
    (letters + 1) / 4
}

/// The nearest of `known` to a word that is not among them; `None` unless it is near enough to be meant.
///
/// Near is about one edit in four letters, or a difference in case alone: a far-fetched suggestion is worse than none.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The edit distance is quadratic; nobody mistypes a name of this length.
    const LONGEST: usize = 100;
    if word.len() > LONGEST {
        return None;
    }
    let limit = edits(word.chars().count());
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| match candidate.to_lowercase() == word.to_lowercase() {
            true => (0, candidate),
            false => (strsim::osa_distance(word, candidate), candidate),
        })
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns how a text looks: its letters in lower case, and its skeleton, as Unicode's report 39 calls it, before and after. One
/// alone would miss some: the skeletons of `AI` and `ai` differ, and so do the letters of `C0` and `CO`.
#[cfg(any(feature = "lint", feature = "ledger"))]
pub(crate) fn looks(text: &str) -> [String; 3] {
    let lower = text.to_lowercase();
    let of_lower = skeleton(&lower).collect();
    [lower, skeleton(text).collect::<String>().to_lowercase(), of_lower]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_near_name_is_suggested() {
        let known = ["Advertising", "Analytics", "ad"];
        assert_eq!(nearest("Advertisng", known), Some("Advertising"));
        assert_eq!(nearest("ANALYTICS", known), Some("Analytics"));
        assert_eq!(nearest("AD", known), Some("ad"));
        assert_eq!(nearest("Personalization", known), None);
        assert_eq!(nearest("xy", known), None);
        assert_eq!(nearest(&"a".repeat(10_000), known), None);
        // The longest word that is looked at, and one that is longer.
        let long = "a".repeat(100);
        assert_eq!(nearest(&format!("{}b", &long[1..]), [long.as_str()]), Some(long.as_str()));
        assert_eq!(nearest(&format!("{long}b"), [long.as_str()]), None);
    }
}
