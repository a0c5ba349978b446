//! What every feature's SQL shares: database errors and the check of the migrations.

pub(crate) mod error;
pub mod migrations;

pub use error::{DATABASE, IDLE_BEFORE_PING, constraint};
