//! A signing key: an Ed25519 key pair with its id and life cycle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signer, SigningKey};
use jsonwebtoken::DecodingKey;
use rand::RngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A signing key.
pub struct Key {
    /// Key id in the header of a token: the RFC 7638 thumbprint.
    pub kid: String,
    /// Public key, as in the member `x` of a JWK.
    pub x: String,
    /// When it starts to sign.
    pub signs_from: DateTime<Utc>,
    /// When its last token has expired; none while it has no successor.
    pub retire_at: Option<DateTime<Utc>>,
    /// Whether it was taken out of use before its time.
    pub(crate) revocation: KeyRevocation,
    signing: SigningKey,
    pub(crate) verifying: DecodingKey,
}

/// Whether a key was revoked. Caches keep it beside what the key verified.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyRevocation(Arc<AtomicBool>);

impl KeyRevocation {
    pub(crate) fn is_revoked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn revoke(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A private key: 32 bytes.
pub(crate) type Seed = Zeroizing<[u8; 32]>;

/// A new random private key.
pub(crate) fn random_seed() -> Seed {
    let mut seed = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(seed.as_mut());
    seed
}

impl Key {
    /// The key pair of this private key.
    pub(crate) fn from_seed(
        seed: &Seed,
        signs_from: DateTime<Utc>,
        retire_at: Option<DateTime<Utc>>,
    ) -> Self {
        let signing = SigningKey::from_bytes(seed);
        let public = signing.verifying_key().to_bytes();
        let x = URL_SAFE_NO_PAD.encode(public);
        Self {
            kid: thumbprint(&x),
            x,
            signs_from,
            retire_at,
            revocation: KeyRevocation::default(),
            signing,
            verifying: DecodingKey::from_ed_der(&public),
        }
    }

    /// The signature of a message, in base64url.
    pub(crate) fn sign(&self, message: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.signing.sign(message.as_bytes()).to_bytes())
    }

    /// True if its public key verifies its signatures.
    #[must_use]
    pub fn verifies_itself(&self) -> bool {
        let (message, algorithm) = ("test", jsonwebtoken::Algorithm::EdDSA);
        let signature = self.sign(message);
        let verified = jsonwebtoken::crypto::verify(
            &signature,
            message.as_bytes(),
            &self.verifying,
            algorithm,
        );
        verified.unwrap_or(false)
    }

    /// True while a token that it signed may still be valid.
    pub(crate) fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.retire_at.is_none_or(|at| now < at)
    }
}

/// RFC 7638: the hash of the required members in lexicographic order.
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_8037() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
