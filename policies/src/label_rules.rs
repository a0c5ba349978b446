//! Label rules: which films have which label, as written in `labels.toml`.

mod combine;
mod count;
mod fault;
pub(crate) mod parse;
mod period;
mod query;
mod validity;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use crate::names::Label;
use validity::Activity;

pub use fault::{LabelRuleError, LabelRuleFault};
pub use parse::{line_at, toml_as_json};
pub use period::{Period, PeriodError};
pub use query::{FieldTest, FieldUse, QUERIES, Query, QueryFault};
pub use validity::{Dates, End, Interval, Validity};

/// The label rules shipped with the programs, used unless another file is configured.
pub const SHIPPED: &str = include_str!("../labels.toml");

/// A valid set of label rules with unique names.
#[derive(Debug, Clone)]
pub struct LabelRules {
    /// Each after the labels that it is made of.
    rules: Vec<LabelRule>,
}

/// One label and the films that have it: those that fulfil all its conditions, during its validity period.
/// A film of which a date is not known keeps the label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRule {
    /// The label of matching films.
    pub name: Label,
    /// Line of the file at which the rule starts, counted from 1.
    pub line: usize,
    /// A query that the film matches.
    pub query: Option<Query>,
    /// The validity period, from dates of the film; `within`, `from` and `until` in the file.
    pub validity: Validity,
    /// Labels that the film has, all of them.
    pub all_of: Vec<Label>,
    /// Labels of which the film has at least one, unless the list is empty.
    pub any_of: Vec<Label>,
    /// Labels that the film does not have.
    pub none_of: Vec<Label>,
    /// Whether many films may lose the label at once.
    pub may_shrink: bool,
    time_bound: TimeBound,
}

/// Which bounds the validity period of a label has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct TimeBound {
    starts: bool,
    ends: bool,
}

impl TimeBound {
    fn any(self) -> bool {
        self.starts || self.ends
    }

    fn both(self) -> bool {
        self.starts && self.ends
    }

    fn or(self, other: Self) -> Self {
        Self { starts: self.starts || other.starts, ends: self.ends || other.ends }
    }
}

impl LabelRules {
    /// Parses and validates a `labels.toml`.
    ///
    /// # Errors
    /// [`LabelRuleError`], which names the rule and its line.
    pub fn parse(toml: &str) -> Result<Self, LabelRuleError> {
        parse::rules(toml).map(|rules| Self { rules })
    }

    /// The rules in the order of the file, except that each comes after the labels that it is made of.
    pub fn iter(&self) -> impl Iterator<Item = &LabelRule> {
        self.rules.iter()
    }

    /// The rule of a label.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<&LabelRule> {
        self.iter().find(|rule| rule.name.as_str() == label)
    }

    /// The labels with a validity period. `from` and `until` have no meaning for any other label.
    pub fn time_bound_labels(&self) -> impl Iterator<Item = &Label> {
        self.rules.iter().filter(|rule| rule.time_bound.any()).map(|rule| &rule.name)
    }

    /// The labels of one film at `now`, sorted by name, each with its validity period; without those whose
    /// period has ended. `matches` says whether the film matches the query of a rule, and `dates` returns
    /// the earliest and the latest value of one of its date fields.
    pub fn labels(
        &self,
        now: DateTime<Utc>,
        matches: impl Fn(&Label) -> bool,
        dates: impl Fn(&str) -> Option<Dates>,
    ) -> Vec<(&Label, Interval)> {
        let mut active: SmallVec<[(&Label, Activity); 8]> = SmallVec::new();
        for rule in &self.rules {
            let of = |label: &Label| {
                let known = active.iter().find(|(name, _)| *name == label);
                known.map_or(Activity::NEVER, |(_, activity)| *activity)
            };
            let activity = rule.activity(&matches, &dates, of);
            active.push((&rule.name, activity));
        }
        let lasting = active.into_iter().filter_map(|(label, Activity { possible, .. })| {
            let ended = |until| until <= now;
            possible.filter(|period| !period.until.is_some_and(ended)).map(|period| (label, period))
        });
        let mut labels: Vec<_> = lasting.collect();
        labels.sort_unstable_by_key(|(label, _)| *label);
        labels
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
    /// When the label is active for one film, given when its parts are (`of`).
    fn activity(
        &self,
        matches: &impl Fn(&Label) -> bool,
        dates: &impl Fn(&str) -> Option<Dates>,
        of: impl Fn(&Label) -> Activity,
    ) -> Activity {
        if self.query.is_some() && !matches(&self.name) {
            return Activity::NEVER;
        }
        let mut activity = self.validity.activity(dates);
        activity = self.all_of.iter().fold(activity, |activity, label| activity.and(of(label)));
        if !self.any_of.is_empty() {
            let any = self.any_of.iter().fold(Activity::NEVER, |any, label| any.or(of(label)));
            activity = activity.and(any);
        }
        self.none_of.iter().fold(activity, |activity, label| activity.and(of(label).not()))
    }

    /// The labels that this one is made of.
    fn parts(&self) -> impl Iterator<Item = &Label> {
        self.all_of.iter().chain(&self.any_of).chain(&self.none_of)
    }

    /// JSON on one line with sorted keys.
    fn canonical(&self) -> String {
        let end = self.validity.end.as_ref().map(|end| match end {
            End::Within { field, period } => (field.as_str(), period.to_string()),
            End::Field(field) => (field.as_str(), String::new()),
        });
        let sorted = |labels: &[Label]| {
            let mut names: Vec<_> = labels.iter().map(Label::to_string).collect();
            names.sort_unstable();
            names
        };
        let parts = [&self.all_of, &self.any_of, &self.none_of].map(|labels| sorted(labels));
        let query = self.query.as_ref().map(Query::json);
        serde_json::json!([self.name.as_str(), query, self.validity.from, end, parts]).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_are_valid() {
        let rules = LabelRules::parse(SHIPPED).unwrap();
        let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["new", "adult", "upcoming"]);
        assert_eq!(rules.time_bound_labels().map(Label::as_str).collect::<Vec<_>>(), ["new"]);
        let shrinking = rules.iter().filter(|rule| rule.may_shrink).map(|rule| rule.name.as_str());
        assert_eq!(shrinking.collect::<Vec<_>>(), ["upcoming"]);
    }

    #[test]
    fn the_hash_depends_on_the_meaning_of_the_rules_not_on_their_layout() {
        let original = "[[label]]\nname='a'\nquery={term={x={value=1,case_insensitive=true}}}\n\
                        [[label]]\nname='b'\nwithin={field='d',period='P1Y'}";
        let reordered = "# moved\n[[label]]\nname='b'\nwithin={period='P12M',field='d'}\n\
                         [[label]]\nmay_shrink=true\nquery={term={x={case_insensitive=true,value=1}}}\nname='a'";
        let changed = original.replace("P1Y", "P2Y");
        let hash = |toml: &str| LabelRules::parse(toml).unwrap().hash();
        assert_eq!(hash(original), hash(reordered));
        assert_ne!(hash(original), hash(&changed));
        assert_eq!(hash(original).len(), 16);
    }

    /// The labels of a film that matches the queries of `matching`, with the `from` and `until` of each.
    fn labels(toml: &str, matching: &[&str], dates: &[(&str, &str)]) -> Vec<String> {
        let rules = LabelRules::parse(toml).unwrap();
        let dates = |field: &str| {
            let (_, date) = dates.iter().find(|(name, _)| *name == field)?;
            let date = validity::midnight(date.parse().unwrap());
            Some((date, date))
        };
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let labels = rules.labels(now, |label| matching.contains(&label.as_str()), dates);
        let day =
            |at: Option<DateTime<Utc>>| at.map_or(String::new(), |at| at.date_naive().to_string());
        labels
            .iter()
            .map(|(label, at)| format!("{label} {}..{}", day(at.from), day(at.until)))
            .collect()
    }

    const COMBINED: &str = "
        [[label]]\nname='new'\nwithin={field='d',period='P1Y'}
        [[label]]\nname='adult'\nquery={exists={field='x'}}
        [[label]]\nname='embargo'\nquery={exists={field='e'}}\nfrom='e'
        [[label]]\nname='either'\nany_of=['new','adult']
        [[label]]\nname='both'\nall_of=['new','adult']
        [[label]]\nname='old'\nnone_of=['new']
        [[label]]\nname='mild'\nnone_of=['adult']
        [[label]]\nname='before'\nall_of=['adult']\nnone_of=['embargo']";

    #[test]
    fn combined_labels_have_the_combined_period() {
        assert_eq!(
            labels(COMBINED, &[], &[("d", "2026-03-01")]),
            ["either ..2027-03-01", "mild ..", "new ..2027-03-01", "old 2027-03-01.."]
        );
        assert_eq!(
            labels(COMBINED, &["adult", "embargo"], &[("d", "2026-03-01"), ("e", "2026-09-01")]),
            [
                "adult ..",
                "before ..2026-09-01",
                "both ..2027-03-01",
                "either ..",
                "embargo 2026-09-01..",
                "new ..2027-03-01",
                "old 2027-03-01.."
            ]
        );
        assert_eq!(
            labels(COMBINED, &["adult"], &[("d", "2020-03-01")]),
            ["adult ..", "before ..", "either ..", "old 2021-03-01.."]
        );
    }

    #[test]
    fn a_film_without_the_date_has_every_label_that_it_might_have() {
        assert_eq!(labels(COMBINED, &[], &[]), ["either ..", "mild ..", "new ..", "old .."]);
        assert_eq!(
            labels(COMBINED, &["adult", "embargo"], &[("d", "2020-03-01")]),
            ["adult ..", "before ..", "either ..", "embargo ..", "old 2021-03-01.."]
        );
    }
}
