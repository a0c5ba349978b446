//! Schemathesis against `/openapi.json`: valid, invalid and hostile data for every operation, as a
//! guest, a user and the superuser. `./dev test` installs the program and names it in
//! `SCHEMATHESIS`.
#![expect(clippy::unwrap_used, reason = "test code: anything unexpected ends the test")]

use std::process::Stdio;

use tests::{TestServer, setting};
use tokio::process::Command;

/// Operations that end the session of the run.
const LAST: &str = "/auth/logout";

async fn attack(server: &TestServer, token: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis/schemathesis.toml");
    let mut command = Command::new(setting("SCHEMATHESIS"));
    command.args(["--config-file", config, "run", &format!("{}/openapi.json", server.url)]);
    command.args(["--checks", "all", "--max-examples", "20", "--generation-deterministic"]);
    command.args(["--exclude-path-regex", LAST, "--no-color"]);
    if let Some(token) = token {
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    let ended = command.current_dir(&folder).stdin(Stdio::null()).output().await.unwrap();
    let report = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{report}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert!(report.contains(" generated, "), "nothing was tried: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_withstands_hostile_data_from_a_guest() {
    attack(&TestServer::start().await, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_withstands_hostile_data_from_a_user() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    attack(&server, Some(user.token())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_withstands_hostile_data_from_the_superuser() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    attack(&server, Some(root.token())).await;
}
