//! Password reset links that operators send to users themselves.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::db::PgConnection;
use crate::email::token_store::{NewToken, Purpose};
use crate::email::{EmailToken, token_store};

/// Creates the token of a reset link. `None` if the account is disabled or deleted.
///
/// # Errors
/// The database is unavailable or refused a statement.
pub async fn create_reset_token(
    transaction: &mut PgConnection,
    user: Uuid,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<Option<EmailToken>> {
    let token = EmailToken::generate();
    let new = NewToken {
        hash: &token.hash,
        purpose: Purpose::ResetPassword,
        user,
        email_key: None,
        expires_at,
    };
    if !token_store::insert(&mut *transaction, &new).await? {
        return Ok(None);
    }
    let record = AuditRecord::new(Actor::CommandLine, "create_reset_link", format!("user:{user}"));
    audit::insert(transaction, &record, now).await?;
    Ok(Some(token))
}
