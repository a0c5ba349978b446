//! The connections that requests share.

use std::io;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use sqlx::postgres::{
    PgConnectOptions, PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo,
};
use sqlx::{Connection, Describe, Either, Execute, Executor, Postgres, SqlStr};
use tokio::time::timeout;

use super::connection::{Link, PgConnection};
use super::distrust::Distrust;
use super::{Limits, Transaction};

/// A connection used within this time is not pinged before its next use: a ping would delay every
/// request by a round trip.
pub(super) const IDLE_BEFORE_PING: Duration = Duration::from_secs(1);

/// A connection that does not answer a ping within this time is replaced.
pub(super) const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// A connection that nobody has used for this long is closed. A network in between forgets it sooner or
/// later, and the keepalives of the operating system find that out only after hours.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// sqlx's pool, with a deadline for every statement. Clones share the connections.
#[derive(Clone, Debug)]
pub struct PgPool {
    inner: sqlx::PgPool,
    limits: Limits,
    distrust: Distrust,
}

impl PgPool {
    /// At most `size` connections, opened when needed. Waiting for one takes at most `acquire`.
    #[must_use]
    pub fn new(options: PgConnectOptions, size: u32, acquire: Duration, limits: Limits) -> Self {
        let distrust = Distrust::default();
        let distrusted = distrust.clone();
        let inner = PgPoolOptions::new()
            .max_connections(size)
            .acquire_timeout(acquire)
            .idle_timeout(IDLE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(move |connection, known| {
                let is_distrusted = distrusted.covers(known.age);
                Box::pin(async move {
                    if is_distrusted {
                        return Ok(false);
                    }
                    if known.idle_for >= IDLE_BEFORE_PING {
                        ping(connection).await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Self { inner, limits, distrust }
    }

    /// The same connections, for statements with other limits.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// sqlx's own pool, for libraries that want it. Statements on it have no deadline.
    #[must_use]
    pub fn raw(&self) -> &sqlx::PgPool {
        &self.inner
    }

    /// Number of open connections.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.inner.size()
    }

    /// A connection; it returns to the pool when it is dropped.
    ///
    /// # Errors
    /// None was free in time, or PostgreSQL is unavailable.
    pub async fn acquire(&self) -> sqlx::Result<PgConnection> {
        Ok(PgConnection::new(
            Link::Pooled(self.inner.acquire().await?, self.distrust.clone()),
            self.limits,
        ))
    }

    /// Begins a transaction, which is rolled back unless it commits.
    ///
    /// # Errors
    /// As [`PgPool::acquire`].
    pub async fn begin(&self) -> sqlx::Result<Transaction<'static>> {
        Transaction::on(self.acquire().await?, "BEGIN").await
    }

    /// Begins a transaction that sees one consistent state and changes nothing.
    ///
    /// # Errors
    /// As [`PgPool::acquire`].
    pub async fn begin_snapshot(&self) -> sqlx::Result<Transaction<'static>> {
        Transaction::on(self.acquire().await?, Transaction::SNAPSHOT).await
    }
}

impl From<sqlx::PgPool> for PgPool {
    /// For tests and libraries.
    fn from(inner: sqlx::PgPool) -> Self {
        Self { inner, limits: Limits::REQUEST, distrust: Distrust::default() }
    }
}

/// Whether the connection still answers.
pub(super) async fn ping(connection: &mut sqlx::PgConnection) -> sqlx::Result<()> {
    let silent = |_| Err(io::Error::from(io::ErrorKind::TimedOut).into());
    timeout(PING_TIMEOUT, connection.ping()).await.unwrap_or_else(silent)
}

impl<'p> Executor<'p> for &'_ PgPool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        let rows = async move {
            let mut connection = pool.acquire().await?;
            connection.fetch_many(query).try_collect::<Vec<_>>().await
        };
        stream::once(rows).map_ok(|rows| stream::iter(rows).map(Ok)).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.fetch_optional(query).await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.describe(sql).await })
    }
}
