//! Services that are unavailable, and recover.

mod database;
mod revocation_state;
mod statements;
