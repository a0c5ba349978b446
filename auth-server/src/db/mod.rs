//! The database: its errors, its state, and the check of its migrations.

pub mod migrations;
pub(crate) mod status;

pub(crate) use service::database::{
    AgreedClock, ClockReading, DATABASE, DATABASE_WRITE, DedicatedConnection, connect, constraint,
    is_outcome_unknown,
};
pub use service::database::{Limits, PgConnection, PgPool, Transaction};
