//! State of the database server.

use chrono::{DateTime, Utc};
use sqlx::{Executor, Postgres};

/// What keeps this server from writing, and the time there.
pub(crate) struct Status {
    /// The database takes no writes: it is a standby, or an operator has said so.
    pub(crate) is_read_only: bool,
    /// Tables that this role may not read and write.
    pub(crate) forbidden: Vec<String>,
    /// What PostgreSQL's clock shows.
    pub(crate) clock: DateTime<Utc>,
}

impl Status {
    pub(crate) const fn is_writable(&self) -> bool {
        !self.is_read_only && self.forbidden.is_empty()
    }
}

/// The tables that most requests need. A table that does not exist is the business of the migrations.
pub(crate) async fn read(database: impl Executor<'_, Database = Postgres>) -> sqlx::Result<Status> {
    sqlx::query_as!(
        Status,
        r#"SELECT current_setting('transaction_read_only') = 'on' AS "is_read_only!",
                  ARRAY(
                      SELECT name FROM unnest(ARRAY[
                          'audit', 'clients', 'login_history', 'policy_journal', 'policy_state',
                          'revocations', 'roles', 'rules', 'sessions', 'signing_keys', 'user_roles',
                          'users']) AS name
                      WHERE NOT has_table_privilege(to_regclass(name), 'SELECT')
                         OR NOT has_table_privilege(to_regclass(name), 'INSERT')
                         OR name IN ('policy_state', 'sessions', 'users')
                            AND NOT has_table_privilege(to_regclass(name), 'UPDATE')
                      ORDER BY name) AS "forbidden!",
                  clock_timestamp() AS "clock!""#
    )
    .fetch_one(database)
    .await
}
