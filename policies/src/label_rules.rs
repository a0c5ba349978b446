//! Label rules: which films have which label, as written in `labels.toml`.

pub(crate) mod parse;
mod period;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::names::Label;

pub use parse::{LabelRuleError, LabelRuleFault};
pub use period::{Period, PeriodError};

/// The label rules shipped with the programs, used unless another file is configured.
pub const SHIPPED: &str = include_str!("../labels.toml");

/// A valid set of label rules with unique names.
#[derive(Debug, Clone)]
pub struct LabelRules {
    rules: Vec<LabelRule>,
}

/// One label and the films that have it.
///
/// A film has the label if it matches `query` (without a query, every film does) and the validity
/// period, if any, has not ended. A validity period starts when the label is written: it has only an
/// end, so a film that will be released next year has the label `new` already. For a film without the
/// date the label has no end.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRule {
    /// The label of matching films.
    pub name: Label,
    /// An Elasticsearch query in JSON.
    pub query: Option<Value>,
    /// How long films keep the label; `within` in the file.
    pub validity: Option<ValidityPeriod>,
}

/// The validity period of a label, which ends a calendar period after a date of the film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidityPeriod {
    /// Name of a date field of the film.
    pub field: String,
    /// Time from that date to the end of the validity period.
    pub period: Period,
}

impl ValidityPeriod {
    /// The end of the validity period for this date: 00:00:00 UTC on the day `period` later. The label
    /// is active while `now < until`.
    ///
    /// `None` if the end is after the year 9999, which the index cannot store: the label then has no
    /// end.
    #[must_use]
    pub fn until(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        let last_day = NaiveDate::from_ymd_opt(9999, 12, 31)?;
        let end = self.period.after(date).filter(|end| *end <= last_day)?;
        Some(end.and_time(NaiveTime::MIN).and_utc())
    }
}

impl LabelRules {
    /// Parses and validates a `labels.toml`.
    ///
    /// # Errors
    /// [`LabelRuleError`] if the file is not TOML, or a rule has an unknown key, an invalid or
    /// duplicate name, neither `query` nor `within`, or a period that is not ISO 8601. The error names
    /// the rule and its line.
    pub fn parse(toml: &str) -> Result<Self, LabelRuleError> {
        parse::rules(toml).map(|rules| Self { rules })
    }

    /// The rules in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &LabelRule> {
        self.rules.iter()
    }

    /// The labels with a validity period. `from` and `until` have no meaning for any other label.
    pub fn time_bound_labels(&self) -> impl Iterator<Item = &Label> {
        self.rules.iter().filter(|rule| rule.validity.is_some()).map(|rule| &rule.name)
    }

    /// Sixteen hexadecimal digits that change with the meaning of the rules, but not with their order,
    /// layout or comments.
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
    /// JSON on one line with sorted keys.
    fn canonical(&self) -> String {
        let validity = self.validity.as_ref().map(|v| (&v.field, v.period.to_string()));
        serde_json::json!([self.name.as_str(), self.query, validity]).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validity_period_ends_at_midnight_utc_and_never_after_the_year_9999() {
        let day = |text: &str| -> NaiveDate { text.parse().unwrap() };
        let three_years =
            ValidityPeriod { field: "release_date".to_owned(), period: "P3Y".parse().unwrap() };
        let until = three_years.until(day("2025-03-01")).unwrap();
        assert_eq!(until.to_rfc3339(), "2028-03-01T00:00:00+00:00");
        assert!(three_years.until(day("9996-12-31")).is_some());
        assert_eq!(three_years.until(day("9997-01-01")), None);
        assert_eq!(three_years.until(NaiveDate::MAX), None);
    }

    #[test]
    fn the_shipped_rules_are_valid() {
        let rules = LabelRules::parse(SHIPPED).unwrap();
        let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["new", "adult", "upcoming"]);
        assert_eq!(rules.time_bound_labels().map(Label::as_str).collect::<Vec<_>>(), ["new"]);
    }

    #[test]
    fn the_hash_depends_on_the_meaning_of_the_rules_not_on_their_layout() {
        let original = "[[label]]\nname='a'\nquery={term={x=1,boost=2}}\n\
                        [[label]]\nname='b'\nwithin={field='d',period='P1Y'}";
        let reordered = "# moved\n[[label]]\nname='b'\nwithin={period='P12M',field='d'}\n\
                         [[label]]\nquery={term={boost=2,x=1}}\nname='a'";
        let changed = original.replace("P1Y", "P2Y");
        let hash = |toml: &str| LabelRules::parse(toml).unwrap().hash();
        assert_eq!(hash(original), hash(reordered));
        assert_ne!(hash(original), hash(&changed));
        assert_eq!(hash(original).len(), 16);
    }
}
