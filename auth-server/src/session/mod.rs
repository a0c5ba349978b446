//! Sessions: one login on one device, carried on by refresh tokens.

mod revocation;
mod revocation_store;

pub use revocation::{Revocation, Revoked};
pub use revocation_store::{Horizon, since};
