//! Whole lists, sent while they are read.
//!
//! A list of any length costs a bounded amount of memory: one batch is read while the previous one is
//! sent. What it costs Elasticsearch is bounded by the number of such lists and by the time that a
//! client has to take each piece.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream;
use poem::Body;
use serde::Serialize;
use service::http::Connection;
use service::problem::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::FULL_LISTS_BUSY;
use super::page::{Item, List};
use crate::catalogue::{Batches, CatalogueError};
use crate::health::RETRY_AFTER_SECONDS;

/// Maximum size of a piece of the body in bytes.
const PIECE: usize = 64 << 10;
/// Time for a client to take a piece. A slower one is cut off, since it keeps others from their list.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The JSON of a list up to its first item.
const HEAD: &[u8] = b"{\"items\":[";

/// Places for whole lists that are being sent.
pub(crate) struct FullLists {
    places: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl FullLists {
    /// `max` places. `tasks` are waited for when the process stops.
    pub(crate) fn new(max: usize, tasks: TaskTracker) -> Self {
        Self { places: Arc::new(Semaphore::new(max)), tasks }
    }

    /// A place for one list.
    ///
    /// # Errors
    /// [`FULL_LISTS_BUSY`] if all are taken.
    pub(super) fn place(&self) -> Result<Place, Problem> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        let permit =
            permit.map_err(|_| Problem::new(FULL_LISTS_BUSY).retry_after(RETRY_AFTER_SECONDS))?;
        Ok(Place { permit, tasks: self.tasks.clone() })
    }
}

/// A place for a whole list, given back when the list was sent or abandoned.
pub(super) struct Place {
    permit: OwnedSemaphorePermit,
    tasks: TaskTracker,
}

/// A whole list that is read while it is sent.
pub(crate) struct FullList<T> {
    pub(super) batches: Batches<T>,
    pub(super) place: Place,
}

/// Why a list was not sent to its end.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the client left")]
    ClientLeft,
    #[error("the client did not read for {} s", READ_TIMEOUT.as_secs())]
    TooSlow,
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl<T: Item> FullList<T> {
    /// The body: the JSON of what `shape` makes of the list, whose first field must be `items`.
    pub(super) fn body<L: Serialize>(
        self,
        shape: impl FnOnce(List<T>) -> L + Send + 'static,
    ) -> Body {
        let (sender, receiver) = mpsc::channel(1);
        let connection = Connection::current();
        let Self { batches, place: Place { permit, tasks } } = self;
        // In a task of its own, since the body of a client that does not read is not polled.
        tasks.spawn(async move {
            match write(batches, shape, &sender).await {
                Ok(()) => {}
                Err(error @ Interrupted::ClientLeft) => tracing::debug!(%error, "list interrupted"),
                Err(error) => {
                    tracing::warn!(%error, "list interrupted");
                    // An answer to HTTP/1.0 would end like a complete one, and a slow client be waited for.
                    if let Some(connection) = connection {
                        connection.abort();
                    }
                }
            }
            drop(permit);
        });
        let pieces =
            stream::try_unfold(receiver, async |mut receiver| match receiver.recv().await {
                Some(Piece::Data(data)) => Ok(Some((data, receiver))),
                Some(Piece::End) => Ok(None),
                // An error breaks the connection: a list that ends early must not look complete.
                None => Err(io::Error::other("the list was interrupted")),
            });
        Body::from_bytes_stream(pieces)
    }
}

enum Piece {
    Data(Bytes),
    End,
}

async fn write<T: Item, L: Serialize>(
    mut batches: Batches<T>,
    shape: impl FnOnce(List<T>) -> L,
    sender: &mpsc::Sender<Piece>,
) -> Result<(), Interrupted> {
    let mut total = 0;
    let mut json = HEAD.to_vec();
    loop {
        let batch = tokio::select! {
            () = sender.closed() => return Err(Interrupted::ClientLeft),
            batch = batches.try_next() => batch?,
        };
        let Some(items) = batch else { break };
        for item in items {
            if total > 0 {
                json.push(b',');
            }
            total += 1;
            serde_json::to_writer(&mut json, &item)?;
        }
        send(std::mem::take(&mut json), sender).await?;
    }
    // The point in time is closed before the client has read the end.
    drop(batches);
    let rest = serde_json::to_vec(&shape(List::whole(Vec::new(), total)))?;
    send(rest.strip_prefix(HEAD).unwrap_or(&rest).to_vec(), sender).await?;
    put(Piece::End, sender).await
}

async fn send(json: Vec<u8>, sender: &mpsc::Sender<Piece>) -> Result<(), Interrupted> {
    let mut rest = Bytes::from(json);
    while !rest.is_empty() {
        put(Piece::Data(rest.split_to(rest.len().min(PIECE))), sender).await?;
    }
    Ok(())
}

async fn put(piece: Piece, sender: &mpsc::Sender<Piece>) -> Result<(), Interrupted> {
    let sent = timeout(READ_TIMEOUT, sender.send(piece)).await.map_err(|_| Interrupted::TooSlow)?;
    sent.map_err(|_| Interrupted::ClientLeft)
}
