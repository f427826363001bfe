//! What was measured, as Markdown and as a picture.

mod plot;

pub use plot::plot;

use crate::measure::Time;
use std::fmt::{self, Display, Formatter};

/// Everything that was measured.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was measured on what.
    pub setting: String,
    /// The tables.
    pub sections: Vec<Section>,
    /// What was aimed at.
    pub goals: Vec<Goal>,
}

/// One table.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// What its lines are, where the title does not say it.
    pub note: String,
    /// What one line is about: nanoseconds for each of them.
    pub unit: &'static str,
    /// The lines that all others are compared with.
    pub references: Vec<String>,
    /// Whether it is in the picture.
    pub pictured: bool,
    /// Its lines.
    pub lines: Vec<Time>,
}

/// What was aimed at, and what was reached.
#[derive(Debug, Clone)]
pub struct Goal {
    /// What is aimed at.
    pub what: String,
    /// The number to reach.
    pub goal: String,
    /// The number that was reached.
    pub reached: String,
    /// Whether it was reached.
    pub met: bool,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.setting)?;
        for section in &self.sections {
            write!(f, "\n{section}")?;
        }
        writeln!(f, "\n## Goals\n\n| | goal | reached | |\n|---|---|---|---|")?;
        for Goal { what, goal, reached, met } in &self.goals {
            let met = if *met { "yes" } else { "**no**" };
            writeln!(f, "| {what} | {goal} | {reached} | {met} |")?;
        }
        Ok(())
    }
}

impl Display for Section {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Section { title, note, unit, references, lines, .. } = self;
        writeln!(f, "## {title}\n")?;
        if !note.is_empty() {
            writeln!(f, "{note}\n")?;
        }
        write!(f, "| | ns per {unit}, min | median |")?;
        references.iter().try_for_each(|reference| write!(f, " ÷ {reference} |"))?;
        write!(f, "\n|---|---:|---:|")?;
        references.iter().try_for_each(|_| write!(f, "---:|"))?;
        writeln!(f)?;
        for Time { name, min, median } in lines {
            write!(f, "| {name} | {} | {} |", number(*min), number(*median))?;
            for reference in references {
                let reference = lines.iter().find(|time| time.name == *reference);
                match reference {
                    Some(reference) => write!(f, " {:.2} |", min / reference.min)?,
                    None => write!(f, " |")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// A time, with as many digits as mean something.
pub(crate) fn number(time: f64) -> String {
    match time {
        100.0.. => format!("{time:.0}"),
        10.0.. => format!("{time:.1}"),
        _ => format!("{time:.2}"),
    }
}
