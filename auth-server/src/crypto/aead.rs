//! Encryption of secrets at rest: AES-256-GCM with a key derived from the server's secret.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::RngCore;
use zeroize::Zeroizing;

use super::{Purpose, Secrets};

/// The current encryption key, and others while the server's secret is being replaced.
pub struct EncryptionKeys {
    current: Aes256Gcm,
    others: Vec<Aes256Gcm>,
}

/// A plaintext, and the key that decrypted it.
pub enum Decrypted {
    /// Decrypted with the current key.
    Current(Zeroizing<Vec<u8>>),
    /// Decrypted with another key; to be re-encrypted before that key is discarded.
    Other(Zeroizing<Vec<u8>>),
}

impl Decrypted {
    /// The plaintext, whichever key decrypted it.
    #[must_use]
    pub fn into_plaintext(self) -> Zeroizing<Vec<u8>> {
        let (Self::Current(plaintext) | Self::Other(plaintext)) = self;
        plaintext
    }
}

/// Length of the nonce, which precedes the ciphertext, in bytes.
const NONCE: usize = 12;

impl EncryptionKeys {
    /// The keys for this purpose, derived from all secrets.
    #[must_use]
    pub fn of(secrets: &Secrets, purpose: Purpose) -> Self {
        let others = secrets.derive_others(purpose);
        Self::new(&secrets.derive(purpose), others.iter().map(|key| &**key))
    }

    /// Encrypts with `current`, decrypts with all.
    pub fn new<'a>(current: &[u8; 32], others: impl IntoIterator<Item = &'a [u8; 32]>) -> Self {
        let cipher = |key: &[u8; 32]| Aes256Gcm::new(key.into());
        Self { current: cipher(current), others: others.into_iter().map(cipher).collect() }
    }

    /// Nonce and ciphertext of `secret`. Decryption requires the same `label` (associated data).
    ///
    /// # Errors
    /// The secret is longer than the cipher's limit of 64 GiB.
    pub fn encrypt(&self, label: &str, secret: &[u8]) -> Result<Vec<u8>, aes_gcm::Error> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: secret, aad: label.as_bytes() };
        let mut encrypted = nonce.to_vec();
        encrypted.extend(self.current.encrypt(&Nonce::from(nonce), payload)?);
        Ok(encrypted)
    }

    /// The plaintext, if one of the keys encrypted it with this `label`.
    #[must_use]
    pub fn decrypt(&self, label: &str, encrypted: &[u8]) -> Option<Decrypted> {
        let (nonce, ciphertext) = encrypted.split_first_chunk::<NONCE>()?;
        let decrypt = |cipher: &Aes256Gcm| {
            let payload = Payload { msg: ciphertext, aad: label.as_bytes() };
            cipher.decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
        };
        decrypt(&self.current)
            .map(Decrypted::Current)
            .or_else(|| self.others.iter().find_map(decrypt).map(Decrypted::Other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decryption_requires_the_same_label() {
        let keys = EncryptionKeys::new(&[1; 32], None);
        let encrypted = keys.encrypt("a", b"secret").unwrap();
        let decrypted = keys.decrypt("a", &encrypted);
        assert!(matches!(decrypted, Some(Decrypted::Current(s)) if *s == b"secret"));
        assert!(keys.decrypt("b", &encrypted).is_none());
        assert!(keys.decrypt("a", &encrypted[..11]).is_none());
        assert!(keys.decrypt("a", &[]).is_none());
    }

    #[test]
    fn the_previous_key_decrypts_too() {
        let encrypted = EncryptionKeys::new(&[1; 32], None).encrypt("a", b"secret").unwrap();
        let rotated = EncryptionKeys::new(&[2; 32], [&[1; 32]]);
        assert!(matches!(rotated.decrypt("a", &encrypted), Some(Decrypted::Other(_))));
        assert!(EncryptionKeys::new(&[2; 32], None).decrypt("a", &encrypted).is_none());
    }
}
