//! The `access` value of a document: whatever its shape, a denied label in it denies.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use policies::label_rules::{LabelRules, SHIPPED};
use policies::{Facts, Label, Resource, RoleName, Snapshot, csv};
use serde_json::{Value, json};

fuzz_target!(|text: &str| {
    let Ok(access) = serde_json::from_str::<Value>(text) else { return };
    let policy = policy();
    allowed(&policy, &access);
    let denied = json!([access, { "labels": ["denied"] }]);
    assert!(!allowed(&policy, &denied), "{access}");
});

/// Guests may read films, but none with the label `denied` or without labels.
fn policy() -> Snapshot {
    const RULES: &str = "p, 1, anonymous, label:denied, read, deny
        p, 2, anonymous, label:unlabelled, read, deny
        p, 3, anonymous, *, read, allow";
    let labels = LabelRules::parse(SHIPPED).expect("label rules");
    let time_bound: Vec<Label> = labels.time_bound_labels().cloned().collect();
    let changes = csv::read(RULES).expect("rules").changes();
    Snapshot::empty(time_bound).and_then(|empty| empty.next(1, &changes)).expect("a policy")
}

fn allowed(policy: &Snapshot, access: &Value) -> bool {
    let now = DateTime::UNIX_EPOCH;
    let facts = Facts::access(access, policy.time_bound_labels(), now);
    let guest = policy.role_set(&[RoleName::anonymous()]);
    let film = Resource::new("film", Some("x"));
    policy.decide(&guest, "read", &film, &facts).expect("a decision").allowed
}
