//! Deletes the films that the database no longer has.

use std::collections::HashSet;

use elasticsearch::BulkParts;
use serde_json::{Map, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::changes::Changes;
use crate::{
    LabelerError,
    bulk_items::{self, ItemResult},
    elastic::{Elastic, ElasticError, read},
    extract::{self, Page, PageSearch, read_all},
};

const DELETE: &str = "delete films";
/// Films deleted at a time.
const CHUNK: usize = 1_000;

/// A film to delete.
pub(super) struct Gone {
    pub(super) id: Uuid,
    /// Only this version of it: a sequence number and its primary term.
    pub(super) version: Option<(u64, u64)>,
    /// How its shard was found, if not by its id.
    pub(super) routing: Option<String>,
}

impl Changes<'_> {
    /// Deletes them, unless they are more than the loss limit allows: then something else is wrong, such as a
    /// database that was restored in part. Ids that are no UUIDs come from elsewhere, and stay.
    pub(super) async fn delete_gone(&mut self) -> Result<(), LabelerError> {
        let (films, gone) = self.find_gone().await?;
        let count = gone.len() as u64;
        if self.sync.loss_limit.is_some_and(|limit| limit.is_exceeded(films, count)) {
            return Err(LabelerError::SourceLoss { gone: count, films });
        }
        for gone in gone.chunks(CHUNK) {
            self.synced.deleted += self.target.elastic.delete(gone).await?;
        }
        Ok(())
    }

    /// The number of films that come from the database, and those of them that are gone.
    async fn find_gone(&self) -> Result<(u64, Vec<Gone>), LabelerError> {
        let (sender, mut pages) = mpsc::channel(1);
        let search = PageSearch::ids();
        let (elastic, stop) = (self.target.elastic.clone(), self.sync.stop.clone());
        let reader = tokio::spawn(read_all(elastic, search, sender, stop));
        let (mut films, mut gone) = (0, Vec::new());
        while let Some(page) = pages.recv().await.transpose()? {
            let page: Page<'_> = read(&page, extract::READ)?;
            let mut found: Vec<Gone> = page
                .hits
                .hits
                .iter()
                .filter_map(|hit| {
                    let id = hit.id.parse().ok().filter(|id: &Uuid| id.to_string() == hit.id)?;
                    Some(Gone {
                        id,
                        version: Some((hit.seq_no, hit.primary_term)),
                        routing: hit.routing.as_ref().map(|routing| routing.0.to_string()),
                    })
                })
                .collect();
            films += found.len() as u64;
            let ids: Vec<Uuid> = found.iter().map(|film| film.id).collect();
            let existing: HashSet<Uuid> = self.database.existing(&ids).await?.into_iter().collect();
            found.retain(|film| !existing.contains(&film.id));
            gone.append(&mut found);
        }
        reader.await.map_err(|error| LabelerError::Worker(format!("reading films: {error}")))?;
        Ok((films, gone))
    }
}

impl Elastic {
    /// Deletes films; one that was written again since its version stays. Returns how many were deleted. What
    /// Elasticsearch is too busy for is sent again.
    pub(super) async fn delete(&self, gone: &[Gone]) -> Result<u64, ElasticError> {
        let (mut deleted, mut attempts) = (0, self.attempts());
        loop {
            let items = self.send_deletions(gone).await?;
            deleted += items.iter().filter(|item| item.status < 300).count() as u64;
            // A film that is deleted already is not found.
            let refused = |item: &&ItemResult| !matches!(item.status, 200..=299 | 404 | 409);
            match items.iter().find(refused) {
                Some(item) => attempts.wait(item.refused(DELETE)).await?,
                None => return Ok(deleted),
            }
        }
    }

    async fn send_deletions(&self, gone: &[Gone]) -> Result<Vec<ItemResult>, ElasticError> {
        let lines = gone.iter().map(|Gone { id, version, routing }| {
            let mut delete = Map::from_iter([("_id".to_owned(), json!(id))]);
            if let Some((seq_no, primary_term)) = version {
                delete.insert("if_seq_no".to_owned(), json!(seq_no));
                delete.insert("if_primary_term".to_owned(), json!(primary_term));
            }
            if let Some(routing) = routing {
                delete.insert("routing".to_owned(), json!(routing));
            }
            format!("{}\n", json!({ "delete": delete }))
        });
        let lines: String = lines.collect();
        let delete = async || {
            self.client.bulk(BulkParts::Index(&self.index)).body(vec![&lines]).send().await
        };
        bulk_items::results(&self.ask(DELETE, delete).await?, DELETE)
    }
}
