//! The database: its errors, its state, and the check of its migrations.

pub mod migrations;
pub(crate) mod status;

use std::time::Duration;

pub(crate) use service::database::{DATABASE, constraint};

/// A connection used within this time is not pinged before its next use: a ping would delay every
/// request by a round trip.
pub(crate) const IDLE_BEFORE_PING: Duration = Duration::from_secs(1);
