//! Verifying access tokens.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::issue::{Claims, TYPE};
use super::key::KeyRevocation;
use super::ring::KeyRing;
use crate::clock::Clock;

/// Tolerated difference between the clocks of two servers.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// Maximum length of a token, in bytes.
const MAX_LENGTH: usize = 64 << 10;

const APPLICATION: &str = "application/";

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It is expired or not valid yet.
    #[error("the token is expired or not valid yet")]
    Expired,
    /// None of the server's keys signed it.
    #[error("the token was not signed by this server")]
    Signature,
    /// It is not a token.
    #[error("this is not a token")]
    Malformed,
    /// It is a token of another type or for another audience.
    #[error("this is not an access token for this server")]
    WrongType,
}

/// Verifies access tokens of this server.
pub struct Verifier {
    ring: Arc<KeyRing>,
    clock: Clock,
    validation: Validation,
    lifetime: TimeDelta,
}

/// All claims. Issuer and audience are single strings in this server's tokens; RFC 7519 permits lists.
#[derive(Deserialize)]
#[serde(bound = "C: DeserializeOwned")]
struct AllClaims<C> {
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(rename = "aud")]
    _audience: String,
    #[serde(flatten)]
    claims: C,
}

/// What a token says, for as long as its key is not revoked.
pub struct Verified<C> {
    /// The claims.
    pub claims: C,
    /// Whether the key that signed the token was revoked since.
    pub(crate) key: KeyRevocation,
}

/// An access token that this server issued, perhaps long ago.
#[derive(Clone, Debug)]
pub(crate) struct IssuedToken {
    /// The user that it was issued to.
    pub user: Uuid,
    /// Their session.
    pub session: Uuid,
    /// Id of the key that signed it.
    pub kid: String,
}

impl Verifier {
    /// Accepts tokens of this issuer for this audience that are valid for at most `lifetime`:
    /// revocations are not kept for longer either.
    #[must_use]
    pub fn new(
        ring: Arc<KeyRing>,
        clock: Clock,
        issuer: &str,
        audience: &str,
        lifetime: TimeDelta,
    ) -> Self {
        Self { ring, clock, validation: validation(issuer, audience), lifetime }
    }

    /// The claims of a token that this server issued and that is valid now, until its key is revoked.
    ///
    /// # Errors
    /// Says why the token is refused.
    pub async fn verify(&self, token: &str) -> Result<Verified<Claims>, InvalidToken> {
        let verified = self.read(token).await?;
        let claims = &verified.claims;
        if claims.exp.saturating_sub(claims.iat) > self.lifetime.num_seconds() {
            return Err(InvalidToken::Malformed);
        }
        let validity = Validity { from: claims.nbf.max(claims.iat), until: claims.exp };
        if validity.contains(self.clock.now()) { Ok(verified) } else { Err(InvalidToken::Expired) }
    }

    /// The claims of a token that this server issued, even if it is expired.
    ///
    /// # Errors
    /// Says why the token is refused.
    pub async fn verify_signature(&self, token: &str) -> Result<Claims, InvalidToken> {
        Ok(self.read(token).await?.claims)
    }

    /// What an access token says about its session, expired or not; `None` if this server did not
    /// issue it, if its key was revoked, or if that key retired more than `kept` ago.
    ///
    /// # Errors
    /// The database is unavailable.
    pub(crate) async fn verify_issued(
        &self,
        token: &str,
        kept: TimeDelta,
    ) -> sqlx::Result<Option<IssuedToken>> {
        let Ok(header) = header(token) else { return Ok(None) };
        let Ok(kid) = acceptable(&header, TYPE) else { return Ok(None) };
        let Some(key) = self.ring.find_public(kid, kept).await? else { return Ok(None) };
        let claims = claims::<Claims>(token, &key, &self.validation).ok();
        let issued = |Claims { sub: user, sid: session, .. }| IssuedToken {
            user,
            session,
            kid: kid.to_owned(),
        };
        Ok(claims.map(issued))
    }

    async fn read(&self, token: &str) -> Result<Verified<Claims>, InvalidToken> {
        read(&self.ring, TYPE, &self.validation, token).await
    }
}

/// The claims of a token of this type that this server issued, even if it is expired.
pub(super) async fn read<C: DeserializeOwned>(
    ring: &KeyRing,
    expected: &str,
    validation: &Validation,
    token: &str,
) -> Result<Verified<C>, InvalidToken> {
    let header = header(token)?;
    let kid = acceptable(&header, expected)?;
    // Keys come from the database only: `jwk`, `jku` and `x5u` of the header are ignored.
    let key = ring.find(kid).await.ok_or(InvalidToken::Signature)?;
    let claims = claims(token, &key.verifying, validation)?;
    Ok(Verified { claims, key: key.revocation.clone() })
}

fn header(token: &str) -> Result<Header, InvalidToken> {
    if token.len() > MAX_LENGTH {
        return Err(InvalidToken::Malformed);
    }
    jsonwebtoken::decode_header(token).map_err(|_| InvalidToken::Malformed)
}

/// The claims of a token that this key signed.
fn claims<C: DeserializeOwned>(
    token: &str,
    key: &DecodingKey,
    validation: &Validation,
) -> Result<C, InvalidToken> {
    let data = jsonwebtoken::decode::<AllClaims<C>>(token, key, validation)
        .map_err(|error| reason(error.kind()))?;
    if has_own_header(&data.header) { Ok(data.claims.claims) } else { Err(InvalidToken::Malformed) }
}

/// The required claims. The times are checked elsewhere, with the injected clock.
pub(super) fn validation(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    validation
}

/// True if the header contains type, algorithm and key id only, as this server writes it.
fn has_own_header(header: &Header) -> bool {
    let plain = Header {
        typ: header.typ.clone(),
        kid: header.kid.clone(),
        ..Header::new(Algorithm::EdDSA)
    };
    *header == plain
}

fn acceptable<'a>(header: &'a Header, expected: &str) -> Result<&'a str, InvalidToken> {
    if header.crit.is_some() {
        // RFC 7515: a token with an unknown critical extension must be refused.
        return Err(InvalidToken::Malformed);
    }
    if header.alg != Algorithm::EdDSA {
        return Err(InvalidToken::Signature);
    }
    let typ = header.typ.as_deref().ok_or(InvalidToken::WrongType)?;
    // RFC 7515: `application/` may precede a type without a slash.
    let bare = match typ.split_at_checked(APPLICATION.len()) {
        Some((prefix, bare)) if prefix.eq_ignore_ascii_case(APPLICATION) => bare,
        _ => typ,
    };
    if !bare.eq_ignore_ascii_case(expected) {
        return Err(InvalidToken::WrongType);
    }
    header.kid.as_deref().ok_or(InvalidToken::Signature)
}

fn reason(kind: &ErrorKind) -> InvalidToken {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => InvalidToken::Signature,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => InvalidToken::WrongType,
        _ => InvalidToken::Malformed,
    }
}

/// The validity period of a token, Unix time in seconds.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Validity {
    /// True if the token is valid `now`, including the leeway.
    pub(super) fn contains(self, now: DateTime<Utc>) -> bool {
        let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
        now < self.until.saturating_add(leeway) && now >= self.from.saturating_sub(leeway)
    }
}

/// For the fuzz targets: verification with a fixed key, without a database.
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzed {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use zeroize::Zeroizing;

    use super::*;
    use crate::token::key::Key;

    pub(crate) fn key() -> Key {
        Key::from_seed(&Zeroizing::new([1; 32]), DateTime::UNIX_EPOCH, None)
    }

    pub(crate) fn verify(key: &Key, token: &str) -> Result<Claims, InvalidToken> {
        let header = header(token)?;
        let kid = acceptable(&header, TYPE)?;
        if kid != key.kid {
            return Err(InvalidToken::Signature);
        }
        claims(token, &key.verifying, &validation("issuer", "audience"))
    }

    pub(crate) fn sign(key: &Key, header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = format!("{header}.{claims}");
        format!("{message}.{}", key.sign(&message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leeway_of_five_seconds_applies_at_either_end() {
        let validity = Validity { from: 1_000, until: 1_300 };
        let at = |second| validity.contains(DateTime::from_timestamp(second, 0).unwrap());
        assert_eq!([994, 995, 1_304, 1_305].map(at), [false, true, true, false]);
    }

    #[test]
    fn the_header_is_validated_before_any_key_is_looked_up() {
        let header = |alg, typ: Option<&str>| Header {
            typ: typ.map(str::to_owned),
            kid: Some("k".into()),
            ..Header::new(alg)
        };
        assert_eq!(acceptable(&header(Algorithm::EdDSA, Some("at+jwt")), TYPE), Ok("k"));
        assert_eq!(
            acceptable(&header(Algorithm::EdDSA, Some("application/AT+JWT")), TYPE),
            Ok("k")
        );
        for typ in [None, Some("JWT"), Some("at+jwt "), Some("refresh+jwt")] {
            assert_eq!(
                acceptable(&header(Algorithm::EdDSA, typ), TYPE),
                Err(InvalidToken::WrongType)
            );
        }
        assert_eq!(
            acceptable(&header(Algorithm::HS256, Some("at+jwt")), TYPE),
            Err(InvalidToken::Signature)
        );
        let critical =
            Header { crit: Some(vec!["b64".into()]), ..header(Algorithm::EdDSA, Some("at+jwt")) };
        assert_eq!(acceptable(&critical, TYPE), Err(InvalidToken::Malformed));
    }
}
