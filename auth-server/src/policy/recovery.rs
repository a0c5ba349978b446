//! A database with another history than this server: restored from a backup, or a standby that took over
//! before it had every write. Then the server reloads everything, and writes nothing on top of what it
//! remembers.

use std::cmp::Ordering;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::journal::{Delta, JournalEntry};
use super::revisions::before::Before;
use super::revisions::store::{self as revisions, KeptWrite};
use super::{LivePolicy, PolicyLoadError, journal, load};
use crate::audit::{Actor, AuditRecord};
use crate::db::{PgConnection, Transaction};

/// The history in the database, compared with the one that this server has applied.
pub(super) enum History {
    /// The same.
    Same,
    /// The same and more.
    Continued,
    /// Writes are missing, or different.
    Other,
}

/// Compares the histories by the last write that this server has applied.
pub(super) async fn compare(live: &LivePolicy, db: &mut PgConnection) -> sqlx::Result<History> {
    let head = live.head();
    let stored = journal::stored(db, head.revision).await?;
    if stored.applied_at != head.written_at {
        return Ok(History::Other);
    }
    Ok(match stored.revision.cmp(&head.revision) {
        Ordering::Less => History::Other,
        Ordering::Equal => History::Same,
        Ordering::Greater => History::Continued,
    })
}

/// Reloads policy and recent grants if the database still has another history once the policy is
/// locked.
pub(super) async fn recover(
    live: &LivePolicy,
    mut transaction: Transaction<'_>,
    now: DateTime<Utc>,
) -> Result<(), PolicyLoadError> {
    let at = journal::lock(&mut transaction, now).await?;
    let History::Other = compare(live, &mut transaction).await? else { return Ok(()) };
    let known = live.head().revision;
    let (stored, written_at) = load::read(&mut transaction, &live.snapshot().cleared()?).await?;
    let revision = stored.revision();
    journal::delete_after(&mut transaction, revision).await?;
    revisions::delete_after(&mut transaction, revision).await?;
    let (next, written_at) = if revision > known {
        (stored, written_at)
    } else {
        // Tokens and clients remember revisions: one must never name two states of the policy.
        let entry = JournalEntry { revision: known + 1, at, delta: Delta::default() };
        journal::append(&mut transaction, &entry).await?;
        let record = AuditRecord::new(Actor::CommandLine, "recover_policy", "policy");
        let before = &Before::default();
        let (revision, previous) = (known + 1, revision);
        let kept = KeptWrite { revision, previous, at, record: &record, before };
        revisions::append(&mut transaction, kept).await?;
        (stored.next(known + 1, &[])?, Some(at))
    };
    let recent = journal::written_since(&mut transaction, now - live.max_token_age()).await?;
    transaction.commit().await?;
    tracing::warn!(
        known,
        stored = revision,
        revision = next.revision(),
        "the database holds another history of the policy, as after a restore; it was reloaded"
    );
    live.recoveries.inc();
    live.replace(Arc::new(next), written_at, &recent);
    Ok(())
}
