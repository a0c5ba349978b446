//! The contract between `/openapi.json` and the tests. An answer that is not documented fails the
//! test that receives it (`harness/contract.rs`); this suite finds the documented answers that no
//! test of the API suite receives. It runs that suite itself, so it depends on no other run.
//! And what others make of the documents: linters, and generators of clients.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: anything unexpected ends the test"
)]

mod clients;
mod documents;
mod examples;
mod lint;
mod tools;

use std::env;
use std::fmt::Write;
use std::process::Command;

use tests::TestServer;
use tests::contract::{Contract, RECORD, recorded};

#[tokio::test]
async fn the_api_suite_receives_every_documented_answer() {
    let folder = tempfile::tempdir().unwrap();
    let suite = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        // The same selection as in `./dev test`: with another, cargo would build the dependencies
        // again.
        .args(["test", "--workspace", "--locked", "--test", "api"])
        .env(RECORD, folder.path())
        .status()
        .unwrap();
    assert!(suite.success(), "the API suite failed");

    let server = TestServer::start().await;
    let contract = Contract::of(&server.guest().get("/openapi.json").await.ok());
    let recorded = recorded(folder.path());
    let mut missing = String::new();
    for answer in contract.answers.difference(&recorded) {
        // Only a background task that crashes makes a server not live; see `service::lifecycle`.
        if answer.operation == "GET /health/live" && answer.status == 503 {
            continue;
        }
        writeln!(missing, "documented, but received by no test: {answer}").unwrap();
    }
    println!("{} answers documented, {} recorded", contract.answers.len(), recorded.len());
    assert!(missing.is_empty(), "\n{missing}");
}
