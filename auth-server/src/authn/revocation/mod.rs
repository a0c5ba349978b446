//! What this server knows about revoked sessions, and how servers tell each other.

pub(crate) mod follower;
pub(crate) mod freshness;
pub(crate) mod list;
pub(crate) mod publisher;
