//! What stands under what, when lines of the same kind follow each other.

/// The width beyond which lists are broken, in characters: what a line of a policy takes in an editor, but for scripts
/// whose letters are wide.
pub(super) const WIDTH: usize = 100;

/// The space between two columns, and in front of a comment at the end of a line.
pub(super) const GAP: usize = 2;

/// What is wider than this moves nothing that stands in other lines, so that what comes out is hardly longer than what
/// went in.
const WIDEST: usize = WIDTH / 2;

/// What stands in the columns of a line; what it does not have is empty.
pub(super) type Cells = Vec<String>;

/// How wide the columns of some lines are.
pub(super) struct Columns {
    widths: Vec<usize>,
    /// How wide a line may be.
    limit: usize,
}

/// How wide a text is. Characters are counted, for what an editor makes of them is its own affair.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

impl Columns {
    /// Columns for lines that may be so wide. What is last on its line may be as wide as it likes, and lines that are too
    /// wide in any case do not count.
    pub(super) fn of<'c>(limit: usize, lines: impl Iterator<Item = &'c Option<Cells>> + Clone) -> Self {
        let count = lines.clone().flatten().map(Vec::len).max().unwrap_or(0);
        let mut columns = Columns { widths: vec![0; count], limit };
        for number in 0..count {
            let lines = lines.clone().flatten().filter(|cells| columns.hold(cells));
            let cells = lines.filter_map(|cells| match cells.split_at_checked(number + 1) {
                Some(([.., cell], behind)) if !is_empty(behind) => Some(width(cell)),
                _ => None,
            });
            let widest = cells.filter(|width| *width <= WIDEST).max().unwrap_or(0);
            if let Some(width) = columns.widths.get_mut(number) {
                *width = widest;
            }
        }
        columns
    }

    /// Returns true if a line is not too wide with these columns.
    pub(super) fn hold(&self, cells: &[String]) -> bool {
        self.places(cells).last().is_none_or(|(start, cell)| start + width(cell) <= self.limit)
    }

    /// A line in these columns.
    pub(super) fn line(&self, cells: &[String]) -> String {
        let (mut line, mut end) = (String::new(), 0);
        for (start, cell) in self.places(cells) {
            line.extend(std::iter::repeat_n(' ', start.saturating_sub(end)));
            line.push_str(cell);
            end = start + width(cell);
        }
        line
    }

    /// Where each cell begins that has something in it. The second column is kept in any case; where a later one would make
    /// a line too wide, what stands in it moves up.
    fn places<'c>(&self, cells: &'c [String]) -> impl Iterator<Item = (usize, &'c str)> {
        let mut next = 0;
        let places = cells.iter().zip(&self.widths).enumerate().map(move |(number, (cell, column))| {
            let start = next;
            let end = start + width(cell);
            let aligned = end.max(start + column);
            let behind = cells.iter().skip(number + 1).filter(|cell| !cell.is_empty());
            let is_too_wide = aligned + behind.map(|cell| GAP + width(cell)).sum::<usize>() > self.limit;
            let ends = if number > 0 && is_too_wide { end } else { aligned };
            // What is empty takes no room.
            next = if ends > start { ends + GAP } else { start };
            (start, cell.as_str())
        });
        places.filter(|(_, cell)| !cell.is_empty())
    }
}

fn is_empty(cells: &[String]) -> bool {
    cells.iter().all(String::is_empty)
}
