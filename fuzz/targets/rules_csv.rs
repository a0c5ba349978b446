//! Roles and rules as CSV: what is read can be written and read again, and a policy made of it decides.

#![no_main]

use libfuzzer_sys::fuzz_target;
use policies::{Facts, Resource, RoleName, Snapshot, csv};

fuzz_target!(|text: &str| {
    let Ok(document) = csv::read(text) else { return };
    assert_eq!(csv::read(&csv::write(&document)).expect("what was written"), document);
    let Ok(policy) = empty().next(1, &document.changes()) else { return };
    let guest = policy.role_set(&[RoleName::anonymous()]);
    for rule in &document.rules {
        let (name, action) = (rule.resource.to_string(), rule.action.to_string());
        let (kind, id) = name.split_once(':').map_or((&*name, None), |(kind, id)| (kind, Some(id)));
        let resource = Resource::new(kind, id);
        policy.decide(&guest, &action, &resource, &Facts::missing()).expect("a decision");
    }
});

fn empty() -> Snapshot {
    Snapshot::empty([]).expect("an empty policy")
}
