//! Services that are unavailable, and recover.

mod database;
mod outcome_unknown;
mod restored_database;
mod revocation_state;
mod statements;
mod unusable;
