//! The memory of this process, as reported by the kernel.

use std::fs;

use policies::Facts;

use crate::fixture::{ROLES, resource, role, snapshot};

/// Resident set size in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Memory of a policy with this many rules, in MiB: after building, with a warm table, and with the next
/// snapshot in addition.
pub(crate) fn of_a_policy(rules: u32) -> [usize; 3] {
    let before = resident();
    let used = || resident().saturating_sub(before) >> 20;
    let first = snapshot(rules);
    let built = used();
    for n in 0..10_000 {
        let set = first.role_set(&[role(n % ROLES)]);
        first.decide(&set, "read", &resource(n * 7), &Facts::labels([])).unwrap();
    }
    let warm = used();
    let second = first.next(2, &[]).unwrap();
    let swap = used();
    drop((first, second));
    [built, warm, swap]
}
