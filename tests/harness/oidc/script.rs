//! What a provider that cheats says.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use crate::token::{jwk, signed, strange_key, unsigned};

/// How a page is answered.
#[derive(Clone, Debug, Default)]
pub enum Page {
    /// As it should be.
    #[default]
    Usual,
    /// This status, and a text that is no JSON.
    Status(u16),
    /// This text, as JSON.
    Text(String),
    /// Another place.
    Redirect(String),
    /// Byte by byte, for longer than anybody waits.
    Slow,
    /// Far too much.
    Huge,
}

/// How ID tokens are signed.
#[derive(Clone, Copy, Debug, Default)]
pub enum Sign {
    /// By the key that is published.
    #[default]
    Right,
    /// By another, under the published key's id.
    StrangeKey,
    /// By the right key, but something was changed afterwards.
    Changed,
    /// Not at all (`alg: none`).
    Not,
    /// By an HMAC under the public key (`alg: HS256`).
    PublicKeyAsSecret,
    /// By an HMAC under the client's secret (`alg: HS256`).
    ClientSecret,
}

/// What the provider says. Claims, header fields and metadata given here stand in the place of the
/// usual ones; `null` takes one away.
#[derive(Clone, Debug)]
pub struct Script {
    /// Changes the claims of the next ID tokens.
    pub claims: Value,
    /// Changes their headers.
    pub header: Value,
    /// How they are signed.
    pub sign: Sign,
    /// Changes the metadata.
    pub metadata: Value,
    /// The page of the metadata.
    pub metadata_page: Page,
    /// The page of the keys.
    pub keys_page: Page,
    /// The page where codes become tokens.
    pub token_page: Page,
    /// Number of the key that signs.
    pub key: u8,
    /// Numbers of the keys that are published.
    pub published: Vec<u8>,
    /// `at_hash` of ID tokens is made for this access token; the usual one where it is empty.
    pub hashed: String,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            claims: json!({}),
            header: json!({}),
            sign: Sign::default(),
            metadata: json!({}),
            metadata_page: Page::default(),
            keys_page: Page::default(),
            token_page: Page::default(),
            key: 1,
            published: vec![1],
            hashed: String::new(),
        }
    }
}

/// The secret that the provider knows us by.
pub const SECRET: &str = "a secret of the films";
pub(super) const CLIENT: &str = "films";
pub(super) const ACCESS_TOKEN: &str = "access-token-of-the-provider";

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn kid(number: u8) -> String {
    format!("key-{number}")
}

impl Script {
    pub(super) fn metadata(&self, url: &str) -> Value {
        let mut metadata = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        });
        change(&mut metadata, &self.metadata);
        metadata
    }

    pub(super) fn keys(&self) -> Value {
        let keys = self.published.iter().map(|number| {
            let mut key = jwk(&key(*number));
            change(&mut key, &json!({ "kid": kid(*number), "use": "sig", "alg": "EdDSA" }));
            key
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    pub(super) fn id_token(&self, url: &str, nonce: &str, now: DateTime<Utc>) -> String {
        let hashed = if self.hashed.is_empty() { ACCESS_TOKEN } else { &self.hashed };
        let hash = BASE64.encode(&Sha512::digest(hashed)[..32]);
        let now = now.timestamp();
        let mut claims = json!({
            "iss": url, "aud": CLIENT, "sub": "subject-1", "nonce": nonce, "iat": now,
            "exp": now + 300, "at_hash": hash, "email": "ada@example.com",
            "email_verified": true, "preferred_username": "ada",
        });
        change(&mut claims, &self.claims);
        let mut header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": kid(self.key) });
        change(&mut header, &self.header);
        self.sign(header, claims)
    }

    fn sign(&self, mut header: Value, mut claims: Value) -> String {
        let own = key(self.key);
        match self.sign {
            Sign::Right => signed(&header, &claims, &own),
            Sign::StrangeKey => signed(&header, &claims, &strange_key()),
            Sign::Changed => {
                let token = signed(&header, &claims, &own);
                claims["sub"] = json!("somebody-else");
                let signature = token.rsplit('.').next().unwrap();
                format!("{}.{signature}", unsigned(&header, &claims))
            }
            Sign::Not => {
                header["alg"] = json!("none");
                format!("{}.", unsigned(&header, &claims))
            }
            Sign::PublicKeyAsSecret => mac(header, &claims, &own.verifying_key().to_bytes()),
            Sign::ClientSecret => mac(header, &claims, SECRET.as_bytes()),
        }
    }
}

fn mac(mut header: Value, claims: &Value, secret: &[u8]) -> String {
    header["alg"] = json!("HS256");
    let message = unsigned(&header, claims);
    let key = EncodingKey::from_secret(secret);
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn change(value: &mut Value, changes: &Value) {
    for (name, change) in changes.as_object().unwrap() {
        if change.is_null() {
            value.as_object_mut().unwrap().remove(name);
        } else {
            value[name] = change.clone();
        }
    }
}
