//! Films in an index of the test's own, and the real program run on them.

use std::{
    env,
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    path::PathBuf,
    process::Stdio,
};

use futures::FutureExt;
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use uuid::Uuid;

pub struct Films {
    pub index: String,
    elasticsearch: String,
    http: Client,
    dir: TempDir,
    labels: PathBuf,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// The number after `key=` in the summary line.
    pub fn number(&self, key: &str) -> u64 {
        let words = self.out.split_whitespace();
        let found = words.filter_map(|word| word.split_once('=')).find(|(name, _)| *name == key);
        found.unwrap_or_else(|| panic!("no {key} in {self:?}")).1.parse().unwrap()
    }
}

/// Runs `test` with an index of its own, which is gone afterwards, also when the test fails.
pub async fn with_films<F: Future<Output = ()>>(test: impl FnOnce(std::sync::Arc<Films>) -> F) {
    let dir = TempDir::new().unwrap();
    let films = std::sync::Arc::new(Films {
        index: format!("etl-{}", Uuid::new_v4().simple()),
        elasticsearch: variable("ELASTICSEARCH_URL"),
        http: Client::new(),
        labels: dir.path().join("labels.toml"),
        dir,
    });
    let outcome = AssertUnwindSafe(test(films.clone())).catch_unwind().await;
    films.request("DELETE", "", None).await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

/// Runs `test` with a database of its own besides.
pub async fn with_jobs<F: Future<Output = ()>>(
    test: impl FnOnce(std::sync::Arc<Films>, String, PgPool) -> F,
) {
    with_films(async |films| {
        let server = variable("DATABASE_URL");
        let name = format!("etl_{}", Uuid::new_v4().simple());
        let mut admin = PgConnection::connect(&server).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        admin.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let pool = PgPool::connect(&url).await.unwrap();
        let outcome = AssertUnwindSafe(test(films, url, pool.clone())).catch_unwind().await;
        pool.close().await;
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        admin.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    })
    .await;
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: eval \"$(./dev env)\""))
}

fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("etl-labeler");
    assert!(program.exists(), "cargo build -p etl-labeler first");
    program
}

impl Films {
    /// The label rules of the commands that follow.
    pub fn rules(&self, toml: &str) {
        std::fs::write(&self.labels, toml).unwrap();
    }

    /// A command with this test's settings; without rules of the test's own, the shipped ones.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        let kept = ["PATH", "ELASTICSEARCH_URL", "DATABASE_URL"];
        command.env_clear().envs(kept.iter().filter_map(|name| Some((name, env::var(name).ok()?))));
        command.env("FILMS_INDEX", &self.index).env("OPS_LISTEN", "127.0.0.1:0").args(args);
        if self.labels.exists() {
            command.env("ETL_LABELS", &self.labels);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub async fn run(&self, args: &[&str]) -> Ended {
        ended(self.command(args).spawn().unwrap()).await
    }

    pub async fn once(&self) -> Ended {
        let ended = self.run(&["once"]).await;
        assert_eq!(ended.status, 0, "{ended:?}");
        ended
    }

    /// Imports these lines.
    pub async fn import(&self, lines: &str) -> Ended {
        let file = self.dir.path().join("films.ndjson");
        std::fs::write(&file, lines).unwrap();
        self.run(&["import", file.to_str().unwrap()]).await
    }

    /// Imports `count` films, `film-0` and so on.
    pub async fn import_many(&self, count: usize) {
        let film = |n| json!({ "id": format!("film-{n}"), "mpaa_rating": "R", "release_date": "2990-01-01" });
        let lines: Vec<_> = (0..count).map(|n| film(n).to_string()).collect();
        assert_eq!(self.import(&lines.join("\n")).await.status, 0);
    }

    /// A request to the index; the answer's JSON.
    pub async fn request(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/{}{path}", self.elasticsearch, self.index);
        let request = self.http.request(method.parse().unwrap(), url);
        let request = body.into_iter().fold(request, |request, body| request.json(&body));
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Writes a film past the importer.
    pub async fn put(&self, id: &str, film: Value) {
        let answer = self.request("PUT", &format!("/_doc/{id}?refresh=true"), Some(film)).await;
        assert!(answer["error"].is_null(), "{answer}");
    }

    pub async fn film(&self, id: &str) -> Value {
        self.request("GET", &format!("/_doc/{id}"), None).await["_source"].clone()
    }

    pub async fn labels(&self, id: &str) -> Value {
        self.film(id).await["access"]["labels"].clone()
    }

    /// How many films a search finds.
    pub async fn count(&self, query: Value) -> u64 {
        let body = json!({ "query": query });
        self.request("GET", "/_count", Some(body)).await["count"].as_u64().unwrap()
    }

    /// Points in time and scrolls that nobody closed.
    pub async fn open_contexts(&self) -> Value {
        let stats = self.request("GET", "/_stats/search", None).await;
        stats["_all"]["total"]["search"]["open_contexts"].clone()
    }

    pub async fn labelled(&self) -> u64 {
        self.request("POST", "/_refresh", None).await;
        self.count(json!({ "exists": { "field": "access.labelled_at" } })).await
    }
}

pub async fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        status: output.status.code().unwrap_or(-1),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}
