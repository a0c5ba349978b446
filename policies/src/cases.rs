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

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::value::Datetime;

use crate::action::Action;
use crate::decision::{Decision, ReasonCode};
use crate::error::PolicyError;
use crate::explanation::evaluated_names;
use crate::facts::Facts;
use crate::label_rules::parse::line_at;
use crate::names::{Resource, RoleName};
use crate::rule::{Rule, Verdict};
use crate::snapshot::{RoleSet, Snapshot};

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
    /// The cases, at least one, in the order of the file.
    pub cases: Vec<TestedCase>,
}

/// A case, and how the policy decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestedCase {
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
    /// Ids of all rules that the decision is based on: the first match for the resource and, if that allows, for each
    /// of its labels.
    pub exercised: BTreeSet<u32>,
}

impl Report {
    /// The cases whose decision differs from the expected one.
    pub fn failures(&self) -> impl Iterator<Item = &TestedCase> {
        self.cases.iter().filter(|case| !case.has_passed())
    }

    /// The rules of this policy that no case exercises, in the order in which they are evaluated. The superuser's
    /// built-in rule is not counted, as it cannot be changed.
    #[must_use]
    pub fn unexercised<'s>(&self, snapshot: &'s Snapshot) -> Vec<&'s Arc<Rule>> {
        let exercised: BTreeSet<u32> =
            self.cases.iter().flat_map(|case| &case.exercised).copied().collect();
        let is_missing = |rule: &&Arc<Rule>| !rule.is_builtin() && !exercised.contains(&rule.id);
        let mut missing: Vec<_> = snapshot.rules().filter(is_missing).collect();
        missing.sort_unstable_by_key(|rule| Verdict::of(rule));
        missing
    }
}

impl TestedCase {
    /// Whether the decision is the expected one.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.expected.is_met_by(&self.actual)
    }
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

/// Runs all cases of a `cases.toml`.
///
/// # Errors
/// [`CaseError`] if the file or a case is invalid, or casbin fails.
pub fn run(snapshot: &Snapshot, toml: &str) -> Result<Report, CaseError> {
    let file: File = toml::from_str(toml)?;
    if file.case.is_empty() {
        return Err(CaseError::Empty);
    }
    let cases = file.case.iter().map(|case| {
        let line = line_at(toml, case.span().start);
        run_case(snapshot, case.get_ref(), line)
    });
    Ok(Report { cases: cases.collect::<Result<_, _>>()? })
}

fn run_case(snapshot: &Snapshot, case: &Case, line: usize) -> Result<TestedCase, CaseError> {
    let invalid = |why| CaseError::Case { line, name: case.name.clone(), why };
    let input = Input::parse(snapshot, case).map_err(invalid)?;
    let facts = input.facts(snapshot, case);
    let resource = match case.resource.split_once(':') {
        Some((kind, id)) => Resource::new(kind, Some(id)),
        None => Resource::new(&case.resource, None),
    };
    let roles = snapshot.role_set(&case.roles);
    let actual = snapshot.decide(&roles, &case.action, &resource, &facts)?;
    let mut exercised = snapshot.first_matches(&roles, &case.action, &resource, &facts)?;
    exercised.extend(actual.rule);
    let rule = actual.rule.and_then(|id| snapshot.rule(id)).cloned();
    let expected = Expectation { allowed: case.allowed, code: case.code };
    let name = case.name.clone();
    Ok(TestedCase { name, line, expected, actual, rule, exercised })
}

impl Snapshot {
    /// Ids of the rules that match first: for the resource and, if that is allowed, for each of its labels.
    fn first_matches(
        &self,
        roles: &RoleSet,
        action: &str,
        resource: &Resource,
        facts: &Facts,
    ) -> Result<BTreeSet<u32>, PolicyError> {
        let action = Action::new(action);
        let evaluator = self.evaluator(roles, &action);
        let mut matches = BTreeSet::new();
        for name in evaluated_names(resource, self.reading(facts)) {
            let verdict = evaluator.verdict(&name)?;
            matches.extend(verdict.rule());
            if name == resource.as_str() && !verdict.allows() {
                break;
            }
        }
        Ok(matches)
    }
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

    fn facts<'a>(&'a self, snapshot: &Snapshot, case: &'a Case) -> Facts<'a> {
        match (&self.access, &case.labels) {
            (Some(access), _) => Facts::access(access, snapshot.time_bound_labels(), self.at),
            (None, Some(labels)) => Facts::labels(labels.iter().map(String::as_str)),
            (None, None) => Facts::missing(),
        }
    }
}

impl fmt::Display for TestedCase {
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
