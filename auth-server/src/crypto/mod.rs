//! Keys derived from the server's secret, and authenticated encryption with them.

pub(crate) mod aead;
pub(crate) mod secrets;
pub(crate) mod state_file;

pub use aead::{Decrypted, EncryptionKeys};
pub use secrets::{DerivedKey, Purpose, SecretError, Secrets};
