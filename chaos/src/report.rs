//! The result: a table in Markdown, and one line of JSON.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::recorder::{Category, Finding, Kind};

/// What one fault did.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) fault: &'static str,
    /// From the end of the fault until no request is refused any more, in seconds.
    #[serde(serialize_with = "seconds")]
    pub(crate) recovery: Duration,
    /// The longest time for which one client of each kind was refused.
    #[serde(serialize_with = "each_in_seconds")]
    pub(crate) refused: BTreeMap<Kind, Duration>,
    /// The longest time from writing a film until it was labelled.
    #[serde(serialize_with = "seconds")]
    pub(crate) labelled: Duration,
    /// How often requests were refused, by answer.
    pub(crate) refusals: BTreeMap<String, u32>,
    pub(crate) findings: Vec<Finding>,
}

/// All of them.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) chaos: &'static str,
    pub(crate) cores: usize,
    pub(crate) seconds: u64,
    pub(crate) requests: usize,
    pub(crate) acknowledged: BTreeMap<&'static str, usize>,
    pub(crate) lost: usize,
    pub(crate) wrongly_allowed: usize,
    pub(crate) other_findings: usize,
    pub(crate) faults: Vec<Row>,
}

/// Columns of the table: the longest of these kinds.
const COLUMNS: &[(&str, &[Kind])] = &[
    ("checks, guests", &[Kind::GuestChecks]),
    ("checks, users", &[Kind::UserChecks]),
    ("accounts, sessions", &[Kind::Logins, Kind::Refreshes, Kind::Logouts, Kind::Registrations]),
    ("rules, grants", &[Kind::PolicyWrites]),
    ("films, guests", &[Kind::GuestFilms]),
    ("films, users", &[Kind::UserFilms]),
    ("favorites", &[Kind::Favorites]),
];

impl Report {
    /// Whether nothing is wrong.
    pub(crate) const fn is_good(&self) -> bool {
        self.lost == 0 && self.wrongly_allowed == 0 && self.other_findings == 0
    }

    /// How many findings of the rows are of this category.
    pub(crate) fn count(rows: &[Row], is_counted: impl Fn(Category) -> bool) -> usize {
        let findings = rows.iter().flat_map(|row| &row.findings);
        findings.filter(|finding| is_counted(finding.category)).count()
    }

    /// The table of docs/RELIABILITY.md.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("| fault | recovery |");
        for (name, _) in COLUMNS {
            let _ = write!(text, " {name} |");
        }
        text.push_str(" until labelled | lost | wrongly allowed |\n| --- |");
        text.push_str(&" --- |".repeat(COLUMNS.len() + 4));
        for row in &self.faults {
            let _ = write!(text, "\n| {} | {} |", row.fault, cell(row.recovery));
            for (_, kinds) in COLUMNS {
                let refused = kinds.iter().filter_map(|kind| row.refused.get(kind)).max();
                let _ = write!(text, " {} |", cell(refused.copied().unwrap_or_default()));
            }
            let count = |category| {
                row.findings.iter().filter(|finding| finding.category == category).count()
            };
            let (lost, allowed) = (count(Category::Lost), count(Category::WronglyAllowed));
            let _ = write!(text, " {} | {lost} | {allowed} |", cell(row.labelled));
        }
        for row in &self.faults {
            for Finding { category, text: what } in &row.findings {
                let _ = write!(text, "\n\n{}: {category:?}: {what}", row.fault);
            }
        }
        text
    }
}

/// Seconds with one decimal; a dash for less than 50 ms.
fn cell(time: Duration) -> String {
    let text = format!("{:.1}", time.as_secs_f64());
    if text == "0.0" { "–".into() } else { text }
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1000.0).round() / 1000.0)
}

fn each_in_seconds<S: serde::Serializer>(
    times: &BTreeMap<Kind, Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(times.iter().map(|(kind, time)| (kind, cell(*time))))
}
