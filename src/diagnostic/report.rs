//! A diagnostic together with an excerpt of the text it speaks of, for `miette` to render.
//!
//! Only an excerpt is given to the renderer: a few lines, each cut to a window around what is pointed at, with harmful
//! characters shown by their number. So a hostile file can neither flood a terminal nor send it control sequences.

use super::code::{Code, Severity};
use super::files::{FileId, Files};
use super::finding::{Diagnostic, Label};
use super::text::visible;
use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceSpan, SpanContents};
use std::fmt;
use std::ops::Range;

/// A [`Diagnostic`] with an excerpt of its source text.
#[derive(Debug, Default)]
pub struct Report {
    code: Option<Code>,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    excerpt: Option<Excerpt>,
    /// Places in other files, or far away in the same one, each shown by itself.
    elsewhere: Vec<Report>,
}

/// Some lines of a file, as they are shown.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    /// The number of the first line, counted from 0.
    first_line: usize,
    labels: Vec<LabeledSpan>,
}

/// How many lines an excerpt has at most, besides one in front and one behind.
const MAX_LINES: usize = 40;

/// How many characters of a long line are shown, and how many of them in front of what is pointed at.
const MAX_COLUMNS: usize = 160;
const COLUMNS_BEFORE: usize = 60;

impl Files {
    /// Joins a diagnostic and the text it speaks of.
    pub fn report(&self, diagnostic: &Diagnostic) -> Report {
        let line = |label: &Label| self.line_at(label.span.file, label.span.start);
        let mut together: Vec<&Label> = Vec::new();
        let mut elsewhere = Vec::new();
        for label in &diagnostic.labels {
            let near = together.iter().all(|other| {
                other.span.file == label.span.file && line(label).abs_diff(line(other)) < MAX_LINES
            });
            if near {
                together.push(label);
                continue;
            }
            elsewhere.push(Report {
                severity: miette::Severity::Advice,
                message: "elsewhere".into(),
                excerpt: Some(self.excerpt_of(label.span.file, &[label])),
                ..Report::default()
            });
        }
        Report {
            code: Some(diagnostic.code),
            severity: match diagnostic.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            message: visible(&diagnostic.message),
            help: diagnostic.help.as_deref().map(visible),
            excerpt: together.first().map(|first| self.excerpt_of(first.span.file, &together)),
            elsewhere,
        }
    }

    fn excerpt_of(&self, file: FileId, labels: &[&Label]) -> Excerpt {
        let starts = labels.iter().map(|label| self.line_at(file, label.span.start));
        let ends = labels.iter().map(|label| self.line_at(file, label.span.end));
        let first = starts.min().unwrap_or(0);
        let last = ends.max().unwrap_or(first).min(first + MAX_LINES);
        let first_line = first.saturating_sub(1);
        let mut text = String::new();
        // Each line that is shown, and where it begins in the excerpt.
        let mut lines = Vec::new();
        for line in first_line..=last + 1 {
            let Some((start, content)) = self.line(file, line) else { break };
            if line > last && content.is_empty() {
                break;
            }
            let here = start..=start + content.len();
            let pointed_at = labels.iter().map(|label| label.span.start).find(|at| here.contains(at));
            let window = Window::new(content, pointed_at.map_or(0, |at| at - start));
            let base = text.len();
            text.push_str(&window.shown());
            text.push('\n');
            lines.push((here, base, window));
        }
        let label = |label: &&Label| {
            let Range { start, end } = label.span.range();
            let (here, base, window) = lines.iter().find(|(here, ..)| here.contains(&start))?;
            let from = base + window.shown_up_to(start - here.start());
            let (here, base, window) = lines.iter().rfind(|(here, ..)| *here.start() <= end)?;
            let to = base + window.shown_up_to(end.min(*here.end()) - here.start());
            let text = (!label.text.is_empty()).then(|| visible(&label.text));
            Some(LabeledSpan::new(text, from, to.saturating_sub(from)))
        };
        let labels = labels.iter().filter_map(label).collect();
        Excerpt { name: visible(self.name(file)), text, first_line, labels }
    }
}

/// What is shown of one line.
struct Window<'t> {
    content: &'t str,
    from: usize,
    to: usize,
}

impl<'t> Window<'t> {
    fn new(content: &'t str, pointed_at: usize) -> Self {
        if content.len() <= MAX_COLUMNS {
            return Window { content, from: 0, to: content.len() };
        }
        let before = content.get(..pointed_at).unwrap_or(content);
        let from = before.char_indices().rev().take(COLUMNS_BEFORE).last().map_or(before.len(), |(at, _)| at);
        // When nearly everything in front is shown anyway, all of it is.
        let from = if from <= 3 { 0 } else { from };
        let rest = content.get(from..).unwrap_or_default();
        let to = rest.char_indices().nth(MAX_COLUMNS).map_or(content.len(), |(at, _)| from + at);
        Window { content, from, to }
    }

    /// How long the shown text is up to an offset of the line.
    fn shown_up_to(&self, offset: usize) -> usize {
        let offset = offset.clamp(self.from, self.to);
        mark(self.from > 0).len() + shown(self.content.get(self.from..offset).unwrap_or_default()).len()
    }

    fn shown(&self) -> String {
        let inside = shown(self.content.get(self.from..self.to).unwrap_or_default());
        format!("{}{inside}{}", mark(self.from > 0), mark(self.to < self.content.len()))
    }
}

fn mark(cut: bool) -> &'static str {
    if cut { "..." } else { "" }
}

/// Text as an excerpt shows it; what two texts are shown as, one after the other, is what both together are.
fn shown(text: &str) -> String {
    visible(&text.replace('\t', "    "))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code?.label()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.help.as_ref()?))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(self.excerpt.as_ref()?)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.excerpt.as_ref()?.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        Some(Box::new(self.elsewhere.iter().map(|one| one as &dyn miette::Diagnostic)))
    }
}

impl miette::SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.as_str().read_span(span, lines_before, lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            self.first_line + inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Span;
    use super::*;
    use miette::Diagnostic as _;

    fn report(text: &str, places: &[(usize, usize)]) -> (String, Vec<(usize, usize)>, usize) {
        let mut files = Files::default();
        let file = files.add("a.consent", text);
        let mut diagnostic = Diagnostic::new(Code::UnexpectedText, "m");
        for place in places {
            diagnostic = diagnostic.at(Span::new(file, place.0, place.1), "here");
        }
        let report = files.report(&diagnostic);
        let labels = report.labels().unwrap().map(|label| (label.offset(), label.len())).collect();
        let excerpt = report.excerpt.unwrap();
        (excerpt.text, labels, report.elsewhere.len())
    }

    #[test]
    fn labels_point_at_the_same_text_in_the_excerpt() {
        let (text, labels, _) = report("one\ntwo\nthree\nfour\nfive\n", &[(8, 13), (14, 18)]);
        assert_eq!((text.as_str(), labels), ("two\nthree\nfour\nfive\n", vec![(4, 5), (10, 4)]));
        let (text, labels, _) = report("a\u{1B}[2J\tb\r\n", &[(6, 7)]);
        assert_eq!(text, "a\\u{1b}[2J    b\n");
        assert_eq!(&text[labels[0].0..][..labels[0].1], "b");
        // Places past the end, or in an empty file, still have an excerpt.
        assert_eq!(report("", &[(0, 0)]).1, [(0, 0)]);
        assert_eq!(report("ab", &[(1, 2)]).1, [(1, 1)]);
    }

    #[test]
    fn long_lines_and_long_places_are_cut() {
        let long = format!("{}X{}\n", "é".repeat(70_000), "y".repeat(70_000));
        let (text, labels, _) = report(&long, &[(140_000, 140_001)]);
        assert!(text.starts_with("...") && text.ends_with("...\n") && text.chars().count() < 170, "{text}");
        assert_eq!(&text[labels[0].0..][..labels[0].1], "X");
        let (text, labels, _) = report(&"row\n".repeat(100_000), &[(4, 399_999)]);
        assert!(text.len() < 300 && labels[0].1 > 100, "{labels:?}");
        let (_, labels, elsewhere) = report(&"row\n".repeat(1_000), &[(0, 3), (4, 7), (3_000, 3_003)]);
        assert_eq!((labels.len(), elsewhere), (2, 1));
    }
}
