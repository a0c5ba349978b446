//! How long statements may take.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

/// Limits of statements. PostgreSQL ends a statement at the first two, if it still answers; this
/// program gives up at [`Limits::deadline`], whether or not PostgreSQL answers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Waiting for one lock.
    lock: Duration,
    /// One statement.
    statement: Duration,
}

/// How much later than PostgreSQL this program gives up: an error of PostgreSQL leaves the connection
/// usable.
const GRACE: Duration = Duration::from_secs(1);

/// A transaction that stands still for longer holds its locks for nobody: its program hangs, or cannot
/// be reached.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

impl Limits {
    /// For statements that a request waits for.
    pub const REQUEST: Self =
        Self { lock: Duration::from_secs(3), statement: Duration::from_secs(4) };

    /// For statements on whole tables that nobody waits for, and for commands.
    pub const MAINTENANCE: Self =
        Self { lock: Duration::from_secs(10), statement: Duration::from_mins(10) };

    /// When this program stops waiting for a statement.
    #[must_use]
    pub fn deadline(self) -> Duration {
        self.statement + GRACE
    }

    /// Begins a transaction and limits its statements, as one simple query: one round trip. `begin`
    /// is the statement that begins it.
    pub(super) fn begin(self, begin: &str) -> String {
        let Self { lock, statement } = self;
        format!(
            "{begin}; SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}; \
             SET LOCAL idle_in_transaction_session_timeout = {}",
            lock.as_millis(),
            statement.as_millis(),
            IDLE_IN_TRANSACTION.as_millis(),
        )
    }

    /// Whether a connection was opened with these limits.
    pub(super) async fn are_set(self, connection: &mut sqlx::PgConnection) -> sqlx::Result<bool> {
        let query = "SELECT extract(epoch FROM current_setting('lock_timeout')::interval)::int8";
        let seconds: i64 = sqlx::query_scalar(query).fetch_one(connection).await?;
        Ok(u64::try_from(seconds).is_ok_and(|seconds| seconds == self.lock.as_secs()))
    }

    /// The same for a whole connection, as startup options. It has to lead straight to PostgreSQL: a
    /// pooler in between refuses startup options.
    #[must_use]
    pub fn direct(self, options: &PgConnectOptions) -> PgConnectOptions {
        options.clone().options([
            ("lock_timeout", self.lock.as_millis()),
            ("statement_timeout", self.statement.as_millis()),
        ])
    }
}
