//! Accounts: who there is.

pub mod agents;
pub mod email_store;
mod names;
mod profile;
pub mod profile_store;
pub mod sign_in_store;
pub mod store;

pub use names::{Email, Genre, Login, PersonName, in_field};
pub use profile::User;
