//! What every feature's SQL shares: database errors and the check of the migrations.

pub mod migrations;

use std::time::Duration;

pub(crate) use service::database::{DATABASE, constraint};

/// A connection that was used within this time is assumed to be open: to ping it first would make
/// every request wait for one more response.
pub(crate) const IDLE_BEFORE_PING: Duration = Duration::from_secs(1);
