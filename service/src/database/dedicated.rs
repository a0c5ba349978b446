//! A connection of one task's own.

use std::time::Instant;

use sqlx::postgres::PgConnectOptions;

use super::Limits;
use super::connect::connect;
use super::connection::{Link, PgConnection};
use super::pool::IDLE_BEFORE_PING;

/// A connection outside the pool, for a task that must not wait for requests. It is opened when
/// needed, straight to PostgreSQL, and replaced when anything was left behind on it: after an error,
/// after a deadline, and when its user stopped waiting within a statement.
///
/// `S` is what its task remembers of the database. It is forgotten with the connection, because the
/// next one may lead to another state of the database: after a failover, or to a restored backup.
pub struct DedicatedConnection<S = ()> {
    options: PgConnectOptions,
    limits: Limits,
    open: Option<(PgConnection, S)>,
    used: Instant,
}

impl<S: Default> DedicatedConnection<S> {
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
        Ok(self.get_with_memory().await?.0)
    }

    /// The connection, and what was remembered since it was opened.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub async fn get_with_memory(&mut self) -> sqlx::Result<(&mut PgConnection, &mut S)> {
        let mut known = self.open.take().filter(|(connection, _)| connection.is_idle());
        if let Some((connection, _)) = &mut known
            && self.used.elapsed() >= IDLE_BEFORE_PING
            && !connection.is_alive().await
        {
            known = None;
        }
        let known = match known {
            Some(known) => known,
            None => (self.open().await?, S::default()),
        };
        self.used = Instant::now();
        let (connection, memory) = self.open.insert(known);
        Ok((connection, memory))
    }

    async fn open(&self) -> sqlx::Result<PgConnection> {
        let connection = connect(&self.options).await?;
        Ok(PgConnection::new(Link::Dedicated(connection), self.limits))
    }
}
