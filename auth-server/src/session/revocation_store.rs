//! SQL about revocations.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::revocation::{Revocation, Revoked};

/// Records a revocation, in the transaction of what caused it.
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
         VALUES ($1, $2, $3, $4, $5, $6)",
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

/// A place in the stream of revocations. Everything before it has been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Horizon(i64);

struct Row {
    horizon: i64,
    user_id: Option<Uuid>,
    sid: Option<Uuid>,
    up_to_number: Option<i64>,
    except_sid: Option<Uuid>,
    expires_at: Option<DateTime<Utc>>,
}

/// The revocations that became visible since `seen`, a few of them for the second time, and how far
/// we have seen now. The default horizon sees all that still count.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn since(
    pool: &PgPool,
    seen: Horizon,
    now: DateTime<Utc>,
) -> sqlx::Result<(Vec<Revocation>, Horizon)> {
    // Horizon and rows come from one snapshot: whatever this statement could not see yet was
    // written by a transaction that is not older than the horizon it returns.
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS "horizon!",
                  r.user_id AS "user_id?", r.sid AS "sid?", r.up_to_number AS "up_to_number?",
                  r.except_sid AS "except_sid?", r.expires_at AS "expires_at?"
           FROM (SELECT 1) AS always
           LEFT JOIN revocations r
             ON r.written_by >= ($1::bigint::text)::xid8 AND r.expires_at > $2"#,
        seen.0,
        now,
    )
    .fetch_all(pool)
    .await?;
    let horizon = rows.first().map_or(seen, |row| Horizon(row.horizon));
    Ok((rows.iter().filter_map(revocation).collect(), horizon))
}

fn revocation(row: &Row) -> Option<Revocation> {
    let what = match (row.sid, row.up_to_number) {
        (Some(sid), _) => Revoked::Session(sid),
        (None, number) => Revoked::UpTo { number: number?, except: row.except_sid },
    };
    Some(Revocation { user: row.user_id?, what, expires_at: row.expires_at? })
}
