//! Pages of the history, newest first.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

/// A try to log in.
#[derive(Clone, Debug, Serialize, poem_openapi::Object)]
#[oai(rename = "LoginAttempt", read_only_all)]
pub struct Entry {
    /// Identifies the try.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// `succeeded`, or the code of the problem that was answered. `refresh_token_reused`: a refresh
    /// token was used again that had been replaced, so somebody has a copy; the session has ended.
    pub outcome: String,
    /// `password`, `second_factor`, `oidc`, or `refresh_token`.
    pub method: String,
    /// Name of the provider, where it was one.
    pub provider: Option<String>,
    /// From which network address; forgotten after some time.
    pub address: Option<String>,
    /// The program as it calls itself, cut to 200 characters; forgotten after some time.
    pub user_agent: Option<String>,
    /// The session that it opened, or that it was the end of.
    pub session_id: Option<Uuid>,
}

/// Tries to log in, newest first.
#[derive(Debug, Serialize, poem_openapi::Object)]
#[oai(rename = "LoginHistoryPage", read_only_all)]
pub struct Page {
    /// The tries.
    pub items: Vec<Entry>,
    /// Cursor of the next page.
    pub next: Option<String>,
}

/// A place in the history: microseconds since 1970, and the id of what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place(i64, Uuid);

impl Place {
    /// Where an entry stands.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        Self(entry.at.timestamp_micros(), entry.id)
    }

    /// A place that somebody made up may be at no time that PostgreSQL knows: it is moved there.
    fn at(self) -> DateTime<Utc> {
        const LAST: i64 = 253_402_300_799_000_000; // the year 9999
        DateTime::from_timestamp_micros(self.0.clamp(0, LAST)).unwrap_or_default()
    }
}

/// The user's tries before `after`, or those of them with this outcome.
///
/// # Errors
/// The database refused or is away.
pub async fn page(
    pool: &PgPool,
    user: Uuid,
    outcome: Option<&str>,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    let (at, id) = after.map(|place| (place.at(), place.1)).unzip();
    match outcome {
        None => all(pool, user, (at, id), limit).await,
        Some(outcome) => with_outcome(pool, user, outcome, (at, id), limit).await,
    }
}

type Before = (Option<DateTime<Utc>>, Option<Uuid>);

// `at <=` beside the pair leaves out months that come after it. Nothing is at `infinity`, so any id
// will do there.

async fn all(pool: &PgPool, user: Uuid, (at, id): Before, limit: i64) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "SELECT id, at, outcome, method, provider, address, user_agent, session_id FROM login_history
         WHERE user_id = $1 AND at <= coalesce($2::timestamptz, 'infinity')
           AND (at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3, $1))
         ORDER BY at DESC, id DESC LIMIT $4",
        user,
        at,
        id,
        limit,
    )
    .fetch_all(pool)
    .await
}

async fn with_outcome(
    pool: &PgPool,
    user: Uuid,
    outcome: &str,
    (at, id): Before,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        "SELECT id, at, outcome, method, provider, address, user_agent, session_id FROM login_history
         WHERE user_id = $1 AND outcome = $2 AND at <= coalesce($3::timestamptz, 'infinity')
           AND (at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4, $1))
         ORDER BY at DESC, id DESC LIMIT $5",
        user,
        outcome,
        at,
        id,
        limit,
    )
    .fetch_all(pool)
    .await
}
