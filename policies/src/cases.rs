//! Tests a policy against the expected decisions of a `cases.toml`.
//!
//! ```toml
//! [[case]]
//! name = "guests cannot read new releases"
//! roles = []                        # in addition to `anonymous`; optional
//! action = "read"
//! resource = "film:tt1"             # `type` or `type:id`
//! labels = ["new"]                  # or `access`, or neither
//! allowed = false
//! code = "label_denied"             # optional
//! ```
//!
//! `access` is the `access` object of a film document as JSON text, so that it can be pasted. It requires
//! `at`, the time of the decision.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::value::Datetime;

use crate::decision::{Decision, ReasonCode};
use crate::error::PolicyError;
use crate::facts::Facts;
use crate::label_rules::parse::line_at;
use crate::names::{Resource, RoleName};
use crate::rule::Rule;
use crate::snapshot::Snapshot;

/// The expected decisions of the shipped rules.
pub const SHIPPED_CASES: &str = include_str!("../cases.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    case: Vec<Spanned<Case>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    roles: Vec<RoleName>,
    action: String,
    resource: String,
    labels: Option<Vec<String>>,
    access: Option<String>,
    at: Option<Datetime>,
    allowed: bool,
    code: Option<ReasonCode>,
}

/// The result of running a file of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Number of cases, at least one.
    pub cases: usize,
    /// The failed cases, in the order of the file.
    pub failures: Vec<FailedCase>,
}

/// A case whose decision differs from the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCase {
    /// Name of the case.
    pub name: String,
    /// Line at which the case starts, counted from 1.
    pub line: usize,
    /// The expected decision.
    pub expected: Expectation,
    /// The decision of the policy.
    pub actual: Decision,
    /// The rule that decided; `None` if no rule matched.
    pub rule: Option<Arc<Rule>>,
}

/// The decision that a case expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Whether the action is allowed.
    pub allowed: bool,
    /// The reason; `None` if any will do.
    pub code: Option<ReasonCode>,
}

impl Expectation {
    fn is_met_by(self, decision: &Decision) -> bool {
        decision.allowed == self.allowed && self.code.is_none_or(|code| code == decision.code)
    }
}

/// Why cases cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The text is not TOML, or has an unknown key or a value of the wrong type; the error shows the
    /// line.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// The file has no cases.
    #[error("the file contains no [[case]]")]
    Empty,
    /// A case is invalid.
    #[error("line {line}, case {name:?}: {why}")]
    Case {
        /// Line at which the case starts, counted from 1.
        line: usize,
        /// Name of the case.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// Casbin failed.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// Runs all cases of a `cases.toml` and reports those that fail.
///
/// # Errors
/// [`CaseError`] if the file or a case is invalid, or casbin fails.
pub fn run(snapshot: &Snapshot, toml: &str) -> Result<Report, CaseError> {
    let file: File = toml::from_str(toml)?;
    if file.case.is_empty() {
        return Err(CaseError::Empty);
    }
    let mut report = Report { cases: file.case.len(), failures: Vec::new() };
    for case in file.case {
        let line = line_at(toml, case.span().start);
        let case = case.into_inner();
        let invalid = |why| CaseError::Case { line, name: case.name.clone(), why };
        let input = Input::parse(snapshot, &case).map_err(invalid)?;
        let actual = decide(snapshot, &case, &input)?;
        let expected = Expectation { allowed: case.allowed, code: case.code };
        if !expected.is_met_by(&actual) {
            let rule = actual.rule.and_then(|id| snapshot.rule(id)).cloned();
            report.failures.push(FailedCase { name: case.name, line, expected, actual, rule });
        }
    }
    Ok(report)
}

/// The parts of a case that need parsing.
struct Input {
    access: Option<Value>,
    at: DateTime<Utc>,
}

impl Input {
    fn parse(snapshot: &Snapshot, case: &Case) -> Result<Self, String> {
        if let Some(role) = case.roles.iter().find(|role| !snapshot.has_role(role)) {
            return Err(format!("the role `{role}` does not exist"));
        }
        if case.access.is_some() && case.labels.is_some() {
            return Err("`labels` and `access` exclude each other".into());
        }
        let access = case.access.as_deref().map(serde_json::from_str).transpose();
        let access = access.map_err(|error| format!("`access` is not JSON: {error}"))?;
        let at = match &case.at {
            Some(at) => at.to_string().parse().map_err(|_| {
                format!(
                    "`at` needs a date, a time and an offset, such as 2026-06-01T00:00:00Z: {at}"
                )
            })?,
            None if access.is_some() => return Err("`access` requires `at`".into()),
            None => DateTime::UNIX_EPOCH,
        };
        Ok(Self { access, at })
    }
}

fn decide(snapshot: &Snapshot, case: &Case, input: &Input) -> Result<Decision, PolicyError> {
    let facts = match (&input.access, &case.labels) {
        (Some(access), _) => Facts::access(access, snapshot.time_bound_labels(), input.at),
        (None, Some(labels)) => Facts::labels(labels.iter().map(String::as_str)),
        (None, None) => Facts::missing(),
    };
    let resource = match case.resource.split_once(':') {
        Some((kind, id)) => Resource::new(kind, Some(id)),
        None => Resource::new(&case.resource, None),
    };
    snapshot.decide(&snapshot.role_set(&case.roles), &case.action, &resource, &facts)
}

impl fmt::Display for FailedCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |allowed| if allowed { "allowed" } else { "denied" };
        write!(f, "line {}, {:?}: expected {}", self.line, self.name, word(self.expected.allowed))?;
        if let Some(code) = self.expected.code {
            write!(f, " ({})", code.as_str())?;
        }
        write!(f, ", got {} ({})", word(self.actual.allowed), self.actual.code.as_str())?;
        match &self.rule {
            Some(rule) => write!(f, " by rule {}: {}", rule.id, rule.row().join(", ")),
            None => f.write_str(": no rule matched"),
        }
    }
}
