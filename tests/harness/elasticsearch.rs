//! A search index for each test, deleted at its end.

use std::thread;

use etl_labeler::config::{Config, SETTINGS};
use etl_labeler::elastic::Elastic;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use service::config::Source;
use uuid::Uuid;

use crate::setting;

/// The labeler's client of an index.
///
/// # Panics
/// If the URL is invalid.
pub async fn elastic(server: &str, index: &str) -> Elastic {
    let settings = [("ELASTICSEARCH_URL", server), ("FILMS_INDEX", index)];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config: Config = SETTINGS.load(Source::default(), settings).unwrap().warn();
    Elastic::connect(&config.elasticsearch).await.unwrap()
}

/// The name of an index that does not exist yet. Whatever is created under it goes with this value.
pub struct Index {
    /// Name of the index.
    pub name: String,
    /// URL of Elasticsearch.
    pub server: String,
    http: Client,
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Index {
    /// A name that no other test has.
    #[must_use]
    pub fn new() -> Self {
        let name = format!("films-test-{}", Uuid::new_v4().simple());
        Self { name, server: setting("ELASTICSEARCH_URL"), http: Client::new() }
    }

    /// Sends a request to this path below the index; returns the JSON of the answer.
    ///
    /// # Panics
    /// If there is no answer, or it is not JSON.
    pub async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self.http.request(method, format!("{}/{}{path}", self.server, self.name));
        let request = body.into_iter().fold(request, |request, body| request.json(&body));
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Writes a document without going through the importer, and makes it visible to searches.
    ///
    /// # Panics
    /// If Elasticsearch rejects it.
    pub async fn put(&self, id: &str, source: &Value) {
        let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("/_doc/{id}?refresh=true");
        let answer = self.request(Method::PUT, &path, Some(source.clone())).await;
        assert!(answer["error"].is_null(), "{answer}");
    }

    /// Writes many documents at once.
    ///
    /// # Panics
    /// If Elasticsearch rejects one of them.
    pub async fn put_all(&self, documents: impl IntoIterator<Item = (String, Value)>) {
        let lines = |(id, source)| format!("{}\n{source}\n", json!({ "index": { "_id": id } }));
        let body: String = documents.into_iter().map(lines).collect();
        let url = format!("{}/{}/_bulk?refresh=true", self.server, self.name);
        let request = self.http.post(url).header("content-type", "application/x-ndjson").body(body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["errors"], false, "{answer}");
    }

    /// The number of searches that are open: points in time, scrolls.
    ///
    /// # Panics
    /// If the request fails.
    pub async fn open_searches(&self) -> u64 {
        self.search_statistic("open_contexts").await
    }

    /// The number of searches so far.
    ///
    /// # Panics
    /// If the request fails.
    pub async fn searches(&self) -> u64 {
        self.search_statistic("query_total").await
    }

    async fn search_statistic(&self, name: &str) -> u64 {
        let stats = self.request(Method::GET, "/_stats/search", None).await;
        stats["_all"]["total"]["search"][name].as_u64().unwrap()
    }

    /// Id and source of every document, up to 1,000.
    ///
    /// # Panics
    /// If the search fails.
    pub async fn documents(&self) -> Vec<(String, Value)> {
        let all = json!({ "size": 1000 });
        let found = self.request(Method::POST, "/_search", Some(all)).await;
        let hits = found["hits"]["hits"].as_array().unwrap();
        hits.iter()
            .map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_source"].clone()))
            .collect()
    }

    /// The index behind the name, which may be an alias of one index.
    ///
    /// # Panics
    /// If there is none.
    pub async fn behind(&self) -> String {
        let indices = self.request(Method::GET, "/_alias", None).await;
        indices.as_object().unwrap().keys().next().unwrap().clone()
    }

    /// The mapping of that index.
    ///
    /// # Panics
    /// If there is none.
    pub async fn mapping(&self) -> Value {
        let indices = self.request(Method::GET, "/_mapping", None).await;
        indices.as_object().unwrap().values().next().unwrap()["mappings"].clone()
    }

    /// The indices of this name and of those that begin with it, except for hidden ones, and the aliases of each.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn aliases(&self) -> Value {
        self.request(Method::GET, "*/_alias?expand_wildcards=open", None).await
    }

    /// Deletes one of these indices.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn delete(&self, index: &str) {
        self.http.delete(format!("{}/{index}", self.server)).send().await.unwrap();
    }

    /// The number of documents that match a query.
    ///
    /// # Panics
    /// If the query fails.
    pub async fn count(&self, query: Value) -> u64 {
        let body = json!({ "query": query });
        let answer = self.request(Method::POST, "/_count", Some(body)).await;
        answer["count"].as_u64().unwrap()
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let deleted = thread::spawn(move || runtime().block_on(delete_all(&server, &name)));
        assert!(deleted.join().is_ok() || thread::panicking(), "{} was not deleted", self.name);
    }
}

/// Deletes the index of this name and those that imports named after it. An alias cannot be deleted.
async fn delete_all(server: &str, name: &str) {
    let http = Client::new();
    let indices = http.get(format!("{server}/{name}*/_alias")).send().await.unwrap();
    let indices: Value = indices.json().await.unwrap();
    for index in indices.as_object().unwrap().keys() {
        http.delete(format!("{server}/{index}")).send().await.unwrap();
    }
}
