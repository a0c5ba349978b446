//! Secrets at rest: AES-256-GCM under a key derived from the server's secret.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::RngCore;
use zeroize::Zeroizing;

use super::{Purpose, Secrets};

/// The key that seals, and the one that it replaced.
pub struct SealingKeys {
    current: Aes256Gcm,
    previous: Option<Aes256Gcm>,
}

/// What [`SealingKeys::open`] found.
pub enum Opened {
    /// Sealed under the current key.
    Current(Zeroizing<Vec<u8>>),
    /// Sealed under the previous key: to be sealed again, before that key is thrown away.
    Previous(Zeroizing<Vec<u8>>),
}

/// Bytes before the ciphertext.
const NONCE: usize = 12;

impl SealingKeys {
    /// The keys that the server's secret gives for this purpose, and the secret before it.
    #[must_use]
    pub fn of(secrets: &Secrets, purpose: Purpose) -> Self {
        Self::new(&secrets.derive(purpose), secrets.derive_previous(purpose).as_deref())
    }

    /// Seals under `current`; opens what `previous` sealed, too.
    #[must_use]
    pub fn new(current: &[u8; 32], previous: Option<&[u8; 32]>) -> Self {
        let cipher = |key: &[u8; 32]| Aes256Gcm::new(key.into());
        Self { current: cipher(current), previous: previous.map(cipher) }
    }

    /// Nonce and ciphertext of `secret`, which can only be opened again beside the same `label`.
    ///
    /// # Errors
    /// The secret is longer than the cipher takes: 64 GiB.
    pub fn seal(&self, label: &str, secret: &[u8]) -> Result<Vec<u8>, aes_gcm::Error> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: secret, aad: label.as_bytes() };
        let mut sealed = nonce.to_vec();
        sealed.extend(self.current.encrypt(&Nonce::from(nonce), payload)?);
        Ok(sealed)
    }

    /// The secret, if one of our keys sealed it for this `label`.
    #[must_use]
    pub fn open(&self, label: &str, sealed: &[u8]) -> Option<Opened> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE>()?;
        let open = |cipher: &Aes256Gcm| {
            let payload = Payload { msg: ciphertext, aad: label.as_bytes() };
            cipher.decrypt(&Nonce::from(*nonce), payload).ok().map(Zeroizing::new)
        };
        open(&self.current)
            .map(Opened::Current)
            .or_else(|| self.previous.as_ref().and_then(open).map(Opened::Previous))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_for_the_same_label_only() {
        let keys = SealingKeys::new(&[1; 32], None);
        let sealed = keys.seal("a", b"secret").unwrap();
        assert!(matches!(keys.open("a", &sealed), Some(Opened::Current(s)) if *s == b"secret"));
        assert!(keys.open("b", &sealed).is_none());
        assert!(keys.open("a", &sealed[..11]).is_none());
        assert!(keys.open("a", &[]).is_none());
    }

    #[test]
    fn opens_what_the_previous_key_sealed() {
        let sealed = SealingKeys::new(&[1; 32], None).seal("a", b"secret").unwrap();
        let turned = SealingKeys::new(&[2; 32], Some(&[1; 32]));
        assert!(matches!(turned.open("a", &sealed), Some(Opened::Previous(_))));
        assert!(SealingKeys::new(&[2; 32], None).open("a", &sealed).is_none());
    }
}
