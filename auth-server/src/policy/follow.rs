//! Follows what other replicas write: PostgreSQL tells at once, and a poll catches what a broken
//! connection missed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use super::{LivePolicy, PolicyLoadError, journal, load};
use crate::clock::Clock;

/// Without any notification this often.
const POLL: Duration = Duration::from_secs(1);
/// How long lines of the journal are kept.
const KEEP_LINES: TimeDelta = TimeDelta::days(1);

/// Runs until `stop`. Trouble is logged and tried again; the policy that is there goes on deciding.
pub async fn follow(live: Arc<LivePolicy>, pool: PgPool, clock: Clock, stop: CancellationToken) {
    let mut rounds: u32 = 0;
    let mut trouble = false;
    let mut listener = None;
    loop {
        if listener.is_none() {
            listener = listen(&pool).await;
        }
        match step(&live, &pool).await {
            Ok(()) if trouble => {
                trouble = false;
                tracing::info!("the policy follows other servers again");
            }
            // Said once, not every second.
            Err(error) if !trouble => {
                trouble = true;
                tracing::error!(%error, "cannot follow the policy of other servers; the current one keeps deciding");
            }
            Ok(()) | Err(_) => {}
        }
        live.recent.sweep(clock.now() - live.max_token_age());
        if rounds.is_multiple_of(3600) {
            prune(&pool, &clock).await;
        }
        rounds = rounds.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => return,
            () = heard(&mut listener) => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

async fn prune(pool: &PgPool, clock: &Clock) {
    if let Err(error) = journal::prune(pool, clock.now() - KEEP_LINES).await {
        tracing::warn!(%error, "old lines of the policy journal were not deleted");
    }
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(pool).await.ok()?;
    listener.listen(journal::CHANNEL).await.ok()?;
    Some(listener)
}

/// Waits for news; without a listener for ever, since the poll goes on.
async fn heard(listener: &mut Option<PgListener>) {
    let Some(active) = listener else { return std::future::pending().await };
    if active.recv().await.is_err() {
        *listener = None;
    }
}

/// A view of one moment, for reading the journal or everything.
async fn step(live: &LivePolicy, pool: &PgPool) -> Result<(), PolicyLoadError> {
    let mut db = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    catch_up(live, &mut db).await
}

/// Applies every line that is new here; loads everything where lines are missing. `db` must show
/// one moment: a repeatable read, or the holder of the policy's lock.
pub(crate) async fn catch_up(
    live: &LivePolicy,
    db: &mut PgConnection,
) -> Result<(), PolicyLoadError> {
    let lines = journal::since(db, live.snapshot().revision()).await?;
    for line in lines {
        let base = live.snapshot_full();
        if line.revision <= base.revision() {
            continue;
        }
        let changes = line.entry.changes.clone();
        let follows = line.revision == base.revision() + 1;
        let next = tokio::task::spawn_blocking(move || base.next(line.revision, &changes)).await;
        match next {
            Ok(Ok(next)) if follows => live.install(Arc::new(next), &line.entry.roles_of, line.at),
            _ => return reload(live, db).await,
        }
    }
    Ok(())
}

async fn reload(live: &LivePolicy, db: &mut PgConnection) -> Result<(), PolicyLoadError> {
    let empty = live.snapshot().cleared()?;
    let snapshot = load::read(db, &empty).await?;
    for line in journal::since(db, live.snapshot().revision()).await? {
        for change in &line.entry.roles_of {
            live.recent.note(change, line.revision, line.at);
        }
    }
    live.install(Arc::new(snapshot), &[], DateTime::default());
    Ok(())
}
