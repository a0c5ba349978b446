//! The script of a hostile provider.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use crate::token::{jwk, signed, unknown_key, unsigned};

/// The reply of an endpoint.
#[derive(Clone, Debug, Default)]
pub enum Reply {
    /// The correct reply.
    #[default]
    Normal,
    /// This status, with a body that is not JSON.
    Status(u16),
    /// This text as JSON.
    Text(String),
    /// A redirect to this URL.
    Redirect(String),
    /// Byte by byte, for longer than any timeout.
    Slow,
    /// A body beyond every limit.
    Huge,
}

/// How ID tokens are signed.
#[derive(Clone, Copy, Debug, Default)]
pub enum Signature {
    /// Valid, by the published key.
    #[default]
    Valid,
    /// By an unknown key, under the id of the published key.
    UnknownKey,
    /// Valid, but the claims were changed afterwards.
    Tampered,
    /// None (`alg: none`).
    Missing,
    /// An HMAC under the public key (`alg: HS256`).
    PublicKeyAsSecret,
    /// An HMAC under the client secret (`alg: HS256`).
    ClientSecret,
}

/// What the provider answers. Claims, header fields and metadata given here replace the normal
/// ones; `null` removes one.
#[derive(Clone, Debug)]
pub struct Script {
    /// Changes to the claims of ID tokens.
    pub claims: Value,
    /// Changes to their headers.
    pub header: Value,
    /// How they are signed.
    pub signature: Signature,
    /// Changes to the metadata.
    pub metadata: Value,
    /// Reply with the metadata.
    pub metadata_reply: Reply,
    /// Reply with the keys.
    pub jwks_reply: Reply,
    /// Reply of the token endpoint.
    pub token_reply: Reply,
    /// Changes to the token response.
    pub token: Value,
    /// What `UserInfo` says; `null`: there is no such endpoint.
    pub user_info: Value,
    /// Reply of that endpoint.
    pub user_info_reply: Reply,
    /// Number of the signing key.
    pub key: u8,
    /// Whether all keys have the same id.
    pub same_kid: bool,
    /// Numbers of the published keys.
    pub published: Vec<u8>,
    /// The access token that `at_hash` is computed from; empty: the issued one.
    pub at_hash_of: String,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            claims: json!({}),
            header: json!({}),
            signature: Signature::default(),
            metadata: json!({}),
            metadata_reply: Reply::default(),
            jwks_reply: Reply::default(),
            token_reply: Reply::default(),
            token: json!({}),
            user_info: Value::Null,
            user_info_reply: Reply::default(),
            key: 1,
            same_kid: false,
            published: vec![1],
            at_hash_of: String::new(),
        }
    }
}

/// The client secret of auth-server at the provider.
pub const CLIENT_SECRET: &str = "a secret of the films";
pub(super) const CLIENT_ID: &str = "films";
pub(super) const ACCESS_TOKEN: &str = "access-token-of-the-provider";

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

impl Script {
    fn kid(&self, number: u8) -> String {
        if self.same_kid { "key".into() } else { format!("key-{number}") }
    }

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
        if !self.user_info.is_null() {
            metadata["userinfo_endpoint"] = json!(format!("{url}/userinfo"));
        }
        change(&mut metadata, &self.metadata);
        metadata
    }

    pub(super) fn keys(&self) -> Value {
        let keys = self.published.iter().map(|number| {
            let mut key = jwk(&key(*number));
            change(&mut key, &json!({ "kid": self.kid(*number), "use": "sig", "alg": "EdDSA" }));
            key
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    /// The token response with this ID token.
    pub(super) fn tokens(&self, id_token: &str) -> Value {
        let mut response = json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 60,
            "id_token": id_token,
        });
        change(&mut response, &self.token);
        response
    }

    pub(super) fn id_token(&self, url: &str, nonce: &str, now: DateTime<Utc>) -> String {
        let hashed = if self.at_hash_of.is_empty() { ACCESS_TOKEN } else { &self.at_hash_of };
        let hash = BASE64.encode(&Sha512::digest(hashed)[..32]);
        let now = now.timestamp();
        let mut claims = json!({
            "iss": url, "aud": CLIENT_ID, "sub": "subject-1", "nonce": nonce, "iat": now,
            "exp": now + 300, "at_hash": hash, "email": "ada@example.com",
            "email_verified": true, "preferred_username": "ada",
        });
        change(&mut claims, &self.claims);
        let mut header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.kid(self.key) });
        change(&mut header, &self.header);
        self.sign(header, claims)
    }

    fn sign(&self, mut header: Value, mut claims: Value) -> String {
        let own = key(self.key);
        match self.signature {
            Signature::Valid => signed(&header, &claims, &own),
            Signature::UnknownKey => signed(&header, &claims, &unknown_key()),
            Signature::Tampered => {
                let token = signed(&header, &claims, &own);
                claims["sub"] = json!("another-subject");
                let signature = token.rsplit('.').next().unwrap();
                format!("{}.{signature}", unsigned(&header, &claims))
            }
            Signature::Missing => {
                header["alg"] = json!("none");
                format!("{}.", unsigned(&header, &claims))
            }
            Signature::PublicKeyAsSecret => mac(header, &claims, &own.verifying_key().to_bytes()),
            Signature::ClientSecret => mac(header, &claims, CLIENT_SECRET.as_bytes()),
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
