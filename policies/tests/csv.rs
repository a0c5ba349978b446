//! Roles and rules survive being exported and imported.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test ends it")]

use policies::csv::{self, Document, LineError, RuleRow, SHIPPED_RULES};
use policies::{ActionPattern, Effect, PolicyError, ResourcePattern, RoleName, Snapshot};
use proptest::prelude::*;

fn role(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

fn error(text: &str) -> (usize, LineError) {
    let error = csv::read(text).unwrap_err();
    (error.line, error.why)
}

#[test]
fn the_shipped_rules_are_a_policy_and_round_trip() {
    let document = csv::read(SHIPPED_RULES).unwrap();
    assert_eq!(document.roles, [(role("subscriber"), vec![])]);
    assert_eq!(document.rules.len(), 5);
    assert_eq!(csv::read(&csv::write(&document)).unwrap(), document);
    let snapshot = Snapshot::empty([]).unwrap().next(1, &document.changes()).unwrap();
    assert_eq!(snapshot.rules().count(), 5);
}

#[test]
fn roles_are_there_when_any_line_speaks_of_them() {
    let text = "role, lonely\ng, editor, critic\ng, editor, anonymous\ng, editor, critic\n\
                p, 5, guest-list, film:1, read, allow # one\nrole, superuser\n";
    let document = csv::read(text).unwrap();
    let expected = [
        (role("lonely"), vec![]),
        (role("critic"), vec![]),
        (role("editor"), vec![role("critic"), role("anonymous")]),
        (role("guest-list"), vec![]),
    ];
    assert_eq!(document.roles, expected);
    assert_eq!(csv::read(&csv::write(&document)).unwrap(), document);
}

#[test]
fn spaces_bom_and_crlf_are_no_part_of_a_field() {
    let text =
        "\u{feff}# a comment\r\n\r\n  p ,7, critic,\t\" film: x, \"\"y\"\" \" ,read,deny  \r\n";
    let wrong = csv::read(text).unwrap_err();
    assert_eq!(wrong.line, 3);
    let text = text.replace("\" film", "\"film");
    let document = csv::read(&text).unwrap();
    assert_eq!(document.rules[0].resource.to_string(), "film: x, \"y\" ");
}

#[test]
fn an_error_names_its_line() {
    assert_eq!(error("\n# x\np, 1, a, film"), (3, LineError::Shape));
    assert_eq!(error("q, a, b"), (1, LineError::Shape));
    assert_eq!(error("role, \"a"), (1, LineError::Quotes));
    assert_eq!(error("p, x, a, film, read, allow"), (1, LineError::Priority("x".into())));
    assert_eq!(error("p, 1, a, film, read, Allow"), (1, LineError::Effect("Allow".into())));
    let zero = LineError::Policy(PolicyError::Priority(0));
    assert_eq!(error("role, a\np, 0, a, film, read, allow"), (2, zero));
    assert!(matches!(error("role, A").1, LineError::Policy(PolicyError::Name(_))));
    let inherits = LineError::Policy(PolicyError::InheritsSuperuser(role("a")));
    assert_eq!(error("g, a, superuser"), (1, inherits));
    let builtin = LineError::Policy(PolicyError::BuiltinImmutable("anonymous".into()));
    assert_eq!(error("g, anonymous, a"), (1, builtin));
}

fn row() -> impl Strategy<Value = RuleRow> {
    let names = "[ a#,\"'*é\u{a0}\u{2028}:]{1,6}";
    let effect = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    (1..=i32::MAX.cast_unsigned(), "[a-z][a-z0-9_.-]{0,5}", names, names, effect).prop_filter_map(
        "a rule",
        |(priority, role, id, action, effect)| {
            Some(RuleRow {
                priority,
                role: RoleName::parse(&role).ok()?,
                resource: ResourcePattern::parse(&format!("film:{id}")).ok()?,
                action: ActionPattern::parse(&action).ok()?,
                effect,
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
