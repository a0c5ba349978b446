//! Policies are tested against expected decisions.

#![expect(clippy::unwrap_used, reason = "a failure ends the test")]

use policies::cases::{self, CaseError, SHIPPED_CASES};
use policies::csv::{self, SHIPPED_RULES};
use policies::{ReasonCode, Snapshot, label_rules};

fn snapshot(rules: &str) -> Snapshot {
    let labels = label_rules::LabelRules::parse(label_rules::SHIPPED).unwrap();
    let changes = csv::read(rules).unwrap().changes();
    Snapshot::empty(labels.time_bound_labels().cloned()).unwrap().next(1, &changes).unwrap()
}

#[test]
fn the_shipped_rules_pass_the_shipped_cases() {
    let report = cases::run(&snapshot(SHIPPED_RULES), SHIPPED_CASES).unwrap();
    assert!(report.cases > 20);
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_failed_case_reports_expected_and_actual_decision_and_the_rule() {
    let open = snapshot("p, 1, anonymous, film:*, read, allow");
    let text = "# one\n[[case]]\nname = \"closed\"\naction = \"read\"\nresource = \"film:1\"\n\
                labels = []\nallowed = false\ncode = \"label_denied\"\n\
                [[case]]\nname = \"open\"\naction = \"write\"\nresource = \"film\"\nallowed = true\n";
    let report = cases::run(&open, text).unwrap();
    let [closed, opened] = report.failures.as_slice() else { panic!("{report:?}") };
    assert_eq!((closed.actual.code, opened.actual.code), (ReasonCode::Allowed, ReasonCode::NoRule));
    assert_eq!(
        closed.to_string(),
        "line 2, \"closed\": expected denied (label_denied), got allowed (allowed) by rule 1: \
         1, anonymous, film:*, read, allow"
    );
    assert_eq!(
        opened.to_string(),
        "line 9, \"open\": expected allowed, got denied (no_rule): no rule matched"
    );
}

#[test]
fn a_case_with_the_expected_decision_but_another_reason_fails() {
    let open = snapshot("p, 1, anonymous, film:*, read, allow");
    let text = "[[case]]\nname = \"c\"\naction = \"write\"\nresource = \"film\"\nallowed = false\n\
                code = \"denied_by_rule\"\n";
    assert_eq!(cases::run(&open, text).unwrap().failures.len(), 1);
}

#[test]
fn an_invalid_case_is_reported_with_its_name_and_line() {
    let open = snapshot("p, 1, anonymous, film:*, read, allow");
    let start =
        "\n[[case]]\nname = \"c\"\naction = \"read\"\nresource = \"film\"\nallowed = true\n";
    for (rest, why) in [
        ("roles = [\"nobody\"]", "the role `nobody` does not exist"),
        ("labels = []\naccess = \"{}\"", "`labels` and `access` exclude each other"),
        ("access = \"{\"\nat = 2026-01-01T00:00:00Z", "`access` is not JSON"),
        ("access = \"{}\"", "`access` requires `at`"),
        ("at = 2026-01-01", "`at` needs a date, a time and an offset"),
    ] {
        let error = cases::run(&open, &format!("{start}{rest}")).unwrap_err().to_string();
        assert!(error.starts_with(&format!("line 2, case \"c\": {why}")), "{error}");
    }
    assert!(matches!(cases::run(&open, "# none"), Err(CaseError::Empty)));
    let error = cases::run(&open, &format!("{start}acces = \"{{}}\"")).unwrap_err().to_string();
    assert!(error.contains("line 7") && error.contains("acces"), "{error}");
}
