//! Service clients: programs that authenticate as themselves, not as a user.

mod basic;
mod name;
mod secret;
pub mod store;

pub use basic::{CLIENT, ServiceClient};
pub use name::ClientName;
pub use secret::ClientSecret;
