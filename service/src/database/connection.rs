//! A connection whose statements have a deadline.

use std::io;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{AssertSqlSafe, Describe, Either, Execute, Executor, Postgres, SqlStr};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::Limits;
use super::distrust::Distrust;
use super::failure::{spoils_all_connections, spoils_connection};
use super::pool::ping;

/// Time for the answer to a statement that nobody waits for any more. Most arrive within milliseconds; one
/// that waits for a lock must not occupy the pool.
const ABANDONED_TIMEOUT: Duration = Duration::from_millis(500);

/// A connection to PostgreSQL. A statement past its deadline fails, and the connection is closed: a
/// late answer would be read by the next statement, and sqlx would keep everybody else waiting for it.
/// A connection whose user stopped waiting within a statement is used by nobody else before the answer
/// has arrived; it is closed only if that takes long. Otherwise clients that hang up would decide how
/// often this program connects.
#[derive(Debug)]
pub struct PgConnection {
    /// `None` only while it is dropped.
    link: Option<Link>,
    limits: Limits,
    state: State,
}

#[derive(Debug)]
pub(super) enum Link {
    Pooled(PoolConnection<Postgres>, Distrust),
    Dedicated(sqlx::PgConnection),
}

/// What is known about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    InTransaction,
    /// A statement was sent, and its answer is being waited for; or its user no longer waits.
    Running,
    /// The answer to a statement did not arrive, cannot be trusted, or says that this connection is of
    /// no more use.
    Broken,
}

impl State {
    const fn is_usable(self) -> bool {
        matches!(self, Self::Idle | Self::InTransaction)
    }
}

impl PgConnection {
    pub(super) const fn new(link: Link, limits: Limits) -> Self {
        Self { link: Some(link), limits, state: State::Idle }
    }

    /// Whether nothing is going on and nothing was left behind on this connection.
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Whether PostgreSQL answers on this connection.
    pub(super) async fn is_alive(&mut self) -> bool {
        match self.split() {
            Ok((connection, guard)) => guard.run(ping(connection)).await.is_ok(),
            Err(_) => false,
        }
    }

    /// The error of a statement that needs the latest state and has found out that this connection leads to a
    /// standby, which may lag behind. The connection is not used again: the next one may lead elsewhere.
    #[must_use]
    pub fn reject_standby(&mut self) -> sqlx::Error {
        self.state = State::Broken;
        sqlx::Error::Protocol("this is a standby, which may lag behind".into())
    }

    /// Begins a transaction with this statement and sets its limits.
    pub(super) async fn start_transaction(&mut self, begin: &str) -> sqlx::Result<()> {
        // Before the answer is known: a rollback outside a transaction does no harm.
        self.state = State::InTransaction;
        self.execute(sqlx::raw_sql(AssertSqlSafe(self.limits.begin(begin)))).await?;
        Ok(())
    }

    /// Ends the transaction with `COMMIT` or `ROLLBACK`.
    pub(super) async fn end_transaction(&mut self, statement: &'static str) -> sqlx::Result<()> {
        self.execute(sqlx::raw_sql(statement)).await?;
        self.state = State::Idle;
        Ok(())
    }

    /// What a statement needs: the connection, and the guard that runs it.
    fn split(&mut self) -> sqlx::Result<(&mut sqlx::PgConnection, Guard<'_>)> {
        let (state, limits) = (&mut self.state, self.limits);
        match &mut self.link {
            Some(Link::Pooled(connection, distrust)) if state.is_usable() => {
                Ok((&mut **connection, Guard { state, limits, distrust: Some(distrust) }))
            }
            Some(Link::Dedicated(connection)) if state.is_usable() => {
                Ok((connection, Guard { state, limits, distrust: None }))
            }
            _ => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
        }
    }
}

/// Runs one statement.
struct Guard<'a> {
    state: &'a mut State,
    limits: Limits,
    /// Of the pool, if the connection is one of a pool.
    distrust: Option<&'a Distrust>,
}

impl Guard<'_> {
    async fn run<T>(self, statement: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        let before = std::mem::replace(self.state, State::Running);
        let timed_out = |_| Err(io::Error::from(io::ErrorKind::TimedOut).into());
        let done = timeout(self.limits.deadline(), statement).await.unwrap_or_else(timed_out);
        let is_usable = match &done {
            Ok(_) | Err(sqlx::Error::Encode(_)) => true,
            // PostgreSQL's own errors end a statement; after any other nothing is certain.
            Err(error @ sqlx::Error::Database(_)) => !spoils_connection(error),
            Err(_) => false,
        };
        if let (Err(error), Some(distrust)) = (&done, self.distrust)
            && spoils_all_connections(error)
        {
            distrust.all();
        }
        *self.state = if is_usable { before } else { State::Broken };
        done
    }
}

impl<'c> Executor<'c> for &'c mut PgConnection {
    type Database = Postgres;

    /// All rows at once: the deadline is that of the whole statement.
    fn fetch_many<'e, 'q, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'c: 'e,
        E: Execute<'q, Postgres>,
        'q: 'e,
        E: 'q,
    {
        let rows = async move {
            let (connection, guard) = self.split()?;
            guard.run(connection.fetch_many(query).try_collect::<Vec<_>>()).await
        };
        stream::once(rows).map_ok(|rows| stream::iter(rows).map(Ok)).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: Execute<'q, Postgres>,
        'q: 'e,
        E: 'q,
    {
        Box::pin(async move {
            let (connection, guard) = self.split()?;
            guard.run(connection.fetch_optional(query)).await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let (connection, guard) = self.split()?;
            guard.run(connection.prepare_with(sql, parameters)).await
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let (connection, guard) = self.split()?;
            guard.run(connection.describe(sql)).await
        })
    }
}

impl Drop for PgConnection {
    /// Returns a pooled connection, after what was left behind on it was removed; if that fails, it is
    /// closed. Returning takes a round trip, which has the deadline of a statement.
    fn drop(&mut self) {
        let Some(Link::Pooled(mut connection, _)) = self.link.take() else { return };
        let (state, deadline) = (self.state, self.limits.deadline());
        let (false, Ok(runtime)) = (state == State::Broken, Handle::try_current()) else {
            return drop(connection.detach());
        };
        runtime.spawn(async move {
            let rollback_within = match state {
                State::InTransaction => Some(deadline),
                // sqlx reads the answer that nobody waits for first.
                State::Running => Some(ABANDONED_TIMEOUT),
                State::Idle | State::Broken => None,
            };
            if let Some(limit) = rollback_within {
                let rolled_back = sqlx::raw_sql("ROLLBACK").execute(&mut *connection);
                if !matches!(timeout(limit, rolled_back).await, Ok(Ok(_))) {
                    return drop(connection.detach());
                }
            }
            // Past the deadline this drops the connection, and with it its place in the pool.
            let _ = timeout(deadline, connection.return_to_pool()).await;
        });
    }
}
