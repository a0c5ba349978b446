//! Reading access tokens that strangers hold out.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::claims::{Claims, TYPE};
use super::ring::KeyRing;
use crate::clock::Clock;

/// How far the clocks of two servers may differ.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 64 << 10;

const APPLICATION: &str = "application/";

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Its time has passed, or has not come.
    #[error("the token has expired, or its time has not come")]
    Expired,
    /// No key of ours signed it.
    #[error("no key of this server signed the token")]
    Signature,
    /// It is no token at all.
    #[error("this is not a token")]
    Malformed,
    /// It is a token of ours, for something or somebody else.
    #[error("this is not an access token for this server")]
    WrongType,
}

/// Tells our own access tokens from everything else.
pub struct Verifier {
    ring: Arc<KeyRing>,
    clock: Clock,
    validation: Validation,
    life: TimeDelta,
}

/// All claims. In a token of ours issuer and audience are one text each, though RFC 7519 has lists.
#[derive(Deserialize)]
#[serde(bound = "C: DeserializeOwned")]
struct Whole<C> {
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(rename = "aud")]
    _audience: String,
    #[serde(flatten)]
    claims: C,
}

impl Verifier {
    /// Takes tokens of this issuer for this audience, none of which lives longer than `life`: a
    /// revocation is not remembered for longer either.
    #[must_use]
    pub fn new(
        ring: Arc<KeyRing>,
        clock: Clock,
        (issuer, audience): (&str, &str),
        life: TimeDelta,
    ) -> Self {
        Self { ring, clock, validation: validation(issuer, audience), life }
    }

    /// What the token says, if it is ours and its time is now.
    ///
    /// # Errors
    /// Says why it is not taken.
    pub async fn verify(&self, token: &str) -> Result<Claims, InvalidToken> {
        let claims = self.verify_signature(token).await?;
        if claims.exp.saturating_sub(claims.iat) > self.life.num_seconds() {
            return Err(InvalidToken::Malformed);
        }
        let begins = claims.nbf.max(claims.iat);
        if in_time((begins, claims.exp), self.clock.now()) {
            Ok(claims)
        } else {
            Err(InvalidToken::Expired)
        }
    }

    /// What the token says, if it is ours, whatever the time.
    ///
    /// # Errors
    /// Says why it is not taken.
    pub async fn verify_signature(&self, token: &str) -> Result<Claims, InvalidToken> {
        read(&self.ring, TYPE, &self.validation, token).await
    }
}

/// What a token of this type says, if it is ours, whatever the time.
pub(crate) async fn read<C: DeserializeOwned>(
    ring: &KeyRing,
    expected: &str,
    validation: &Validation,
    token: &str,
) -> Result<C, InvalidToken> {
    if token.len() > LONGEST {
        return Err(InvalidToken::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidToken::Malformed)?;
    let kid = acceptable(&header, expected)?;
    // The key comes from our table alone: `jwk`, `jku` and `x5u` in the header mean nothing.
    let key = ring.find(kid).await.ok_or(InvalidToken::Signature)?;
    let data = jsonwebtoken::decode::<Whole<C>>(token, &key.verifying, validation)
        .map_err(|error| reason(error.kind()))?;
    if is_ours(&data.header) { Ok(data.claims.claims) } else { Err(InvalidToken::Malformed) }
}

/// What every token of ours has to say. The library would read the system's clock; we ask ours.
pub(crate) fn validation(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    validation
}

/// Type, algorithm and the key's id: nothing else stands in the header of a token of ours.
fn is_ours(header: &Header) -> bool {
    let plain = Header {
        typ: header.typ.clone(),
        kid: header.kid.clone(),
        ..Header::new(Algorithm::EdDSA)
    };
    *header == plain
}

fn acceptable<'a>(header: &'a Header, expected: &str) -> Result<&'a str, InvalidToken> {
    if header.crit.is_some() {
        // RFC 7515: who doesn't understand a critical extension must refuse the token.
        return Err(InvalidToken::Malformed);
    }
    if header.alg != Algorithm::EdDSA {
        return Err(InvalidToken::Signature);
    }
    let kind = header.typ.as_deref().unwrap_or_default();
    // RFC 7515: a type without a slash may stand with `application/` before it.
    let bare = match kind.split_at_checked(APPLICATION.len()) {
        Some((prefix, bare)) if prefix.eq_ignore_ascii_case(APPLICATION) => bare,
        _ => kind,
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

pub(crate) fn in_time((nbf, exp): (i64, i64), now: DateTime<Utc>) -> bool {
    let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
    now < exp.saturating_add(leeway) && now >= nbf.saturating_sub(leeway)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_seconds_are_forgiven_on_either_side() {
        let at = |second| in_time((1_000, 1_300), DateTime::from_timestamp(second, 0).unwrap());
        assert_eq!([994, 995, 1_304, 1_305].map(at), [false, true, true, false]);
    }

    #[test]
    fn the_header_decides_before_any_key_is_looked_for() {
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
