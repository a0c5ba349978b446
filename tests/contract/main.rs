//! The contract, held against what was seen: every answer that `/openapi.json` promises was given
//! by a test, and no test got another one. Runs after the others, on what they noted.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests end the test when something is not as expected"
)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use serde_json::Value;
use tests::openapi::{Answered, documented, operations};
use tests::{TestServer, observed_folder};

#[tokio::test]
async fn every_documented_answer_was_given_and_no_other() {
    let server = TestServer::start().await;
    let document = server.guest().get("/openapi.json").await.ok();
    let (documented, observed) = (documented(&document), observed(&document));
    let mut differences = String::new();
    for (name, status, code) in documented.difference(&observed) {
        writeln!(differences, "documented, but no test got it: {name} {status} {code}").unwrap();
    }
    for (name, status, code) in observed.difference(&documented) {
        writeln!(differences, "not documented, but a test got it: {name} {status} {code}").unwrap();
    }
    let shown = "answers in /openapi.json, all of them given by the tests, and no other";
    println!("{} {shown}", documented.len());
    assert!(differences.is_empty(), "\n{differences}");
}

/// What the tests noted about operations of the document. Answers of the router are none of them.
fn observed(document: &Value) -> BTreeSet<Answered> {
    let operations = operations(document);
    let mut all = BTreeSet::new();
    let folder = observed_folder();
    let files = fs::read_dir(&folder).unwrap_or_else(|_| panic!("run `./dev test`"));
    for file in files {
        for line in fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let note: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| note[name].as_str().unwrap().to_owned();
            let (method, path) = (text("method"), text("path"));
            let fits = |exact: bool| {
                operations.iter().find(|operation| {
                    operation.takes(&method, &path) && (!exact || operation.path == path)
                })
            };
            if let Some(operation) = fits(true).or_else(|| fits(false)) {
                let status = note["status"].as_u64().unwrap().try_into().unwrap();
                all.insert((operation.name(), status, text("code")));
            }
        }
    }
    all
}
