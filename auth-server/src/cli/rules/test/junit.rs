//! The result of a test as JUnit XML, which continuous integration systems read.

use std::path::Path;

use policies::cases::TestedCase;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Tested;
use super::text::difference;
use crate::cli::Failure;

pub(super) fn write(path: &Path, tested: &Tested<'_>) -> Result<(), Failure> {
    let file = tested.file.display().to_string();
    let mut suite = TestSuite::new(file.clone());
    suite.add_test_cases(tested.report.cases.iter().map(|case| test_case(&file, case)));
    let mut report = Report::new("auth-server rules test");
    report.add_test_suite(suite);
    let xml = report.to_string().map_err(|error| Failure::about(path, error))?;
    std::fs::write(path, xml).map_err(|error| Failure::about(path, error))
}

fn test_case(file: &str, case: &TestedCase) -> TestCase {
    let status = if case.has_passed() {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let lines = difference(case);
        status.set_message(lines.join("; ")).set_type("decision").set_description(lines.join("\n"));
        status
    };
    let mut result = TestCase::new(case.name.as_str(), status);
    result.set_classname(format!("{file}:{}", case.line));
    result
}
