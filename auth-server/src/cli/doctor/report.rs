//! What the checks found, as lines for operators or as JSON.

use std::fmt::Display;
use std::process::ExitCode;

use serde::Serialize;
use service::output::{self, OutputError};

/// How a check ended; of two, the later is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Skipped,
    Ok,
    /// `serve` starts, but something does not work or is not safe.
    Warning,
    /// `serve` does not start, or cannot do its work.
    Failed,
}

impl Status {
    const fn label(self) -> &'static str {
        match self {
            Self::Skipped => "skip",
            Self::Ok => "ok",
            Self::Warning => "warn",
            Self::Failed => "FAIL",
        }
    }
}

/// What one check found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    status: Status,
    message: String,
    /// What to do; not said twice if the message says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn new(status: Status, message: impl Display, remedy: Option<&str>) -> Self {
        Self { status, message: message.to_string(), remedy: remedy.map(str::to_owned) }
    }

    /// All is well; `state` is worth knowing.
    pub(super) fn ok(state: impl Display) -> Self {
        Self::new(Status::Ok, state, None)
    }

    /// The server works, but not all of it, or not as it should.
    pub(super) fn warning(problem: impl Display, remedy: &str) -> Self {
        Self::new(Status::Warning, problem, Some(remedy))
    }

    /// The server does not start, or cannot do its work.
    pub(super) fn failed(problem: impl Display, remedy: &str) -> Self {
        Self::new(Status::Failed, problem, Some(remedy))
    }

    /// The same for an error whose message says what to do.
    pub(super) fn explained(problem: impl Display) -> Self {
        Self::new(Status::Failed, problem, None)
    }

    /// Not checked, because something that it needs failed.
    pub(super) fn needs(what: &str) -> Self {
        Self::new(Status::Skipped, format_args!("not checked: it needs {what}"), None)
    }
}

#[derive(Serialize)]
struct Check {
    check: &'static str,
    #[serde(flatten)]
    finding: Finding,
}

/// The findings of all checks.
pub(super) struct Report {
    json: bool,
    checks: Vec<Check>,
}

impl Report {
    pub(super) const fn new(json: bool) -> Self {
        Self { json, checks: Vec::new() }
    }

    /// Adds a finding, and prints it at once unless JSON is printed at the end.
    pub(super) fn add(&mut self, check: &'static str, finding: Finding) -> Result<(), OutputError> {
        let check = Check { check, finding };
        if !self.json {
            output::print(line(&check))?;
        }
        self.checks.push(check);
        Ok(())
    }

    /// Prints what is left to print. The exit code is that of failures; warnings are no failures.
    pub(super) fn finish(&self) -> Result<ExitCode, OutputError> {
        let worst = self.checks.iter().map(|check| check.finding.status).max();
        let worst = worst.unwrap_or(Status::Ok);
        if self.json {
            output::print_json(&serde_json::json!({ "status": worst, "checks": self.checks }))?;
        }
        Ok(if worst == Status::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn line(Check { check, finding }: &Check) -> String {
    let Finding { status, message, remedy } = finding;
    let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    format!("{:<4}  {check}: {message}{remedy}", status.label())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_no_failure_and_a_remedy_ends_the_line() {
        let mut report = Report::new(true);
        report.add("a", Finding::ok("good")).expect("added");
        report.add("b", Finding::warning("odd", "change it")).expect("added");
        let lines: Vec<String> = report.checks.iter().map(line).collect();
        assert_eq!(lines, ["ok    a: good", "warn  b: odd; change it"]);
        assert_eq!(report.finish().expect("printed"), ExitCode::SUCCESS);
        report.add("c", Finding::explained("run: x")).expect("added");
        report.add("d", Finding::needs("c")).expect("added");
        assert_eq!(report.finish().expect("printed"), ExitCode::FAILURE);
    }
}
