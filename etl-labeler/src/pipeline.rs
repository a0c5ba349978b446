//! One run: extract a page, label it, and load the changes while the next page is being read.

use std::time::Instant;

use chrono::{DateTime, Utc};
use policies::label_rules::LabelRules;
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    LabelerError, LossLimit,
    elastic::{Elastic, ElasticError, read},
    extract,
    label::{self, LabelledPage},
    loss::LastRun,
    metrics::FilmCounters,
    plan::Plan,
    progress::Progress,
    summary::Summary,
};

/// The input of a run.
pub struct Run<'a> {
    /// The index of films.
    pub elastic: &'a Elastic,
    /// The label rules.
    pub rules: &'a LabelRules,
    /// Number of films to read and write at a time.
    pub page_size: u16,
    /// Losses beyond it stop the run; `None` permits them.
    pub loss_limit: Option<LossLimit>,
    /// Counters that are updated during the run.
    pub counters: &'a FilmCounters,
    /// Cancel it to end the run after the current page.
    pub stop: &'a CancellationToken,
}

/// Labels all films by the rules as of `now` and writes only those that change.
///
/// # Errors
/// [`LabelerError::RuleQuery`] or [`LabelerError::RuleField`] before the first write if the index does not
/// accept a rule, and [`LabelerError::Loss`] if too many films would lose a label.
/// [`LabelerError::Refused`] after all other films have been written. Any other error ends the run at once.
pub async fn run(run: &Run<'_>, now: DateTime<Utc>) -> Result<Summary, LabelerError> {
    let Run { elastic, rules, .. } = *run;
    let plan = Plan::new(rules, now);
    let labelled = async {
        let before = elastic.last_run().await?;
        let positions = elastic.history().await?.complete;
        let counts = prepare(run, &plan, before.as_ref()).await?;
        if let Some(before) = &before {
            counts.report_gains(before);
        }
        label_films(run, &plan, json!({ "match_all": {} }), LastRun { positions, ..counts }).await
    };
    explain(elastic, labelled.await).await
}

/// Labels the films that were changed since the last run; all of them if there was none. `None` if no film
/// was changed.
///
/// # Errors
/// As [`run`].
pub async fn run_on_changes(
    run: &Run<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Summary>, LabelerError> {
    let Run { elastic, rules, .. } = *run;
    let Some(before) = elastic.last_run().await? else {
        return self::run(run, now).await.map(Some);
    };
    let history = elastic.history().await?;
    let Some(changed) = history.changed_since(&before.positions) else { return Ok(None) };
    let plan = Plan::new(rules, now);
    let labelled = async {
        prepare(run, &plan, Some(&before)).await?;
        // The counts remain those of all films, so that many small losses add up.
        label_films(run, &plan, changed, LastRun { positions: history.complete, ..before }).await
    };
    explain(elastic, labelled.await).await.map(Some)
}

/// Everything before the first write. Returns the number of films of each label.
async fn prepare(
    run: &Run<'_>,
    plan: &Plan,
    before: Option<&LastRun>,
) -> Result<LastRun, LabelerError> {
    let Run { elastic, rules, loss_limit, .. } = *run;
    elastic.check(plan).await?;
    elastic.refresh().await?;
    let counts = elastic.count_labels(plan).await?;
    if let (Some(limit), Some(before)) = (loss_limit, before) {
        limit.check(before, &counts, rules)?;
    }
    elastic.prepare_mapping(rules).await?;
    elastic.prepare_writers().await?;
    Ok(counts)
}

/// Labels the films that match a query, and leaves in the mapping what the next run needs.
async fn label_films(
    run: &Run<'_>,
    plan: &Plan,
    films: Value,
    finished: LastRun,
) -> Result<Summary, LabelerError> {
    let Run { elastic, page_size, counters, stop, .. } = *run;
    let started = Instant::now();
    let mut summary = Summary::new(plan);
    let progress = Progress::films(elastic.count_matching(&films).await?);
    let mut pages = Pages::read(elastic, plan, &films, page_size, stop);
    let first_refused =
        write_changes(elastic, plan, &mut pages, counters, &progress, &mut summary).await;
    let closed = pages.close().await;
    let first_refused = first_refused?;
    closed?;
    progress.finish();
    elastic.refresh().await?;
    summary.took = started.elapsed();
    if stop.is_cancelled() {
        return Err(LabelerError::Interrupted);
    }
    // Also if films were refused, which the next run over all films attempts again: the loss limit and
    // the next look must not go without it.
    elastic.store_last_run(&finished).await?;
    match first_refused {
        Some(first) => Err(LabelerError::Refused { count: summary.refused, first }),
        None => Ok(summary),
    }
}

/// Names an index that was deleted during the run.
async fn explain<T>(elastic: &Elastic, ended: Result<T, LabelerError>) -> Result<T, LabelerError> {
    match ended {
        Err(LabelerError::Elastic(ElasticError::Refused { status: 404, .. }))
            if !elastic.index_exists().await? =>
        {
            Err(LabelerError::IndexDeleted(elastic.index.clone()))
        }
        ended => ended,
    }
}

/// Writes the changes of all pages. Returns id and reason of the first film that Elasticsearch refused.
async fn write_changes(
    elastic: &Elastic,
    plan: &Plan,
    pages: &mut Pages,
    counters: &FilmCounters,
    progress: &Progress,
    summary: &mut Summary,
) -> Result<Option<String>, LabelerError> {
    let mut first_refused = None;
    while let Some(page) = pages.next(plan).await? {
        let loaded = elastic.write(&page.changes).await?;
        first_refused = first_refused.or_else(|| loaded.refused.first().cloned());
        warn_of_unlabelled(&page, summary);
        summary.add_page(&page);
        summary.add_written(&loaded);
        counters.add(&page, &loaded);
        progress.add(page.seen);
    }
    Ok(first_refused)
}

/// Names the first film of each kind that stays unlabelled.
fn warn_of_unlabelled(page: &LabelledPage, before: &Summary) {
    if let Some(id) = page.id_mismatches.first().filter(|_| before.id_mismatches == 0) {
        tracing::warn!(
            "films whose `id` is missing or differs from `_id` stay unlabelled; the first: {id}"
        );
    }
    if let Some(id) = page.unreadable.first().filter(|_| before.unreadable == 0) {
        tracing::warn!(
            "films with an unreadable value of a field that a label rule uses stay unlabelled; the first: {id}"
        );
    }
}

/// The films, labelled page by page. At most three pages are in memory: one being read, one waiting, and
/// one being processed.
pub(crate) struct Pages {
    pages: mpsc::Receiver<Result<Vec<u8>, ElasticError>>,
    reader: JoinHandle<()>,
}

impl Pages {
    pub(crate) fn read(
        elastic: &Elastic,
        plan: &Plan,
        films: &Value,
        page_size: u16,
        stop: &CancellationToken,
    ) -> Self {
        let (sender, pages) = mpsc::channel(1);
        let search = extract::PageSearch::first(plan, films, page_size);
        let reader = extract::read_all(elastic.clone(), search, sender, stop.clone());
        Self { pages, reader: tokio::spawn(reader) }
    }

    pub(crate) async fn next(&mut self, plan: &Plan) -> Result<Option<LabelledPage>, LabelerError> {
        let Some(bytes) = self.pages.recv().await.transpose()? else { return Ok(None) };
        Ok(Some(label::label(plan, &read(&bytes, extract::READ)?)))
    }

    /// Waits until the reader has closed the point in time.
    pub(crate) async fn close(self) -> Result<(), LabelerError> {
        drop(self.pages);
        self.reader.await.map_err(|error| LabelerError::Worker(format!("reading films: {error}")))
    }
}
