//! Client secrets.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Identifies a client secret to humans and to secret scanners.
const PREFIX: &str = "cs_";

/// 256 random bits as text. Shown once, never stored.
pub(crate) struct ClientSecret(Zeroizing<String>);

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl ClientSecret {
    /// A new random secret.
    pub(crate) fn random() -> Result<Self, rand::rand_core::OsError> {
        let mut bytes = Zeroizing::new([0; 32]);
        OsRng.try_fill_bytes(bytes.as_mut())?;
        let text = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes.as_ref()));
        Ok(Self(Zeroizing::new(text)))
    }

    /// The secret, to be shown once.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The hash that is stored.
    #[must_use]
    pub(crate) fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

/// SHA-256. Passwords need a slow hash because they can be guessed; one of 2^256 secrets cannot, and
/// every request of a client computes the hash.
fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Compares a secret with a stored hash, in constant time.
pub(crate) fn verify(secret: &str, stored: &[u8]) -> bool {
    hash(secret).ct_eq(stored).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_its_own_hash_only() {
        let (secret, other) = (ClientSecret::random().unwrap(), ClientSecret::random().unwrap());
        assert_eq!(secret.expose().len(), 46);
        assert!(verify(secret.expose(), &secret.hash()));
        assert!(!verify(other.expose(), &secret.hash()));
        assert!(!verify("", &secret.hash()) && !verify(secret.expose(), &[]));
        assert_eq!(format!("{secret:?}"), "***");
    }
}
