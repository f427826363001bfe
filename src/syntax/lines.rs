//! The lines around a place in a text.

/// Returns where the line of a place begins.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().rfind('\n').map_or(0, |end| end + 1)
}

/// Returns where the line below begins, or where the text ends.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end + 1)
}

/// Returns the line below that of a place.
pub(crate) fn line_below(text: &str, at: usize) -> Option<&str> {
    text.get(line_end(text, at)..).and_then(|below| below.lines().next())
}
