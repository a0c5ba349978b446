//! The database: its errors, its state, and the check of its migrations.

pub mod migrations;
pub(crate) mod status;

pub(crate) use service::database::{DATABASE, DedicatedConnection, constraint};
pub use service::database::{Limits, PgConnection, PgPool, Transaction};
