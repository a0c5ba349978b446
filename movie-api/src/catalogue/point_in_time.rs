//! All films that match, as they were at one moment.

use std::sync::Arc;
use std::time::Duration;

use elasticsearch::{OpenPointInTimeParts, SearchParts};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Catalogue;
use super::client::{CatalogueError, Found, SearchResponse, read};
use super::film::Film;
use super::query::{Count, Search, Section, Start};

/// How long a point in time outlives a search, beyond the time that the next one may take: long enough
/// for the reader of a list to take what was found.
const IDLE: Duration = Duration::from_secs(30);

/// Items in the order of a list, a bounded number at a time.
pub(crate) type Batches<T> = BoxStream<'static, Result<Vec<T>, CatalogueError>>;

/// All films that match, `size` at a time. The first have been read when this returns.
///
/// # Errors
/// As [`Catalogue::search`].
pub(crate) async fn all_films(
    catalogue: &Arc<Catalogue>,
    search: Search,
    size: u32,
) -> Result<Batches<Film>, CatalogueError> {
    let point = PointInTime::open(Arc::clone(catalogue)).await?;
    let first = Some(Section::first(size, Count::None));
    let batches =
        stream::try_unfold((point, search, first), async |(mut point, search, section)| {
            let Some(section) = section else { return Ok(None) };
            let found = point.search(&search, &section).await?;
            let after = |position| Section { start: Start::After(position), ..section };
            Ok(Some((found.films, (point, search, found.next.map(after)))))
        });
    let mut batches = batches.boxed();
    let first = batches.try_next().await?;
    Ok(stream::iter(first.map(Ok)).chain(batches).boxed())
}

/// A state of the index that Elasticsearch keeps. It costs memory and disk there until it is closed,
/// which happens when this value is dropped.
pub(crate) struct PointInTime {
    id: String,
    catalogue: Arc<Catalogue>,
}

impl PointInTime {
    /// # Errors
    /// As [`Catalogue::search`].
    pub(super) async fn open(catalogue: Arc<Catalogue>) -> Result<Self, CatalogueError> {
        #[derive(Deserialize)]
        struct Opened {
            id: String,
        }
        catalogue.ensure_usable().await?;
        let response = catalogue
            .client
            .open_point_in_time(OpenPointInTimeParts::Index(&[catalogue.index.as_str()]))
            .keep_alive(&keep_alive(catalogue.timeout))
            .request_timeout(catalogue.timeout)
            .send()
            .await?;
        let Opened { id } = read(response).await?;
        Ok(Self { id, catalogue })
    }

    async fn search(
        &mut self,
        search: &Search,
        section: &Section,
    ) -> Result<Found, CatalogueError> {
        let fields = self.catalogue.labels.fields();
        let response = self.send(search.body(section, &fields)).await?;
        Ok(response.found(section, &self.catalogue.labels))
    }

    pub(super) async fn send(
        &mut self,
        search: impl Serialize + Send,
    ) -> Result<SearchResponse, CatalogueError> {
        #[derive(Serialize)]
        struct Body<S> {
            #[serde(flatten)]
            search: S,
            pit: Value,
        }
        let catalogue = &self.catalogue;
        // The mapping may have changed since the list began.
        catalogue.ensure_usable().await?;
        let pit = json!({ "id": self.id, "keep_alive": keep_alive(catalogue.timeout) });
        let body = Body { search, pit };
        let response = catalogue
            .client
            .search(SearchParts::None)
            .allow_partial_search_results(false)
            .request_timeout(catalogue.timeout)
            .body(body)
            .send()
            .await?;
        let response: SearchResponse = read(response).await?;
        if let Some(id) = &response.pit_id {
            self.id.clone_from(id);
        }
        Ok(response)
    }
}

impl Drop for PointInTime {
    fn drop(&mut self) {
        let catalogue = Arc::clone(&self.catalogue);
        let body = json!({ "id": self.id });
        self.catalogue.tasks.spawn(async move {
            let close = catalogue.client.close_point_in_time();
            let closed = close.request_timeout(catalogue.timeout).body(body).send().await;
            if let Err(error) = closed {
                tracing::warn!(%error, "a point in time is not closed; it ends by itself");
            }
        });
    }
}

fn keep_alive(timeout: Duration) -> String {
    format!("{}s", (timeout + IDLE).as_secs())
}
