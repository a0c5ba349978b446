//! Linters find nothing in the documents. They also compare every example with its schema.

use crate::documents::both;
use crate::tools::{FOLDER, npm, succeed};

#[tokio::test(flavor = "multi_thread")]
async fn redocly_finds_nothing() {
    for document in both().await {
        let config = format!("{FOLDER}/redocly.yaml");
        succeed(npm("redocly").args(["lint", "--config", &config]).arg(&document.file)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spectral_finds_nothing() {
    for document in both().await {
        let rules = format!("{FOLDER}/spectral.yaml");
        let mut command = npm("spectral");
        command.args(["lint", "--fail-severity", "hint", "--ruleset", &rules]);
        succeed(command.arg(&document.file)).await;
    }
}
