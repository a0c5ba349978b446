//! Memory of this process, as the kernel counts it.

use std::fs;

use policies::Facts;

use crate::fixture::{ROLES, resource, role, snapshot};

/// Resident memory in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Mebibytes that a policy of this many rules takes: as built, with a warm table, and with the
/// next one beside it.
pub fn of_a_policy(rules: u32) -> [usize; 3] {
    let before = resident();
    let taken = || resident().saturating_sub(before) >> 20;
    let first = snapshot(rules);
    let built = taken();
    for n in 0..10_000 {
        let set = first.role_set(&[role(n % ROLES)]);
        first.decide(&set, "read", &resource(n * 7), &Facts::labels([])).unwrap();
    }
    let warm = taken();
    let second = first.next(2, &[]).unwrap();
    let swap = taken();
    drop((first, second));
    [built, warm, swap]
}
