//! Services that are away, and come back.

mod database;
mod revocation_state;
