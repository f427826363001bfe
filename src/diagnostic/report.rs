//! A diagnostic together with the text it speaks of, for `miette` to render.

use super::{Diagnostic, Files, Severity};
use std::{fmt, sync::Arc};

/// A [`Diagnostic`] with its source text.
#[derive(Debug)]
pub struct Report {
    diagnostic: Diagnostic,
    source: Option<miette::NamedSource<Arc<str>>>,
    /// Labels in other files: `miette` shows one file per diagnostic.
    elsewhere: Vec<Elsewhere>,
}

/// The places of a diagnostic that lie in another file than its first.
#[derive(Debug)]
struct Elsewhere {
    labels: Vec<miette::LabeledSpan>,
    source: miette::NamedSource<Arc<str>>,
}

impl Files {
    /// Joins a diagnostic and the text it speaks of.
    pub fn report(&self, diagnostic: &Diagnostic) -> Report {
        let own = diagnostic.span().map(|span| span.file);
        let mut elsewhere = Vec::new();
        for label in diagnostic.labels.iter().filter(|label| Some(label.span.file) != own) {
            if let Some((name, text)) = self.shared(label.span.file) {
                elsewhere.push(Elsewhere {
                    labels: vec![labelled(label)],
                    source: miette::NamedSource::new(&*name, text),
                });
            }
        }
        let source =
            own.and_then(|file| self.shared(file)).map(|(name, text)| miette::NamedSource::new(&*name, text));
        Report { diagnostic: diagnostic.clone(), source, elsewhere }
    }
}

fn labelled(label: &super::Label) -> miette::LabeledSpan {
    let text = (!label.text.is_empty()).then(|| label.text.clone());
    miette::LabeledSpan::new(text, label.span.start as usize, label.span.range().len())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let own = self.diagnostic.span()?.file;
        let labels = self.diagnostic.labels.iter().filter(move |label| label.span.file == own);
        Some(Box::new(labels.map(labelled)))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.elsewhere.is_empty() {
            return None;
        }
        Some(Box::new(self.elsewhere.iter().map(|one| one as &dyn miette::Diagnostic)))
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in another file")
    }
}

impl std::error::Error for Elsewhere {}

impl miette::Diagnostic for Elsewhere {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
