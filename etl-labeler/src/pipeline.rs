//! One run: extract a page, label it, load what changed, while the next page is being read.

use std::time::Instant;

use policies::label_rules::LabelRules;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    LabelerError, clock,
    elastic::{Elastic, ElasticError, read},
    extract,
    label::{self, Labelled},
    load::Loaded,
    plan::Plan,
    progress::Progress,
    summary::Summary,
};

/// Labels all films by `rules`, writing only those that change.
///
/// # Errors
/// A rule that the index does not take stops it before the first write. [`LabelerError::Refused`]
/// comes after all other films have been written, any other error at once.
pub async fn run(
    elastic: &Elastic,
    rules: &LabelRules,
    page_size: u16,
    stop: &CancellationToken,
) -> Result<Summary, LabelerError> {
    let started = Instant::now();
    let plan = Plan::new(rules, clock::now());
    elastic.check(&plan).await?;
    elastic.put_access_mapping(rules).await?;
    let mut summary = Summary::new(&plan);
    let mut pages = Pages::read(elastic, &plan, page_size, stop);
    let first_refused = write_changes(elastic, &plan, &mut pages, &mut summary).await;
    let closed = pages.close().await;
    let first_refused = first_refused?;
    closed?;
    elastic.refresh().await?;
    summary.took = started.elapsed();
    match first_refused {
        _ if stop.is_cancelled() => Err(LabelerError::Interrupted),
        Some(first) => Err(LabelerError::Refused { count: summary.failed, first }),
        None => Ok(summary),
    }
}

/// Works through all pages. Returns what Elasticsearch said of the first film it refused.
async fn write_changes(
    elastic: &Elastic,
    plan: &Plan,
    pages: &mut Pages,
    summary: &mut Summary,
) -> Result<Option<String>, LabelerError> {
    let progress = Progress::films(elastic.count().await?);
    let mut first_refused = None;
    while let Some(page) = pages.next(plan).await? {
        let loaded = elastic.write(&page.changes).await?;
        first_refused = first_refused.or_else(|| loaded.refused.first().cloned());
        record(summary, &page, &loaded);
        progress.add(page.seen);
    }
    progress.finish();
    Ok(first_refused)
}

fn record(summary: &mut Summary, page: &Labelled, loaded: &Loaded) {
    summary.add_page(page);
    summary.add_written(loaded);
    metrics::counter!("etl_films_seen_total").increment(page.seen);
    metrics::counter!("etl_films_written_total").increment(loaded.written);
    metrics::counter!("etl_films_conflicts_total").increment(loaded.conflicts);
    metrics::counter!("etl_films_refused_total").increment(loaded.refused.len() as u64);
    for refused in &loaded.refused {
        tracing::warn!("Elasticsearch refused a film: {refused}");
    }
}

/// The films, labelled page by page. At most three pages are in memory: one being read, one
/// waiting, one in work.
pub(crate) struct Pages {
    pages: mpsc::Receiver<Result<Vec<u8>, ElasticError>>,
    reader: JoinHandle<()>,
}

impl Pages {
    pub(crate) fn read(
        elastic: &Elastic,
        plan: &Plan,
        page_size: u16,
        stop: &CancellationToken,
    ) -> Self {
        let (sender, pages) = mpsc::channel(1);
        let search = extract::PageSearch::first(plan, page_size);
        let reader = extract::read_all(elastic.clone(), search, sender, stop.clone());
        Self { pages, reader: tokio::spawn(reader) }
    }

    pub(crate) async fn next(&mut self, plan: &Plan) -> Result<Option<Labelled>, LabelerError> {
        let Some(bytes) = self.pages.recv().await.transpose()? else { return Ok(None) };
        Ok(Some(label::label(plan, &read(&bytes, extract::READ)?)))
    }

    /// Waits until the point in time is closed.
    pub(crate) async fn close(self) -> Result<(), LabelerError> {
        drop(self.pages);
        self.reader.await.map_err(|error| LabelerError::Worker(format!("reading films: {error}")))
    }
}
