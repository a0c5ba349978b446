//! SQL about second factors.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A second factor as it stands in the database.
pub(crate) struct Factor {
    /// Sealed.
    pub secret: Vec<u8>,
    /// False until its first code.
    pub confirmed: bool,
    /// Wrong codes since the last right one.
    pub failures: i32,
    /// Until when no code is looked at.
    pub locked_until: Option<DateTime<Utc>>,
}

/// Since when the user has one that counts; none where there is none.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn since(
    database: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let row =
        sqlx::query_scalar!("SELECT confirmed_at FROM second_factors WHERE user_id = $1", user);
    Ok(row.fetch_optional(database).await?.flatten())
}

/// Whether it counts, and how many recovery codes are left.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn status(pool: &PgPool, user: Uuid) -> sqlx::Result<(bool, i64)> {
    let row = sqlx::query!(
        r#"SELECT EXISTS (SELECT FROM second_factors
                          WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS "on!",
                  (SELECT count(*) FROM recovery_codes WHERE user_id = $1) AS "left!""#,
        user,
    )
    .fetch_one(pool)
    .await?;
    Ok((row.on, row.left))
}

/// Notes a secret that is not confirmed yet, in place of another such one. False where the user has
/// one that counts: that stays.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn begin(
    database: &mut PgConnection,
    user: Uuid,
    secret: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO second_factors (user_id, secret, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET secret = $2, created_at = $3
         WHERE second_factors.confirmed_at IS NULL",
        user,
        secret,
        now,
    )
    .execute(database)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The user's second factor; nobody else looks at it until the transaction ends.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn lock(
    transaction: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<Factor>> {
    sqlx::query_as!(
        Factor,
        r#"SELECT secret, confirmed_at IS NOT NULL AS "confirmed!", failures, locked_until
           FROM second_factors WHERE user_id = $1 FOR UPDATE"#,
        user,
    )
    .fetch_optional(transaction)
    .await
}

/// Makes it count; the step of its first code is used. False where it counts already.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn confirm(
    transaction: &mut PgConnection,
    user: Uuid,
    step: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE second_factors SET confirmed_at = $3, last_step = $2, failures = 0,
             locked_until = NULL
         WHERE user_id = $1 AND confirmed_at IS NULL",
        user,
        step,
        now,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Uses a time step, and forgets the failures before it. False where it or a later one was used.
pub(crate) async fn take_step(
    transaction: &mut PgConnection,
    user: Uuid,
    step: i64,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE second_factors SET last_step = $2, failures = 0, locked_until = NULL
         WHERE user_id = $1 AND last_step < $2",
        user,
        step,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Uses a recovery code; false where there is none such.
pub(crate) async fn take_recovery_code(
    transaction: &mut PgConnection,
    user: Uuid,
    hash: &[u8],
) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2", user, hash)
            .execute(transaction)
            .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn forget_failures(
    transaction: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE second_factors SET failures = 0, locked_until = NULL WHERE user_id = $1",
        user,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

pub(crate) async fn failed(
    transaction: &mut PgConnection,
    user: Uuid,
    failures: i32,
    locked_until: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE second_factors SET failures = $2, locked_until = $3 WHERE user_id = $1",
        user,
        failures,
        locked_until,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Puts these recovery codes in the place of those before.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn replace_recovery_codes(
    transaction: &mut PgConnection,
    user: Uuid,
    hashes: &[Vec<u8>],
) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM recovery_codes WHERE user_id = $1", user)
        .execute(&mut *transaction)
        .await?;
    sqlx::query!(
        "INSERT INTO recovery_codes (user_id, hash) SELECT $1, unnest($2::bytea[])",
        user,
        hashes,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Takes the second factor away; true where it counted.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn remove(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
    let counted = sqlx::query_scalar!(
        r#"DELETE FROM second_factors WHERE user_id = $1
           RETURNING confirmed_at IS NOT NULL AS "counted!""#,
        user,
    )
    .fetch_optional(transaction)
    .await?;
    Ok(counted.unwrap_or_default())
}

/// Users and their encrypted secrets, in order of the users' ids.
pub(crate) async fn page(
    pool: &PgPool,
    after: Uuid,
    rows: i64,
) -> sqlx::Result<Vec<(Uuid, Vec<u8>)>> {
    let rows = sqlx::query!(
        "SELECT user_id, secret FROM second_factors WHERE user_id > $1 ORDER BY user_id LIMIT $2",
        after,
        rows,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.secret)).collect())
}

/// Puts one encrypted form of a secret in the place of the other.
pub(crate) async fn reencrypt(
    pool: &PgPool,
    user: Uuid,
    before: &[u8],
    after: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE second_factors SET secret = $3 WHERE user_id = $1 AND secret = $2",
        user,
        before,
        after,
    )
    .execute(pool)
    .await?;
    Ok(())
}
