//! One signing key: an Ed25519 pair with its id and its times.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{DecodingKey, EncodingKey};
use rand::RngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A signing key as the server uses it.
pub struct Key {
    /// Names the key in the header of a token: its RFC 7638 thumbprint.
    pub kid: String,
    /// The public half, as a JWK's `x` carries it.
    pub x: String,
    /// When it begins to sign.
    pub signs_from: DateTime<Utc>,
    /// When the last token that it signed is dead; open while no successor is appointed.
    pub dead_after: Option<DateTime<Utc>>,
    pub(super) signing: EncodingKey,
    pub(super) verifying: DecodingKey,
}

/// The private half: 32 bytes.
pub(super) type Seed = Zeroizing<[u8; 32]>;

/// A private key that nobody has.
pub(super) fn random_seed() -> Seed {
    let mut seed = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(seed.as_mut());
    seed
}

impl Key {
    /// The pair of this private half.
    pub(super) fn from_seed(
        seed: &Seed,
        signs_from: DateTime<Utc>,
        dead_after: Option<DateTime<Utc>>,
    ) -> Result<Self, ed25519_dalek::pkcs8::Error> {
        let pair = SigningKey::from_bytes(seed);
        let public = pair.verifying_key().to_bytes();
        let x = URL_SAFE_NO_PAD.encode(public);
        Ok(Self {
            kid: thumbprint(&x),
            x,
            signs_from,
            dead_after,
            signing: EncodingKey::from_ed_der(pair.to_pkcs8_der()?.as_bytes()),
            verifying: DecodingKey::from_ed_der(&public),
        })
    }

    /// True when what it signs can be verified.
    #[must_use]
    pub fn works(&self) -> bool {
        let (message, algorithm) = (b"works?", jsonwebtoken::Algorithm::EdDSA);
        let signature = jsonwebtoken::crypto::sign(message, &self.signing, algorithm);
        signature.is_ok_and(|signature| {
            let verified =
                jsonwebtoken::crypto::verify(&signature, message, &self.verifying, algorithm);
            verified.unwrap_or(false)
        })
    }

    /// True while a token that this key signed may still be alive.
    pub(super) fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.dead_after.is_none_or(|dead| now < dead)
    }
}

/// RFC 7638: the hash of the key's required members in alphabetic order.
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
