//! Anonymizes the login history of deleted accounts, in batches: a long history must not delay anyone.
//!
//! The deletion of an account notes it in `deleted_accounts`, from which any server works it off, also
//! after a restart. Attempts and outcomes are kept, without what identifies the user or their devices.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::db::PgPool;
use crate::metrics::Anonymization;

/// How often accounts that were deleted at other servers are looked for.
const INTERVAL: Duration = Duration::from_mins(1);

/// Maximum number of rows in one statement.
const BATCH: i64 = 1_000;

/// Maximum number of accounts in one pass.
const ACCOUNTS: i64 = 10_000;

/// Works until `stop`: at every deletion here, and now and then.
pub(crate) async fn run(
    pool: PgPool,
    deleted: Arc<Notify>,
    metrics: Anonymization,
    stop: CancellationToken,
) {
    let mut tick = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
            () = deleted.notified() => {}
        }
        if let Some(Err(error)) = stop.run_until_cancelled(work_off(&pool, &metrics)).await {
            tracing::warn!(%error, "login history not anonymized");
        }
    }
}

/// A deleted account.
struct Deleted {
    user: Uuid,
    /// Whether a login attempt that was being written at the time of the deletion has been written.
    settled: bool,
}

/// Works off all accounts, the earliest first.
async fn work_off(pool: &PgPool, metrics: &Anonymization) -> sqlx::Result<()> {
    let deleted = sqlx::query_as!(
        Deleted,
        r#"SELECT user_id AS user, deleted_at < now() - interval '1 minute' AS "settled!"
           FROM deleted_accounts
           WHERE NOT visited OR deleted_at < now() - interval '1 minute'
           ORDER BY deleted_at LIMIT $1"#,
        ACCOUNTS,
    )
    .fetch_all(pool)
    .await?;
    for Deleted { user, settled } in deleted {
        loop {
            let rows = anonymize_batch(pool, user).await?;
            metrics.anonymized(rows);
            if rows == 0 {
                break;
            }
        }
        if settled {
            forget(pool, user).await?;
        } else {
            mark_visited(pool, user).await?;
        }
    }
    let left = sqlx::query_scalar!(r#"SELECT count(*) AS "left!" FROM deleted_accounts"#);
    metrics.set_backlog(left.fetch_one(pool).await?);
    Ok(())
}

/// Several servers may work on the same account: each skips the rows of the others.
async fn anonymize_batch(pool: &PgPool, user: Uuid) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "WITH batch AS (
             SELECT id, at FROM login_history WHERE user_id = $1 LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE login_history h
         SET user_id = NULL, session_id = NULL, address = NULL, user_agent = NULL
         FROM batch WHERE h.user_id = $1 AND h.at = batch.at AND h.id = batch.id",
        user,
        BATCH,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

async fn mark_visited(pool: &PgPool, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!("UPDATE deleted_accounts SET visited = true WHERE user_id = $1", user)
        .execute(pool)
        .await?;
    Ok(())
}

/// Unless another server is still working on it.
async fn forget(pool: &PgPool, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "DELETE FROM deleted_accounts
         WHERE user_id = $1 AND NOT EXISTS (SELECT FROM login_history WHERE user_id = $1)",
        user,
    )
    .execute(pool)
    .await?;
    Ok(())
}
