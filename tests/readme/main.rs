//! The READMEs and the page for operators: every command block runs as written, and its sample output is real.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: anything unexpected ends the test"
)]

mod alerts;
mod blocks;
mod operations;
mod programs;
mod shell;
mod site;
mod tooling;
mod tutorial;

use std::fs;
use std::path::Path;

use crate::blocks::{blocks, root};

/// The files whose command blocks a test of this suite runs.
const COVERED: [&str; 7] = [
    "README.md",
    "CONTRIBUTING.md",
    "auth-server/README.md",
    "docs/OPERATIONS.md",
    "etl-labeler/README.md",
    "movie-api/README.md",
    "tests/README.md",
];

/// Languages without commands. Rust blocks are documentation tests of their crate.
const OTHER_LANGUAGES: [&str; 7] = ["json", "mermaid", "nginx", "rust", "text", "toml", "yaml"];

/// `README.md` and `OPERATIONS.md` of this folder and of the folders below it.
fn readmes(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let skipped = name.starts_with('.') || ["target", "node_modules"].contains(&&*name);
        if entry.file_type().unwrap().is_dir() && !skipped {
            readmes(&path, found);
        } else if ["README.md", "OPERATIONS.md"].contains(&&*name) {
            found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
}

#[test]
fn every_command_block_of_every_readme_is_run_by_a_test() {
    let mut found = Vec::new();
    readmes(&root(), &mut found);
    assert!(found.len() > 4, "{found:?}");
    for file in &found {
        for block in blocks(file) {
            let place = format!("{file}, line {}: `{}`", block.line, block.language);
            if block.language == "sh" {
                assert!(COVERED.contains(&file.as_str()), "{place}: no test runs it");
            } else {
                assert!(OTHER_LANGUAGES.contains(&block.language.as_str()), "{place}");
            }
        }
    }
}

#[test]
fn every_toml_block_of_every_readme_is_valid() {
    let mut found = Vec::new();
    readmes(&root(), &mut found);
    for file in &found {
        for block in blocks(file).iter().filter(|block| block.language == "toml") {
            let parsed = block.lines.join("\n").parse::<toml::Table>();
            assert!(parsed.is_ok(), "{file}, line {}: {parsed:?}", block.line);
        }
    }
}
