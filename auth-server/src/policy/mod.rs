//! The policy of this replica: loaded whole at start, then moved along the journal write by write.
//!
//! `load` reads everything once · `write` makes one write, with its journal line and the next
//! snapshot · `follow` applies what other replicas wrote · `recent` knows whose roles changed since
//! their tokens were made · `effective_roles` what a caller's roles come to.

pub(crate) mod effective_roles;
pub(crate) mod follow;
pub(crate) mod grants;
pub(crate) mod journal;
pub(crate) mod load;
pub(crate) mod load_error;
pub(crate) mod permissions;
pub(crate) mod problem;
pub(crate) mod recent_grants;
pub(crate) mod roles;
pub(crate) mod rules;
pub mod seed;
pub(crate) mod transfer;
pub(crate) mod write;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use policies::Snapshot;
use tokio::sync::watch;

pub use effective_roles::{EffectiveRoles, TokenRoles};
pub use follow::follow;
pub use journal::UserRoles;
pub use load::load;
pub use load_error::PolicyLoadError;
pub use problem::{
    BUILTIN_IMMUTABLE, ESCALATION, INHERITANCE, LAST_SUPERUSER, ROLE_DELETION, ROLE_GRANT,
    ROLE_NAME, RULE_WRITE, SUPERUSER_ONLY,
};

use crate::token::LEEWAY;
use recent_grants::RecentGrants;

/// The policy that decides on this replica. Reading takes no lock.
pub struct LivePolicy {
    snapshot: ArcSwap<Snapshot>,
    recent: RecentGrants,
    /// Held while a snapshot is put in, never across an await.
    installing: Mutex<()>,
    revision: watch::Sender<i64>,
    max_token_age: TimeDelta,
}

/// For clocks that differ between servers.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

impl LivePolicy {
    fn new(snapshot: Snapshot, token_life: TimeDelta) -> Self {
        let revision = watch::Sender::new(snapshot.revision());
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            recent: RecentGrants::default(),
            installing: Mutex::new(()),
            revision,
            max_token_age: token_life + LEEWAY + MARGIN,
        }
    }

    /// How long after a change a token from before it can still be taken somewhere.
    #[must_use]
    pub const fn max_token_age(&self) -> TimeDelta {
        self.max_token_age
    }

    /// The policy as it stands now, for one request.
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// The policy as it stands now, to be kept.
    pub fn snapshot_full(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Waits until this replica stands at `revision` or later. False: not within a second.
    pub async fn reaches(&self, revision: i64) -> bool {
        let mut seen = self.revision.subscribe();
        let reached = seen.wait_for(|now| *now >= revision);
        matches!(tokio::time::timeout(std::time::Duration::from_secs(1), reached).await, Ok(Ok(_)))
    }

    /// Puts the next snapshot in, unless this replica is past it already.
    fn install(&self, next: Arc<Snapshot>, roles_of: &[UserRoles], at: DateTime<Utc>) {
        let _guard = self.installing.lock().unwrap_or_else(PoisonError::into_inner);
        let revision = next.revision();
        // Roles first: a token from before must never meet the new rules with its old roles.
        for change in roles_of {
            self.recent.note(change, revision, at);
        }
        if revision > self.snapshot.load().revision() {
            self.snapshot.store(next);
            self.revision.send_replace(revision);
        }
    }
}
