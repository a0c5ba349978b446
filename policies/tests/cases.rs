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
    assert!(report.cases.len() > 20);
    let failures: Vec<String> = report.failures().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_failed_case_reports_expected_and_actual_decision_and_the_rule() {
    let open = snapshot("p, 1, anonymous, film:*, read, allow");
    let text = "# one\n[[case]]\nname = \"closed\"\naction = \"read\"\nresource = \"film:1\"\n\
                labels = []\nallowed = false\ncode = \"label_denied\"\n\
                [[case]]\nname = \"open\"\naction = \"write\"\nresource = \"film\"\nallowed = true\n";
    let report = cases::run(&open, text).unwrap();
    let failures: Vec<_> = report.failures().collect();
    let [closed, opened] = failures.as_slice() else { panic!("{report:?}") };
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
    assert_eq!(cases::run(&open, text).unwrap().failures().count(), 1);
}

#[test]
fn a_case_exercises_the_rules_that_its_decision_is_based_on() {
    let policy = snapshot(
        "p, 10, anonymous, label:adult, read, deny\np, 20, anonymous, label:new, read, allow\n\
         p, 30, anonymous, film:a, read, deny\np, 40, anonymous, film:*, read, allow\n\
         p, 50, anonymous, film:b, read, allow\np, 0, superuser, *, *, allow",
    );
    let case = |film: &str, labels: &str, allowed: bool| {
        format!(
            "[[case]]\nname = \"{film}\"\naction = \"read\"\nresource = \"film:{film}\"\n\
             labels = {labels}\nallowed = {allowed}\n"
        )
    };
    let unexercised = |cases: &[String]| {
        let report = cases::run(&policy, &cases.concat()).unwrap();
        assert_eq!(report.failures().count(), 0, "{report:?}");
        let rules = report.unexercised(&policy);
        rules.iter().map(|rule| rule.priority).collect::<Vec<_>>()
    };
    // The resource is denied: its labels make no difference.
    assert_eq!(unexercised(&[case("a", "[\"new\"]", false)]), [10, 20, 40, 50]);
    // The label is allowed by a rule of its own.
    assert_eq!(unexercised(&[case("c", "[\"new\"]", true)]), [10, 30, 50]);
    let all =
        [case("a", "[]", false), case("c", "[\"new\"]", true), case("c", "[\"adult\"]", false)];
    assert_eq!(unexercised(&all), [50]);
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
