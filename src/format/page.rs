//! Lines under each other, with the comments at their ends.

use super::columns::{GAP, WIDTH, width};
use super::trivia::{Comment, Word, joined};

/// How far the parts of a statement stand inside it.
pub(super) const INDENT: usize = 2;

/// The text that is being laid out.
#[derive(Default)]
pub(super) struct Page<'t> {
    text: String,
    /// The lines whose comments stand under each other, until the last of them is known.
    block: Vec<Line<'t>>,
    /// True if something stands above the next line that a blank line could part it from.
    begun: bool,
}

/// A line, and the comments at its end: one, and what goes on with it.
struct Line<'t> {
    text: String,
    comments: Vec<&'t str>,
}

impl Line<'_> {
    /// Up to where it goes; JSON may have line breaks.
    fn width(&self) -> usize {
        width(self.text.rsplit('\n').next().unwrap_or_default())
    }
}

impl<'t> Page<'t> {
    /// Ends the block: the comments of what follows stand elsewhere.
    pub(super) fn end_block(&mut self) {
        let widths = self.block.iter().filter(|line| !line.comments.is_empty()).map(Line::width);
        // A line that is too long has its comment right behind it, and moves no other.
        let widest = widths.filter(|width| *width <= WIDTH).max().unwrap_or(0);
        for line in self.block.drain(..) {
            let own = line.width();
            let column = own.max(widest) + GAP;
            self.text.push_str(&line.text);
            for (number, comment) in line.comments.iter().enumerate() {
                let before = if number == 0 { own } else { 0 };
                if number > 0 {
                    self.text.push('\n');
                }
                self.text.extend(std::iter::repeat_n(' ', column - before));
                self.text.push_str(comment);
            }
            self.text.push('\n');
        }
    }

    /// Ends the block, and begins as if nothing stood above: nothing parts an opening brace from what is inside.
    pub(super) fn begin(&mut self) {
        self.end_block();
        self.begun = false;
    }

    /// A blank line, but never at the beginning.
    fn blank(&mut self) {
        if self.begun {
            self.block.push(Line { text: String::new(), comments: Vec::new() });
        }
    }

    /// What stands in front of the first of some words: comments, and the blank lines between them.
    pub(super) fn space(&mut self, indent: usize, words: &[Word<'t>]) {
        if let Some(word) = words.first() {
            self.comments_apart(indent, &word.before);
            if word.blank {
                self.blank();
            }
        }
    }

    /// Comments on lines of their own, and the blank lines in front of them.
    pub(super) fn comments_apart(&mut self, indent: usize, comments: &[Comment<'t>]) {
        for comment in comments {
            if comment.blank {
                self.blank();
            }
            self.push(indent, comment.text, &[]);
        }
    }

    /// The comments in front of the first of some words, inside a statement: a blank line says nothing there.
    pub(super) fn comments(&mut self, indent: usize, words: &[Word<'t>]) {
        for comment in words.first().into_iter().flat_map(|word| &word.before) {
            self.push(indent, comment.text, &[]);
        }
    }

    /// Words on a line.
    pub(super) fn line(&mut self, indent: usize, words: &[Word<'t>]) {
        self.push(indent, &joined(words), words);
    }

    /// A line as it is, with the comments behind its words.
    pub(super) fn push(&mut self, indent: usize, text: &str, words: &[Word<'t>]) {
        let comments = words.last().map(|word| word.after.clone()).unwrap_or_default();
        self.block.push(Line { text: format!("{:indent$}{text}", ""), comments });
        self.begun = true;
    }

    pub(super) fn finish(mut self) -> String {
        self.end_block();
        self.text
    }
}
