//! Accounts: who there is.

pub(crate) mod agents;
pub(crate) mod disable;
pub(crate) mod names;
pub(crate) mod profile;
pub(crate) mod profile_store;
pub(crate) mod reset;
pub(crate) mod sign_in_store;
pub(crate) mod store;
pub mod superuser;
pub(crate) mod view;

pub use names::{Genre, Login, PersonName, in_field};
pub use profile::User;
