//! Secrets at rest: AES-256-GCM under a key derived from the server's secret.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::RngCore;
use zeroize::Zeroizing;

use super::{Purpose, Secrets};

/// The key that seals, and the one that it replaced.
pub struct EncryptionKeys {
    current: Aes256Gcm,
    previous: Option<Aes256Gcm>,
}

/// What [`EncryptionKeys::decrypt`] found.
pub enum Decrypted {
    /// Sealed under the current key.
    Current(Zeroizing<Vec<u8>>),
    /// Sealed under the previous key: to be encrypted again, before that key is thrown away.
    Previous(Zeroizing<Vec<u8>>),
}

/// Bytes before the ciphertext.
const NONCE: usize = 12;

impl EncryptionKeys {
    /// The keys that the server's secret gives for this purpose, and the secret before it.
    #[must_use]
    pub fn of(secrets: &Secrets, purpose: Purpose) -> Self {
        Self::new(&secrets.derive(purpose), secrets.derive_previous(purpose).as_deref())
    }

    /// Seals under `current`; opens what `previous` encrypted, too.
    #[must_use]
    pub fn new(current: &[u8; 32], previous: Option<&[u8; 32]>) -> Self {
        let cipher = |key: &[u8; 32]| Aes256Gcm::new(key.into());
        Self { current: cipher(current), previous: previous.map(cipher) }
    }

    /// Nonce and ciphertext of `secret`, which can only be decrypted again beside the same `label`.
    ///
    /// # Errors
    /// The secret is longer than the cipher takes: 64 GiB.
    pub fn encrypt(&self, label: &str, secret: &[u8]) -> Result<Vec<u8>, aes_gcm::Error> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: secret, aad: label.as_bytes() };
        let mut encrypted = nonce.to_vec();
        encrypted.extend(self.current.encrypt(&Nonce::from(nonce), payload)?);
        Ok(encrypted)
    }

    /// The secret, if one of our keys encrypted it for this `label`.
    #[must_use]
    pub fn decrypt(&self, label: &str, encrypted: &[u8]) -> Option<Decrypted> {
        let (nonce, ciphertext) = encrypted.split_first_chunk::<NONCE>()?;
        let open = |cipher: &Aes256Gcm| {
            let payload = Payload { msg: ciphertext, aad: label.as_bytes() };
            cipher.decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
        };
        open(&self.current)
            .map(Decrypted::Current)
            .or_else(|| self.previous.as_ref().and_then(open).map(Decrypted::Previous))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_for_the_same_label_only() {
        let keys = EncryptionKeys::new(&[1; 32], None);
        let encrypted = keys.encrypt("a", b"secret").unwrap();
        assert!(
            matches!(keys.decrypt("a", &encrypted), Some(Decrypted::Current(s)) if *s == b"secret")
        );
        assert!(keys.decrypt("b", &encrypted).is_none());
        assert!(keys.decrypt("a", &encrypted[..11]).is_none());
        assert!(keys.decrypt("a", &[]).is_none());
    }

    #[test]
    fn opens_what_the_previous_key_sealed() {
        let encrypted = EncryptionKeys::new(&[1; 32], None).encrypt("a", b"secret").unwrap();
        let turned = EncryptionKeys::new(&[2; 32], Some(&[1; 32]));
        assert!(matches!(turned.decrypt("a", &encrypted), Some(Decrypted::Previous(_))));
        assert!(EncryptionKeys::new(&[2; 32], None).decrypt("a", &encrypted).is_none());
    }
}
