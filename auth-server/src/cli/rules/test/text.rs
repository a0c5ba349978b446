//! The result of a test as text: what failed, and how many cases passed.

use policies::cases::{Expectation, TestedCase};
use service::output::{self, OutputError};

use super::Tested;
use crate::cli::rules::row;

pub(super) fn print(tested: &Tested<'_>) -> Result<(), OutputError> {
    let Tested { file, report, coverage } = tested;
    for case in report.failures() {
        output::print(format_args!("{}:{}: {}", file.display(), case.line, case.name))?;
        for line in difference(case) {
            output::print(format_args!("    {line}"))?;
        }
    }
    if let Some(coverage) = coverage {
        for rule in &coverage.unexercised {
            output::print(format_args!("not exercised: {}", row(rule)))?;
        }
        let (exercised, rules) = (coverage.exercised(), coverage.rules);
        output::print(format_args!("{exercised} of {rules} rules exercised"))?;
    }
    let (cases, failed) = (report.cases.len(), report.failures().count());
    output::print(format_args!("{} of {cases} cases passed", cases - failed))
}

/// Expected and actual decision, and the rule that decided.
pub(super) fn difference(case: &TestedCase) -> Vec<String> {
    let actual = Expectation { allowed: case.actual.allowed, code: Some(case.actual.code) };
    let mut lines = vec![
        format!("expected {}", describe(case.expected)),
        format!("actual   {}", describe(actual)),
    ];
    lines.extend(case.rule.as_ref().map(|rule| format!("rule: {}", row(rule))));
    lines
}

fn describe(Expectation { allowed, code }: Expectation) -> String {
    let verdict = if allowed { "allowed" } else { "denied" };
    code.map_or(verdict.to_owned(), |code| format!("{verdict} ({})", code.as_str()))
}
