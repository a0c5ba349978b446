//! Why label rules are rejected.

use thiserror::Error;

use super::{PeriodError, QueryFault};
use crate::names::{Label, NameError};

/// Why a `labels.toml` is rejected.
#[derive(Debug, Error)]
pub enum LabelRuleError {
    /// The file as a whole is not valid TOML, or has an unknown table.
    #[error("label rules: {0}")]
    File(#[from] toml::de::Error),
    /// One rule is invalid.
    #[error("label rule `{name}` (line {line}): {fault}")]
    Rule {
        /// The rule's name as written, or its number in the file if it has none.
        name: String,
        /// Line of the file at which the rule starts, counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: LabelRuleFault,
    },
}

/// What is wrong with one label rule.
#[derive(Debug, Error)]
pub enum LabelRuleFault {
    /// A key is missing, unknown or of the wrong type.
    #[error("{0}")]
    Shape(String),
    /// The name is not a valid label.
    #[error(transparent)]
    Name(#[from] NameError),
    /// `unlabelled` is the label of films that have not been labelled.
    #[error("the name `unlabelled` is reserved")]
    Reserved,
    /// Films with such a label count as unlabelled.
    #[error(
        "the name must not read as a number with a fraction, an exponent or 19 digits, or as 0"
    )]
    AmbiguousName,
    /// Another rule of the file has the same name.
    #[error("the rule at line {first_line} has the same name")]
    Duplicate {
        /// Line at which that rule starts.
        first_line: usize,
    },
    /// The name of a label with a validity period becomes a field name, in which `.` and `=` have a
    /// meaning of their own.
    #[error("the name of a label with a validity period must not contain `.` or `=`")]
    TimeBoundName,
    /// No condition at all.
    #[error("needs a condition: query, within, from, until, all_of, any_of or none_of")]
    Empty,
    /// A date field has no name.
    #[error("`{0}` needs the name of a date field")]
    Field(&'static str),
    /// Two ends.
    #[error("`within` and `until` are both the end of the validity period; keep one")]
    TwoEnds,
    /// The period is invalid.
    #[error("`within.period`: {0}")]
    Period(#[from] PeriodError),
    /// The query contains a number that JSON cannot represent (`nan`, `inf`).
    #[error("`query` contains a number that is not finite")]
    Number,
    /// The query is outside the subset.
    #[error(transparent)]
    Query(#[from] QueryFault),
    /// A list of labels is empty.
    #[error("`{0}` needs at least one label")]
    NoLabels(&'static str),
    /// A label is listed twice in one rule.
    #[error("`{0}` is listed twice")]
    Twice(Label),
    /// A label that no rule of the file defines.
    #[error("there is no label `{label}`; the file defines {}", list(.defined))]
    UnknownLabel {
        /// The label.
        label: Label,
        /// The labels that the file defines.
        defined: Vec<Label>,
    },
    /// The label depends on itself.
    #[error("depends on itself: {0}")]
    Cycle(String),
    /// The union of two periods may have a gap.
    #[error(
        "`any_of`: the validity periods of `{0}` and `{1}` may leave a gap, and a label has only one period"
    )]
    Union(Label, Label),
    /// The complement of a period with two bounds.
    #[error("`none_of`: `{0}` has a start and an end, so the time without it is not one period")]
    Complement(Label),
}

fn list(labels: &[Label]) -> String {
    labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ")
}
