//! Revocations: why an access token is refused before it expires.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::db::PgConnection;

/// An order to refuse access tokens that were issued before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revocation {
    /// The user whose tokens are refused.
    pub user: Uuid,
    /// The sessions whose tokens are refused.
    pub what: Revoked,
    /// When every such token has expired anyway.
    pub expires_at: DateTime<Utc>,
}

/// The sessions whose tokens are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Revoked {
    /// This one.
    Session(Uuid),
    /// All of the user's sessions up to a number, with one exception.
    UpTo {
        /// The last number that is included.
        number: i64,
        /// The session that continues.
        except: Option<Uuid>,
    },
}

/// When a revocation takes effect, and until when it has to be remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RevocationPeriod {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// Records a revocation, in the transaction of what caused it. If the clock here is behind PostgreSQL's, it is
/// remembered by that one: other servers must not forget it too early.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    revocation: &Revocation,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let (sid, number, except) = match revocation.what {
        Revoked::Session(sid) => (Some(sid), None, None),
        Revoked::UpTo { number, except } => (None, Some(number), except),
    };
    sqlx::query!(
        "INSERT INTO revocations (user_id, sid, up_to_number, except_sid, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5::timestamptz,
                 GREATEST($6, clock_timestamp() + ($6::timestamptz - $5::timestamptz)))",
        revocation.user,
        sid,
        number,
        except,
        now,
        revocation.expires_at,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// A position in the stream of revocations; everything before it has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Horizon(i64);

/// What was recorded.
pub(crate) struct Recorded {
    /// The revocations that became visible since the last look, a few of them for the second time.
    pub revocations: Vec<Revocation>,
    /// Where the next look begins.
    pub horizon: Horizon,
    /// What PostgreSQL's clock shows.
    pub clock: DateTime<Utc>,
}

struct Row {
    horizon: i64,
    clock: DateTime<Utc>,
    user_id: Option<Uuid>,
    sid: Option<Uuid>,
    up_to_number: Option<i64>,
    except_sid: Option<Uuid>,
    expires_at: Option<DateTime<Utc>>,
}

/// The revocations that were recorded since `seen`. From the default horizon it reads all that have not
/// expired by both clocks; `now` is the time here.
///
/// # Errors
/// PostgreSQL is unavailable, or a standby, which may lag behind.
pub(crate) async fn since(
    db: &mut PgConnection,
    seen: Horizon,
    now: DateTime<Utc>,
) -> sqlx::Result<Recorded> {
    // Horizon and rows come from one snapshot: whatever this statement could not see yet was
    // written by a transaction that is not older than the horizon it returns.
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS "horizon!",
                  clock_timestamp() AS "clock!",
                  r.user_id AS "user_id?", r.sid AS "sid?", r.up_to_number AS "up_to_number?",
                  r.except_sid AS "except_sid?", r.expires_at AS "expires_at?"
           FROM (SELECT 1) AS always
           LEFT JOIN revocations r
             ON r.written_by >= ($1::bigint::text)::xid8 AND r.expires_at > LEAST($2, now())
           WHERE NOT pg_is_in_recovery()"#,
        seen.0,
        now,
    )
    .fetch_all(&mut *db)
    .await?;
    let Some(&Row { horizon, clock, .. }) = rows.first() else { return Err(db.reject_standby()) };
    let revocations = rows.iter().filter_map(revocation).collect();
    Ok(Recorded { revocations, horizon: Horizon(horizon), clock })
}

/// The revocation of this row; `None` in the row that carries only the horizon.
fn revocation(row: &Row) -> Option<Revocation> {
    let what = match (row.sid, row.up_to_number) {
        (Some(sid), _) => Revoked::Session(sid),
        (None, number) => Revoked::UpTo { number: number?, except: row.except_sid },
    };
    Some(Revocation { user: row.user_id?, what, expires_at: row.expires_at? })
}
