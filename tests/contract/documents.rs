//! The documents of both servers, as served.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use tests::TestServer;
use tests::openapi::{Operation, operations};
use tests::program::MOVIE_API;

/// A document, also in a file.
pub(crate) struct Document {
    pub(crate) file: PathBuf,
    pub(crate) value: Value,
    /// For files that are made of it.
    pub(crate) folder: TempDir,
}

impl Document {
    fn new(name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        Self { file, value: serde_json::from_str(text).unwrap(), folder }
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        operations(&self.value)
    }

    /// Asserts that every operation is among these names, however they are written.
    pub(crate) fn assert_complete(&self, found: &[String]) {
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        let found: Vec<String> = found.iter().map(|name| plain(name)).collect();
        for operation in self.operations() {
            let id = operation.object["operationId"].as_str().unwrap();
            assert!(found.contains(&plain(id)), "{}: {id} is not in the client", operation.name());
        }
    }
}

/// Those of auth-server and movie-api.
pub(crate) async fn both() -> [Document; 2] {
    let auth = TestServer::start().await.guest().get("/openapi.json").await;
    // Nothing that it depends on has to be available.
    let movie = [
        ("MOVIE_LISTEN", "127.0.0.1:0"),
        ("MOVIE_OPS_LISTEN", "127.0.0.1:0"),
        ("AUTH_URL", "http://127.0.0.1:1"),
        ("ELASTICSEARCH_URL", "http://127.0.0.1:1"),
    ];
    let mut movie = MOVIE_API.serve(&movie);
    let url = format!("{}/openapi.json", movie.url("api"));
    let movie = reqwest::get(url).await.unwrap().text().await.unwrap();
    [Document::new("auth-server.json", &auth.text), Document::new("movie-api.json", &movie)]
}
