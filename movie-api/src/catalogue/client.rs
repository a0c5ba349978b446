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
use service::config::IndexName;
use service::problem::Spec;

use crate::config::Config;

/// Elasticsearch or its index of films is unavailable.
pub(crate) const CATALOGUE_UNAVAILABLE: Spec =
    Spec::new(503, "catalogue_unavailable", "The index of films is unavailable.");

/// Why the catalogue cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogueError {
    /// Elasticsearch is unavailable or too slow, or its response is invalid.
    #[error("Elasticsearch is unavailable: {0}")]
    Unavailable(#[from] elasticsearch::Error),
    /// Elasticsearch refused the request, for example because the index does not exist.
    #[error("Elasticsearch refused: {0}")]
    Refused(String),
}

/// The films of one search.
pub(crate) struct Found {
    /// How many films match in all.
    pub(crate) total: u64,
    /// The requested films, in order.
    pub(crate) films: Vec<Document>,
}

/// One index of films.
pub(crate) struct Catalogue {
    client: Elasticsearch,
    index: IndexName,
    timeout: Duration,
}

impl Catalogue {
    /// Does not connect yet.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub(crate) fn new(config: &Config) -> Result<Self, CatalogueError> {
        let transport = Transport::single_node(config.elasticsearch.url.as_str())?;
        let index = config.elasticsearch.index.clone();
        Ok(Self { client: Elasticsearch::new(transport), index, timeout: config.search.timeout() })
    }

    /// Films that match, and how many there are in all.
    ///
    /// # Errors
    /// Elasticsearch is unavailable or refuses the request; also if a part of the index is missing,
    /// since the count would be wrong then.
    pub(crate) async fn search(&self, search: &Search) -> Result<Found, CatalogueError> {
        let response = self
            .client
            .search(SearchParts::Index(&[self.index.as_str()]))
            .allow_partial_search_results(false)
            .request_timeout(self.timeout)
            .body(search.body())
            .send()
            .await?;
        let SearchResponse { hits } = read(response).await?;
        let films = hits.hits.into_iter().map(|hit| Document::read(hit.id, &hit.source)).collect();
        Ok(Found { total: hits.total.value, films })
    }

    /// The film with this id in its current state, even before a refresh of the index.
    ///
    /// # Errors
    /// Elasticsearch is unavailable, or the index does not exist.
    pub(crate) async fn get(&self, id: &str) -> Result<Option<Document>, CatalogueError> {
        // Not `GET _doc/{id}`: in a URL, ids like `..` would mean something else.
        let source: Vec<&str> = FIELDS.into_iter().chain([ACCESS]).collect();
        let response = self
            .client
            .mget(MgetParts::Index(self.index.as_str()))
            .request_timeout(self.timeout)
            .body(json!({ "docs": [{ "_id": id, "_source": source }] }))
            .send()
            .await?;
        let MgetResponse { docs } = read(response).await?;
        let Some(doc) = docs.into_iter().next() else { return Ok(None) };
        match doc.error {
            Some(error) => Err(CatalogueError::Refused(error.to_string())),
            None => Ok(doc.found.then(|| Document::read(doc.id, &doc.source))),
        }
    }

    /// Checks that the index exists.
    ///
    /// # Errors
    /// Elasticsearch is unavailable, or the index does not exist.
    pub(crate) async fn ready(&self) -> Result<(), CatalogueError> {
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
        // The status alone says what failed; the body adds Elasticsearch's reason if it can be read.
        let body = response.text().await.unwrap_or_else(|error| error.to_string());
        return Err(CatalogueError::Refused(format!("{status} {body}")));
    }
    Ok(response.json().await?)
}

#[derive(Deserialize)]
struct SearchResponse {
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
struct MgetResponse {
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
