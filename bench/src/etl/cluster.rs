//! Elasticsearch, and the bare loops: the same requests that a program without labels would send.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, ensure};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

/// Films in a request, as many as the labeler reads and writes at a time by default.
const BATCH: usize = 5_000;

pub(super) struct Cluster {
    http: Client,
    url: String,
    bare_index: String,
}

impl Cluster {
    pub(super) fn new() -> anyhow::Result<Self> {
        let url = std::env::var("ELASTICSEARCH_URL");
        let url = url.context("ELASTICSEARCH_URL is not set; run ./dev bench etl")?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self {
            http: Client::new(),
            url,
            bare_index: format!("bench-{}", Uuid::new_v4().simple()),
        })
    }

    pub(super) fn bare_index(&self) -> &str {
        &self.bare_index
    }

    /// Deletes the index, or those behind the alias, if there are any.
    pub(super) async fn delete(&self, name: &str) -> anyhow::Result<()> {
        let Ok(indices) = self.send(Method::GET, name, None).await else { return Ok(()) };
        for index in indices.as_object().into_iter().flat_map(|indices| indices.keys()) {
            self.send(Method::DELETE, index, None).await?;
        }
        Ok(())
    }

    /// Creates the bare index, again if there is one, with the mapping of this index.
    pub(super) async fn create_bare_like(&self, name: &str) -> anyhow::Result<()> {
        let indices = self.send(Method::GET, &format!("{name}/_mapping"), None).await?;
        let mapping = indices.as_object().and_then(|indices| indices.values().next());
        let mapping = mapping.and_then(|index| index.get("mappings")).context("no mapping")?;
        self.delete(&self.bare_index).await?;
        self.send(Method::PUT, &self.bare_index, Some(json!({ "mappings": mapping }))).await?;
        Ok(())
    }

    /// Writes every line of the file.
    pub(super) async fn write_all(&self, file: &Path) -> anyhow::Result<()> {
        self.bulk(file, |id, line| format!("{}\n{line}\n", json!({ "index": { "_id": id } }))).await
    }

    /// Writes labels to every film of the file.
    pub(super) async fn update_all(&self, file: &Path, label: &str) -> anyhow::Result<()> {
        let access = json!({ "doc": { "access": {
            "labels": [label], "until": {}, "from": {}, "rules": label, "labelled_at": "2026-01-01T00:00:00Z",
        } } });
        self.bulk(file, |id, _| format!("{}\n{access}\n", json!({ "update": { "_id": id } }))).await
    }

    /// Reads the labels of every film from one point in time.
    pub(super) async fn read_all(&self) -> anyhow::Result<()> {
        let open = format!("{}/_pit?keep_alive=5m", self.bare_index);
        let pit = self.send(Method::POST, &open, None).await?;
        let pit = pit.get("id").context("no point in time")?;
        let mut after = None;
        loop {
            let mut search = json!({
                "size": BATCH, "sort": ["_shard_doc"], "track_total_hits": false, "_source": ["access"],
                "docvalue_fields": [{ "field": "release_date", "format": "epoch_millis" }],
                "seq_no_primary_term": true, "pit": { "id": pit, "keep_alive": "5m" },
            });
            if let (Some(after), Some(search)) = (after, search.as_object_mut()) {
                search.insert("search_after".into(), after);
            }
            let page = self.send(Method::POST, "_search", Some(search)).await?;
            let hits = page.pointer("/hits/hits").and_then(Value::as_array).context("no hits")?;
            after = hits.last().and_then(|hit| hit.get("sort")).cloned();
            if hits.len() < BATCH {
                break;
            }
        }
        self.send(Method::DELETE, "_pit", Some(json!({ "id": pit }))).await.map(drop)
    }

    async fn bulk(&self, file: &Path, item: impl Fn(&str, &str) -> String) -> anyhow::Result<()> {
        let path = format!("{}/_bulk?filter_path=errors", self.bare_index);
        let (mut body, mut count) = (String::new(), 0);
        for line in BufReader::new(File::open(file)?).lines() {
            let line = line?;
            let parsed: Value = serde_json::from_str(&line)?;
            let id = parsed.get("id").and_then(Value::as_str).context("a film without id")?;
            body += &item(id, &line);
            count += 1;
            if count % BATCH == 0 {
                self.write(&path, std::mem::take(&mut body)).await?;
            }
        }
        if !body.is_empty() {
            self.write(&path, body).await?;
        }
        self.send(Method::POST, &format!("{}/_refresh", self.bare_index), None).await.map(drop)
    }

    async fn write(&self, path: &str, body: String) -> anyhow::Result<()> {
        let request = self.http.post(format!("{}/{path}", self.url));
        let request = request.header("Content-Type", "application/x-ndjson").body(body);
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        ensure!(answer.get("errors") == Some(&Value::Bool(false)), "a bulk request failed");
        Ok(())
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let mut request = self.http.request(method, format!("{}/{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}
