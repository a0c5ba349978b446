use thiserror::Error;

use super::PeriodError;

/// Why a `labels.toml` is refused.
#[derive(Debug, Error)]
pub enum LabelRuleError {
    /// The file as a whole can't be read.
    #[error("label rules: {0}")]
    File(#[from] toml::de::Error),
    /// One rule can't be used.
    #[error("label rule `{name}` (line {line}): {fault}")]
    Rule {
        /// The rule's name as written, or its number in the file where it has none.
        name: String,
        /// Line of the file at which the rule begins, counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: RuleFault,
    },
}

/// What is wrong with one label rule.
#[derive(Debug, Error)]
pub enum RuleFault {
    /// A key is missing, unknown or of the wrong kind.
    #[error("{0}")]
    Shape(String),
    /// The name can't be a label.
    #[error("the name can't be a label: {0}")]
    Name(String),
    /// `unlabelled` is what a film without labels counts as.
    #[error("the name `unlabelled` is reserved")]
    Reserved,
    /// Another rule of the file has this name.
    #[error("the rule of line {first_line} has the same name")]
    Repeated {
        /// Line at which that rule begins.
        first_line: usize,
    },
    /// The name of a windowed label becomes a field name, where these two have a meaning of their
    /// own.
    #[error("a label with `within` can't have `.` or `=` in its name")]
    WindowedName,
    /// Neither `query` nor `within`.
    #[error("needs a `query`, a `within` or both")]
    Empty,
    /// The window's field has no name.
    #[error("`within.field` is empty")]
    Field,
    /// The window's period.
    #[error("`within.period`: {0}")]
    Period(#[from] PeriodError),
    /// The query has a number that JSON doesn't know (`nan`, `inf`).
    #[error("`query` has a number that is not finite")]
    Number,
    /// Query names tell the labeler which rule matched.
    #[error("`query` can't use `_name`")]
    QueryName,
}
