//! Elasticsearch, over its own client.

use std::time::Duration;

use elasticsearch::http::response::Response;
use elasticsearch::http::transport::Transport;
use elasticsearch::indices::IndicesExistsParts;
use elasticsearch::{Elasticsearch, MgetParts, SearchParts};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::film::{ACCESS, Document, FIELDS};
use super::query::Search;
use crate::config::{Config, IndexName};

/// Why the catalogue can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Elasticsearch is away or too slow, or its answer can't be read.
    #[error("Elasticsearch can't be asked: {0}")]
    Away(#[from] elasticsearch::Error),
    /// Elasticsearch refused, for example because there is no such index.
    #[error("Elasticsearch refused: {0}")]
    Refused(String),
}

/// The films of one search.
pub struct Found {
    /// How many films match in all.
    pub total: u64,
    /// The films asked for, in order.
    pub films: Vec<Document>,
}

/// One index of films.
pub struct Catalogue {
    client: Elasticsearch,
    index: IndexName,
    timeout: Duration,
}

impl Catalogue {
    /// Doesn't connect yet.
    ///
    /// # Errors
    /// The HTTP client can't be built.
    pub fn new(config: &Config) -> Result<Self, CatalogueError> {
        let transport = Transport::single_node(config.elasticsearch_url.as_str())?;
        let index = config.films_index.clone();
        Ok(Self { client: Elasticsearch::new(transport), index, timeout: config.search_timeout() })
    }

    /// Films that match, and how many there are in all.
    ///
    /// # Errors
    /// Elasticsearch is away or refuses; also when a part of the index is missing, since the count
    /// would be wrong then.
    pub async fn search(&self, search: &Search) -> Result<Found, CatalogueError> {
        let response = self
            .client
            .search(SearchParts::Index(&[self.index.as_str()]))
            .allow_partial_search_results(false)
            .request_timeout(self.timeout)
            .body(search.body())
            .send()
            .await?;
        let SearchAnswer { hits } = read(response).await?;
        let films = hits.hits.into_iter().map(|hit| Document::read(hit.id, &hit.source)).collect();
        Ok(Found { total: hits.total.value, films })
    }

    /// The film with this id as it stands at this moment, also before a refresh.
    ///
    /// # Errors
    /// Elasticsearch is away, or there is no such index.
    pub async fn get(&self, id: &str) -> Result<Option<Document>, CatalogueError> {
        // Not `GET _doc/{id}`: in a URL, ids like `..` would ask for something else.
        let source: Vec<&str> = FIELDS.into_iter().chain([ACCESS]).collect();
        let response = self
            .client
            .mget(MgetParts::Index(self.index.as_str()))
            .request_timeout(self.timeout)
            .body(json!({ "docs": [{ "_id": id, "_source": source }] }))
            .send()
            .await?;
        let MgetAnswer { docs } = read(response).await?;
        let Some(doc) = docs.into_iter().next() else { return Ok(None) };
        match doc.error {
            Some(error) => Err(CatalogueError::Refused(error.to_string())),
            None => Ok(doc.found.then(|| Document::read(doc.id, &doc.source))),
        }
    }

    /// Whether the index is there.
    ///
    /// # Errors
    /// Elasticsearch is away, or there is no such index.
    pub async fn ready(&self) -> Result<(), CatalogueError> {
        let response = self
            .client
            .indices()
            .exists(IndicesExistsParts::Index(&[self.index.as_str()]))
            .request_timeout(self.timeout)
            .send()
            .await?;
        if response.status_code().is_success() {
            return Ok(());
        }
        Err(CatalogueError::Refused(format!("{} for the index", response.status_code())))
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CatalogueError> {
    let status = response.status_code();
    if !status.is_success() {
        let body = response.text().await.unwrap_or_default();
        return Err(CatalogueError::Refused(format!("{status} {body}")));
    }
    Ok(response.json().await?)
}

#[derive(Deserialize)]
struct SearchAnswer {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    total: Total,
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Total {
    value: u64,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source", default)]
    source: Value,
}

#[derive(Deserialize)]
struct MgetAnswer {
    docs: Vec<Got>,
}

#[derive(Deserialize)]
struct Got {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    found: bool,
    #[serde(rename = "_source", default)]
    source: Value,
    error: Option<Value>,
}
