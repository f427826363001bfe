//! The set-cover problem, by branch and bound: the cheapest choice of columns that has one in each row.

use std::collections::{BTreeMap, BTreeSet};

/// The most steps of the search.
const MAX_STEPS: usize = 200_000;

/// A search, with the cheapest choice so far.
struct Search<'s> {
    costs: &'s [Cost],
    best: Option<(Cost, Vec<usize>)>,
    steps: usize,
    /// The number of rows that were looked at.
    rows: usize,
}

/// The number of cubes, and of conditions in them.
pub(super) type Cost = (usize, usize);

fn sum(one: Cost, other: Cost) -> Cost {
    (one.0 + other.0, one.1 + other.1)
}

/// The columns of a row, or the rows of a column, sorted.
pub(super) type Places = Vec<usize>;

/// Returns true if every element of the first is one of the second, both in the same order.
pub(super) fn are_among<T: PartialEq>(some: &[T], all: &[T]) -> bool {
    let mut all = all.iter();
    some.len() <= all.len() && some.iter().all(|one| all.any(|other| other == one))
}

/// Returns the cheapest columns of which each row has one, sorted, or `None` where the search was given up; and how many rows it looked at.
pub(super) fn cheapest(costs: &[Cost], rows: Vec<Places>) -> (Option<Vec<usize>>, usize) {
    let mut search = Search { costs, best: None, steps: 0, rows: 0 };
    search.go(rows, Vec::new(), (0, 0));
    let best = search.best.filter(|_| search.steps <= MAX_STEPS);
    let chosen = best.map(|(_, mut chosen)| {
        chosen.sort_unstable();
        chosen
    });
    (chosen, search.rows)
}

impl Search<'_> {
    fn cost(&self, column: usize) -> Cost {
        self.costs.get(column).copied().unwrap_or((1, usize::MAX / 2))
    }

    fn go(&mut self, mut rows: Vec<Places>, mut chosen: Vec<usize>, mut spent: Cost) {
        self.steps += 1;
        self.rows += rows.len();
        if self.steps > MAX_STEPS {
            return;
        }
        // What must be chosen, and what need not be looked at, until neither is left.
        loop {
            if let Some(only) = rows.iter().find(|row| row.len() == 1).and_then(|row| row.first()).copied() {
                chosen.push(only);
                spent = sum(spent, self.cost(only));
                rows.retain(|row| row.binary_search(&only).is_err());
            } else if !self.narrow(&mut rows) {
                break;
            }
        }
        // Each of some rows that share no column needs a column of its own.
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        let mut least = spent;
        for row in &rows {
            if row.iter().all(|column| !taken.contains(column)) {
                taken.extend(row);
                let cheapest = row.iter().map(|column| self.cost(*column)).min().unwrap_or((1, 0));
                least = sum(least, cheapest);
            }
        }
        if self.best.as_ref().is_some_and(|(cost, _)| *cost <= least) {
            return;
        }
        // The row with the fewest columns leaves the fewest ways.
        let Some(row) = rows.iter().min_by_key(|row| row.len()) else {
            self.best = Some((spent, chosen));
            return;
        };
        let mut columns = row.clone();
        columns.sort_by_cached_key(|column| {
            let rows = rows.iter().filter(|row| row.binary_search(column).is_ok()).count();
            (std::cmp::Reverse(rows), self.cost(*column), *column)
        });
        for column in columns {
            let left = rows.iter().filter(|row| row.binary_search(&column).is_err()).cloned().collect();
            let chosen = chosen.iter().copied().chain([column]).collect();
            self.go(left, chosen, sum(spent, self.cost(column)));
        }
    }

    /// Leaves out rows that are served wherever another one is, and columns in whose place another one serves at least as
    /// well; whether there were any.
    fn narrow(&self, rows: &mut Vec<Places>) -> bool {
        let before = rows.len();
        rows.sort_by_key(Vec::len);
        let mut kept: Vec<Places> = Vec::new();
        for row in std::mem::take(rows) {
            if !kept.iter().any(|narrower| are_among(narrower, &row)) {
                kept.push(row);
            }
        }
        *rows = kept;
        let mut by_column: BTreeMap<usize, Places> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            for column in row {
                by_column.entry(*column).or_default().push(index);
            }
        }
        let is_worse = |column: &usize, served: &Places| {
            by_column.iter().any(|(other, more)| {
                let (own, others) = ((self.cost(*column), *column), (self.cost(*other), *other));
                // Of two that serve the same at the same cost, the first stays.
                let is_better = others.0 < own.0
                    || (others.0 == own.0 && (served.len() < more.len() || others.1 < own.1));
                other != column && is_better && are_among(served, more)
            })
        };
        let worse: BTreeSet<usize> = by_column
            .iter()
            .filter(|(column, served)| is_worse(column, served))
            .map(|(column, _)| *column)
            .collect();
        rows.iter_mut().for_each(|row| row.retain(|column| !worse.contains(column)));
        rows.len() < before || !worse.is_empty()
    }
}
