//! What a service client proves itself with.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Marks a secret for people and for programs that look for leaked ones.
const PREFIX: &str = "cs_";

/// 256 random bits as text. Shown once, never stored.
pub(crate) struct ClientSecret(Zeroizing<String>);

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl ClientSecret {
    /// A secret that nobody has.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn random() -> Result<Self, rand::rand_core::OsError> {
        let mut bytes = Zeroizing::new([0; 32]);
        OsRng.try_fill_bytes(bytes.as_mut())?;
        let text = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes.as_ref()));
        Ok(Self(Zeroizing::new(text)))
    }

    /// The text, to be shown once.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub(crate) fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

/// Plain SHA-256. Passwords need a slow hash because they can be guessed; of 2^256 secrets none is
/// guessed, however fast the hash, and every request of a client pays for it.
fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// True when this is the secret that was stored as `stored`. Takes as long for any other.
pub(crate) fn fits(secret: &str, stored: &[u8]) -> bool {
    hash(secret).ct_eq(stored).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_fits_what_was_stored_of_it_and_nothing_else_does() {
        let (secret, other) = (ClientSecret::random().unwrap(), ClientSecret::random().unwrap());
        assert_eq!(secret.expose().len(), 46);
        assert!(fits(secret.expose(), &secret.hash()));
        assert!(!fits(other.expose(), &secret.hash()));
        assert!(!fits("", &secret.hash()) && !fits(secret.expose(), &[]));
        assert_eq!(format!("{secret:?}"), "***");
    }
}
