//! Notices: what a user is told about changes of the account, at the address that is confirmed when
//! the change is made. An attacker who makes the change cannot keep its owner from learning of it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::queue::{self, EmailJob};
use crate::db::{PgConnection, PgPool};

/// Notices to one mailbox on one day; later ones are dropped. Messages that anyone can ask for do not
/// count.
const MAX_PER_DAY: i32 = 20;

/// A change that the owner of the account is told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    PasswordChanged,
    PasswordReset,
    LoginChanged,
    EmailRequested,
    EmailConfirmed,
    EmailChanged,
    SecondFactorEnabled,
    SecondFactorDisabled,
    RecoveryCodesReplaced,
    RecoveryCodeUsed,
    IdentityLinked,
    IdentityUnlinked,
    UserAgentsChanged,
}

impl Notice {
    /// The sentence of the message. It holds nothing that a user chose, and no secret.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::PasswordChanged => "The password was changed",
            Self::PasswordReset => "The password was reset by e-mail",
            Self::LoginChanged => "The login was changed",
            Self::EmailRequested => {
                "Another e-mail address was entered, which replaces this one once it is confirmed"
            }
            Self::EmailConfirmed => "This e-mail address was confirmed",
            Self::EmailChanged => "This e-mail address was replaced or removed",
            Self::SecondFactorEnabled => "Two-factor authentication was enabled",
            Self::SecondFactorDisabled => "Two-factor authentication was disabled",
            Self::RecoveryCodesReplaced => "The recovery codes were replaced",
            Self::RecoveryCodeUsed => "A recovery code was used",
            Self::IdentityLinked => "A login with an identity provider was added",
            Self::IdentityUnlinked => "A login with an identity provider was removed",
            Self::UserAgentsChanged => "The list of clients that may log in was changed",
        }
    }
}

/// Queues a notice in the transaction of the change, before the change if that is one of the address.
/// An account without a confirmed address gets none.
pub(crate) async fn enqueue(
    transaction: &mut PgConnection,
    user: Uuid,
    notice: Notice,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let email = sqlx::query_scalar!(
        r#"SELECT email AS "email!" FROM users WHERE id = $1 AND email_verified_at IS NOT NULL"#,
        user,
    );
    let Some(email) = email.fetch_optional(&mut *transaction).await? else { return Ok(()) };
    queue::enqueue(transaction, &EmailJob::Notice { notice, email, at }).await
}

/// Counts a notice to this mailbox; `false` if it is one too many for this day.
pub(super) async fn admit(pool: &PgPool, email_key: &str, day: NaiveDate) -> sqlx::Result<bool> {
    let counted = sqlx::query!(
        "INSERT INTO notice_counts AS counted (email_key, day, sent) VALUES ($1, $2, 1)
         ON CONFLICT (email_key, day) DO UPDATE SET sent = counted.sent + 1
         WHERE counted.sent < $3",
        email_key,
        day,
        MAX_PER_DAY,
    );
    Ok(counted.execute(pool).await?.rows_affected() > 0)
}

/// Deletes the counts of earlier days.
pub(super) async fn delete_counts(pool: &PgPool, before: NaiveDate) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM notice_counts WHERE day < $1", before).execute(pool).await?;
    Ok(())
}
