//! Re-encrypting secrets with the current key while `AUTH_SECRET` is rotated.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{SecondFactors, store};
use crate::db::PgPool;

/// Rows per page.
const PAGE: i64 = 500;
/// Pause while the database is unavailable.
const RETRY_DELAY: Duration = Duration::from_secs(10);

/// Re-encrypts every secret that is encrypted with the previous key, once. Safe on several servers at
/// once.
pub(crate) async fn reencrypt(factors: Arc<SecondFactors>, pool: PgPool, stop: CancellationToken) {
    let (mut after, mut reencrypted) = (Uuid::nil(), 0_u64);
    while !stop.is_cancelled() {
        match page(&factors, &pool, after).await {
            Ok(Page { last: None, count }) => {
                let secrets = reencrypted.saturating_add(count);
                tracing::info!(secrets, "all second factors are encrypted with the current secret");
                return;
            }
            Ok(Page { last: Some(last), count }) => {
                after = last;
                reencrypted = reencrypted.saturating_add(count);
            }
            Err(error) => {
                tracing::warn!(%error, "second factors not re-encrypted yet");
                let _ = stop.run_until_cancelled(tokio::time::sleep(RETRY_DELAY)).await;
            }
        }
    }
}

/// A page of rows that was processed.
struct Page {
    /// The last user on it; none if there are no more rows.
    last: Option<Uuid>,
    /// How many secrets were re-encrypted.
    count: u64,
}

async fn page(factors: &SecondFactors, pool: &PgPool, after: Uuid) -> sqlx::Result<Page> {
    let rows = store::page(pool, after, PAGE).await?;
    let mut count = 0_u64;
    for row in &rows {
        if let Some(secret) = factors.reencrypted(row.user, &row.secret) {
            store::replace_secret(pool, row.user, &row.secret, &secret).await?;
            count = count.saturating_add(1);
        }
    }
    Ok(Page { last: rows.last().map(|row| row.user), count })
}
