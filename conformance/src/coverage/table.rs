//! A table of counts, some of which must not be zero.

use std::fmt;

/// Counts by row and column.
#[derive(Clone, Debug, Default)]
pub struct Table {
    title: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<Cell>)>,
}

/// One count, or the reason for its absence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Cell {
    /// A count that must not be zero.
    #[default]
    Missing,
    /// A count above zero, or one that may be zero.
    Count(u64),
    /// A count that would be meaningless.
    Senseless,
    /// A share in percent, with the bounds it must keep.
    Share { percent: u64, least: u64, most: u64 },
}

impl Cell {
    /// A count that must not be zero.
    pub(super) fn needed(count: u64) -> Self {
        if count == 0 { Self::Missing } else { Self::Count(count) }
    }

    /// A count that must not be zero where it makes sense.
    pub(super) fn needed_if(sensible: bool, count: u64) -> Self {
        if sensible { Self::needed(count) } else { Self::Senseless }
    }

    /// How many percent of a whole a part is.
    pub(super) fn share(part: u64, whole: u64, least: u64, most: u64) -> Self {
        Self::Share { percent: (100 * part).checked_div(whole).unwrap_or(0), least, most }
    }

    fn text(self) -> String {
        match self {
            Self::Missing => "0 !".to_owned(),
            Self::Count(count) => count.to_string(),
            Self::Senseless => "-".to_owned(),
            Self::Share { percent, .. } => format!("{percent} %"),
        }
    }
}

impl Table {
    pub(super) fn new(title: &'static str, columns: &[&'static str]) -> Self {
        Self { title, columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, name: impl Into<String>, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push((name.into(), cells.into_iter().collect()));
    }

    /// One line for each share out of bounds and, if there were `enough` cases, for each count that must not be zero.
    #[must_use]
    pub fn faults(&self, enough: bool) -> Vec<String> {
        let cells = self.rows.iter().flat_map(|(name, cells)| {
            cells.iter().zip(&self.columns).map(move |(cell, column)| (name, column, *cell))
        });
        cells
            .filter_map(|(name, column, cell)| {
                let place = format!("{}, {name}, {column}", self.title);
                match cell {
                    Cell::Missing if enough => Some(format!("{place}: none")),
                    Cell::Share { percent, least, most } if percent < least || percent > most => {
                        Some(format!("{place}: {percent} %, should be {least} to {most}"))
                    }
                    _ => None,
                }
            })
            .collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.rows.iter().map(|(name, _)| name.chars().count());
        let wide = names.chain([self.title.len()]).max().unwrap_or_default();
        write!(f, "{:wide$}", self.title)?;
        for column in &self.columns {
            write!(f, "  {column:>9}")?;
        }
        writeln!(f)?;
        for (name, cells) in &self.rows {
            write!(f, "{name:wide$}")?;
            for (cell, column) in cells.iter().zip(&self.columns) {
                write!(f, "  {:>1$}", cell.text(), column.len().max(9))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_names_what_is_missing() {
        let mut table = Table::new("rule", &["admitted", "refused"]);
        table.row("privileged", [Cell::needed(3), Cell::needed(0)]);
        table.row("all of them", [Cell::share(1, 3, 40, 60), Cell::Senseless]);
        assert_eq!(
            table.to_string(),
            "rule          admitted    refused\nprivileged           3        0 !\nall of them       33 %          -\n"
        );
        assert_eq!(
            table.faults(true),
            ["rule, privileged, refused: none", "rule, all of them, admitted: 33 %, should be 40 to 60"]
        );
        assert_eq!(table.faults(false), ["rule, all of them, admitted: 33 %, should be 40 to 60"]);
    }
}
