//! Changes of an account's credentials: each leaves a record, and a notice to its owner.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Actor, AuditRecord, insert};
use crate::db::PgConnection;
use crate::email::notice::{self, Notice};

/// A change that users make to their own account.
#[derive(Clone, Copy)]
pub(crate) struct AccountChange {
    /// Its author, and the account.
    pub user: Uuid,
    /// The operation id, or what was used.
    pub operation: &'static str,
    pub notice: Notice,
}

impl AccountChange {
    /// Inserts the record and queues the notice, in the transaction of the change. A change of the
    /// confirmed address is recorded before it is made, so that the notice goes to the old address.
    pub(crate) async fn record(
        self,
        transaction: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let Self { user, operation, notice } = self;
        let record = AuditRecord::new(Actor::User(user), operation, format!("user:{user}"));
        insert(transaction, &record, now).await?;
        notice::enqueue(transaction, user, notice, now).await
    }
}
