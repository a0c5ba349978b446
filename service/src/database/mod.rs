//! PostgreSQL: its setting, migrations, connections whose statements have a deadline, and how errors reach the client.

mod clock_skew;
mod connect;
mod connection;
mod dedicated;
mod distrust;
mod failure;
mod fitness;
pub mod jobs;
mod limits;
mod migrations;
mod pool;
mod transaction;
mod url;

pub use clock_skew::{AgreedClock, ClockReading, ClockSkew, DEFAULT_TOLERANCE};
pub use connect::connect;
pub use connection::PgConnection;
pub use dedicated::DedicatedConnection;
pub use failure::{
    DATABASE, DATABASE_WRITE, constraint, is_outcome_unknown, is_unavailable, sqlstate,
};
pub use fitness::{UnfitDatabase, check_directness, check_fitness};
pub use limits::Limits;
pub use migrations::{MigrationError, Migrations};
pub use pool::PgPool;
pub use transaction::Transaction;
pub use url::DatabaseUrl;
