//! Connections to the database for the one statement that carries a session on.
//!
//! sqlx's own pool asks every connection that comes back to it whether it is well: one more way to
//! the database and back, as long as the statement itself. These are asked only when they rested.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed;
use deadpool::managed::{Metrics, Object, PoolError, RecycleResult};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::refresh_store::{Rotated, Step, rotate};
use crate::config::DatabaseConfig;
use crate::db::IDLE_BEFORE_PING;

/// The connections.
pub(crate) struct Rotations(managed::Pool<Connector>);

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

impl Rotations {
    /// Connects when the first session is carried on.
    ///
    /// # Errors
    /// Never, as the runtime is given.
    pub(crate) fn new(config: &DatabaseConfig) -> Result<Self, managed::BuildError> {
        let connector = Connector(config.url.options().clone());
        let pool = managed::Pool::builder(connector).max_size(config.rotations());
        let patience: Duration = config.patience();
        let pool = pool.wait_timeout(Some(patience)).create_timeout(Some(patience));
        Ok(Self(pool.recycle_timeout(Some(patience)).runtime(Runtime::Tokio1).build()?))
    }

    /// Carries a session on by this step, if it stands where the step begins. Whoever stops waiting
    /// leaves an answer behind, which the connection reads past at its next use; no transaction.
    pub(crate) async fn rotate(&self, step: Step) -> sqlx::Result<Option<Rotated>> {
        let mut connection = self.0.get().await.map_err(broken)?;
        let rotated = rotate(&mut connection, step).await;
        if rotated.is_err() {
            // Whatever is wrong with it, the next one shall not meet it.
            drop(Object::take(connection));
        }
        rotated
    }
}

fn broken(error: PoolError<sqlx::Error>) -> sqlx::Error {
    match error {
        PoolError::Backend(error) => error,
        PoolError::Closed => sqlx::Error::PoolClosed,
        _ => sqlx::Error::PoolTimedOut,
    }
}
