//! One write to roles, grants or rules: atomic, validated before it commits, and in force on this
//! replica before the response is sent.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use policies::{Change, RoleName, Snapshot};
use uuid::Uuid;

use super::journal;
use super::journal::{Delta, JournalEntry, UserRoles};
use super::recovery::{self, History};
use super::revisions::before::{self, Before, Descriptions};
use super::revisions::store::{self as revisions, KeptWrite};
use super::warning::PolicyWarning;
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
    /// The policy before this write.
    start: Arc<Snapshot>,
    /// The policy after the changes that were validated so far.
    base: Arc<Snapshot>,
    /// The number of changes that were validated.
    validated: usize,
    at: DateTime<Utc>,
    delta: Delta,
    /// What the descriptions of roles were before the write.
    descriptions: Descriptions,
    claim: Claim,
    /// Whether it is undone instead of committed.
    dry_run: bool,
}

/// What a write would have done.
pub(crate) struct Discarded {
    /// The policy before.
    pub(crate) before: Arc<Snapshot>,
    /// The policy after.
    pub(crate) after: Arc<Snapshot>,
    /// Users whose roles would have changed.
    pub(crate) user_roles: Vec<UserRoles>,
    /// What would probably have been a mistake.
    pub(crate) warnings: Vec<PolicyWarning>,
}

/// What a write has done.
pub(crate) struct Committed {
    /// The revision that contains it.
    pub(crate) revision: i64,
    /// What in it is probably a mistake.
    pub(crate) warnings: Vec<PolicyWarning>,
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
        let start = live.snapshot_full();
        let base = Arc::clone(&start);
        let (delta, descriptions) = (Delta::default(), Descriptions::default());
        Ok(Some(Self {
            live,
            tx,
            start,
            base,
            validated: 0,
            at,
            delta,
            descriptions,
            claim,
            dry_run: false,
        }))
    }

    /// The same write, which is validated and undone instead of committed.
    pub(crate) fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// The connection for the write's own statements.
    pub(crate) fn db(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// The policy before the next change: that before this write, with the changes that were validated.
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
        self.start.revision() + 1
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

    /// Validates the changes made so far, so that the next one is made to the policy with them.
    ///
    /// # Errors
    /// The resulting policy is invalid.
    pub(crate) async fn validate(&mut self) -> Result<(), Problem> {
        let changes = self.delta.changes.get(self.validated..).unwrap_or_default().to_vec();
        self.validated += changes.len();
        let (base, revision) = (Arc::clone(&self.base), self.revision());
        // At 100,000 rules this takes milliseconds, too long for a thread that answers requests.
        let next = tokio::task::spawn_blocking(move || base.next(revision, &changes)).await?;
        self.base = Arc::new(next.map_err(policy_problem)?);
        Ok(())
    }

    /// Validates the changes and undoes them.
    ///
    /// # Errors
    /// The resulting policy is invalid.
    pub(crate) async fn discard(mut self) -> Result<Discarded, Problem> {
        self.validate().await?;
        self.tx.rollback().await?;
        let warnings = warnings(self.live, &self.start, &self.base, self.delta.changes).await?;
        let (before, after, user_roles) = (self.start, self.base, self.delta.user_roles);
        Ok(Discarded { before, after, user_roles, warnings })
    }

    /// Validates the resulting policy, commits it together with its audit record, and installs it on
    /// this replica.
    ///
    /// # Errors
    /// The resulting policy is invalid, among others; nothing is written then.
    pub(crate) async fn commit(mut self, record: AuditRecord) -> Result<Committed, Problem> {
        self.validate().await?;
        let changes = self.delta.changes.clone();
        let warnings = warnings(self.live, &self.start, &self.base, changes).await?;
        if self.dry_run {
            self.tx.rollback().await?;
            return Ok(Committed { revision: self.start.revision(), warnings });
        }
        let revision = self.commit_valid(record, &warnings).await?;
        Ok(Committed { revision, warnings })
    }

    async fn commit_valid(
        mut self,
        record: AuditRecord,
        warnings: &[PolicyWarning],
    ) -> Result<i64, Problem> {
        let revision = self.revision();
        let before = self.before().await?;
        let Self { live, mut tx, start, base, at, delta, claim, .. } = self;
        let entry = JournalEntry { revision, at, delta };
        journal::append(&mut tx, &entry).await?;
        let previous = start.revision();
        let kept = KeptWrite { revision, previous, at, record: &record, before: &before };
        revisions::append(&mut tx, kept).await?;
        let record = audit::insert(&mut tx, &record, at).await?;
        claim.keep_with_warnings(&mut tx, Some(record), &warnings).await?;
        tx.commit().await?;
        live.install(base, &entry.delta.user_roles, at);
        Ok(revision)
    }

    /// The previous state of what this write changes.
    async fn before(&mut self) -> Result<Before, Problem> {
        let (start, next) = (Arc::clone(&self.start), Arc::clone(&self.base));
        let changes = self.delta.changes.clone();
        let mut descriptions = std::mem::take(&mut self.descriptions);
        before::add_descriptions(&mut self.tx, &start, &changes, &mut descriptions).await?;
        let before = move || Before::of(&start, &next, &changes, descriptions);
        Ok(tokio::task::spawn_blocking(before).await?)
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
    pub(crate) async fn commit_nothing(mut self) -> Result<Committed, Problem> {
        self.claim.keep(&mut self.tx, None).await?;
        self.tx.commit().await?;
        Ok(Committed { revision: self.start.revision(), warnings: Vec::new() })
    }
}

/// What these changes probably make a mistake.
async fn warnings(
    live: &LivePolicy,
    before: &Arc<Snapshot>,
    after: &Arc<Snapshot>,
    changes: Vec<Change>,
) -> Result<Vec<PolicyWarning>, Problem> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let (before, after, labels) = (Arc::clone(before), Arc::clone(after), Arc::clone(&live.labels));
    let lint = move || {
        let warnings = after.lint_write(&before, &changes, &labels);
        warnings.iter().map(|warning| PolicyWarning::of(&after, &labels, warning)).collect()
    };
    Ok(tokio::task::spawn_blocking(lint).await?)
}
