//! Reads all films page by page, from one point in time.

use std::{borrow::Cow, collections::BTreeMap};

use elasticsearch::{OpenPointInTimeParts, SearchParts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    elastic::{Elastic, ElasticError, read},
    import::UNREADABLE_FIELDS,
    plan::Plan,
};

pub(crate) const READ: &str = "read a page of films";

/// Every page extends it, so it only has to outlast one page. A run that is killed leaves its point in
/// time open for as long.
const KEEP_ALIVE: &str = "5m";

/// Ids on a page of ids.
const IDS: u16 = 5_000;

/// The search for one page.
#[derive(Debug, Serialize)]
pub(crate) struct PageSearch {
    size: u16,
    query: Value,
    sort: [&'static str; 1],
    track_total_hits: bool,
    seq_no_primary_term: bool,
    _source: &'static [&'static str],
    docvalue_fields: Vec<Value>,
    pit: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    search_after: Option<Box<RawValue>>,
}

impl PageSearch {
    /// The search for the first page of the films that match a query, without a point in time yet.
    pub(crate) fn first(plan: &Plan, films: &Value, page_size: u16) -> Self {
        let dates = plan.date_fields().into_iter();
        Self {
            size: page_size,
            query: plan.query(films),
            sort: ["_shard_doc"],
            track_total_hits: false,
            seq_no_primary_term: true,
            // Also the keys `access.` and `access.labels`.
            _source: &["id", "access*", UNREADABLE_FIELDS],
            docvalue_fields: dates
                .map(|field| json!({ "field": field, "format": "epoch_millis" }))
                .collect(),
            pit: Value::Null,
            search_after: None,
        }
    }

    /// The search for the first page of ids alone, with the versions of the documents.
    pub(crate) fn ids() -> Self {
        Self {
            size: IDS,
            query: json!({ "match_all": {} }),
            sort: ["_shard_doc"],
            track_total_hits: false,
            seq_no_primary_term: true,
            _source: &[],
            docvalue_fields: Vec::new(),
            pit: Value::Null,
            search_after: None,
        }
    }
}

/// Sends every page to `pages`, one ahead of the receiver, until the last page, an error, or until the
/// receiver is dropped. The point in time is closed in any case.
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
        // A dropped receiver has failed with an error of its own.
        let _ = pages.send(Err(error)).await;
    }
    drop(pages);
    close(&elastic, &pit).await;
}

/// The end of a page, from which the next one continues.
#[derive(Deserialize)]
struct PageEnd {
    pit_id: String,
    hits: PageEndHits,
}

#[derive(Deserialize)]
struct PageEndHits {
    hits: Vec<SortValues>,
}

#[derive(Deserialize)]
struct SortValues {
    sort: Box<RawValue>,
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
        let request = async || {
            let request = elastic.client.search(SearchParts::None);
            request.allow_partial_search_results(false).body(&search).send().await
        };
        let page = elastic.ask(READ, request).await?;
        let mut end: PageEnd = read(&page, READ)?;
        let Some(last) = end.hits.hits.pop() else { break };
        *pit = end.pit_id;
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
    let operation = "open a point in time";
    let index = [elastic.index.as_str()];
    let open = async || {
        let open = elastic.client.open_point_in_time(OpenPointInTimeParts::Index(&index));
        open.keep_alive(KEEP_ALIVE).send().await
    };
    match elastic.ask(operation, open).await {
        Ok(opened) => read::<Opened>(&opened, operation).map(|opened| opened.id),
        Err(ElasticError::Refused { status: 404, .. }) => {
            Err(ElasticError::NoIndex(elastic.index.clone()))
        }
        Err(error) => Err(error),
    }
}

async fn close(elastic: &Elastic, pit: &str) {
    let id = json!({ "id": pit });
    let close = async || elastic.client.close_point_in_time().body(&id).send().await;
    // It would end by itself while this waits.
    if let Err(error) = elastic.at_once().ask("close a point in time", close).await {
        tracing::warn!(%error, "the point in time remains open until it expires");
    }
}

/// A page of films, borrowed from the bytes of the response.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    pub(crate) hits: Hits<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Hits<'a> {
    #[serde(borrow)]
    pub(crate) hits: Vec<Hit<'a>>,
}

/// A film: its `id`, its current `access`, and what it matches.
#[derive(Debug, Deserialize)]
pub(crate) struct Hit<'a> {
    #[serde(borrow, rename = "_index")]
    pub(crate) index: Cow<'a, str>,
    #[serde(borrow, rename = "_id")]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow, rename = "_routing")]
    pub(crate) routing: Option<Text<'a>>,
    #[serde(rename = "_seq_no")]
    pub(crate) seq_no: u64,
    #[serde(rename = "_primary_term")]
    pub(crate) primary_term: u64,
    /// Raw values, so that a film with an unusual `access` does not make the page unreadable.
    #[serde(borrow, default, rename = "_source")]
    pub(crate) source: BTreeMap<Text<'a>, &'a RawValue>,
    /// Date fields, in milliseconds since 1970.
    #[serde(borrow, default)]
    pub(crate) fields: BTreeMap<Text<'a>, Vec<Text<'a>>>,
    /// Names of the label rules whose queries the film matches.
    #[serde(borrow, default)]
    pub(crate) matched_queries: Vec<Text<'a>>,
}

/// Text that is copied only if it contains escapes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Hit<'_> {
    /// Whether the field `id` is the id of the document, as text. Rules on ids mean the same film in a
    /// search and in a check only then.
    pub(crate) fn has_own_id(&self) -> bool {
        let id = self.source.iter().find(|(key, _)| key.0 == "id").map(|(_, value)| value.get());
        id.is_some_and(|id| serde_json::from_str(id).is_ok_and(|Text(id)| id == self.id))
    }

    /// Fields whose value the import could not read.
    pub(crate) fn unreadable_fields(&self) -> Vec<Text<'_>> {
        let names = self.source.iter().find(|(key, _)| key.0 == UNREADABLE_FIELDS);
        let names = names.and_then(|(_, names)| serde_json::from_str(names.get()).ok());
        names.unwrap_or_default()
    }

    pub(crate) fn matched(&self, rule: &str) -> bool {
        self.matched_queries.iter().any(|name| name.0 == rule)
    }
}
