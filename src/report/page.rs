//! The content of a report for people, which a printer per format writes.

use serde::Serialize;

/// The result of a command: as it serializes it is the JSON contract, and its page is for people.
pub trait Document: Serialize {
    /// Adds the document to a page that people read.
    fn add_to(&self, page: &mut Page);

    /// Returns a page with the document alone.
    fn page(&self) -> Page {
        let mut page = Page::default();
        self.add_to(&mut page);
        page
    }
}

/// A sequence of blocks.
#[derive(Debug, Clone, Default)]
pub struct Page(pub Vec<PageBlock>);

/// A part of a page. Its texts are raw; printers escape them.
#[derive(Debug, Clone)]
pub enum PageBlock {
    /// A heading of a level from 1.
    Heading(u8, String),
    /// The heading of a page about something that has a name, with a sentence.
    Title {
        /// The level of the heading.
        level: u8,
        /// The words before the name, which plain text leaves out.
        about: &'static str,
        /// The name.
        name: String,
        /// The sentence.
        lead: String,
    },
    /// An empty line of plain text. Other formats separate all blocks.
    Gap,
    /// A paragraph, with its indentation in plain text.
    Paragraph(usize, String),
    /// A list.
    List {
        /// Numbers in place of bullets, in formats that have either.
        numbered: bool,
        /// The indentation in plain text.
        indent: usize,
        /// The items.
        items: Vec<String>,
    },
    /// A table.
    Grid(Grid),
    /// Terms and their definitions.
    Definitions {
        /// A header of fields in place of a glossary.
        is_header: bool,
        /// Each term with its definition.
        items: Vec<(&'static str, String)>,
    },
    /// An event, on a line of its own in plain text, so that it can be piped into a command.
    Event(String),
    /// Numbered events that a reader unfolds.
    Events {
        /// The line to click on.
        summary: &'static str,
        /// The events.
        events: Vec<String>,
    },
    /// Fields to fill in on paper.
    Blanks(&'static [&'static str]),
}

/// Rows of cells. Plain text does not pad the last cell of a row, which may have several lines.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    /// The columns. Plain text leaves out titles that are all empty.
    pub columns: Vec<Column>,
    /// Groups of rows, which HTML separates.
    pub groups: Vec<Vec<Cells>>,
    /// The indentation in plain text.
    pub indent: usize,
    /// True if cells are long: plain text prints a line for each, and Markdown does not pad them.
    pub is_long: bool,
}

/// The cells of a row.
pub type Cells = Vec<Cell>;

/// A column of a table.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// The title, which may be empty.
    pub title: &'static str,
    /// The least width in plain text.
    pub width: usize,
    /// True if cells are aligned to the right.
    pub is_right: bool,
    /// The meaning of the cells.
    pub role: Role,
}

/// The meaning of the cells of a column.
#[derive(Debug, Clone, Copy, Default)]
pub enum Role {
    /// Text.
    #[default]
    Plain,
    /// Text that stands out.
    Strong,
    /// The head of its row.
    Head,
    /// The outcome of a decision.
    Outcome,
}

/// A cell, by its lines.
#[derive(Debug, Clone, Default)]
pub struct Cell(pub Vec<String>);

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell(vec![text.into()])
    }
}

impl From<&'static str> for Column {
    fn from(title: &'static str) -> Self {
        Column { title, ..Column::default() }
    }
}

impl Column {
    /// Creates a column without a title.
    pub fn wide(width: usize) -> Self {
        Column { width, ..Column::default() }
    }

    /// Creates a column without a title that is aligned to the right.
    pub fn right(width: usize) -> Self {
        Column { width, is_right: true, ..Column::default() }
    }
}

impl Grid {
    /// Creates a table without rows.
    pub fn new<C: Into<Column>>(columns: impl IntoIterator<Item = C>) -> Self {
        Grid { columns: columns.into_iter().map(Into::into).collect(), indent: 2, ..Grid::default() }
    }

    /// Adds rows as a group.
    #[must_use]
    pub fn with<R: IntoIterator<Item: Into<Cell>>>(mut self, rows: impl IntoIterator<Item = R>) -> Self {
        self.groups.push(rows.into_iter().map(|row| row.into_iter().map(Into::into).collect()).collect());
        self
    }

    /// Returns the rows of all groups.
    pub fn rows(&self) -> impl Iterator<Item = &Cells> {
        self.groups.iter().flatten()
    }

    /// Returns the width of each column: that of its widest text that is not wider than `most`.
    pub(super) fn widths(&self, most: usize, width: impl Fn(&str) -> usize) -> Vec<usize> {
        let width = |(at, column): (usize, &Column)| {
            let texts = self.rows().filter_map(|row| row.get(at)).flat_map(|cell| &cell.0);
            let widths = texts.map(|text| width(text)).chain([width(column.title), column.width]);
            widths.filter(|width| *width <= most).max().unwrap_or(0)
        };
        self.columns.iter().enumerate().map(width).collect()
    }
}

impl Page {
    /// Adds a heading.
    pub fn heading(&mut self, level: u8, text: impl Into<String>) {
        self.0.push(PageBlock::Heading(level, text.into()));
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: impl Into<String>) {
        self.0.push(PageBlock::Paragraph(0, text.into()));
    }

    /// Adds a paragraph that plain text indents by two spaces.
    pub fn indented(&mut self, text: impl Into<String>) {
        self.0.push(PageBlock::Paragraph(2, text.into()));
    }

    /// Adds an empty line of plain text.
    pub fn gap(&mut self) {
        self.0.push(PageBlock::Gap);
    }

    /// Adds a list, unless it is empty.
    pub fn list(&mut self, items: Vec<String>) {
        if !items.is_empty() {
            self.0.push(PageBlock::List { numbered: false, indent: 0, items });
        }
    }

    /// Adds a table.
    pub fn table(&mut self, table: Grid) {
        self.0.push(PageBlock::Grid(table));
    }
}
