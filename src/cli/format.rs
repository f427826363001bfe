//! The formats of output.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use consentry::report::page::Document;
use consentry::report::{html, json, markdown, text};
use std::io::{self, Write};

/// A format of output. Each command accepts some.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For people, in ASCII and without colour.
    Plain,
    /// For people who listen: sentences without drawings.
    Narrated,
    /// For programs.
    Json,
    /// For repositories, and for comments on pull requests.
    Markdown,
    /// For spreadsheets and programs: a line for each row.
    Csv,
    /// One page to print and to sign.
    Html,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For pull requests: annotations of GitHub Actions.
    Github,
    /// For build servers: JUnit's XML.
    Junit,
}

impl Format {
    /// Returns a parser that accepts some formats.
    pub(super) fn among(accepted: &[Format]) -> impl TypedValueParser<Value = Format> {
        let words = accepted.iter().filter_map(Format::to_possible_value);
        PossibleValuesParser::new(words).try_map(|word| Format::from_str(&word, false))
    }

    /// Writes a report as its document or its page.
    pub(super) fn write(self, to: &mut impl Write, report: &impl Document) -> io::Result<()> {
        match self {
            Format::Json => json::write(to, report),
            Format::Markdown => markdown::write(to, &report.page()),
            Format::Html => html::write(to, &report.page()),
            _ => text::write(to, &report.page()),
        }
    }
}

/// The format of a result that is for people or programs.
#[derive(Args)]
pub(super) struct ResultFormat {
    /// How the result is written.
    #[arg(long, value_parser = Format::among(&[Format::Human, Format::Json]), default_value = "human")]
    format: Format,
}

impl ResultFormat {
    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Writes a report as its document or its page.
    pub(super) fn write(&self, to: &mut impl Write, report: &impl Document) -> io::Result<()> {
        self.format.write(to, report)
    }

    /// Writes a report with harmful characters escaped in its document too.
    pub(super) fn write_escaped(&self, to: &mut impl Write, report: &impl Document) -> io::Result<()> {
        match self.format {
            Format::Json => json::write_escaped(to, report),
            format => format.write(to, report),
        }
    }
}
