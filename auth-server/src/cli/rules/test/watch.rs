//! `auth-server rules test --watch`: tests again whenever a file changes, until interrupted.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use service::output;

use super::{Options, test_file};
use crate::cli::Failure;

/// How often the files are looked at. Polled, as editors replace files, and network drives tell nobody.
const INTERVAL: Duration = Duration::from_millis(250);

pub(super) async fn watch(options: &Options, rules: &Path) -> Result<ExitCode, Failure> {
    let files: Vec<&Path> = [Some(rules), options.cases.as_deref()].into_iter().flatten().collect();
    if files.contains(&Path::new("-")) {
        return Err(Failure::because("standard input cannot be watched; name a file"));
    }
    loop {
        let tested = states(&files);
        // A file that is being edited may be invalid for a while.
        match test_file(options, rules) {
            Err(failure @ Failure::Output(_)) => return Err(failure),
            Err(failure) => output::report(failure),
            Ok(_) => {}
        }
        while states(&files) == tested {
            tokio::time::sleep(INTERVAL).await;
        }
        written(&files).await;
        output::print("")?;
    }
}

/// Returns when the files do not change any more: they may be written in several pieces.
async fn written(files: &[&Path]) {
    let mut before = states(files);
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = states(files);
        if now == before {
            return;
        }
        before = now;
    }
}

/// When each file was last written, and its length; `None` while there is no such file.
fn states(files: &[&Path]) -> Vec<Option<(SystemTime, u64)>> {
    let state = |file: &&Path| {
        let metadata = std::fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(state).collect()
}
