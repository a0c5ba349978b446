//! Transactions whose statements have limits on both sides.

use std::ops::{Deref, DerefMut};

use super::PgConnection;
use super::failure::of_commit;

/// A transaction. It is rolled back when it is dropped without a commit.
#[derive(Debug)]
pub struct Transaction<'c>(Connection<'c>);

#[derive(Debug)]
enum Connection<'c> {
    Owned(PgConnection),
    Borrowed(&'c mut PgConnection),
}

impl Transaction<'_> {
    /// Begins a transaction that sees one consistent state and changes nothing.
    pub(super) const SNAPSHOT: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    /// Commits.
    ///
    /// # Errors
    /// PostgreSQL refuses; or it is not known whether it has committed ([`is_outcome_unknown`](super::is_outcome_unknown)).
    pub async fn commit(mut self) -> sqlx::Result<()> {
        self.end_transaction("COMMIT").await.map_err(of_commit)
    }

    /// Rolls back, and waits for it.
    ///
    /// # Errors
    /// PostgreSQL is unavailable; the transaction is rolled back all the same.
    pub async fn rollback(mut self) -> sqlx::Result<()> {
        self.end_transaction("ROLLBACK").await
    }
}

impl Transaction<'static> {
    pub(super) async fn on(mut connection: PgConnection, begin: &str) -> sqlx::Result<Self> {
        connection.start_transaction(begin).await?;
        Ok(Self(Connection::Owned(connection)))
    }
}

impl PgConnection {
    /// Begins a transaction, which is rolled back unless it commits.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub async fn begin(&mut self) -> sqlx::Result<Transaction<'_>> {
        self.start_transaction("BEGIN").await?;
        Ok(Transaction(Connection::Borrowed(self)))
    }

    /// Begins a transaction that sees one consistent state and changes nothing.
    ///
    /// # Errors
    /// PostgreSQL is unavailable.
    pub async fn begin_snapshot(&mut self) -> sqlx::Result<Transaction<'_>> {
        self.start_transaction(Transaction::SNAPSHOT).await?;
        Ok(Transaction(Connection::Borrowed(self)))
    }
}

impl Deref for Transaction<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match &self.0 {
            Connection::Owned(connection) => connection,
            Connection::Borrowed(connection) => connection,
        }
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match &mut self.0 {
            Connection::Owned(connection) => connection,
            Connection::Borrowed(connection) => connection,
        }
    }
}
