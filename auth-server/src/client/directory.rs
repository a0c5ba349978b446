//! The active service clients, in memory, so that decisions for clients need no statement each.

use std::collections::HashMap;
use std::sync::Arc;

use service::health::Recent;
use uuid::Uuid;

use super::store::{self, ActiveClient};
use crate::db::PgPool;
use crate::http::problem::Problem;

type Clients = HashMap<Uuid, ActiveClient>;

/// The active service clients as of at most a second ago. All of them are read at once: the rate of
/// statements then depends neither on requests nor on invented ids.
pub(crate) struct ClientDirectory {
    pool: PgPool,
    clients: Recent<Result<Arc<Clients>, Problem>>,
}

impl ClientDirectory {
    /// An empty directory of the clients in this database.
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, clients: Recent::default() }
    }

    /// The active client with this id.
    ///
    /// # Errors
    /// The database is unavailable.
    pub(crate) async fn get(&self, id: Uuid) -> Result<Option<ActiveClient>, Problem> {
        let pool = self.pool.clone();
        Ok(self.clients.get_or(async move { load(&pool).await }).await?.get(&id).cloned())
    }

    /// Applies a write from the next request on. To be called after its commit.
    pub(crate) async fn forget(&self) {
        self.clients.forget().await;
    }
}

async fn load(pool: &PgPool) -> Result<Arc<Clients>, Problem> {
    let active = store::active(pool).await?;
    Ok(Arc::new(active.into_iter().map(|client| (client.id, client)).collect()))
}
