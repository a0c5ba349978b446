//! Opens a connection, within a limited time.

use std::io;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

/// Time to open a connection.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A connection outside of any pool, whose statements have no deadline.
///
/// # Errors
/// PostgreSQL does not answer in time, or refuses the connection.
pub async fn connect(options: &PgConnectOptions) -> sqlx::Result<PgConnection> {
    // Boxed: large, and rarely needed.
    let connecting = Box::pin(PgConnection::connect_with(options));
    let silent = |_| Err(io::Error::from(io::ErrorKind::TimedOut).into());
    timeout(TIMEOUT, connecting).await.unwrap_or_else(silent)
}
