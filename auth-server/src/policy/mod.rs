//! The policy of this replica: loaded once at start, then advanced revision by revision.
//!
//! - [`load`] reads the whole policy;
//! - [`write`] makes one write, with its journal entry and the next snapshot;
//! - [`follow`] applies the writes of other replicas;
//! - [`revisions`] keeps what each write replaced, so that earlier revisions can be read and restored;
//! - [`offload`] runs evaluations that take long off the threads that serve requests;
//! - [`effective_roles`] resolves the roles of an access token, including grants newer than the token.

pub(crate) mod effective_roles;
pub(crate) mod error;
pub(crate) mod follow;
pub(crate) mod grants;
pub(crate) mod journal;
pub(crate) mod known_roles;
pub(crate) mod load;
mod notifications;
pub(crate) mod offload;
pub(crate) mod permissions;
pub(crate) mod reason;
mod recovery;
pub(crate) mod revisions;
pub(crate) mod role_changes;
pub(crate) mod role_sets;
pub(crate) mod roles;
pub(crate) mod rules;
pub mod seed;
pub(crate) mod transfer;
pub(crate) mod warning;
pub(crate) mod write;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use policies::{Label, Snapshot};
use service::metrics::Counter;
use tokio::sync::watch;

pub use effective_roles::{EffectiveRoles, TokenRoles};
pub use error::{
    BUILTIN_IMMUTABLE, ESCALATION, INHERITANCE, LAST_SUPERUSER, PolicyLoadError, REVISION,
    ROLE_CREATION, ROLE_DELETION, ROLE_GRANT, ROLE_LOOKUP, ROLE_NAME, ROLE_RESERVED, ROLE_UNKNOWN,
    RULE_LOOKUP, RULE_WRITE, SUPERUSER_ONLY,
};
pub(crate) use error::{ROLE_EXISTS, ROLE_NOT_FOUND, RULE_NOT_FOUND, policy_problem};
pub(crate) use follow::PolicyFollower;
pub use journal::UserRoles;
pub(crate) use known_roles::known_roles;
pub use load::load;
pub(crate) use offload::{EVALUATION, Offload};

use effective_roles::RecentGrants;
use journal::JournalEntry;

/// PostgreSQL stores times in microseconds.
const DATABASE_PRECISION: u16 = 6;

/// How long after its last look into the journal a replica may be considered up to date.
const MAX_LOOK_AGE: Duration = Duration::from_secs(5);

/// How long a check waits for the revision that it asks for.
const REVISION_TIMEOUT: Duration = Duration::from_secs(1);

/// The policy that decides on this replica. Reading it takes no lock.
pub struct LivePolicy {
    snapshot: ArcSwap<Snapshot>,
    recent_grants: RecentGrants,
    /// Held while a snapshot is installed, never across an await.
    head: Mutex<Head>,
    /// When the journal was last seen to hold no more than this replica has applied.
    looked_at: Mutex<Instant>,
    revision: watch::Sender<i64>,
    max_token_age: TimeDelta,
    /// The labels that the labeler writes.
    labels: Arc<[Label]>,
    /// How often the database held another history than this server.
    pub(crate) recoveries: Counter,
}

/// The last write that was applied here.
#[derive(Clone, Copy)]
struct Head {
    revision: i64,
    /// Tells it from a write of another history with the same revision, in the database's precision;
    /// `None` if the database did not know it.
    written_at: Option<DateTime<Utc>>,
}

impl LivePolicy {
    fn new(snapshot: Snapshot, labels: Arc<[Label]>, max_token_age: TimeDelta) -> Self {
        let revision = snapshot.revision();
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            recent_grants: RecentGrants::default(),
            head: Mutex::new(Head { revision, written_at: None }),
            looked_at: Mutex::new(Instant::now()),
            revision: watch::Sender::new(revision),
            max_token_age,
            labels,
            recoveries: Counter::default(),
        }
    }

    /// How long after a change an access token issued before it may still be accepted by a replica.
    #[must_use]
    pub const fn max_token_age(&self) -> TimeDelta {
        self.max_token_age
    }

    /// The current snapshot, for the duration of one request.
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// The current snapshot, to be kept.
    pub fn snapshot_full(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Waits until this replica has reached `revision`. False if it has not within a second.
    pub async fn wait_for_revision(&self, revision: i64) -> bool {
        let mut current = self.revision.subscribe();
        let reached = current.wait_for(|current| *current >= revision);
        matches!(tokio::time::timeout(REVISION_TIMEOUT, reached).await, Ok(Ok(_)))
    }

    /// Whether this replica knows the policy as it was a few seconds ago. It goes on deciding by what it
    /// knows, but must not say that it is ready.
    pub(crate) fn is_followed(&self) -> bool {
        let looked_at = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        looked_at.elapsed() <= MAX_LOOK_AGE
    }

    /// The journal, asked at this time, holds no more than was applied.
    fn looked(&self, asked: Instant) {
        *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }

    fn head(&self) -> Head {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Installs the next snapshot, unless this replica has passed it already.
    fn install(&self, next: Arc<Snapshot>, changed: &[UserRoles], at: DateTime<Utc>) {
        // Grants first: a token issued earlier must never meet the new rules with its old roles.
        for user in changed {
            self.recent_grants.record(user, next.revision());
        }
        self.advance(next, Some(at));
    }

    /// Installs what was read from a database with another history, in place of everything known.
    fn replace(
        &self,
        next: Arc<Snapshot>,
        written_at: Option<DateTime<Utc>>,
        recent: &[JournalEntry],
    ) {
        self.recent_grants.replace(recent);
        self.advance(next, written_at);
    }

    /// Installs the snapshot that the write at this time created.
    fn advance(&self, next: Arc<Snapshot>, written_at: Option<DateTime<Utc>>) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let revision = next.revision();
        if revision > head.revision {
            let written_at = written_at.map(|at| at.trunc_subsecs(DATABASE_PRECISION));
            *head = Head { revision, written_at };
            self.snapshot.store(next);
            self.revision.send_replace(revision);
        }
    }
}
