//! SQL about what a refresh token stands for.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::lookup::Current;

/// From one counter of a session to the next.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub session: Uuid,
    /// Where the session has to stand.
    pub counter: i64,
    pub now: DateTime<Utc>,
    pub idle_until: DateTime<Utc>,
}

/// A session that went on to its next counter.
pub(crate) struct Rotated {
    pub user: Uuid,
    pub number: i64,
    /// Names of the user's roles, and the revision at which they were read.
    pub roles: Vec<String>,
    pub revision: i64,
}

/// Moves the session from this counter to the next, if it stands there and is alive. One statement:
/// of many that come at once one finds the counter; and the roles, which the access token needs,
/// come along, as asking for them would take as long as the rest.
pub(crate) async fn rotate(
    database: &mut PgConnection,
    step: Step,
) -> sqlx::Result<Option<Rotated>> {
    sqlx::query_as!(
        Rotated,
        r#"UPDATE sessions s SET refresh_counter = s.refresh_counter + 1, rotated_at = $3,
               last_seen_at = $3, expires_at = LEAST($4, s.absolute_until)
           FROM users u
           WHERE s.id = $1 AND s.refresh_counter = $2 AND s.ended_at IS NULL AND s.expires_at > $3
             AND u.id = s.user_id AND u.disabled_at IS NULL
           RETURNING s.user_id AS "user", s.number,
               (SELECT revision FROM policy_state) AS "revision!",
               ARRAY(SELECT role FROM user_roles WHERE user_id = s.user_id ORDER BY role)
                   AS "roles!""#,
        step.session,
        step.counter,
        step.now,
        step.idle_until,
    )
    .fetch_optional(database)
    .await
}

/// Where a living session stands.
pub(crate) struct Standing {
    pub user: Uuid,
    pub number: i64,
    pub counter: i64,
    pub rotated_at: Option<DateTime<Utc>>,
}

pub(crate) async fn standing(
    database: &mut PgConnection,
    session: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"SELECT s.user_id AS "user", s.number, s.refresh_counter AS counter, s.rotated_at
           FROM sessions s JOIN users u ON u.id = s.user_id
           WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2
             AND u.disabled_at IS NULL"#,
        session,
        now,
    )
    .fetch_optional(database)
    .await
}

/// The living session that stands at this counter.
pub(crate) async fn current(
    database: &mut PgConnection,
    session: Uuid,
    counter: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Current>> {
    sqlx::query_as!(
        Current,
        r#"SELECT s.user_id AS "user", s.id AS session, s.created_at, s.expires_at
           FROM sessions s JOIN users u ON u.id = s.user_id
           WHERE s.id = $1 AND s.refresh_counter = $2 AND s.ended_at IS NULL AND s.expires_at > $3
             AND u.disabled_at IS NULL"#,
        session,
        counter,
        now,
    )
    .fetch_optional(database)
    .await
}

/// Whose session it is or was.
pub(crate) async fn owner(
    database: &mut PgConnection,
    session: Uuid,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!("SELECT user_id FROM sessions WHERE id = $1", session)
        .fetch_optional(database)
        .await
}

/// Takes the time of grace from what the session's current refresh token replaced.
pub(crate) async fn end_grace(transaction: &mut PgConnection, session: Uuid) -> sqlx::Result<()> {
    sqlx::query!("UPDATE sessions SET rotated_at = NULL WHERE id = $1", session)
        .execute(transaction)
        .await?;
    Ok(())
}
