//! What remains of an account that is deleted.

use sqlx::PgConnection;
use uuid::Uuid;

/// Takes everything that points to the user or to their devices from the history of their logins;
/// that there were tries, and how they ended, stays. To be called before the account is deleted.
///
/// # Errors
/// The database refused or is away.
pub async fn anonymise(transaction: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE login_history
         SET user_id = NULL, session_id = NULL, address = NULL, user_agent = NULL
         WHERE user_id = $1",
        user,
    )
    .execute(transaction)
    .await?;
    Ok(())
}
