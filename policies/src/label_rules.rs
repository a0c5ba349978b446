//! Label rules: what makes a film carry a label, as written in `labels.toml`.

mod error;
mod parse;
mod period;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::names::Label;

pub use error::LabelRuleError;
pub use period::{Period, PeriodError};

/// The label rules that ship with the programs, used where no other file is configured.
pub const SHIPPED: &str = include_str!("../labels.toml");

/// A valid set of label rules: every name stands once, every rule can match something.
#[derive(Debug, Clone)]
pub struct LabelRules {
    rules: Vec<LabelRule>,
}

/// One label and the films that carry it.
///
/// A film carries the label when it matches `query` (no query: every film does) and the window, if
/// there is one, is not over. A window only ever ends: it is open from the moment the label is
/// written, so a film that is released next year is within three years of its release already. A
/// film whose date is missing has no end.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRule {
    /// The label that matching films carry.
    pub name: Label,
    /// An Elasticsearch query, as JSON.
    pub query: Option<Value>,
    /// How long the label holds.
    pub within: Option<Within>,
}

/// The window of a label: it ends a calendar period after a date of the film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// Name of a date field of the film.
    pub field: String,
    /// Time from that date to the end of the window.
    pub period: Period,
}

impl Within {
    /// The end of the window, 00:00:00 UTC of the day `period` after `date`. The window is open
    /// while `now < until`.
    ///
    /// `None` when the end lies beyond the year 9999, which the index can't hold: a window without
    /// an end.
    #[must_use]
    pub fn until(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        let last_day = NaiveDate::from_ymd_opt(9999, 12, 31)?;
        let end = self.period.after(date).filter(|end| *end <= last_day)?;
        Some(end.and_time(NaiveTime::MIN).and_utc())
    }
}

impl LabelRules {
    /// Reads and checks a `labels.toml`.
    ///
    /// # Errors
    /// Not TOML, a key nobody knows, a broken or repeated name, a rule without `query` and
    /// `within`, or a period that is not ISO 8601. The error names the rule and, where known, the
    /// line.
    pub fn parse(toml: &str) -> Result<Self, LabelRuleError> {
        parse::rules(toml).map(|rules| Self { rules })
    }

    /// The rules in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &LabelRule> {
        self.rules.iter()
    }

    /// The labels that have a window; on all others `from` and `until` mean nothing.
    pub fn windowed(&self) -> impl Iterator<Item = &Label> {
        self.rules.iter().filter(|rule| rule.within.is_some()).map(|rule| &rule.name)
    }

    /// Sixteen hex digits that change when the rules change their meaning; order, layout and
    /// comments don't count.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut rules: Vec<String> = self.rules.iter().map(LabelRule::canonical).collect();
        rules.sort_unstable();
        let digest = Sha256::digest(rules.join("\n"));
        let short = digest.iter().take(8).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
        format!("{short:016x}")
    }
}

impl LabelRule {
    /// JSON on one line, keys sorted.
    fn canonical(&self) -> String {
        let within = self.within.as_ref().map(|w| (&w.field, w.period.to_string()));
        serde_json::json!([self.name.as_str(), self.query, within]).to_string()
    }
}

#[cfg(test)]
mod tests;
