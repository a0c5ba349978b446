//! Processes whose clock is wrong: libfaketime, of the Debian package `faketime`.

use std::path::{Path, PathBuf};

/// Environment variables of a process whose clock follows `file`, in which a line such as `+2h` says how wrong
/// it is. `None`, with a visible word, where the library is not installed.
#[must_use]
pub fn wrong_clock(file: &Path) -> Option<Vec<(String, String)>> {
    let Some(library) = library() else {
        eprintln!("SKIPPED: libfaketime is missing (Debian package faketime)");
        return None;
    };
    let variables = [
        ("LD_PRELOAD", library.to_str()?),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str()?),
        // The file is read each time, so that a running process follows a change.
        ("FAKETIME_NO_CACHE", "1"),
        // Timers do not jump when a clock is set.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    Some(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
}

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let paths = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    paths.into_iter().find(|path| path.exists())
}
