//! Expected decisions, as written in `cases.toml`, held against a policy.
//!
//! ```toml
//! [[case]]
//! name = "a guest does not read a fresh release"
//! roles = []                        # beside `anonymous`; may be left out
//! action = "read"
//! resource = "film:tt1"             # `type` or `type:id`
//! labels = ["new"]                  # or `access`, or neither: then nothing was sent
//! allowed = false
//! code = "label_denied"             # may be left out
//! ```
//!
//! `access` is the object of a film document as JSON text, so that it can be pasted in; `at`, the
//! time of the question, has to stand beside it.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::value::Datetime;

use crate::change::PolicyError;
use crate::decision::{Code, Decision};
use crate::facts::Facts;
use crate::names::{Resource, RoleName};
use crate::rule::Rule;
use crate::snapshot::Snapshot;

/// Decisions that the shipped rules give.
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
    code: Option<Code>,
}

/// What became of a file of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many cases there were; one at least.
    pub cases: usize,
    /// Those that came out otherwise, in the order of the file.
    pub failures: Vec<Failure>,
}

/// A case that came out otherwise than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The case's name.
    pub name: String,
    /// Where the case begins, counted from 1.
    pub line: usize,
    /// What the case expects: the answer, and the code if it speaks of one.
    pub expected: (bool, Option<Code>),
    /// What the policy decides.
    pub got: Decision,
    /// The rule that decided; none where nothing matched.
    pub rule: Option<Arc<Rule>>,
}

/// Cases that can't be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// Not TOML, an unknown key, or a value of the wrong kind; the error shows the line.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Nothing to hold the policy against.
    #[error("there is no [[case]] in it")]
    Empty,
    /// A case that can't be asked.
    #[error("line {line}, case {name:?}: {why}")]
    Case {
        /// Where the case begins, counted from 1.
        line: usize,
        /// The case's name.
        name: String,
        /// What to mend.
        why: String,
    },
    /// Casbin fails.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

/// Asks every case of a `cases.toml` and gives those that came out otherwise.
///
/// # Errors
/// The text is not one of cases, a case can't be asked, or casbin fails.
pub fn run(snapshot: &Snapshot, toml: &str) -> Result<Report, CaseError> {
    let file: File = toml::from_str(toml)?;
    if file.case.is_empty() {
        return Err(CaseError::Empty);
    }
    let mut report = Report { cases: file.case.len(), failures: Vec::new() };
    for case in file.case {
        let line = line_of(toml, case.span().start);
        let case = case.into_inner();
        let broken = |why| CaseError::Case { line, name: case.name.clone(), why };
        let Asked { access, at } = Asked::of(snapshot, &case).map_err(broken)?;
        let got = decide(snapshot, &case, access.as_ref(), at)?;
        if got.allowed != case.allowed || case.code.is_some_and(|code| code != got.code) {
            let rule = got.rule.and_then(|id| snapshot.rule(id)).cloned();
            let expected = (case.allowed, case.code);
            report.failures.push(Failure { name: case.name, line, expected, got, rule });
        }
    }
    Ok(report)
}

/// What has to be read before a case can be asked.
struct Asked {
    access: Option<Value>,
    at: DateTime<Utc>,
}

impl Asked {
    fn of(snapshot: &Snapshot, case: &Case) -> Result<Self, String> {
        if let Some(role) = case.roles.iter().find(|role| !snapshot.has_role(role)) {
            return Err(format!("role {role} does not exist"));
        }
        if case.access.is_some() && case.labels.is_some() {
            return Err("it has both `labels` and `access`".into());
        }
        let access = case.access.as_deref().map(serde_json::from_str).transpose();
        let access = access.map_err(|error| format!("`access` is not JSON: {error}"))?;
        let at = match &case.at {
            Some(at) => at.to_string().parse().map_err(|_| {
                format!("`at` needs a date, a time and an offset, like 2026-06-01T00:00:00Z: {at}")
            })?,
            None if access.is_some() => return Err("`access` needs `at` beside it".into()),
            None => DateTime::UNIX_EPOCH,
        };
        Ok(Self { access, at })
    }
}

fn decide(
    snapshot: &Snapshot,
    case: &Case,
    access: Option<&Value>,
    at: DateTime<Utc>,
) -> Result<Decision, PolicyError> {
    let facts = match (access, &case.labels) {
        (Some(access), _) => Facts::access(access, snapshot.windowed(), at),
        (None, Some(labels)) => Facts::labels(labels.iter().map(String::as_str)),
        (None, None) => Facts::missing(),
    };
    let resource = match case.resource.split_once(':') {
        Some((kind, id)) => Resource::new(kind, Some(id)),
        None => Resource::new(&case.resource, None),
    };
    snapshot.decide(&snapshot.role_set(&case.roles), &case.action, &resource, &facts)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |allowed| if allowed { "allowed" } else { "denied" };
        write!(f, "line {}, {:?}: expected {}", self.line, self.name, word(self.expected.0))?;
        if let Some(code) = self.expected.1 {
            write!(f, " ({})", code.as_str())?;
        }
        write!(f, ", got {} ({})", word(self.got.allowed), self.got.code.as_str())?;
        match &self.rule {
            Some(rule) => write!(f, " by rule {}: {}", rule.id, rule.row().join(", ")),
            None => f.write_str(": no rule matched"),
        }
    }
}
