//! Pages of a user's login history, newest first.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::LoginHistory;
use crate::db::PgPool;
use crate::http::pagination::{PageQuery, cut};
use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;

/// A login attempt.
#[derive(Clone, Debug, Serialize, poem_openapi::Object)]
#[oai(rename = "LoginAttempt", read_only_all)]
pub(crate) struct HistoryEntry {
    /// Unique id.
    pub id: Uuid,
    /// Time of the attempt; for attempts that are one entry, when their lockout or period of ten minutes
    /// began.
    pub at: DateTime<Utc>,
    /// `succeeded`, `mfa_required`, or the code of the problem in the response.
    /// `refresh_token_reused`: a refresh token was reused after it had been replaced, so it has been
    /// copied; the session was ended. `refresh_repeated_elsewhere`: a refresh token was used again within
    /// ten seconds, from another device or address than the first time; the session continues.
    pub outcome: String,
    /// `password`, `second_factor`, `oidc` or `refresh_token`.
    pub method: String,
    /// Name of the identity provider, if one was used.
    pub provider: Option<String>,
    /// Client IP address; deleted after a retention period.
    pub address: Option<String>,
    /// User agent, truncated to 200 characters; deleted after a retention period.
    pub user_agent: Option<String>,
    /// The session that was opened or ended.
    pub session_id: Option<Uuid>,
    /// Number of attempts. More than one only if they were refused in the same lockout, or ended alike
    /// within ten minutes without any of them counting as a failure; session, address and user agent are those of the
    /// first one.
    pub attempts: i32,
}

/// Login attempts, newest first.
#[derive(Debug, Serialize, poem_openapi::Object)]
#[oai(rename = "LoginHistoryPage", read_only_all)]
pub(crate) struct HistoryPage {
    /// The attempts.
    pub items: Vec<HistoryEntry>,
    /// Cursor of the next page; `null` on the last one.
    pub next: Option<String>,
}

/// Query parameters of a history.
pub(crate) struct HistoryQuery {
    pub outcome: Option<String>,
    pub limit: Option<u32>,
    pub cursor: Option<String>,
}

/// A page of the user's login history. Includes everything recorded before on this server.
///
/// # Errors
/// One of [`crate::http::request_errors::PARAMETERS`] or [`crate::db::DATABASE`].
pub(crate) async fn list(
    pool: &PgPool,
    history: &LoginHistory,
    user: Uuid,
    HistoryQuery { outcome, limit, cursor }: HistoryQuery,
) -> Result<HistoryPage, Problem> {
    let query: PageQuery<Position> = PageQuery::parse(limit, cursor.as_deref())?;
    if outcome.as_deref().is_some_and(|outcome| outcome.contains('\0')) {
        return Err(Problem::new(FIELD).field("outcome"));
    }
    history.flush().await;
    let before = Before::from(query.after);
    let rows = match outcome {
        None => all(pool, user, before, query.rows()).await?,
        Some(outcome) => with_outcome(pool, user, &outcome, before, query.rows()).await?,
    };
    let (items, next) = cut(rows, query.limit, Position::of);
    Ok(HistoryPage { items, next })
}

/// A position in the history: microseconds since 1970, and the id of the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position(i64, Uuid);

impl Position {
    fn of(entry: &HistoryEntry) -> Self {
        Self(entry.at.timestamp_micros(), entry.id)
    }

    /// A forged position may be at a time that PostgreSQL cannot represent: it is clamped.
    fn at(self) -> DateTime<Utc> {
        const LAST: i64 = 253_402_300_799_000_000; // the year 9999
        DateTime::from_timestamp_micros(self.0.clamp(0, LAST)).unwrap_or_default()
    }
}

/// Where a page starts; at the newest entry if both are none.
struct Before {
    at: Option<DateTime<Utc>>,
    id: Option<Uuid>,
}

impl From<Option<Position>> for Before {
    fn from(position: Option<Position>) -> Self {
        Self { at: position.map(Position::at), id: position.map(|position| position.1) }
    }
}

// `at <=` in addition to the pair excludes later partitions. Nothing is at `infinity`, so that any id
// will do there.

async fn all(
    pool: &PgPool,
    user: Uuid,
    Before { at, id }: Before,
    limit: i64,
) -> sqlx::Result<Vec<HistoryEntry>> {
    sqlx::query_as!(
        HistoryEntry,
        r#"SELECT id, at, outcome, method, provider, address, user_agent, session_id,
                  coalesce(attempts, 1) AS "attempts!"
         FROM login_history
         WHERE user_id = $1 AND at <= coalesce($2::timestamptz, 'infinity')
           AND (at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3, $1))
         ORDER BY at DESC, id DESC LIMIT $4"#,
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
    Before { at, id }: Before,
    limit: i64,
) -> sqlx::Result<Vec<HistoryEntry>> {
    sqlx::query_as!(
        HistoryEntry,
        r#"SELECT id, at, outcome, method, provider, address, user_agent, session_id,
                  coalesce(attempts, 1) AS "attempts!"
         FROM login_history
         WHERE user_id = $1 AND outcome = $2 AND at <= coalesce($3::timestamptz, 'infinity')
           AND (at, id) < (coalesce($3::timestamptz, 'infinity'), coalesce($4, $1))
         ORDER BY at DESC, id DESC LIMIT $5"#,
        user,
        outcome,
        at,
        id,
        limit,
    )
    .fetch_all(pool)
    .await
}
