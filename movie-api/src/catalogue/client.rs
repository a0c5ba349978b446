//! Elasticsearch, over its own client.

use std::time::Duration;

use elasticsearch::http::StatusCode;
use elasticsearch::http::response::Response;
use elasticsearch::{Elasticsearch, SearchParts};
use policies::with_lone_surrogates_replaced;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::film::{Document, Film, Source};
use super::mapping::LastCheck;
use super::order::Order;
use super::public_labels::PublicLabels;
use super::query::{ADMITTED, ById, Search, Section};
use service::clock::Clock;
use service::config::IndexName;
use service::elasticsearch::{ClientError, Endpoint, connect_with_endpoint};
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
    /// Rules cannot be applied to films with this mapping; the log names the fields.
    #[error("the mapping of the index of films is unusable")]
    Unusable,
}

/// The films of one section of a list.
pub(crate) struct Found {
    /// How many films match in all, as far as they were counted.
    pub(crate) total: Total,
    /// The films of the section, in order.
    pub(crate) films: Vec<Film>,
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

/// A film, found by its id.
pub(crate) struct Sighting {
    /// The film.
    pub(crate) document: Document,
    /// Whether the caller's filter matches it.
    pub(crate) admitted: bool,
}

/// One index of films, or an alias.
pub(crate) struct Catalogue {
    pub(super) client: Elasticsearch,
    pub(super) index: IndexName,
    /// Where the index is searched.
    searches: Endpoint,
    pub(super) timeout: Duration,
    pub(super) last_check: LastCheck,
    pub(super) labels: PublicLabels,
    /// Requests that go on after the one that caused them.
    pub(super) tasks: TaskTracker,
}

impl Catalogue {
    /// # Errors
    /// The client cannot be built. An Elasticsearch that does not respond is no error.
    pub(crate) async fn new(
        config: &Config,
        tasks: TaskTracker,
        clock: Clock,
    ) -> Result<Self, ClientError> {
        let (index, timeout) = (config.elasticsearch.index.clone(), config.search.timeout());
        let path = SearchParts::Index(&[index.as_str()]).url();
        let path = format!("{path}?allow_partial_search_results=false");
        let (client, searches) =
            connect_with_endpoint(&config.elasticsearch, path, timeout).await?;
        Ok(Self {
            client,
            searches,
            index,
            timeout,
            last_check: LastCheck::default(),
            labels: PublicLabels::new(config.films.public_labels.clone(), clock),
            tasks,
        })
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
        let fields = self.labels.fields();
        Ok(self.send(&search.body(section, &fields)).await?.found(section, &self.labels))
    }

    /// The film with this id, and whether `admitted` matches it. Of several with one id behind an alias,
    /// one that matches, as lists show that one, too.
    ///
    /// # Errors
    /// As [`Catalogue::search`].
    pub(crate) async fn find(
        &self,
        id: &str,
        admitted: &RawValue,
    ) -> Result<Option<Sighting>, CatalogueError> {
        let hits = self.send(&ById::new(id, admitted)).await?.hits.hits;
        let mut refused = None;
        for hit in hits {
            let admitted = hit.is_admitted();
            let Some(document) = hit.document() else { continue };
            let sighting = Sighting { document: self.labels.shown_on(document), admitted };
            if admitted {
                return Ok(Some(sighting));
            }
            refused = refused.or(Some(sighting));
        }
        Ok(refused)
    }

    /// Whether films can be listed at all.
    ///
    /// # Errors
    /// As [`Catalogue::search`].
    pub(crate) async fn check_lists(&self) -> Result<(), CatalogueError> {
        self.check_mapping().await?;
        // A closed index has a mapping, and a field of the wrong type cannot be sorted by.
        let sort = Order::BestRated.sort();
        self.send(&json!({ "size": 1, "sort": sort, "_source": false })).await.map(drop)
    }

    /// Every search of the current state of the index is sent here.
    pub(super) async fn send(
        &self,
        body: &(impl Serialize + Sync),
    ) -> Result<SearchResponse, CatalogueError> {
        self.ensure_usable().await?;
        let body = serde_json::to_vec(body).map_err(elasticsearch::Error::from)?;
        let (status, body) = self.searches.post(body).await?;
        parse(status, &body)
    }
}

/// Reads the body of a response.
pub(super) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CatalogueError> {
    parse(response.status_code(), &response.bytes().await?)
}

/// What Elasticsearch stores may contain lone surrogates, which no text can hold.
fn parse<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, CatalogueError> {
    if !status.is_success() {
        let body = String::from_utf8_lossy(body);
        return Err(CatalogueError::Refused(format!("{status} {body}")));
    }
    let parsed = serde_json::from_slice(body).or_else(|_| {
        let body = String::from_utf8_lossy(body);
        serde_json::from_str(&with_lone_surrogates_replaced(&body))
    });
    parsed.map_err(|error| CatalogueError::Refused(format!("unexpected response: {error}")))
}

/// What Elasticsearch answers to a search.
#[derive(Deserialize)]
pub(super) struct SearchResponse {
    /// The id of the point in time that was searched; it may change with every search.
    pub(super) pit_id: Option<String>,
    hits: Hits,
    #[serde(default)]
    aggregations: Value,
}

impl SearchResponse {
    /// The aggregations that were asked for.
    pub(super) fn aggregations<T: DeserializeOwned>(self) -> Result<T, CatalogueError> {
        let aggregations = serde_json::from_value(self.aggregations);
        aggregations
            .map_err(|error| CatalogueError::Refused(format!("invalid aggregation: {error}")))
    }

    /// The first film.
    pub(super) fn first(self) -> Option<Document> {
        self.hits.hits.into_iter().find_map(Hit::document)
    }

    /// The films of the section; the last hit only says that the list goes on.
    pub(super) fn found(self, section: &Section, labels: &PublicLabels) -> Found {
        let Hits { total, mut hits } = self.hits;
        let size = usize::try_from(section.size).unwrap_or(usize::MAX);
        let goes_on = hits.len() > size;
        hits.truncate(size);
        // What is no film may have the position of one, which would be skipped with it.
        let last = hits.iter().rfind(|hit| hit.is_film()).or(hits.last());
        let next = last.filter(|_| goes_on).map(|hit| hit.sort.clone());
        let total = total.map(Into::into).unwrap_or_default();
        let documents = hits.into_iter().filter_map(Hit::document);
        let films = documents.map(|document| labels.shown_on(document).film).collect();
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
    source: Source,
    #[serde(default)]
    sort: Vec<Value>,
    #[serde(default)]
    matched_queries: Vec<String>,
}

impl Hit {
    fn is_admitted(&self) -> bool {
        self.matched_queries.iter().any(|name| name == ADMITTED)
    }

    /// Whether its field `id` is the id of the document. Rules on ids mean the same film in a search and
    /// in a check only then.
    fn is_film(&self) -> bool {
        self.source.id == self.id
    }

    /// The film, if it is one.
    fn document(self) -> Option<Document> {
        self.is_film().then(|| self.source.into_document(self.id))
    }
}
