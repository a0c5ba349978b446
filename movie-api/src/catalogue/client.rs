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
use super::point_in_time::PointInTime;
use super::query::{Search, Section};
use service::config::IndexName;
use service::problem::Spec;
use tokio_util::task::TaskTracker;

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

/// The films of one section of a list.
pub(crate) struct Found {
    /// How many films match in all, as far as they were counted.
    pub(crate) total: Total,
    /// The films of the section, in order.
    pub(crate) films: Vec<Document>,
    /// The position of the last film, if the list goes on after it.
    pub(crate) next: Option<Vec<Value>>,
}

/// How many films match in all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Total {
    /// The films that were counted.
    pub(crate) counted: u64,
    /// False if there may be more.
    pub(crate) is_exact: bool,
}

/// One index of films.
pub(crate) struct Catalogue {
    client: Elasticsearch,
    index: IndexName,
    timeout: Duration,
    /// Requests that go on after the one that caused them.
    tasks: TaskTracker,
}

impl Catalogue {
    /// Does not connect yet.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub(crate) fn new(config: &Config, tasks: TaskTracker) -> Result<Self, CatalogueError> {
        let transport = Transport::single_node(config.elasticsearch.url.as_str())?;
        let (client, index) = (Elasticsearch::new(transport), config.elasticsearch.index.clone());
        Ok(Self { client, index, timeout: config.search.timeout(), tasks })
    }

    /// The films of one section of a list, and how many there are in all.
    ///
    /// # Errors
    /// Elasticsearch is unavailable or refuses the request; also if a part of the index is missing,
    /// since the count would be wrong then.
    pub(crate) async fn search(
        &self,
        search: &Search,
        section: &Section,
    ) -> Result<Found, CatalogueError> {
        let response = self
            .client
            .search(SearchParts::Index(&[self.index.as_str()]))
            .allow_partial_search_results(false)
            .request_timeout(self.timeout)
            .body(search.body(section))
            .send()
            .await?;
        Ok(read::<SearchResponse>(response).await?.found(section))
    }

    /// Fixes the current state of the index, to read all of it.
    ///
    /// # Errors
    /// As [`Catalogue::search`].
    pub(crate) async fn point_in_time(&self) -> Result<PointInTime, CatalogueError> {
        let (client, tasks) = (self.client.clone(), self.tasks.clone());
        PointInTime::open(client, &self.index, self.timeout, tasks).await
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

/// Reads a response.
///
/// # Errors
/// It is an error, or is invalid.
pub(super) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CatalogueError> {
    let status = response.status_code();
    if !status.is_success() {
        // The status alone says what failed; the body adds Elasticsearch's reason if it can be read.
        let body = response.text().await.unwrap_or_else(|error| error.to_string());
        return Err(CatalogueError::Refused(format!("{status} {body}")));
    }
    Ok(response.json().await?)
}

/// What Elasticsearch answers to a search.
#[derive(Deserialize)]
pub(super) struct SearchResponse {
    /// The id of the point in time that was searched; it may change with every search.
    pub(super) pit_id: Option<String>,
    hits: Hits,
}

impl SearchResponse {
    /// The films of the section; the last hit only says that the list goes on.
    pub(super) fn found(self, section: &Section) -> Found {
        let Hits { total, mut hits } = self.hits;
        let size = usize::try_from(section.size).unwrap_or(usize::MAX);
        let goes_on = hits.len() > size;
        hits.truncate(size);
        let next = hits.last().filter(|_| goes_on).map(|hit| hit.sort.clone());
        let total = total.map(Into::into).unwrap_or_default();
        let films = hits.into_iter().map(|hit| Document::read(hit.id, &hit.source)).collect();
        Found { total, films, next }
    }
}

#[derive(Deserialize)]
struct Hits {
    total: Option<HitsTotal>,
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct HitsTotal {
    value: u64,
    relation: Relation,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Relation {
    Eq,
    Gte,
}

impl From<HitsTotal> for Total {
    fn from(total: HitsTotal) -> Self {
        Self { counted: total.value, is_exact: total.relation == Relation::Eq }
    }
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source", default)]
    source: Value,
    #[serde(default)]
    sort: Vec<Value>,
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
