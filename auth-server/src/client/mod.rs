//! Service clients: programs that authenticate as themselves, not as a user.

pub(crate) mod basic;
pub(crate) mod name;
pub(crate) mod secret;
pub(crate) mod store;

pub(crate) use basic::{CLIENT, ServiceClient};
pub(crate) use name::ClientName;
pub(crate) use secret::ClientSecret;
