//! Roles and rules survive an export and import.

#![expect(clippy::unwrap_used, reason = "a failure ends the test")]

use policies::csv::{self, Document, LineError, RuleRow, SHIPPED_RULES};
use policies::{
    ActionPattern, Description, Effect, PolicyError, ResourcePattern, RoleDefinition, RoleName,
    Snapshot,
};
use proptest::prelude::*;

fn role(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

fn defined(name: &str, inherits: &[&str]) -> RoleDefinition {
    let inherits = inherits.iter().copied().map(role).collect();
    RoleDefinition { name: role(name), inherits, description: Description::default() }
}

fn error(text: &str) -> (usize, LineError) {
    let error = csv::read(text).unwrap_err();
    (error.line, error.why)
}

#[test]
fn the_shipped_rules_are_a_valid_policy_and_round_trip() {
    let document = csv::read(SHIPPED_RULES).unwrap();
    assert_eq!(document.roles, [defined("subscriber", &[])]);
    assert_eq!(document.rules.len(), 5);
    assert_eq!(csv::read(&csv::write(&document)).unwrap(), document);
    let snapshot = Snapshot::empty([]).unwrap().next(1, &document.changes()).unwrap();
    assert_eq!(snapshot.rules().count(), 5);
}

#[test]
fn a_role_is_defined_by_any_line_that_names_it() {
    let text = "role, lonely\ng, editor, critic\ng, editor, anonymous\ng, editor, critic\n\
                p, 5, guest-list, film:1, read, allow # one\nrole, superuser\n";
    let document = csv::read(text).unwrap();
    let expected = [
        defined("lonely", &[]),
        defined("critic", &[]),
        defined("editor", &["critic", "anonymous"]),
        defined("guest-list", &[]),
    ];
    assert_eq!(document.roles, expected);
    assert_eq!(csv::read(&csv::write(&document)).unwrap(), document);
}

#[test]
fn the_comment_after_a_rule_or_role_is_its_description() {
    let text = "# heading\nrole, critic  # Writes reviews.\n\
                p, 5, critic, film:*, review, allow  # Critics review, \"all\" films # even new ones.\n";
    let document = csv::read(text).unwrap();
    assert_eq!(document.roles[0].description.as_str(), "Writes reviews.");
    let review = "Critics review, \"all\" films # even new ones.";
    assert_eq!(document.rules[0].description.as_str(), review);
    assert_eq!(csv::write(&document), text.replace("# heading\n", ""));
    let long = format!("p, 5, critic, film:*, review, allow # {}", "x".repeat(1_001));
    assert!(matches!(error(&long), (1, LineError::Description(_))));
}

#[test]
fn white_space_bom_and_crlf_are_not_part_of_a_field() {
    let text =
        "\u{feff}# a comment\r\n\r\n  p ,7, critic,\t\" film: x, \"\"y\"\" \" ,read,deny  \r\n";
    let invalid = csv::read(text).unwrap_err();
    assert_eq!(invalid.line, 3);
    let text = text.replace("\" film", "\"film");
    let document = csv::read(&text).unwrap();
    assert_eq!(document.rules[0].resource.to_string(), "film: x, \"y\" ");
}

#[test]
fn an_error_reports_its_line() {
    assert_eq!(error("\n# x\np, 1, a, film"), (3, LineError::Shape));
    assert_eq!(error("q, a, b"), (1, LineError::Shape));
    assert_eq!(error("role, \"a"), (1, LineError::Quotes));
    assert_eq!(error("p, x, a, film, read, allow"), (1, LineError::Priority("x".into())));
    assert_eq!(error("p, 1, a, film, read, Allow"), (1, LineError::Effect("Allow".into())));
    let zero = LineError::Policy(PolicyError::InvalidPriority(0));
    assert_eq!(error("role, a\np, 0, a, film, read, allow"), (2, zero));
    assert!(matches!(error("role, A").1, LineError::Policy(PolicyError::InvalidName(_))));
    let inherits = LineError::Policy(PolicyError::InheritsSuperuser(role("a")));
    assert_eq!(error("g, a, superuser"), (1, inherits));
    let builtin = LineError::Policy(PolicyError::BuiltinRole(role("anonymous")));
    assert_eq!(error("g, anonymous, a"), (1, builtin));
}

fn row() -> impl Strategy<Value = RuleRow> {
    let names = "[ a#,\"'*é\u{a0}\u{2028}:]{1,6}";
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    let priority = 1..=i32::MAX.cast_unsigned();
    (priority, "[a-z][a-z0-9_.-]{0,5}", names, names, effect, "[ a#,\"\t\né]{0,6}").prop_filter_map(
        "a rule",
        |(priority, role, id, action, effect, description)| {
            Some(RuleRow {
                priority,
                role: RoleName::parse(&role).ok()?,
                resource: ResourcePattern::parse(&format!("film:{id}")).ok()?,
                action: ActionPattern::parse(&action).ok()?,
                effect,
                description: Description::parse(&description).ok()?,
            })
        },
    )
}

proptest! {
    #[test]
    fn every_valid_rule_round_trips(rules in prop::collection::vec(row(), 0..8)) {
        let written = csv::write(&Document { roles: vec![], rules: rules.clone() });
        let again = csv::read(&written).unwrap();
        prop_assert_eq!(&again.rules, &rules);
        prop_assert_eq!(csv::read(&csv::write(&again)).unwrap(), again);
    }
}
