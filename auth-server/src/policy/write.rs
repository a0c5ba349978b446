//! One write to roles, grants or rules: atomic, validated before it commits, and in force on this
//! replica before the response is sent.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use policies::{Change, PolicyError, RoleName, Snapshot};
use uuid::Uuid;

use super::journal;
use super::journal::{Delta, JournalEntry, UserRoles};
use super::recovery::{self, History};
use super::revisions::before::{self, Before, Descriptions};
use super::revisions::store::{self as revisions, KeptWrite};
use super::{LivePolicy, follow, policy_problem};
use crate::audit;
use crate::audit::AuditRecord;
use crate::db::{PgConnection, PgPool, Transaction};
use crate::http::problem::Problem;
use crate::idempotency::{Claim, Claimed, Earlier, IdempotencyKey};

/// A write in progress. It holds the policy lock: other writes wait until it commits, or is dropped
/// and thereby rolled back.
pub(crate) struct PolicyWrite<'a> {
    live: &'a LivePolicy,
    tx: Transaction<'static>,
    base: Arc<Snapshot>,
    at: DateTime<Utc>,
    delta: Delta,
    /// What the descriptions of roles were before the write.
    descriptions: Descriptions,
    claim: Claim,
}

/// A write with an idempotency key.
pub(crate) enum Begun<'a> {
    /// It is to be made.
    Write(PolicyWrite<'a>),
    /// It was made before.
    Made(Earlier),
}

impl<'a> PolicyWrite<'a> {
    /// Takes the policy lock, and applies all earlier writes to this replica.
    pub(crate) async fn begin(
        live: &'a LivePolicy,
        pool: &PgPool,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        loop {
            let tx = pool.begin().await?;
            if let Some(write) = Self::lock(live, tx, now, Claim::default()).await? {
                return Ok(write);
            }
        }
    }

    /// The same for `caller`, who makes it once under this key.
    pub(crate) async fn begin_once(
        live: &'a LivePolicy,
        pool: &PgPool,
        now: DateTime<Utc>,
        caller: Uuid,
        key: &IdempotencyKey,
    ) -> Result<Begun<'a>, Problem> {
        loop {
            let (tx, claim) = match key.begin(pool, caller).await? {
                Claimed::New(tx, claim) => (tx, claim),
                Claimed::Made(earlier) => return Ok(Begun::Made(earlier)),
            };
            if let Some(write) = Self::lock(live, tx, now, claim).await? {
                return Ok(Begun::Write(write));
            }
        }
    }

    /// Nothing if the policy of this replica was not the one of the database and was loaded again, for which
    /// the transaction was spent.
    async fn lock(
        live: &'a LivePolicy,
        mut tx: Transaction<'static>,
        now: DateTime<Utc>,
        claim: Claim,
    ) -> Result<Option<Self>, Problem> {
        let at = journal::lock(&mut tx, now).await?;
        match recovery::compare(live, &mut tx).await? {
            History::Same => {}
            History::Continued => follow::catch_up(live, &mut tx).await?,
            History::Other => {
                recovery::recover(live, tx, now).await?;
                return Ok(None);
            }
        }
        let base = live.snapshot_full();
        let (delta, descriptions) = (Delta::default(), Descriptions::default());
        Ok(Some(Self { live, tx, base, at, delta, descriptions, claim }))
    }

    /// The connection for the write's own statements.
    pub(crate) fn db(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// The policy before this write.
    #[must_use]
    pub(crate) fn base(&self) -> &Snapshot {
        &self.base
    }

    /// The same, to be kept.
    #[must_use]
    pub(super) fn shared_base(&self) -> Arc<Snapshot> {
        Arc::clone(&self.base)
    }

    /// Until when the name of a role that this write deletes is reserved: for as long as an access token may
    /// have it.
    #[must_use]
    pub(crate) fn reserved_until(&self) -> DateTime<Utc> {
        self.at + self.live.max_token_age()
    }

    /// The time of this write.
    #[must_use]
    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The revision that this write creates.
    #[must_use]
    pub(crate) fn revision(&self) -> i64 {
        self.base.revision() + 1
    }

    /// Records a change of a role or a rule.
    pub(crate) fn change(&mut self, change: Change) {
        self.delta.changes.push(change);
    }

    /// Records the description that a role had before this write changed or deleted it.
    pub(super) fn record_description(&mut self, role: &RoleName, description: String) {
        self.descriptions.entry(role.clone()).or_insert(description);
    }

    /// Records the new roles of a user.
    pub(crate) fn record_user_roles(&mut self, roles: UserRoles) {
        self.delta.user_roles.push(roles);
    }

    /// Validates the resulting policy, commits it together with its audit record, and installs it on
    /// this replica.
    ///
    /// # Errors
    /// The resulting policy is invalid, among others; nothing is written then.
    pub(crate) async fn commit(mut self, record: AuditRecord) -> Result<i64, Problem> {
        let revision = self.revision();
        let (next, before) = self.next().await?;
        let Self { live, mut tx, base, at, delta, claim, .. } = self;
        let entry = JournalEntry { revision, at, delta };
        journal::append(&mut tx, &entry).await?;
        let previous = base.revision();
        let kept = KeptWrite { revision, previous, at, record: &record, before: &before };
        revisions::append(&mut tx, kept).await?;
        let record = audit::insert(&mut tx, &record, at).await?;
        claim.keep(&mut tx, Some(record)).await?;
        tx.commit().await?;
        live.install(Arc::new(next), &entry.delta.user_roles, at);
        Ok(revision)
    }

    /// The policy after this write, and the previous state of what it changes.
    async fn next(&mut self) -> Result<(Snapshot, Before), Problem> {
        let (base, revision) = (Arc::clone(&self.base), self.revision());
        let changes = self.delta.changes.clone();
        let mut descriptions = std::mem::take(&mut self.descriptions);
        before::add_descriptions(&mut self.tx, &base, &changes, &mut descriptions).await?;
        // At 100,000 rules this takes milliseconds, too long for a thread that answers requests.
        let next = tokio::task::spawn_blocking(move || {
            let next = base.next(revision, &changes)?;
            let before = Before::of(&base, &next, &changes, descriptions);
            Ok::<_, PolicyError>((next, before))
        });
        next.await?.map_err(policy_problem)
    }

    /// Commits a change outside the policy that had to hold the policy lock. The revision stays.
    pub(crate) async fn commit_without_revision(
        mut self,
        record: AuditRecord,
    ) -> Result<(), Problem> {
        let record = audit::insert(&mut self.tx, &record, self.at).await?;
        self.claim.keep(&mut self.tx, Some(record)).await?;
        Ok(self.tx.commit().await?)
    }

    /// Ends a write that has nothing to change. The revision stays.
    pub(crate) async fn commit_nothing(mut self) -> Result<i64, Problem> {
        self.claim.keep(&mut self.tx, None).await?;
        self.tx.commit().await?;
        Ok(self.base.revision())
    }
}
