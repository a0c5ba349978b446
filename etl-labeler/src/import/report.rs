//! What an import did: one line for programs, and details for the terminal.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{
    bad_line::BadLine,
    film::{Film, UNINDEXED},
};
use crate::LabelerError;

/// Line numbers that are shown of each kind.
const SHOWN: usize = 5;
/// Characters that are shown of a value.
const EXCERPT: usize = 60;

/// The result of an import.
#[derive(Debug, Default)]
pub struct Imported {
    /// Number of lines that are not blank, or elements of an array.
    pub lines: u64,
    /// Number of lines that were skipped, because they are not a valid film or Elasticsearch refused
    /// them.
    pub skipped: u64,
    /// Number of films that replaced one with the same id, from an earlier line or an earlier import.
    pub replaced: u64,
    /// Number of films without a release date.
    pub undated: u64,
    /// Duration of the import.
    pub took: Duration,
    /// Why the import ended before the end of the file, if it did.
    pub stopped: Option<LabelerError>,
    /// What was read, in detail.
    pub(super) details: Details,
}

/// Details of an import, for standard error.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// What the numbers count: lines or elements.
    pub(super) unit: &'static str,
    /// Reasons of bad lines.
    bad: BTreeMap<String, Group>,
    /// Fields with values that could not be read.
    unreadable: BTreeMap<String, Group>,
    years_alone: u64,
    /// Fields of the source that the mapping names and no line has.
    pub(super) never_seen: Vec<String>,
    /// Line after the last one that was written or skipped.
    pub(super) next: u64,
    /// How to go on with a stopped import.
    pub(super) go_on: Option<String>,
}

/// Lines that have something in common.
#[derive(Debug, Default)]
struct Group {
    count: u64,
    first: Vec<u64>,
    example: String,
}

impl Group {
    fn add(&mut self, number: u64, example: impl FnOnce() -> String) {
        if self.count == 0 {
            self.example = example().chars().take(EXCERPT * 4).collect();
        }
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(number);
        }
    }
}

impl Imported {
    /// Counts a film that was written.
    pub(super) fn add_film(&mut self, number: u64, film: &Film, replaced: bool) {
        self.lines += 1;
        self.replaced += u64::from(replaced);
        self.undated += u64::from(!film.dated);
        for unreadable in &film.unreadable {
            let group = self.details.unreadable.entry(unreadable.field.clone()).or_default();
            group.add(number, || unreadable.value.chars().take(EXCERPT).collect());
            self.details.years_alone += u64::from(unreadable.year_alone);
        }
    }

    /// Counts a line that is not imported.
    pub(super) fn add_bad(&mut self, number: u64, bad: &BadLine) {
        self.lines += 1;
        self.skipped += 1;
        self.details.bad.entry(bad.reason()).or_default().add(number, || bad.to_string());
    }

    /// Number of lines that were written.
    #[must_use]
    pub fn imported(&self) -> u64 {
        self.lines - self.skipped
    }

    /// What a reader should know besides the numbers.
    #[must_use]
    pub fn details(&self) -> String {
        format!("{}", self.details)
    }
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, skipped, replaced, undated, took, .. } = self;
        write!(
            f,
            "lines={lines} imported={} replaced={replaced} skipped={skipped} undated={undated} seconds={:.1}",
            self.imported(),
            took.as_secs_f64()
        )
    }
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (reason, group) in &self.bad {
            let Group { count, example, .. } = group;
            writeln!(f, "skipped {count}: {reason} ({})", self.places(group))?;
            if example != reason {
                writeln!(f, "  the first: {example}")?;
            }
        }
        for (field, group) in &self.unreadable {
            let Group { count, example, .. } = group;
            writeln!(
                f,
                "unreadable {count}: `{field}` ({}), kept in `{UNINDEXED}`",
                self.places(group)
            )?;
            writeln!(f, "  the first: {example}")?;
        }
        if self.years_alone > 0 {
            writeln!(
                f,
                "  {} dates are a year alone: `year_alone` in the mapping file",
                self.years_alone
            )?;
        }
        if !self.never_seen.is_empty() {
            writeln!(f, "in no {}: `{}`", self.unit, self.never_seen.join("`, `"))?;
        }
        self.go_on.iter().try_for_each(|go_on| writeln!(f, "{go_on}"))
    }
}

impl Details {
    fn places(&self, group: &Group) -> String {
        let numbers: Vec<String> = group.first.iter().map(u64::to_string).collect();
        let plural = if group.count == 1 { "" } else { "s" };
        let more = if group.count > SHOWN as u64 { ", …" } else { "" };
        format!("{}{plural} {}{more}", self.unit, numbers.join(", "))
    }
}
