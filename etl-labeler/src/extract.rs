//! Reads all films, page by page, from one point in time.

use elasticsearch::{OpenPointInTimeParts, SearchParts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    elastic::{Elastic, ElasticError, body, read},
    plan::Plan,
};

pub(crate) const READ: &str = "read a page of films";

/// Each page extends it, so it has to outlast one page only; a run that is killed leaves it for so
/// long.
const KEEP_ALIVE: &str = "5m";

/// The end of a page: from here the next one goes on.
#[derive(Deserialize)]
struct Tail {
    pit_id: String,
    hits: TailHits,
}

#[derive(Deserialize)]
struct TailHits {
    hits: Vec<TailHit>,
}

#[derive(Deserialize)]
struct TailHit {
    sort: Box<RawValue>,
}

/// The search for one page.
#[derive(Debug, Serialize)]
pub(crate) struct PageSearch {
    size: u16,
    query: Value,
    sort: [&'static str; 1],
    track_total_hits: bool,
    seq_no_primary_term: bool,
    _source: [&'static str; 2],
    docvalue_fields: Vec<Value>,
    pit: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    search_after: Option<Box<RawValue>>,
}

impl PageSearch {
    /// For the first page, whose point in time is yet to be opened.
    pub(crate) fn first(plan: &Plan, page_size: u16) -> Self {
        let dates = plan.date_fields().into_iter();
        Self {
            size: page_size,
            query: plan.query(),
            sort: ["_shard_doc"],
            track_total_hits: false,
            seq_no_primary_term: true,
            _source: ["access", "access.*"],
            docvalue_fields: dates
                .map(|field| json!({ "field": field, "format": "epoch_millis" }))
                .collect(),
            pit: Value::Null,
            search_after: None,
        }
    }
}

/// Sends every page to `pages`, one ahead of the receiver, until the end, an error, or a receiver
/// that is gone. The point in time is closed in any case.
pub(crate) async fn read_all(
    elastic: Elastic,
    search: PageSearch,
    pages: mpsc::Sender<Result<Vec<u8>, ElasticError>>,
    stop: CancellationToken,
) {
    let mut pit = match open(&elastic).await {
        Ok(pit) => pit,
        Err(error) => return drop(pages.send(Err(error)).await),
    };
    if let Err(error) = read_pages(&elastic, search, &mut pit, &pages, &stop).await {
        // A receiver that is gone has failed itself and has its own error.
        let _ = pages.send(Err(error)).await;
    }
    drop(pages);
    close(&elastic, &pit).await;
}

async fn read_pages(
    elastic: &Elastic,
    mut search: PageSearch,
    pit: &mut String,
    pages: &mpsc::Sender<Result<Vec<u8>, ElasticError>>,
    stop: &CancellationToken,
) -> Result<(), ElasticError> {
    while !stop.is_cancelled() {
        search.pit = json!({ "id": pit, "keep_alive": KEEP_ALIVE });
        let request = elastic.client.search(SearchParts::None).allow_partial_search_results(false);
        let page = body(request.body(&search).send().await, READ).await?;
        let mut tail: Tail = read(&page, READ)?;
        let Some(last) = tail.hits.hits.pop() else { break };
        *pit = tail.pit_id;
        search.search_after = Some(last.sort);
        if pages.send(Ok(page)).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn open(elastic: &Elastic) -> Result<String, ElasticError> {
    #[derive(Deserialize)]
    struct Opened {
        id: String,
    }
    let attempt = "open a point in time";
    let index = [elastic.index.as_str()];
    let open = elastic.client.open_point_in_time(OpenPointInTimeParts::Index(&index));
    match body(open.keep_alive(KEEP_ALIVE).send().await, attempt).await {
        Ok(opened) => read::<Opened>(&opened, attempt).map(|opened| opened.id),
        Err(ElasticError::Refused { status: 404, .. }) => {
            Err(ElasticError::NoIndex(elastic.index.clone()))
        }
        Err(error) => Err(error),
    }
}

async fn close(elastic: &Elastic, pit: &str) {
    let close = elastic.client.close_point_in_time();
    if let Err(error) =
        body(close.body(json!({ "id": pit })).send().await, "close a point in time").await
    {
        tracing::warn!(%error, "the point in time stays open until it expires");
    }
}
