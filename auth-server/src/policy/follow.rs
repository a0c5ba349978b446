//! Follows the writes of other replicas: PostgreSQL notifies at once, and a poll catches what was
//! missed while a connection was broken. Both have connections of their own, because a replica must
//! follow even while requests have taken every connection of the pool, or wait for each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::notifications::Notifications;
use super::recovery::{self, History};
use super::{LivePolicy, PolicyLoadError, journal, load};
use crate::clock::Clock;
use crate::db::{DedicatedConnection, Limits, PgConnection};

/// Longest time between two looks into the journal: half of the time within which a write is in force
/// everywhere.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// A connection that does not tell the last write within this time is replaced.
const LOOK_TIMEOUT: Duration = Duration::from_millis(400);

/// Keeps the policy of this replica up to date.
pub(crate) struct PolicyFollower {
    live: Arc<LivePolicy>,
    connection: DedicatedConnection,
    notifications: Notifications,
    notified: Arc<Notify>,
    clock: Clock,
}

impl PolicyFollower {
    /// `options` lead straight to PostgreSQL.
    pub(crate) fn new(live: Arc<LivePolicy>, options: &PgConnectOptions, clock: Clock) -> Self {
        let connection = DedicatedConnection::new(options, Limits::REQUEST);
        let notified = Arc::new(Notify::new());
        let notifications = Notifications::new(options, Arc::clone(&notified));
        Self { live, connection, notifications, notified, clock }
    }

    /// Follows until `stop`. Errors are logged and retried; the current policy keeps deciding.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let Self { live, connection, notifications, notified, clock } = self;
        let following = async {
            tokio::join!(notifications.receive(), poll(&live, connection, &notified, &clock));
        };
        // Boxed: it is large, and stays where it is for as long as the server runs.
        stop.run_until_cancelled(Box::pin(following)).await;
    }
}

async fn poll(
    live: &LivePolicy,
    mut connection: DedicatedConnection,
    notified: &Notify,
    clock: &Clock,
) {
    let mut failing = false;
    loop {
        let asked = Instant::now();
        let mut looked = look(live, &mut connection, clock).await;
        if looked.is_err() {
            // A connection that died silently costs one look, not the time until the next.
            looked = look(live, &mut connection, clock).await;
        }
        if looked.is_ok() {
            live.looked(asked);
        }
        match looked {
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
        live.recent_grants.sweep(live.max_token_age());
        // Until the next notification or poll.
        let _ = timeout(POLL_INTERVAL, notified.notified()).await;
    }
}

/// Applies what the database has and this replica has not.
async fn look(
    live: &LivePolicy,
    connection: &mut DedicatedConnection,
    clock: &Clock,
) -> Result<(), PolicyLoadError> {
    let db = connection.get().await?;
    let history = timeout(LOOK_TIMEOUT, recovery::compare(live, db)).await;
    match history.unwrap_or(Err(sqlx::Error::PoolTimedOut))? {
        History::Same => Ok(()),
        History::Continued => {
            let mut db = db.begin_snapshot().await?;
            catch_up(live, &mut db).await?;
            Ok(db.commit().await?)
        }
        History::Other => recovery::recover(live, db.begin().await?, clock.now()).await,
    }
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
    let (snapshot, written_at) = load::read(db, &empty).await?;
    for entry in journal::after(db, live.snapshot().revision()).await? {
        for user in &entry.delta.user_roles {
            live.recent_grants.record(user, entry.revision);
        }
    }
    live.advance(Arc::new(snapshot), written_at);
    Ok(())
}
