//! Notes every answer, so that the contract test can hold all of them against `/openapi.json`.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};
use std::{env, process};

use serde_json::json;

use crate::Answer;

/// Where the notes are: one file for each process, one line for each kind of answer.
///
/// # Panics
/// This test was not started by cargo.
#[must_use]
pub fn folder() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().join("observed")
}

static NOTES: LazyLock<Mutex<(File, HashSet<String>)>> = LazyLock::new(|| {
    fs::create_dir_all(folder()).unwrap();
    let test = env::current_exe().unwrap();
    let name = test.file_stem().unwrap().to_string_lossy();
    let path = folder().join(format!("{name}-{}.jsonl", process::id()));
    let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    Mutex::new((file, HashSet::new()))
});

pub(crate) fn note(answer: &Answer) {
    let line = json!({
        "method": answer.method.as_str(), "path": answer.path,
        "status": answer.status, "code": answer.code(),
    });
    let mut line = line.to_string();
    line.push('\n');
    let mut notes = NOTES.lock().unwrap();
    let (file, seen) = &mut *notes;
    if !seen.contains(&line) {
        file.write_all(line.as_bytes()).unwrap();
        seen.insert(line);
    }
}
