//! Follows the writes of other replicas: PostgreSQL notifies at once, and a poll catches what was
//! missed while a connection was broken.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use super::{LivePolicy, PolicyLoadError, journal, load};
use crate::clock::Clock;

/// Longest time between two looks into the journal.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long journal entries are kept.
const JOURNAL_RETENTION: TimeDelta = TimeDelta::days(1);
/// Polls between two sweeps of the journal: about an hour.
const POLLS_PER_PRUNE: u32 = 3600;

/// Follows until `stop`. Errors are logged and retried; the current policy keeps deciding.
pub async fn follow(live: Arc<LivePolicy>, pool: PgPool, clock: Clock, stop: CancellationToken) {
    let mut polls: u32 = 0;
    let mut failing = false;
    let mut listener = None;
    loop {
        if listener.is_none() {
            listener = listen(&pool).await;
        }
        match poll(&live, &pool).await {
            Ok(()) if failing => {
                failing = false;
                tracing::info!("following the policy writes of other replicas again");
            }
            // Logged once, not every second.
            Err(error) if !failing => {
                failing = true;
                tracing::error!(%error, "cannot follow the policy writes of other replicas; the current policy keeps deciding");
            }
            Ok(()) | Err(_) => {}
        }
        live.recent_grants.sweep(clock.now() - live.max_token_age());
        if polls.is_multiple_of(POLLS_PER_PRUNE) {
            prune(&pool, &clock).await;
        }
        polls = polls.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => return,
            () = notified(&mut listener) => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}

async fn prune(pool: &PgPool, clock: &Clock) {
    if let Err(error) = journal::prune(pool, clock.now() - JOURNAL_RETENTION).await {
        tracing::warn!(%error, "cannot delete old entries of the policy journal");
    }
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(pool).await.ok()?;
    listener.listen(journal::CHANNEL).await.ok()?;
    Some(listener)
}

/// Waits for a notification; without a listener forever, since the poll continues.
async fn notified(listener: &mut Option<PgListener>) {
    let Some(active) = listener else { return std::future::pending().await };
    if active.recv().await.is_err() {
        *listener = None;
    }
}

async fn poll(live: &LivePolicy, pool: &PgPool) -> Result<(), PolicyLoadError> {
    let mut db = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    catch_up(live, &mut db).await
}

/// Applies every new journal entry; reloads the whole policy if entries are missing. `db` must see
/// one consistent state: a repeatable read, or the holder of the policy lock.
pub(super) async fn catch_up(
    live: &LivePolicy,
    db: &mut PgConnection,
) -> Result<(), PolicyLoadError> {
    let entries = journal::after(db, live.snapshot().revision()).await?;
    for entry in entries {
        let base = live.snapshot_full();
        if entry.revision <= base.revision() {
            continue;
        }
        let changes = entry.delta.changes.clone();
        let is_next = entry.revision == base.revision() + 1;
        let next = tokio::task::spawn_blocking(move || base.next(entry.revision, &changes)).await;
        match next {
            Ok(Ok(next)) if is_next => {
                live.install(Arc::new(next), &entry.delta.user_roles, entry.at);
            }
            // Entries are missing: the changes need not fit this snapshot.
            Ok(_) if !is_next => return reload(live, db).await,
            Ok(failed) => {
                let (error, revision) = (failed.err(), entry.revision);
                tracing::error!(
                    ?error,
                    revision,
                    "cannot apply a journal entry; reloading the policy"
                );
                return reload(live, db).await;
            }
            Err(panic) => {
                let revision = entry.revision;
                tracing::error!(%panic, revision, "building the policy panicked; reloading it");
                return reload(live, db).await;
            }
        }
    }
    Ok(())
}

async fn reload(live: &LivePolicy, db: &mut PgConnection) -> Result<(), PolicyLoadError> {
    let empty = live.snapshot().cleared()?;
    let snapshot = load::read(db, &empty).await?;
    for entry in journal::after(db, live.snapshot().revision()).await? {
        for user in &entry.delta.user_roles {
            live.recent_grants.record(user, entry.revision, entry.at);
        }
    }
    live.install(Arc::new(snapshot), &[], DateTime::default());
    Ok(())
}
