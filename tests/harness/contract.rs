//! Holds every answer of an auth-server against its `/openapi.json`: an answer that is not
//! documented fails the test that received it. The contract suite also has the answers recorded, to
//! find documented ones that never occur.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::{LazyLock, Mutex};
use std::{env, process};

use reqwest::Client;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::Answer;
use crate::openapi::{self, DocumentedAnswer, Operation};

/// Environment variable: the folder that answers are recorded in. Nothing is recorded if it is not
/// set.
pub const RECORD: &str = "TESTS_RECORD_ANSWERS";

static CONTRACT: OnceCell<Contract> = OnceCell::const_new();

/// What one `/openapi.json` says.
pub struct Contract {
    operations: Vec<Operation>,
    /// Every documented answer.
    pub answers: BTreeSet<DocumentedAnswer>,
}

impl Contract {
    /// The contract in this document.
    #[must_use]
    pub fn of(document: &Value) -> Self {
        Self { operations: openapi::operations(document), answers: openapi::answers(document) }
    }

    /// The answer as the document would name it. `None` if no operation has this method and path:
    /// that answer comes from the router.
    fn classify(&self, answer: &Answer) -> Option<DocumentedAnswer> {
        let mut matching = self
            .operations
            .iter()
            .filter(|operation| operation.matches(answer.method.as_str(), &answer.path));
        let first = matching.next()?;
        // A literal path wins over one with parameters.
        let operation = if first.path == answer.path {
            first
        } else {
            matching.find(|operation| operation.path == answer.path).unwrap_or(first)
        };
        Some(DocumentedAnswer {
            operation: operation.name(),
            status: answer.status,
            code: answer.code(),
        })
    }
}

/// Asserts that the server documents this answer, and records it.
pub(crate) async fn verify(http: &Client, server: &str, answer: &Answer) {
    let Ok(contract) = CONTRACT.get_or_try_init(|| fetch(http, server)).await else { return };
    if let Some(found) = contract.classify(answer) {
        assert!(contract.answers.contains(&found), "not documented: {found}\n{answer:#?}");
        record(&found);
    }
}

/// Fails at listeners without a document, such as the operators' port.
async fn fetch(http: &Client, server: &str) -> Result<Contract, reqwest::Error> {
    let response = http.get(format!("{server}/openapi.json")).send().await?.error_for_status()?;
    Ok(Contract::of(&response.json().await?))
}

/// This process's file in the folder, and what it contains so far.
type Recording = Mutex<(File, HashSet<String>)>;

static RECORDING: LazyLock<Option<Recording>> = LazyLock::new(|| {
    let path = Path::new(&env::var_os(RECORD)?).join(format!("{}.jsonl", process::id()));
    Some(Mutex::new((File::create(path).unwrap(), HashSet::new())))
});

fn record(answer: &DocumentedAnswer) {
    let Some(recording) = &*RECORDING else { return };
    let line = serde_json::to_string(answer).unwrap();
    let mut recording = recording.lock().unwrap();
    let (file, seen) = &mut *recording;
    if !seen.contains(&line) {
        writeln!(file, "{line}").unwrap();
        seen.insert(line);
    }
}

/// All answers recorded in this folder.
///
/// # Panics
/// If the folder or a recording cannot be read.
#[must_use]
pub fn recorded(folder: &Path) -> BTreeSet<DocumentedAnswer> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let texts: Vec<String> = files.map(|file| fs::read_to_string(file).unwrap()).collect();
    texts.iter().flat_map(|text| text.lines()).map(|l| serde_json::from_str(l).unwrap()).collect()
}
