//! Markdown that shows texts as they are.

use consentry::diagnostic::visible;

/// Text that is shown as it is, in a cell of a table as elsewhere.
pub(super) fn cell(text: &str) -> String {
    let mut shown = String::new();
    for char in visible(text).chars() {
        if char.is_ascii_punctuation() && !"\",.:;()-/_'?!=+".contains(char) || char == '_' {
            shown.push('\\');
        }
        shown.push(char);
    }
    shown
}
