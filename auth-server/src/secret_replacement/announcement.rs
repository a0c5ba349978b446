//! What one server announces, and what it learns of the others.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::crypto::Secrets;
use crate::db::PgPool;

/// The secrets of one server.
pub(super) struct Announcement {
    server: Uuid,
    writes: Vec<u8>,
    reads: Vec<Vec<u8>>,
    session_life: TimeDelta,
}

/// The step of a replacement that was skipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MissingStep {
    /// Others cannot read what this server writes.
    #[error(
        "AUTH_SECRET is unknown to another server: first restart every server with it as AUTH_SECRET_NEXT"
    )]
    Next,
    /// This server cannot read what others write.
    #[error(
        "another server writes with a secret that is not set here: set it as AUTH_SECRET_NEXT, or as \
         AUTH_SECRET_PREVIOUS if AUTH_SECRET has replaced it"
    )]
    Other,
    /// Sessions may continue from tokens under a secret that this server does not know.
    #[error(
        "AUTH_SECRET_PREVIOUS has to stay set until {} (AUTH_SESSION_DAYS), or sessions end",
        .0.format("%Y-%m-%d")
    )]
    Previous(DateTime<Utc>),
}

impl Announcement {
    pub(super) fn of(secrets: &Secrets, session_life: TimeDelta) -> Self {
        let reads = secrets.fingerprints();
        let writes = reads.first().cloned().unwrap_or_default();
        Self { server: Uuid::now_v7(), writes, reads, session_life }
    }

    /// Announces this server as `ready` or not, and returns the step that is missing. Servers that are not ready
    /// write nothing that others would have to read, so they are not waited for.
    pub(super) async fn make(
        &self,
        pool: &PgPool,
        ready: bool,
    ) -> sqlx::Result<Option<MissingStep>> {
        let seen = sqlx::query!(
            r#"WITH announced AS (
                   INSERT INTO servers (id, writes, reads, ready, seen_at)
                   VALUES ($1, $2, $3, $4, clock_timestamp())
                   ON CONFLICT (id) DO UPDATE SET ready = excluded.ready, seen_at = excluded.seen_at
               ), used AS (
                   INSERT INTO secrets AS s (fingerprint, used_at)
                   SELECT $2, clock_timestamp() WHERE $4
                   ON CONFLICT (fingerprint) DO UPDATE SET used_at = excluded.used_at
                   WHERE s.used_at < clock_timestamp() - interval '1 minute'
               ), expired AS (
                   DELETE FROM servers WHERE seen_at < clock_timestamp() - interval '1 minute'
               ), others AS (
                   SELECT writes, reads FROM servers
                   WHERE id <> $1 AND ready AND seen_at > clock_timestamp() - interval '10 seconds'
               )
               SELECT EXISTS (SELECT FROM others WHERE $2 <> ALL (reads)) AS "unknown_to_another!",
                      EXISTS (SELECT FROM others WHERE writes <> ALL ($3)) AS "other!",
                      (SELECT max(used_at) FROM secrets WHERE fingerprint <> ALL ($3)
                           AND NOT compromised AND used_at > clock_timestamp() - make_interval(secs => $5)) AS used_at"#,
            self.server,
            self.writes,
            &self.reads,
            ready,
            self.session_life.as_seconds_f64(),
        )
        .fetch_one(pool)
        .await?;
        Ok(if seen.unknown_to_another {
            Some(MissingStep::Next)
        } else if seen.other {
            Some(MissingStep::Other)
        } else {
            seen.used_at.map(|used_at| MissingStep::Previous(used_at + self.session_life))
        })
    }

    /// Before the process ends, so that no other server waits for it.
    pub(super) async fn withdraw(&self, pool: &PgPool) -> sqlx::Result<()> {
        sqlx::query!("DELETE FROM servers WHERE id = $1", self.server).execute(pool).await?;
        Ok(())
    }
}
