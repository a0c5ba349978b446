//! While `AUTH_SECRET` is replaced, secrets come under the new one.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{SecondFactors, store};

/// Rows at a time.
const PAGE: i64 = 500;
/// How long to wait when the database is away.
const AGAIN: Duration = Duration::from_secs(10);

/// Seals every secret that is under the previous key under the current one, once. Any number of
/// servers may do so at once.
pub(crate) async fn reencrypt(factors: Arc<SecondFactors>, pool: PgPool, stop: CancellationToken) {
    let (mut after, mut reencrypted) = (Uuid::nil(), 0_u64);
    while !stop.is_cancelled() {
        match page(&factors, &pool, after).await {
            Ok((None, count)) => {
                let secrets = reencrypted.saturating_add(count);
                tracing::info!(secrets, "second factors are encrypted under the current secret");
                return;
            }
            Ok((Some(last), count)) => {
                after = last;
                reencrypted = reencrypted.saturating_add(count);
            }
            Err(error) => {
                tracing::warn!(%error, "second factors not encrypted again yet");
                let _ = stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await;
            }
        }
    }
}

/// One page of rows: the last user on it, unless there are no more, and how many changed.
async fn page(
    factors: &SecondFactors,
    pool: &PgPool,
    after: Uuid,
) -> sqlx::Result<(Option<Uuid>, u64)> {
    let rows = store::page(pool, after, PAGE).await?;
    let mut count = 0_u64;
    for (user, encrypted) in &rows {
        if let Some(again) = factors.reencrypted(*user, encrypted) {
            store::reencrypt(pool, *user, encrypted, &again).await?;
            count = count.saturating_add(1);
        }
    }
    Ok((rows.last().map(|(user, _)| *user), count))
}
