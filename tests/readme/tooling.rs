//! Commands for contributors. `./dev` and `cargo` are not run again here: what they are called with
//! must exist.

use std::fs;

use crate::blocks::root;
use crate::shell::Shell;

/// The suites and modules that these calls select.
fn assert_selections(calls: &[String]) {
    for call in calls {
        let words: Vec<&str> = call.split_whitespace().collect();
        let after = |word: &str| {
            let place = words.iter().position(|found| *found == word)?;
            words.get(place + 1).copied()
        };
        let Some(suite) = after("--test") else { continue };
        assert!(root().join("tests").join(suite).join("main.rs").exists(), "{call}");
        let Some(filter) = after("--").filter(|filter| !filter.starts_with('-')) else { continue };
        let parts: Vec<&str> = filter.split("::").collect();
        let found = (1..=parts.len()).rev().any(|length| {
            let (module, test) = parts.split_at(length);
            let folder = root().join("tests").join(suite).join(module.join("/"));
            let file = fs::read_to_string(folder.with_extension("rs"))
                .or_else(|_| fs::read_to_string(folder.join("mod.rs")));
            file.is_ok_and(|text| test.iter().all(|test| text.contains(&format!("fn {test}("))))
        });
        assert!(found, "{call}: no such module or test");
    }
}

/// The commands that `./dev` has, from its usage.
fn assert_dev_commands(calls: &[String]) {
    let usage: String = ["dev", "dev.d/common.sh"]
        .iter()
        .filter_map(|file| fs::read_to_string(root().join(file)).ok())
        .collect();
    for command in calls.iter().filter_map(|call| call.strip_prefix("dev ")) {
        let command = command.split(' ').next().unwrap();
        assert!(usage.contains(&format!("\n  {command} ")), "./dev {command}: not in the usage");
    }
}

#[test]
fn the_commands_for_contributors_exist() {
    for file in ["CONTRIBUTING.md", "tests/README.md"] {
        let calls = Shell::new(&[]).run(file);
        assert!(calls.iter().any(|call| call.starts_with("dev test")), "{calls:?}");
        assert_selections(&calls);
        assert_dev_commands(&calls);
    }
}
