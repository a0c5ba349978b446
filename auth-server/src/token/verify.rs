//! Reading access tokens that strangers hold out.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Deserialize;

use super::claims::{Claims, TYPE};
use super::ring::KeyRing;
use crate::clock::Clock;

/// How far the clocks of two servers may differ.
pub const LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// Longest token that is looked at, in bytes.
const LONGEST: usize = 64 << 10;

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
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
struct Whole {
    #[serde(rename = "iss")]
    _issuer: String,
    #[serde(rename = "aud")]
    _audience: String,
    #[serde(flatten)]
    claims: Claims,
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
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The library would read the system's clock; `in_time` asks ours.
        validation.validate_exp = false;
        Self { ring, clock, validation, life }
    }

    /// What the token says, if it is ours and its time is now.
    ///
    /// # Errors
    /// Says why it is not taken.
    pub async fn verify(&self, token: &str) -> Result<Claims, Refused> {
        let claims = self.genuine(token).await?;
        if claims.exp.saturating_sub(claims.iat) > self.life.num_seconds() {
            return Err(Refused::Malformed);
        }
        if in_time(&claims, self.clock.now()) { Ok(claims) } else { Err(Refused::Expired) }
    }

    /// What the token says, if it is ours, whatever the time.
    ///
    /// # Errors
    /// Says why it is not taken.
    pub async fn genuine(&self, token: &str) -> Result<Claims, Refused> {
        if token.len() > LONGEST {
            return Err(Refused::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused::Malformed)?;
        let kid = acceptable(&header)?;
        // The key comes from our table alone: `jwk`, `jku` and `x5u` in the header mean nothing.
        let key = self.ring.find(kid).await.ok_or(Refused::Signature)?;
        let data = jsonwebtoken::decode::<Whole>(token, &key.verifying, &self.validation)
            .map_err(|error| reason(error.kind()))?;
        if is_ours(&data.header) { Ok(data.claims.claims) } else { Err(Refused::Malformed) }
    }
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

fn acceptable(header: &Header) -> Result<&str, Refused> {
    if header.crit.is_some() {
        // RFC 7515: who doesn't understand a critical extension must refuse the token.
        return Err(Refused::Malformed);
    }
    if header.alg != Algorithm::EdDSA {
        return Err(Refused::Signature);
    }
    let kind = header.typ.as_deref().unwrap_or_default();
    if !kind.eq_ignore_ascii_case(TYPE) && !kind.eq_ignore_ascii_case("application/at+jwt") {
        return Err(Refused::WrongType);
    }
    header.kid.as_deref().ok_or(Refused::Signature)
}

fn reason(kind: &ErrorKind) -> Refused {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm => Refused::Signature,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => Refused::WrongType,
        _ => Refused::Malformed,
    }
}

fn in_time(claims: &Claims, now: DateTime<Utc>) -> bool {
    let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
    let begins = claims.nbf.max(claims.iat);
    now < claims.exp.saturating_add(leeway) && now >= begins.saturating_sub(leeway)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn five_seconds_are_forgiven_on_either_side() {
        let id = Uuid::nil();
        let claims = Claims {
            sub: id,
            sid: id,
            sn: 1,
            iat: 1_000,
            nbf: 1_000,
            exp: 1_300,
            jti: id,
            roles: vec![],
            rev: 0,
        };
        let at = |second| in_time(&claims, DateTime::from_timestamp(second, 0).unwrap());
        assert_eq!([994, 995, 1_304, 1_305].map(at), [false, true, true, false]);
    }

    #[test]
    fn the_header_decides_before_any_key_is_looked_for() {
        let header = |alg, typ: Option<&str>| Header {
            typ: typ.map(str::to_owned),
            kid: Some("k".into()),
            ..Header::new(alg)
        };
        assert_eq!(acceptable(&header(Algorithm::EdDSA, Some("at+jwt"))), Ok("k"));
        assert_eq!(acceptable(&header(Algorithm::EdDSA, Some("application/AT+JWT"))), Ok("k"));
        for typ in [None, Some("JWT"), Some("at+jwt "), Some("refresh+jwt")] {
            assert_eq!(acceptable(&header(Algorithm::EdDSA, typ)), Err(Refused::WrongType));
        }
        assert_eq!(acceptable(&header(Algorithm::HS256, Some("at+jwt"))), Err(Refused::Signature));
        let critical =
            Header { crit: Some(vec!["b64".into()]), ..header(Algorithm::EdDSA, Some("at+jwt")) };
        assert_eq!(acceptable(&critical), Err(Refused::Malformed));
    }
}
