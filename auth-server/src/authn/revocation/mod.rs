//! Revoked sessions: the list in memory, and how revocations travel between servers.
//!
//! A revocation is recorded in the database by the transaction that causes it, and every server polls
//! the database. A Redis stream only makes it faster.

pub(crate) mod follower;
pub(crate) mod freshness;
pub(crate) mod list;
pub(crate) mod publisher;

use tokio::sync::Notify;

use freshness::Freshness;
use list::RevocationList;

/// What this server knows about revocations.
pub(crate) struct RevocationState {
    pub(crate) list: RevocationList,
    pub(crate) freshness: Freshness,
    /// Redis was connected: it confirms revocations once the database has been polled again.
    pub(crate) connected: Notify,
}

impl RevocationState {
    /// `shared`: other servers revoke sessions, too.
    pub(crate) fn new(shared: bool) -> Self {
        Self {
            list: RevocationList::default(),
            freshness: Freshness::new(shared),
            connected: Notify::new(),
        }
    }
}
