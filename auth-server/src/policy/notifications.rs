//! Notifications of policy writes by PostgreSQL. They only make a replica faster: what is missed here, the
//! poll finds.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::journal;
use crate::db::Limits;

/// Time to connect, and between two attempts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that is silent for this long is checked.
const MAX_SILENCE: Duration = Duration::from_secs(10);
/// Time to answer the check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// The connection that receives notifications.
pub(super) struct Notifications {
    options: PgConnectOptions,
    notified: Arc<Notify>,
}

impl Notifications {
    pub(super) fn new(options: &PgConnectOptions, notified: Arc<Notify>) -> Self {
        Self { options: Limits::REQUEST.direct(options), notified }
    }

    /// Passes notifications on, for ever. The poll reports an unavailable database.
    pub(super) async fn receive(self) {
        loop {
            if let Ok(Ok(listener)) = timeout(CONNECT_TIMEOUT, Box::pin(self.listen())).await {
                self.pass_on(listener).await;
            }
            tokio::time::sleep(CONNECT_TIMEOUT).await;
        }
    }

    /// Each listener has a pool of its own: sqlx waits for the last connection before it lends the next.
    async fn listen(&self) -> sqlx::Result<PgListener> {
        let pool =
            PgPoolOptions::new().max_connections(1).connect_with(self.options.clone()).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(journal::CHANNEL).await?;
        Ok(listener)
    }

    /// Until the connection is lost, or no longer answers.
    async fn pass_on(&self, mut listener: PgListener) {
        loop {
            match timeout(MAX_SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(_))) => self.notified.notify_one(),
                Ok(Ok(None) | Err(_)) => return,
                Err(_) => match timeout(CHECK_TIMEOUT, listener.execute("SELECT 1")).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(_)) | Err(_) => return,
                },
            }
        }
    }
}
