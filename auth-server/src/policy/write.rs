//! One write to roles, grants or rules: all or nothing, checked before it commits, in force on this
//! replica before the answer goes out.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use policies::{Change, Snapshot};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::journal;
use super::journal::{Entry, Line, UserRoles};
use super::{LivePolicy, follow};
use crate::audit;
use crate::audit::Record;
use crate::http::problem::Problem;

/// A write under way. Others wait until it commits or is dropped, which undoes it.
pub(crate) struct PolicyWrite<'a> {
    live: &'a LivePolicy,
    tx: Transaction<'static, Postgres>,
    /// The policy that is written on.
    base: Arc<Snapshot>,
    at: DateTime<Utc>,
    entry: Entry,
}

impl<'a> PolicyWrite<'a> {
    /// Begins a write, once all earlier ones are in force here.
    ///
    /// # Errors
    /// PostgreSQL is away.
    pub(crate) async fn begin(
        live: &'a LivePolicy,
        pool: &PgPool,
        at: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let mut tx = pool.begin().await?;
        let revision = sqlx::query_scalar!("SELECT revision FROM policy_state FOR UPDATE")
            .fetch_one(&mut *tx)
            .await?;
        if live.snapshot().revision() < revision {
            follow::catch_up(live, &mut tx).await?;
        }
        let base = live.snapshot_full();
        Ok(Self { live, tx, base, at, entry: Entry::default() })
    }

    /// The connection that the write's own statements go through.
    pub(crate) fn db(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// The policy before this write.
    #[must_use]
    pub(crate) fn base(&self) -> &Snapshot {
        &self.base
    }

    /// The time of this write.
    #[must_use]
    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The revision that this write makes.
    #[must_use]
    pub(crate) fn revision(&self) -> i64 {
        self.base.revision() + 1
    }

    /// Notes a change of roles or rules.
    pub(crate) fn change(&mut self, change: Change) {
        self.entry.changes.push(change);
    }

    /// Notes all roles that a user has now.
    pub(crate) fn record_user_roles(&mut self, roles: UserRoles) {
        self.entry.roles_of.push(roles);
    }

    /// Checks the policy that this makes, commits together with what is to be remembered of it, and
    /// puts it in force here.
    ///
    /// # Errors
    /// The policy is refused, or PostgreSQL is away: nothing is written then.
    pub(crate) async fn commit(mut self, record: Record) -> Result<i64, Problem> {
        let revision = self.revision();
        let changes = self.entry.changes.clone();
        let base = Arc::clone(&self.base);
        // At 100,000 rules this takes milliseconds, which the threads that answer don't have.
        let next = tokio::task::spawn_blocking(move || base.next(revision, &changes)).await??;
        let line = Line { revision, at: self.at, entry: self.entry };
        journal::append(&mut self.tx, &line).await?;
        audit::insert(&mut self.tx, &record, self.at).await?;
        self.tx.commit().await?;
        self.live.install(Arc::new(next), &line.entry.roles_of, self.at);
        Ok(revision)
    }

    /// Commits what is no part of the policy, but must not happen while somebody writes to it. The
    /// revision stays.
    ///
    /// # Errors
    /// PostgreSQL is away: nothing is written then.
    pub(crate) async fn commit_beside(mut self, record: Record) -> Result<(), Problem> {
        audit::insert(&mut self.tx, &record, self.at).await?;
        Ok(self.tx.commit().await?)
    }
}
