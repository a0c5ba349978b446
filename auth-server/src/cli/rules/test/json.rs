//! The result of a test as JSON.

use policies::cases::{Expectation, TestedCase};
use policies::{ReasonCode, Rule};
use serde::Serialize;
use service::output;

use super::Tested;
use crate::cli::Failure;
use crate::cli::rules::row;

#[derive(Serialize)]
struct Document {
    file: String,
    /// Number of cases.
    cases: usize,
    passed: usize,
    results: Vec<CaseResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Coverage>,
}

#[derive(Serialize)]
struct CaseResult {
    name: String,
    line: usize,
    passed: bool,
    expected: Outcome,
    actual: Outcome,
    /// The rule that decided, as a line of a rules file.
    rule: Option<String>,
}

#[derive(Serialize)]
struct Outcome {
    allowed: bool,
    /// `null`: any.
    code: Option<ReasonCode>,
}

#[derive(Serialize)]
struct Coverage {
    /// Number of rules, without the superuser's built-in rule.
    rules: usize,
    exercised: usize,
    /// The other rules, as lines of a rules file.
    unexercised: Vec<String>,
}

pub(super) fn print(tested: &Tested<'_>) -> Result<(), Failure> {
    let Tested { file, report, coverage } = tested;
    let coverage = coverage.as_ref().map(|coverage| Coverage {
        rules: coverage.rules,
        exercised: coverage.exercised(),
        unexercised: coverage.unexercised.iter().map(|rule| row(rule)).collect(),
    });
    let document = Document {
        file: file.display().to_string(),
        cases: report.cases.len(),
        passed: report.cases.iter().filter(|case| case.has_passed()).count(),
        results: report.cases.iter().map(CaseResult::of).collect(),
        coverage,
    };
    let json = serde_json::to_string_pretty(&document).map_err(Failure::because)?;
    Ok(output::print(json)?)
}

impl CaseResult {
    fn of(case: &TestedCase) -> Self {
        let Expectation { allowed, code } = case.expected;
        Self {
            name: case.name.clone(),
            line: case.line,
            passed: case.has_passed(),
            expected: Outcome { allowed, code },
            actual: Outcome { allowed: case.actual.allowed, code: Some(case.actual.code) },
            rule: case.rule.as_deref().map(|rule: &Rule| row(rule)),
        }
    }
}
