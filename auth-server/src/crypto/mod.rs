//! Keys derived from the server's secret, and authenticated encryption under them.

pub(crate) mod aead;
pub(crate) mod secret_file;
pub(crate) mod secrets;

pub use aead::{Decrypted, EncryptionKeys};
pub use secret_file::FileError;
pub use secrets::{DerivedKey, Purpose, SecretError, Secrets};
