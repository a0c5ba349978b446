//! Replacing `AUTH_SECRET` by rolling restarts, without signing anybody out.
//!
//! Servers announce in the database which secret they write with and which ones they read. A server that has
//! skipped a step is not ready, and re-encrypts nothing.

mod announcement;
pub(crate) mod compromised;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::crypto::{EncryptionKeys, Secrets};
use crate::db::PgPool;
use crate::second_factor::{self, SecondFactors};
use crate::token;
use announcement::Announcement;
pub(crate) use announcement::MissingStep;

/// Time between two announcements.
const INTERVAL: Duration = Duration::from_secs(2);

/// Whether this server may write with its secret. Clones share what was last found.
#[derive(Clone)]
pub(crate) struct SecretReplacement {
    announcement: Arc<Announcement>,
    pool: PgPool,
    missing: Arc<ArcSwapOption<MissingStep>>,
    has_previous: bool,
}

impl SecretReplacement {
    /// Announces the secrets of this server, which must have read the signing keys with them.
    ///
    /// # Errors
    /// The database is unavailable.
    pub(crate) async fn announce(
        pool: PgPool,
        secrets: &Secrets,
        session_life: TimeDelta,
    ) -> sqlx::Result<Self> {
        let announcement = Arc::new(Announcement::of(secrets, session_life));
        let has_previous = secrets.has_previous();
        let replacement = Self { announcement, pool, missing: Arc::default(), has_previous };
        // Not as ready, which would make others wait for this server before it knows of them.
        let missing = replacement.announcement.make(&replacement.pool, false).await?;
        replacement.missing.store(missing.map(Arc::new));
        replacement.log();
        replacement.update().await?;
        Ok(replacement)
    }

    /// The step that this server, or the operator, has skipped.
    pub(crate) fn missing_step(&self) -> Option<String> {
        self.missing.load().as_ref().map(ToString::to_string)
    }

    async fn update(&self) -> sqlx::Result<()> {
        let ready = self.missing.load().is_none();
        let missing = self.announcement.make(&self.pool, ready).await?.map(Arc::new);
        if self.missing.swap(missing.clone()) != missing {
            self.log();
            // Others go by it.
            self.announcement.make(&self.pool, missing.is_none()).await?;
        }
        Ok(())
    }

    fn log(&self) {
        if let Some(missing) = &*self.missing.load() {
            tracing::error!("not ready: {missing}");
        } else {
            tracing::debug!("no step of a replacement of AUTH_SECRET is missing");
        }
    }

    /// Announces the secrets until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            if let Err(error) = self.update().await {
                tracing::warn!(%error, "the secrets of this server are not announced");
            }
        }
        if let Err(error) = self.announcement.withdraw(&self.pool).await {
            tracing::debug!(%error, "the announcement of this server expires by itself");
        }
    }

    /// Re-encrypts what is encrypted with the previous secret, once every server reads the current one.
    pub(crate) async fn reencrypt(
        self,
        keys: EncryptionKeys,
        factors: Arc<SecondFactors>,
        stop: CancellationToken,
    ) {
        while self.has_previous && !stop.is_cancelled() {
            if self.missing.load().is_none() {
                match token::reencrypt(&self.pool, &keys).await {
                    Ok(()) => return second_factor::reencrypt(factors, self.pool, stop).await,
                    Err(error) => tracing::warn!(%error, "signing keys not re-encrypted yet"),
                }
            }
            let _ = stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await;
        }
    }
}
