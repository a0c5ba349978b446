//! Reading and forging access tokens.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signer, SigningKey};
use hkdf::Hkdf;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::Database;

/// A key that no server has.
#[must_use]
pub fn unknown_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The public half of a key as a JWK.
#[must_use]
pub fn jwk(key: &SigningKey) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(key.verifying_key().to_bytes()) })
}

/// Header and claims of a token.
///
/// # Panics
/// If it is not a JWT.
#[must_use]
pub fn read(token: &str) -> (Value, Value) {
    let part = |number| {
        let part = token.split('.').nth(number).unwrap();
        serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
    };
    (part(0), part(1))
}

/// A token with this header and these claims, signed with this key.
#[must_use]
pub fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let message = unsigned(header, claims);
    let signature = key.sign(message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature.to_bytes()))
}

/// The signing input of a token.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// A token of these texts, which need not be JSON, signed with this key.
#[must_use]
pub fn signed_text(header: &str, claims: &str, key: &SigningKey) -> String {
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = key.sign(message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature.to_bytes()))
}

/// The newest signing key of the servers on this database, stolen together with their secret: a
/// token signed with it can only be refused for its contents.
///
/// # Panics
/// If there is none, or it is encrypted in another way.
pub async fn stolen_key(database: &Database) -> SigningKey {
    let newest = "SELECT kid, private_key FROM signing_keys ORDER BY signs_from DESC LIMIT 1";
    let newest = sqlx::query_as::<_, (String, Vec<u8>)>(newest);
    let (kid, encrypted) = newest.fetch_one(&mut database.connect().await).await.unwrap();
    let mut key = [0; 32];
    let secret = Hkdf::<Sha256>::new(None, &database.secret);
    secret.expand(b"signing-key-encryption", &mut key).unwrap();
    let (nonce, ciphertext) = encrypted.split_first_chunk::<12>().unwrap();
    let payload = Payload { msg: ciphertext, aad: kid.as_bytes() };
    let seed = Aes256Gcm::new(&key.into()).decrypt(&Nonce::from(*nonce), payload).unwrap();
    SigningKey::from_bytes(&seed.try_into().unwrap())
}
