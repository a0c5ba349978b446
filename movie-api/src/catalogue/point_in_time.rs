//! All films that match, as they were at one moment.

use std::time::Duration;

use elasticsearch::{Elasticsearch, OpenPointInTimeParts, SearchParts};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::config::IndexName;
use tokio_util::task::TaskTracker;

use super::Catalogue;
use super::client::{CatalogueError, Found, SearchResponse, read};
use super::film::Film;
use super::public_labels::PublicLabels;
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
    catalogue: &Catalogue,
    search: Search,
    size: u32,
) -> Result<Batches<Film>, CatalogueError> {
    let point = catalogue.point_in_time().await?;
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
    client: Elasticsearch,
    timeout: Duration,
    tasks: TaskTracker,
    labels: PublicLabels,
}

impl PointInTime {
    /// # Errors
    /// As [`Catalogue::search`].
    pub(super) async fn open(
        client: Elasticsearch,
        index: &IndexName,
        timeout: Duration,
        tasks: TaskTracker,
        labels: PublicLabels,
    ) -> Result<Self, CatalogueError> {
        #[derive(Deserialize)]
        struct Opened {
            id: String,
        }
        let response = client
            .open_point_in_time(OpenPointInTimeParts::Index(&[index.as_str()]))
            .keep_alive(&keep_alive(timeout))
            .request_timeout(timeout)
            .send()
            .await?;
        let Opened { id } = read(response).await?;
        Ok(Self { id, client, timeout, tasks, labels })
    }

    async fn search(
        &mut self,
        search: &Search,
        section: &Section,
    ) -> Result<Found, CatalogueError> {
        let fields = self.labels.fields();
        let response = self.send(search.body(section, &fields)).await?;
        Ok(response.found(section, &self.labels))
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
        let pit = json!({ "id": self.id, "keep_alive": keep_alive(self.timeout) });
        let body = Body { search, pit };
        let response = self
            .client
            .search(SearchParts::None)
            .allow_partial_search_results(false)
            .request_timeout(self.timeout)
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
        let (client, timeout) = (self.client.clone(), self.timeout);
        let body = json!({ "id": self.id });
        self.tasks.spawn(async move {
            let close = client.close_point_in_time();
            let closed = close.request_timeout(timeout).body(body).send().await;
            if let Err(error) = closed {
                tracing::warn!(%error, "a point in time is not closed; it ends by itself");
            }
        });
    }
}

fn keep_alive(timeout: Duration) -> String {
    format!("{}s", (timeout + IDLE).as_secs())
}
