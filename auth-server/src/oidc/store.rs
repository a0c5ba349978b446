//! SQL about identities: accounts elsewhere by which people sign in, by issuer and subject.
//!
//! Whoever changes one locks its account first, so that nobody waits for the other in a circle.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Link, Oidc, Who};
use crate::email::EmailAddress;

/// An account elsewhere by which the user signs in.
#[derive(Debug, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct Identity {
    /// Identifies it here.
    pub id: Uuid,
    /// Name of the provider; none where nobody signs in by it any more.
    pub provider: Option<String>,
    /// The provider as it calls itself.
    pub issuer: String,
    /// The account as the provider calls it.
    pub subject: String,
    /// The e-mail address that the provider told last.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When the user last signed in by it.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Oidc {
    /// The user's identities, the oldest first.
    ///
    /// # Errors
    /// The database refused or is away.
    pub(crate) async fn identities(
        &self,
        database: &mut PgConnection,
        user: Uuid,
    ) -> sqlx::Result<Vec<Identity>> {
        let rows = sqlx::query!(
            "SELECT id, issuer, subject, email, created_at, last_used_at FROM identities
             WHERE user_id = $1 ORDER BY created_at, id",
            user,
        )
        .fetch_all(database)
        .await?;
        let shown = rows.into_iter().map(|row| Identity {
            id: row.id,
            provider: self.of_issuer(&row.issuer).map(|provider| provider.name().to_owned()),
            issuer: row.issuer,
            subject: row.subject,
            email: row.email,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        });
        Ok(shown.collect())
    }
}

/// Nobody else does anything about this identity before the transaction ends, whether it is known
/// yet or not.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn lock(transaction: &mut PgConnection, who: &Who) -> sqlx::Result<()> {
    // JSON, so that no two pairs are written alike.
    let name = serde_json::json!([who.issuer, who.subject]).to_string();
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
        .execute(transaction)
        .await?;
    Ok(())
}

/// Whose identity it is.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn owner(transaction: &mut PgConnection, who: &Who) -> sqlx::Result<Option<Uuid>> {
    let (issuer, subject) = (&who.issuer, &who.subject);
    sqlx::query_scalar!(
        "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2",
        issuer,
        subject,
    )
    .fetch_optional(transaction)
    .await
}

/// True while the session that asked for a link goes on. Locks its account.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn may_link(
    transaction: &mut PgConnection,
    link: Link,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT 1 FROM users u JOIN sessions s ON s.user_id = u.id
         WHERE u.id = $1 AND u.disabled_at IS NULL
           AND s.id = $2 AND s.ended_at IS NULL AND s.expires_at > $3
         FOR NO KEY UPDATE OF u",
        link.user,
        link.session,
        now,
    );
    Ok(found.fetch_optional(transaction).await?.is_some())
}

/// Links an identity that nobody has.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    user: Uuid,
    who: &Who,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO identities (id, user_id, issuer, subject, email, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7(),
        user,
        who.issuer,
        who.subject,
        who.email.as_ref().map(EmailAddress::as_str),
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Notes that the user signed in by it; false where it is not the user's any more.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn used(
    transaction: &mut PgConnection,
    user: Uuid,
    who: &Who,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE identities SET last_used_at = $4, email = $5
         WHERE user_id = $1 AND issuer = $2 AND subject = $3",
        user,
        who.issuer,
        who.subject,
        now,
        who.email.as_ref().map(EmailAddress::as_str),
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes an identity from its user; false where the user has none such.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn remove(
    transaction: &mut PgConnection,
    user: Uuid,
    identity: Uuid,
) -> sqlx::Result<bool> {
    let done =
        sqlx::query!("DELETE FROM identities WHERE id = $1 AND user_id = $2", identity, user)
            .execute(transaction)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// True where the user has an identity of one of these issuers.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn has_one(
    transaction: &mut PgConnection,
    user: Uuid,
    issuers: &[String],
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM identities
                          WHERE user_id = $1 AND issuer = ANY($2)) AS "has!""#,
        user,
        issuers,
    )
    .fetch_one(transaction)
    .await
}
