//! Database connections reserved for the one statement that refreshes a session.
//!
//! sqlx's own pool pings every connection that is returned to it: one more round trip, as long as
//! the statement itself. These connections are pinged only after they were idle.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed;
use deadpool::managed::{Metrics, Object, PoolError, RecycleResult};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::refresh::{Rotated, Step, rotate};
use crate::config::DatabaseConfig;
use crate::db::IDLE_BEFORE_PING;

/// The connections.
pub(crate) struct RefreshPool(managed::Pool<Connector>);

struct Connector(PgConnectOptions);

impl managed::Manager for Connector {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<PgConnection> {
        PgConnection::connect_with(&self.0).await
    }

    async fn recycle(
        &self,
        connection: &mut PgConnection,
        metrics: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
        if metrics.last_used() > IDLE_BEFORE_PING {
            connection.ping().await?;
        }
        Ok(())
    }
}

impl RefreshPool {
    /// An empty pool; it connects when the first session is refreshed.
    ///
    /// # Errors
    /// Never, because the runtime is given.
    pub(crate) fn new(config: &DatabaseConfig) -> Result<Self, managed::BuildError> {
        let connector = Connector(config.url.options().clone());
        let pool = managed::Pool::builder(connector).max_size(config.refresh_connections());
        let timeout: Duration = config.timeout();
        let pool = pool.wait_timeout(Some(timeout)).create_timeout(Some(timeout));
        Ok(Self(pool.recycle_timeout(Some(timeout)).runtime(Runtime::Tokio1).build()?))
    }

    /// Performs this step if the session is at its start. If the caller stops waiting, a response
    /// is left on the connection, which skips it at its next use; no transaction stays open.
    pub(crate) async fn rotate(&self, step: Step) -> sqlx::Result<Option<Rotated>> {
        let mut connection = self.0.get().await.map_err(pool_error)?;
        let rotated = rotate(&mut connection, step).await;
        if rotated.is_err() {
            // Whatever is wrong with the connection, the next caller must not get it.
            drop(Object::take(connection));
        }
        rotated
    }
}

fn pool_error(error: PoolError<sqlx::Error>) -> sqlx::Error {
    match error {
        PoolError::Backend(error) => error,
        PoolError::Closed => sqlx::Error::PoolClosed,
        _ => sqlx::Error::PoolTimedOut,
    }
}
