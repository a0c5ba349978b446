//! Databases and indices of a test's own, gone when the test is over.

use std::env;
use std::thread;

use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `./dev test`"))
}

/// A fresh, empty database.
pub struct Database {
    name: String,
    /// Where it is.
    pub url: String,
}

impl Database {
    pub async fn create() -> Self {
        let server = setting("DATABASE_URL");
        let name = format!("movie_{}", Uuid::new_v4().simple());
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        let (base, query) = server.split_once('?').unwrap_or((&server, ""));
        let base = base.rsplit_once('/').unwrap().0;
        Self { url: format!("{base}/{name}?{query}"), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        afterwards(async move { execute(&setting("DATABASE_URL"), &statement).await });
    }
}

async fn execute(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
}

/// An index of films that isn't there yet.
pub struct Index {
    pub name: String,
    /// The Elasticsearch that it is in.
    pub server: String,
    http: reqwest::Client,
}

impl Index {
    pub fn new() -> Self {
        let name = format!("movie-test-{}", Uuid::new_v4());
        Self { name, server: setting("ELASTICSEARCH_URL"), http: reqwest::Client::new() }
    }

    /// The source of every document, by id.
    pub async fn documents(&self) -> Vec<(String, Value)> {
        let found = self.post("_search", &json!({ "size": 1000 })).await;
        let hits = found["hits"]["hits"].as_array().unwrap();
        hits.iter()
            .map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_source"].clone()))
            .collect()
    }

    /// Writes a document as it is given, and makes it visible to searches.
    pub async fn put(&self, id: &str, source: &Value) {
        let line = json!({ "index": { "_id": id } });
        let body = format!("{line}\n{source}\n");
        let answer = self.send("_bulk?refresh=true", body).await;
        assert_eq!(answer["errors"], false, "{answer}");
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.send(path, body.to_string()).await
    }

    async fn send(&self, path: &str, body: String) -> Value {
        let url = format!("{}/{}/{path}", self.server, self.name);
        let request = self.http.post(url).header("content-type", "application/json").body(body);
        request.send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let url = format!("{}/{}", self.server, self.name);
        afterwards(
            async move { reqwest::Client::new().delete(url).send().await.map(drop).unwrap() },
        );
    }
}

/// Runs clean-up to its end from a `drop`, where nothing can be awaited.
fn afterwards(clean_up: impl Future<Output = ()> + Send + 'static) {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    thread::spawn(move || runtime().block_on(clean_up)).join().unwrap();
}
