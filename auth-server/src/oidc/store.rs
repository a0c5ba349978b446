//! SQL about linked identities, and about the accounts to which they are linked.
//!
//! A change of an identity locks the identity's account first; this order prevents deadlocks.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::Serialize;
use uuid::Uuid;

use super::{ExternalIdentity, LinkRequest, Oidc};
use crate::db::PgConnection;
use crate::email::EmailAddress;
use crate::session::lock_active;
use crate::user::confusable;
use crate::user::{Login, ProfileName};

/// An external identity that the user can log in with.
#[derive(Debug, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct LinkedIdentity {
    /// Unique id of the link.
    pub id: Uuid,
    /// Name of the identity provider; `null` if it is no longer configured.
    pub provider: Option<String>,
    /// Issuer identifier of the provider.
    pub issuer: String,
    /// Subject identifier of the user at the provider.
    pub subject: String,
    /// E-mail address as last reported by the provider.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it was last used to log in.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Oidc {
    /// The user's linked identities, oldest first.
    pub(crate) async fn identities(
        &self,
        database: &mut PgConnection,
        user: Uuid,
    ) -> sqlx::Result<Vec<LinkedIdentity>> {
        let rows = sqlx::query!(
            "SELECT id, issuer, subject, email, created_at, last_used_at FROM identities
             WHERE user_id = $1 ORDER BY created_at, id",
            user,
        )
        .fetch_all(database)
        .await?;
        let identities = rows.into_iter().map(|row| LinkedIdentity {
            id: row.id,
            provider: self.of_issuer(&row.issuer).map(|provider| provider.name().to_owned()),
            issuer: row.issuer,
            subject: row.subject,
            email: row.email,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        });
        Ok(identities.collect())
    }
}

/// Locks this identity until the transaction ends, whether it is linked or not.
pub(crate) async fn lock(
    transaction: &mut PgConnection,
    identity: &ExternalIdentity,
) -> sqlx::Result<()> {
    // JSON, so that different pairs have different names.
    let name = serde_json::json!([identity.issuer, identity.subject]).to_string();
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
        .execute(transaction)
        .await?;
    Ok(())
}

/// The account to which the identity is linked.
pub(crate) async fn owner(
    transaction: &mut PgConnection,
    identity: &ExternalIdentity,
) -> sqlx::Result<Option<Uuid>> {
    let (issuer, subject) = (&identity.issuer, &identity.subject);
    sqlx::query_scalar!(
        "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2",
        issuer,
        subject,
    )
    .fetch_optional(transaction)
    .await
}

/// True if the session that requested the link is still active. Locks its account and then the
/// session: in one statement the session would be read before the wait for the account.
pub(crate) async fn may_link(
    transaction: &mut PgConnection,
    request: LinkRequest,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let account = lock_account(transaction, request.user).await?;
    if account.is_none_or(|account| account.disabled) {
        return Ok(false);
    }
    lock_active(transaction, request.user, request.session, now).await
}

/// Links an identity that is not linked.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    user: Uuid,
    identity: &ExternalIdentity,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO identities (id, user_id, issuer, subject, email, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7(),
        user,
        identity.issuer,
        identity.subject,
        identity.email.as_ref().map(EmailAddress::as_str),
        now,
    )
    .execute(transaction)
    .await?;
    Ok(())
}

/// Records a login with the identity. False if it is no longer linked to the user.
pub(crate) async fn record_use(
    transaction: &mut PgConnection,
    user: Uuid,
    identity: &ExternalIdentity,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE identities SET last_used_at = $4, email = $5
         WHERE user_id = $1 AND issuer = $2 AND subject = $3",
        user,
        identity.issuer,
        identity.subject,
        now,
        identity.email.as_ref().map(EmailAddress::as_str),
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Unlinks an identity. False if the user has no such identity.
pub(crate) async fn remove(
    transaction: &mut PgConnection,
    user: Uuid,
    id: Uuid,
) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM identities WHERE id = $1 AND user_id = $2", id, user)
        .execute(transaction)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Unlinks all identities of the user.
pub(crate) async fn remove_all(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM identities WHERE user_id = $1", user).execute(transaction).await?;
    Ok(())
}

/// True if the user has an identity of one of these issuers.
pub(crate) async fn has_any(
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

/// Creates an account without a password and without an address. False if the login is in use.
pub(crate) async fn create_account(
    transaction: &mut PgConnection,
    id: Uuid,
    login: &Login,
    identity: &ExternalIdentity,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    if !confusable::is_distinct(transaction, login, id).await? {
        return Ok(false);
    }
    let done = sqlx::query!(
        "INSERT INTO users (id, login, login_key, login_skeleton, first_name, last_name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING",
        id,
        login.as_str(),
        login.key(),
        login.skeleton(),
        identity.first_name.as_ref().map(ProfileName::as_str),
        identity.last_name.as_ref().map(ProfileName::as_str),
        now,
    )
    .execute(transaction)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What decides whether and how an account can be logged in to.
pub(crate) struct AccountState {
    /// PHC string; none if the account has no password.
    pub password_hash: Option<String>,
    pub disabled: bool,
}

/// Locks an account until the transaction ends.
pub(crate) async fn lock_account(
    transaction: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<AccountState>> {
    sqlx::query_as!(
        AccountState,
        r#"SELECT password_hash, disabled_at IS NOT NULL AS "disabled!"
           FROM users WHERE id = $1 FOR NO KEY UPDATE"#,
        user,
    )
    .fetch_optional(transaction)
    .await
}
