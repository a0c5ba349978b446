//! A connection of one task's own.

use std::io;
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::postgres::PgConnectOptions;
use tokio::time::timeout;

use super::Limits;
use super::connection::{Link, PgConnection};
use super::pool::IDLE_BEFORE_PING;

/// Time to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection outside the pool, for a task that must not wait for requests. It is opened when
/// needed, straight to PostgreSQL, and replaced when anything was left behind on it: after an error,
/// after a deadline, and when its user stopped waiting within a statement.
pub struct DedicatedConnection {
    options: PgConnectOptions,
    limits: Limits,
    open: Option<PgConnection>,
    used: Instant,
}

impl DedicatedConnection {
    /// To the database of these options; connects when it is first used.
    #[must_use]
    pub fn new(options: &PgConnectOptions, limits: Limits) -> Self {
        Self { options: limits.direct(options), limits, open: None, used: Instant::now() }
    }

    /// The connection; a new one if the last one does not answer any more.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub async fn get(&mut self) -> sqlx::Result<&mut PgConnection> {
        let mut known = self.open.take().filter(PgConnection::is_idle);
        if let Some(connection) = &mut known
            && self.used.elapsed() >= IDLE_BEFORE_PING
            && !connection.is_alive().await
        {
            known = None;
        }
        let connection = match known {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        self.used = Instant::now();
        Ok(self.open.insert(connection))
    }

    async fn connect(&self) -> sqlx::Result<PgConnection> {
        // Boxed: large, and rarely needed.
        let connecting = Box::pin(sqlx::PgConnection::connect_with(&self.options));
        let silent = |_| Err(io::Error::from(io::ErrorKind::TimedOut).into());
        let connection = timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(silent)?;
        Ok(PgConnection::new(Link::Dedicated(connection), self.limits))
    }
}
