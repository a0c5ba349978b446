//! Access tokens as strangers make them up.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

/// A key that no server has.
#[must_use]
pub fn strange_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The public half of a key, as a JWK carries it.
#[must_use]
pub fn jwk(key: &SigningKey) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(key.verifying_key().to_bytes()) })
}

/// Header and claims of a token.
///
/// # Panics
/// It is no token.
#[must_use]
pub fn read(token: &str) -> (Value, Value) {
    let part = |number| {
        let part = token.split('.').nth(number).unwrap();
        serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
    };
    (part(0), part(1))
}

/// A token of these, signed with this key.
#[must_use]
pub fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let message = unsigned(header, claims);
    let signature = key.sign(message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature.to_bytes()))
}

/// The part of a token that gets signed.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}
