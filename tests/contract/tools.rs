//! Programs that read the documents.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use tests::setting;
use tokio::process::Command;

/// Their settings.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contract/openapi-tools");

/// A program of the npm packages.
pub(crate) fn npm(program: &str) -> Command {
    let packages = PathBuf::from(setting("OPENAPI_TOOLS")).join("node_modules/.bin");
    let mut command = Command::new(packages.join(program));
    command.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    command
}

/// What the program printed.
///
/// # Panics
/// If it fails.
pub(crate) async fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let printed = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let printed = printed.concat();
    assert!(status.success(), "{command:?}\n{printed}");
    printed
}

/// The same for a program that must not warn, either.
pub(crate) async fn succeed_silently(command: &mut Command) {
    let printed = succeed(command).await;
    let warns = printed.to_lowercase().contains("warn") || printed.contains("skip");
    assert!(!warns, "{command:?}\n{printed}");
}
