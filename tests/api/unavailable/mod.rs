//! Services that are unavailable, and recover.

mod database;
mod restored_database;
mod revocation_state;
mod statements;
