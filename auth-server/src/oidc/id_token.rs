//! Validation of ID tokens (OpenID Connect Core 1.0, section 3.1.3.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{AccessToken, AccessTokenHash, JsonWebKey, JsonWebKeyId, Nonce};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::claims::Claims;
use super::provider_config::ProviderConfig;

/// Tolerated difference to the clock of a provider.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// An ID token was issued at most this long ago.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// Why an ID token is invalid. Contains nothing from the provider's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdTokenError {
    /// No published key verifies its signature: the provider may have a new one.
    Signature(&'static str),
    /// This claim is missing or wrong.
    Claim(&'static str),
    Other(&'static str),
}

/// What an ID token is validated against.
pub(crate) struct Expected<'a> {
    pub(crate) config: &'a ProviderConfig,
    pub(crate) keys: &'a CoreJsonWebKeySet,
    pub(crate) nonce: &'a Nonce,
    /// The access token that was issued with it, if any.
    pub(crate) access_token: Option<&'a str>,
    pub(crate) now: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Header {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<JsonWebKeyId>,
    typ: Option<String>,
    cty: Option<Value>,
    crit: Option<Value>,
}

/// A token whose signature is valid.
struct Signed<'a> {
    claims: Claims,
    algorithm: CoreJwsSigningAlgorithm,
    key: &'a CoreJsonWebKey,
}

impl Expected<'_> {
    /// The claims of a valid ID token.
    pub(crate) fn validate(&self, token: &str) -> Result<Claims, IdTokenError> {
        let signed = self.verify_signature(token)?;
        self.check_claims(&signed.claims)?;
        self.check_access_token(&signed)?;
        Ok(signed.claims)
    }

    fn verify_signature(&self, token: &str) -> Result<Signed<'_>, IdTokenError> {
        const UNREADABLE: IdTokenError = IdTokenError::Other("the ID token is unreadable");
        let (message, signature) = token.rsplit_once('.').ok_or(UNREADABLE)?;
        let (header, payload) = message.split_once('.').ok_or(UNREADABLE)?;
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| UNREADABLE);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| UNREADABLE)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        if header.crit.is_some() || header.cty.is_some() || !is_jwt(header.typ.as_deref()) {
            return Err(IdTokenError::Other("the ID token is of another type"));
        }
        if !self.config.algorithms.contains(&header.alg) {
            return Err(IdTokenError::Other("the ID token is signed with another algorithm"));
        }
        let named =
            |key: &&CoreJsonWebKey| header.kid.is_none() || key.key_id() == header.kid.as_ref();
        let mut keys = self.keys.keys().iter().filter(named).peekable();
        if keys.peek().is_none() {
            return Err(IdTokenError::Signature("it is signed with an unknown key"));
        }
        // A key of another type or for another use verifies nothing.
        let verifies = |key: &&CoreJsonWebKey| {
            key.verify_signature(&header.alg, message.as_bytes(), &signature).is_ok()
        };
        let key = keys.find(verifies).ok_or(IdTokenError::Signature("the signature is invalid"))?;
        let claims = serde_json::from_slice(&payload).map_err(|_| UNREADABLE)?;
        Ok(Signed { claims, algorithm: header.alg, key })
    }

    fn check_claims(&self, claims: &Claims) -> Result<(), IdTokenError> {
        let check = |valid, claim| if valid { Ok(()) } else { Err(IdTokenError::Claim(claim)) };
        let client = self.config.client_id.as_str();
        check(claims.iss == self.config.issuer.as_str(), "iss")?;
        check(claims.subject().is_some(), "sub")?;
        let audiences = claims.audiences().unwrap_or_default();
        let trusted =
            |one: &&str| *one == client || self.config.audiences.iter().any(|it| it == one);
        check(audiences.contains(&client) && audiences.iter().all(trusted), "aud")?;
        // A token for several audiences must say which of them asked for it.
        let optional = claims.azp.is_null() && audiences.len() == 1;
        check(optional || claims.azp == client, "azp")?;
        let nonce = claims.nonce.as_str().unwrap_or_default().as_bytes();
        check(bool::from(nonce.ct_eq(self.nonce.secret().as_bytes())), "nonce")?;
        let time = |claim| Claims::seconds(claim).and_then(|at| DateTime::from_timestamp(at, 0));
        check(time(&claims.exp).is_some_and(|at| at > self.now - LEEWAY), "exp")?;
        let issued = self.now - MAX_AGE..=self.now + LEEWAY;
        check(time(&claims.iat).is_some_and(|at| issued.contains(&at)), "iat")
    }

    /// Checks that the access token was issued together with the ID token.
    fn check_access_token(&self, signed: &Signed<'_>) -> Result<(), IdTokenError> {
        let stated = &signed.claims.at_hash;
        if stated.is_null() {
            return Ok(());
        }
        let token = AccessToken::new(self.access_token.unwrap_or_default().to_owned());
        let actual = AccessTokenHash::from_token(&token, &signed.algorithm, signed.key);
        if actual.is_ok_and(|actual| *stated == actual.as_str()) {
            return Ok(());
        }
        Err(IdTokenError::Claim("at_hash"))
    }
}

/// RFC 7515: `application/` may precede a type without a slash.
fn is_jwt(typ: Option<&str>) -> bool {
    let accepted = ["JWT", "JOSE", "application/jwt", "application/jose"];
    typ.is_none_or(|typ| accepted.iter().any(|one| one.eq_ignore_ascii_case(typ)))
}

/// For the fuzz targets: validation without a provider.
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzed {
    use serde_json::json;

    use super::*;
    use crate::oidc::{ExternalIdentity, provider_config};

    const ISSUER: &str = "https://accounts.example";

    pub(crate) fn identity(keys: &str, token: &str) -> Option<ExternalIdentity> {
        let entry = json!({ "name": "films", "issuer": ISSUER, "client_id": "films" });
        let entry = serde_json::from_value(entry).expect("a configuration");
        let configs = provider_config::validate(&[entry], "https://films.example")
            .expect("a valid configuration");
        let expected = Expected {
            config: configs.first()?,
            keys: &serde_json::from_str(keys).ok()?,
            nonce: &Nonce::new("nonce".into()),
            access_token: None,
            now: DateTime::UNIX_EPOCH,
        };
        expected.validate(token).ok()?.identity(ISSUER)
    }

    pub(crate) fn identity_of(claims: &str) -> Option<ExternalIdentity> {
        serde_json::from_str::<Claims>(claims).ok()?.identity(ISSUER)
    }
}
