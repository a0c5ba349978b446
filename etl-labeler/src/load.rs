//! Writes changed films.

use elasticsearch::BulkParts;

use crate::{
    bulk_items::{self, ItemResult},
    elastic::{Elastic, ElasticError, ErrorCause},
    label::FilmChange,
};

const WRITE: &str = "write labels";

/// The result of a bulk request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Number of films written.
    pub written: u64,
    /// Number of films that were changed or deleted after they were read, and therefore skipped.
    pub conflicts: u64,
    /// The films that Elasticsearch refused to write, each with its id and the reason.
    pub refused: Vec<String>,
}

impl Elastic {
    /// Writes the changes of one page. Those that Elasticsearch is too busy for are sent again.
    ///
    /// # Errors
    /// [`ElasticError`] if the request as a whole fails, or Elasticsearch is overloaded for too long.
    pub(crate) async fn write(&self, changes: &[FilmChange]) -> Result<Loaded, ElasticError> {
        let mut loaded = Loaded::default();
        let mut left: Vec<&FilmChange> = changes.iter().collect();
        let mut attempts = self.attempts();
        while !left.is_empty() {
            let items = self.send(&left).await?;
            let busy = loaded.add(&mut left, items)?;
            match busy {
                Some(error) => attempts.wait(error).await?,
                None => attempts.succeeded(),
            }
        }
        Ok(loaded)
    }

    async fn send(&self, changes: &[&FilmChange]) -> Result<Vec<ItemResult>, ElasticError> {
        let lines: String = changes.iter().map(|change| change.update.as_str()).collect();
        let bulk = async || {
            let bulk = self.client.bulk(BulkParts::None);
            let bulk = bulk.filter_path(&["items.*._id", "items.*.status", "items.*.error.*"]);
            bulk.body(vec![&lines]).send().await
        };
        bulk_items::results(&self.ask(WRITE, bulk).await?, WRITE)
    }
}

impl Loaded {
    /// Counts the results of these changes. What has to be sent again stays, and the reason is returned.
    fn add(
        &mut self,
        changes: &mut Vec<&FilmChange>,
        items: Vec<ItemResult>,
    ) -> Result<Option<ElasticError>, ElasticError> {
        let (mut busy, mut left) = (None, Vec::new());
        let mut blocked: Option<(u64, String)> = None;
        for (change, item) in changes.drain(..).zip(items) {
            match (item.status, item.error.as_ref().map(ErrorCause::kind)) {
                (_, Some("cluster_block_exception")) => {
                    blocked.get_or_insert_with(|| (0, item.reason())).0 += 1;
                }
                (200..=299, _) => self.written += 1,
                (404, Some("document_missing_exception")) | (409, _) => self.conflicts += 1,
                (400..=403 | 405..=428 | 430..=499, kind)
                    if kind != Some("index_closed_exception") =>
                {
                    self.refused.push(format!("{}: {}", item.id, item.reason()));
                }
                (429 | 502..=504, _) => {
                    busy.get_or_insert_with(|| item.refused(WRITE));
                    left.push(change);
                }
                _ => return Err(item.refused(WRITE)),
            }
        }
        *changes = left;
        match blocked {
            Some((films, reason)) => Err(ElasticError::Blocked { films, reason }),
            None => Ok(busy),
        }
    }
}
