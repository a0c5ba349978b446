//! Service clients: programs that authenticate as themselves, not as a user.

pub(crate) mod basic;
pub(crate) mod name;
pub(crate) mod secret;
pub(crate) mod store;

pub use basic::{CLIENT, ServiceClient};
pub use name::ClientName;
pub use secret::ClientSecret;
