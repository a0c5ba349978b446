//! One import into an index at a time.
//!
//! The lease is a document, which its holder rewrites every few seconds. One that stays the same for longer may be taken
//! over; so no clocks are compared, and an import that was killed blocks the next one
//! only for a moment.

use std::{process, time::Duration};

use elasticsearch::{DeleteParts, GetParts, IndexParts, params::OpType};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    LabelerError,
    elastic::{Elastic, ElasticError, read},
};

/// How often the holder rewrites the lease.
const BEAT: Duration = Duration::from_secs(2);
/// A lease that was not rewritten for so long has no holder any more.
const EXPIRY: Duration = Duration::from_secs(15);

const ID: &str = "import";
const ACQUIRE: &str = "acquire the lease for imports";

/// The right to import into an index, as long as this value keeps rewriting the lease.
pub(super) struct Lease {
    document: Document,
    held: CancellationToken,
    lost: CancellationToken,
    beats: JoinHandle<Version>,
}

#[derive(Clone)]
struct Document {
    elastic: Elastic,
    index: String,
    holder: String,
}

/// A version of the document.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
struct Version {
    #[serde(rename = "_seq_no")]
    seq_no: u64,
    #[serde(rename = "_primary_term")]
    primary_term: u64,
}

impl Lease {
    /// Acquires the lease for the index or alias of `elastic`. `purpose` is shown to others.
    ///
    /// # Errors
    /// [`LabelerError::Target`] if another import holds it.
    pub(super) async fn acquire(
        elastic: &Elastic,
        purpose: &str,
        stop: &CancellationToken,
    ) -> Result<Self, LabelerError> {
        let index = format!("{}-lease", elastic.index);
        // In a container every process has the same number.
        let holder = format!("{purpose}, process {}, {}", process::id(), Uuid::new_v4().simple());
        let document = Document { elastic: elastic.clone(), index, holder };
        document.create_index().await?;
        let version = document.acquire(stop).await?;
        let (held, lost) = (stop.child_token(), CancellationToken::new());
        // A beat that waits would be late: the next one follows anyway.
        let document = Document { elastic: elastic.at_once(), ..document };
        let beats = tokio::spawn(document.clone().keep(version, held.clone(), lost.clone()));
        Ok(Self { document, held, lost, beats })
    }

    /// Cancelled when the work must end: by the caller's token, or because the lease is lost.
    pub(super) fn held(&self) -> &CancellationToken {
        &self.held
    }

    /// Releases the lease after the work has ended with this result.
    ///
    /// # Errors
    /// That of the result; [`LabelerError::LeaseLost`] if the loss of the lease ended the work.
    pub(super) async fn end<T>(self, result: Result<T, LabelerError>) -> Result<T, LabelerError> {
        self.held.cancel();
        if let Ok(version) = self.beats.await
            && let Err(error) = self.document.delete(version).await
        {
            tracing::debug!(%error, "the lease remains until it expires");
        }
        match result {
            Err(LabelerError::Interrupted) if self.lost.is_cancelled() => {
                Err(LabelerError::LeaseLost)
            }
            result => result,
        }
    }
}

impl Document {
    async fn create_index(&self) -> Result<(), ElasticError> {
        let settings =
            json!({ "index.hidden": true, "number_of_shards": 1, "auto_expand_replicas": "0-1" });
        let request = json!({ "settings": settings, "mappings": { "dynamic": false } });
        self.elastic.of_index(&self.index).create(&request, ACQUIRE).await
    }

    async fn acquire(&self, stop: &CancellationToken) -> Result<Version, LabelerError> {
        loop {
            if let Some(version) = self.create().await? {
                return Ok(version);
            }
            let Some((found, holder)) = self.read().await? else { continue };
            // The answer to an earlier attempt was lost.
            if holder == self.holder {
                return Ok(found);
            }
            tracing::warn!(
                "{holder}, imports films already or was killed: waiting up to {EXPIRY:?} to see which"
            );
            let since = Instant::now();
            while let Some((version, _)) = self.read().await? {
                if version != found {
                    return Err(LabelerError::Target(format!(
                        "films are being imported into `{}` already: {holder}",
                        self.elastic.index
                    )));
                }
                if since.elapsed() >= EXPIRY {
                    if let Some(version) = self.write(found).await? {
                        return Ok(version);
                    }
                    break;
                }
                tokio::select! {
                    () = sleep(BEAT / 4) => {}
                    () = stop.cancelled() => return Err(LabelerError::Interrupted),
                }
            }
        }
    }

    /// Rewrites the lease until it is lost or no longer needed; returns its last version.
    async fn keep(
        self,
        mut version: Version,
        held: CancellationToken,
        lost: CancellationToken,
    ) -> Version {
        loop {
            tokio::select! {
                () = held.cancelled() => return version,
                () = sleep(BEAT) => {}
            }
            match self.write(version).await {
                Ok(Some(next)) => version = next,
                // The answer to the last one may have been lost.
                Ok(None)
                    if let Ok(Some((next, holder))) = self.read().await
                        && holder == self.holder =>
                {
                    version = next;
                }
                Ok(None) => {
                    lost.cancel();
                    held.cancel();
                    return version;
                }
                // Nobody else can take it over either.
                Err(error) => tracing::debug!(%error, "the lease could not be rewritten"),
            }
        }
    }

    /// Creates the lease, unless there is one.
    async fn create(&self) -> Result<Option<Version>, ElasticError> {
        let holder = json!({ "holder": self.holder });
        let create = async || {
            let request = self.elastic.client.index(IndexParts::IndexId(&self.index, ID));
            request.op_type(OpType::Create).body(&holder).send().await
        };
        version(self.elastic.ask(ACQUIRE, create).await)
    }

    /// Writes the lease in place of this version of it, unless there is another.
    async fn write(
        &self,
        Version { seq_no, primary_term }: Version,
    ) -> Result<Option<Version>, ElasticError> {
        let holder = json!({ "holder": self.holder });
        let write = async || {
            let request = self.elastic.client.index(IndexParts::IndexId(&self.index, ID));
            let request = request.if_seq_no(number(seq_no)).if_primary_term(number(primary_term));
            request.body(&holder).send().await
        };
        version(self.elastic.ask(ACQUIRE, write).await)
    }

    async fn read(&self) -> Result<Option<(Version, String)>, ElasticError> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(flatten)]
            version: Version,
            #[serde(rename = "_source")]
            source: Source,
        }
        #[derive(Deserialize)]
        struct Source {
            holder: String,
        }
        let get = async || self.elastic.client.get(GetParts::IndexId(&self.index, ID)).send().await;
        match self.elastic.ask(ACQUIRE, get).await {
            Err(ElasticError::Refused { status: 404, .. }) => Ok(None),
            found => {
                let Found { version, source } = read(&found?, ACQUIRE)?;
                Ok(Some((version, source.holder)))
            }
        }
    }

    async fn delete(&self, Version { seq_no, primary_term }: Version) -> Result<(), ElasticError> {
        let delete = async || {
            let request = self.elastic.client.delete(DeleteParts::IndexId(&self.index, ID));
            let request = request.if_seq_no(number(seq_no)).if_primary_term(number(primary_term));
            request.send().await
        };
        self.elastic.ask("release the lease for imports", delete).await.map(drop)
    }
}

/// The version that was written; none after a conflict.
fn version(written: Result<Vec<u8>, ElasticError>) -> Result<Option<Version>, ElasticError> {
    match written {
        Err(ElasticError::Refused { status: 409, .. }) => Ok(None),
        written => read(&written?, ACQUIRE).map(Some),
    }
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
