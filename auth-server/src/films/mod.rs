//! The films in Elasticsearch, read by operations that answer questions about the policy. No decision, check or filter
//! asks for them, and neither start nor readiness depends on them: see `docs/decisions/0041-questions-about-anyone.md`.

mod document;
mod error;

use std::time::Duration;

use elasticsearch::http::response::Response;
use elasticsearch::indices::IndicesGetParts;
use elasticsearch::{CountParts, Elasticsearch, SearchParts};
use policies::ACCESS_FIELDS;
use policies::mapping::problems_by_index;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use service::config::ElasticsearchConfig;
use service::elasticsearch::{ClientError, connect, from_any_node};
use tokio::sync::OnceCell;

pub(crate) use document::{FilmAccess, FilmRef};
pub(crate) use error::{FILMS, FilmsError};

use document::{Document, Found};

/// How long an operation waits for Elasticsearch.
const DEADLINE: Duration = Duration::from_secs(2);
/// Maximum number of films in one response of Elasticsearch.
const MAX_PAGE: usize = 1_000;
/// More films than ever share an id.
const MAX_NAMESAKES: usize = 10;

/// What becomes of a request to Elasticsearch.
type Sent = Result<Response, elasticsearch::Error>;

/// One index of films, or an alias.
pub(crate) struct Films {
    config: ElasticsearchConfig,
    /// Connected when it is first needed.
    client: OnceCell<Elasticsearch>,
}

impl Films {
    /// The films, if Elasticsearch is configured. Sends nothing.
    ///
    /// # Errors
    /// The certificates of the CA cannot be read, or TLS cannot be set up.
    pub(crate) fn open(config: Option<&ElasticsearchConfig>) -> Result<Option<Self>, ClientError> {
        let Some(config) = config else { return Ok(None) };
        service::elasticsearch::check(config)?;
        Ok(Some(Self { config: config.clone(), client: OnceCell::new() }))
    }

    /// The film with this id, with what decides who may read it. `None` if there is none, also if its field `id`
    /// is not the id of its document.
    ///
    /// # Errors
    /// Elasticsearch is unavailable, or rules cannot be applied to the index.
    pub(crate) async fn access(&self, id: &str) -> Result<Option<FilmAccess>, FilmsError> {
        let body = json!({
            "query": { "bool": { "filter": [{ "ids": { "values": [id] } }] } },
            "size": MAX_NAMESAKES,
            "track_total_hits": false,
            "_source": ["id", "title", ACCESS_FIELDS],
        });
        let found = within_deadline(self.search(&body)).await?;
        let mut films = found.films();
        let film = films.next().map(Document::access);
        match films.next() {
            Some(_) => Err(FilmsError::Unusable(format!("several films have the id `{id}`"))),
            None => Ok(film),
        }
    }

    /// The number of films that match a query.
    ///
    /// # Errors
    /// As [`Films::access`].
    pub(crate) async fn count(&self, query: &Value) -> Result<u64, FilmsError> {
        #[derive(Deserialize)]
        struct Counted {
            count: u64,
        }
        let body = json!({ "query": query });
        let counted = async {
            let (client, index) = (self.client().await?, [self.index()]);
            let send = || {
                let count = client.count(CountParts::Index(&index)).allow_no_indices(false);
                count.request_timeout(DEADLINE).body(&body).send()
            };
            self.ask(send).await
        };
        let Counted { count } = within_deadline(counted).await?;
        Ok(count)
    }

    /// The films that match a query, by id and after the id `after`, at most `limit`.
    ///
    /// # Errors
    /// As [`Films::access`].
    pub(crate) async fn page(
        &self,
        query: &Value,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<FilmRef>, FilmsError> {
        within_deadline(self.pages(query, after, limit)).await
    }

    /// Documents whose field `id` is not their own id are no films, so that one response may be too few.
    async fn pages(
        &self,
        query: &Value,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<FilmRef>, FilmsError> {
        let (mut films, mut after) = (Vec::new(), after.map(|id| json!([id])));
        while films.len() < limit {
            let size = (limit - films.len()).min(MAX_PAGE);
            let found = self.search(&section(query, after.as_ref(), size)).await?;
            let is_last = found.len() < size;
            after = found.position();
            films.extend(found.films().map(Document::reference));
            if is_last {
                break;
            }
        }
        Ok(films)
    }

    /// Every search is sent here.
    async fn search(&self, body: &Value) -> Result<Found, FilmsError> {
        let (client, index) = (self.client().await?, [self.index()]);
        let send = || {
            let search = client.search(SearchParts::Index(&index)).allow_no_indices(false);
            let search = search.allow_partial_search_results(false).request_timeout(DEADLINE);
            search.body(body).send()
        };
        self.ask(send).await
    }

    /// The response to a request, if rules can be applied to every index behind the name.
    async fn ask<T: DeserializeOwned, F: Future<Output = Sent>>(
        &self,
        send: impl Fn() -> F,
    ) -> Result<T, FilmsError> {
        // What Elasticsearch answers may be wrong because of the mapping.
        let (usable, answer) = tokio::join!(self.ensure_usable(), answer(send));
        usable?;
        answer
    }

    async fn ensure_usable(&self) -> Result<(), FilmsError> {
        let (client, name) = (self.client().await?, [self.index()]);
        let indices = client.indices();
        let send = || {
            let get = indices.get(IndicesGetParts::Index(&name)).flat_settings(true);
            get.request_timeout(DEADLINE).send()
        };
        let indices: Map<String, Value> = answer(send).await?;
        let problems = problems_by_index(&indices);
        if problems.is_empty() { Ok(()) } else { Err(FilmsError::Unusable(problems.join("; "))) }
    }

    fn index(&self) -> &str {
        self.config.index.as_str()
    }

    async fn client(&self) -> Result<&Elasticsearch, FilmsError> {
        Ok(self.client.get_or_try_init(|| connect(&self.config)).await?)
    }
}

/// The body of a search for the next films by id.
fn section(query: &Value, after: Option<&Value>, size: usize) -> Value {
    let mut body = json!({
        "query": { "bool": { "filter": [query] } },
        "sort": [{ "id": "asc" }],
        "size": size,
        "track_total_hits": false,
        "_source": ["id", "title"],
    });
    if let (Some(body), Some(after)) = (body.as_object_mut(), after) {
        body.insert("search_after".into(), after.clone());
    }
    body
}

async fn within_deadline<T>(
    answer: impl Future<Output = Result<T, FilmsError>>,
) -> Result<T, FilmsError> {
    let answer = tokio::time::timeout(DEADLINE, answer).await;
    answer.unwrap_or(Err(FilmsError::TimedOut(DEADLINE)))
}

/// The body of the response to a request.
async fn answer<T: DeserializeOwned, F: Future<Output = Sent>>(
    send: impl Fn() -> F,
) -> Result<T, FilmsError> {
    let response = from_any_node(send).await?;
    let status = response.status_code();
    let body = response.text().await?;
    if !status.is_success() {
        return Err(FilmsError::Refused(format!("{status} {body}")));
    }
    serde_json::from_str(&body)
        .map_err(|error| FilmsError::Refused(format!("unexpected response: {error}")))
}
