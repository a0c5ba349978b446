//! Services that are unavailable, and recover.

mod database;
mod outcome_unknown;
pub(crate) mod restored_database;
mod revocation_state;
mod statements;
mod unusable;
