//! Films in an index of their own, and the labeler run on them.

use std::path::PathBuf;
use std::process::Stdio;

use policies::label_rules::LabelRules;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::program::{ETL_LABELER, Finished};
use tests::{Index, elastic, setting};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

pub(crate) struct Films {
    pub index: Index,
    folder: TempDir,
    labels: PathBuf,
}

impl Films {
    /// No index yet; `import` creates it.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { index: Index::new(), labels: folder.path().join("labels.toml"), folder }
    }

    /// An index of this name with the labeler's mapping, as before there were aliases.
    pub(crate) async fn create_plain(&self) {
        let elastic = elastic(&self.index.server, &self.index.name).await;
        elastic
            .create_index(&LabelRules::parse(include_str!("../../policies/labels.toml")).unwrap())
            .await
            .unwrap();
    }

    /// Sets the label rules of the commands that follow. Without any, the shipped rules apply.
    pub(crate) fn rules(&self, toml: &str) {
        std::fs::write(&self.labels, toml).unwrap();
    }

    /// A command on this index.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let settings = [
            ("ELASTICSEARCH_URL", setting("ELASTICSEARCH_URL")),
            ("DATABASE_URL", setting("DATABASE_URL")),
            ("FILMS_INDEX", self.index.name.clone()),
            ("ETL_OPS_LISTEN", "127.0.0.1:0".to_owned()),
            // A test of the schedule counts the runs of the schedule.
            ("ETL_CHANGES_SECONDS", "0".to_owned()),
        ];
        let mut command = Command::from(ETL_LABELER.command(&settings));
        if self.labels.exists() {
            command.env("ETL_LABELS", &self.labels);
        }
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Finished {
        finished(self.command(arguments).spawn().unwrap()).await
    }

    /// Labels the films once, which must succeed.
    pub(crate) async fn once(&self) -> Finished {
        let ran = self.run(&["once"]).await;
        assert_eq!(ran.status, Some(0), "{ran:?}");
        ran
    }

    /// Imports these lines.
    pub(crate) async fn import(&self, lines: &str) -> Finished {
        self.run(&["import", &self.file("films.ndjson", lines)]).await
    }

    /// A file with this content, in a folder of its own.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Imports the films `film-0` to `film-(count - 1)`.
    pub(crate) async fn import_many(&self, count: usize) {
        let film = |n| json!({ "id": format!("film-{n}"), "mpaa_rating": "R", "release_date": "2990-01-01" });
        let lines: Vec<_> = (0..count).map(|n| film(n).to_string()).collect();
        assert_eq!(self.import(&lines.join("\n")).await.status, Some(0));
    }

    /// Sends a request to the index; returns the JSON of the answer.
    pub(crate) async fn request(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.index.request(method.parse::<Method>().unwrap(), path, body).await
    }

    /// Writes a film without going through the importer, with its `id` unless it has another.
    pub(crate) async fn put(&self, id: &str, mut film: Value) {
        film.as_object_mut().unwrap().entry("id").or_insert_with(|| id.into());
        self.index.put(id, &film).await;
    }

    pub(crate) async fn film(&self, id: &str) -> Value {
        self.request("GET", &format!("/_doc/{id}"), None).await["_source"].clone()
    }

    pub(crate) async fn labels(&self, id: &str) -> Value {
        self.film(id).await["access"]["labels"].clone()
    }

    /// The number of films that match a query.
    pub(crate) async fn count(&self, query: Value) -> u64 {
        self.index.count(query).await
    }

    /// The number of points in time and scrolls that are still open.
    pub(crate) async fn open_contexts(&self) -> Value {
        let stats = self.request("GET", "/_stats/search", None).await;
        stats["_all"]["total"]["search"]["open_contexts"].clone()
    }

    /// The number of labelled films.
    pub(crate) async fn labelled(&self) -> u64 {
        self.request("POST", "/_refresh", None).await;
        self.count(json!({ "exists": { "field": "access.labelled_at" } })).await
    }
}

/// Writes to the standard input of a command.
pub(crate) async fn feed(child: &mut Child, lines: &str) {
    let input = child.stdin.as_mut().unwrap();
    input.write_all(lines.as_bytes()).await.unwrap();
    input.flush().await.unwrap();
}

/// Waits for the end of a command.
pub(crate) async fn finished(child: Child) -> Finished {
    child.wait_with_output().await.unwrap().into()
}
