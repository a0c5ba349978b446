//! What a provider says about a user, in an ID token or at its `UserInfo` endpoint.
//!
//! Providers disagree about the types of claims. Those that are not used here are not read; of those
//! that are, a value of an unexpected type counts as absent if it describes the user, and as wrong if
//! it is checked.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ExternalIdentity;
use crate::email::EmailAddress;
use crate::user::{Login, ProfileName};

/// The claims that are used here.
#[derive(Default, Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    pub(super) iss: Value,
    #[serde(default)]
    pub(super) sub: Value,
    #[serde(default)]
    pub(super) aud: Value,
    #[serde(default)]
    pub(super) azp: Value,
    #[serde(default)]
    pub(super) exp: Value,
    #[serde(default)]
    pub(super) iat: Value,
    #[serde(default)]
    pub(super) nonce: Value,
    #[serde(default)]
    pub(super) at_hash: Value,
    #[serde(default, deserialize_with = "lenient")]
    email: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    email_verified: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    preferred_username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    given_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    family_name: Option<String>,
}

impl Claims {
    /// Unix time in seconds.
    pub(super) fn seconds(claim: &Value) -> Option<i64> {
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        claim.as_i64().or_else(|| claim.as_f64().map(|seconds| seconds as i64))
    }

    /// The audiences; none if the claim is not a text or a list of texts.
    pub(super) fn audiences(&self) -> Option<Vec<&str>> {
        match &self.aud {
            Value::String(one) => Some(vec![one]),
            Value::Array(all) => all.iter().map(Value::as_str).collect(),
            _ => None,
        }
    }

    /// The subject identifier.
    pub(super) fn subject(&self) -> Option<&str> {
        let valid = |subject: &&str| {
            (1..=255).contains(&subject.chars().count()) && !subject.contains(char::is_control)
        };
        self.sub.as_str().filter(valid)
    }

    /// True if there is nothing that the scope `email` stands for, or not all of it.
    pub(super) const fn lacks_email(&self) -> bool {
        self.email.is_none() || self.email_verified.is_none()
    }

    /// True if there is nothing that the scope `profile` stands for.
    pub(super) const fn lacks_profile(&self) -> bool {
        self.preferred_username.is_none() && self.given_name.is_none() && self.family_name.is_none()
    }

    /// Adds what `other`, which is about the same subject, says besides.
    pub(super) fn complete(&mut self, other: Self) {
        // Verified is the address beside which that is said.
        if self.email.is_none() {
            (self.email, self.email_verified) = (other.email, other.email_verified);
        } else if self.email == other.email {
            self.email_verified = self.email_verified.or(other.email_verified);
        }
        let fill = |own: &mut Option<String>, other| *own = own.take().or(other);
        fill(&mut self.preferred_username, other.preferred_username);
        fill(&mut self.given_name, other.given_name);
        fill(&mut self.family_name, other.family_name);
    }

    /// The identity; none if the subject is invalid.
    pub(super) fn identity(&self, issuer: &str) -> Option<ExternalIdentity> {
        let email = self.email.as_deref().and_then(|email| EmailAddress::parse(email).ok());
        let login = self.preferred_username.as_deref().and_then(|name| Login::parse(name).ok());
        Some(ExternalIdentity {
            issuer: issuer.to_owned(),
            subject: self.subject()?.to_owned(),
            email_verified: email.is_some() && self.email_verified == Some(true),
            email,
            // A login that looks like an e-mail address could be mistaken for another user's.
            login: login.filter(|login| !login.as_str().contains('@')),
            first_name: name(self.given_name.as_deref()),
            last_name: name(self.family_name.as_deref()),
        })
    }
}

fn name(claim: Option<&str>) -> Option<ProfileName> {
    ProfileName::parse(claim?).ok()
}

/// A value of another type counts as absent.
pub(super) fn lenient<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// True is also written as 1 and as text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Some(flag),
        Value::Number(number) => Some(number.as_i64() == Some(1)),
        Value::String(text) => Some(text.eq_ignore_ascii_case("true")),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_address_is_verified_only_by_who_names_it() {
        let verified = |own: Value, other: Value| {
            let mut claims = claims(own);
            claims.complete(super::Claims { sub: json!("1"), ..self::claims(other) });
            let identity = claims.identity("https://accounts.example").unwrap();
            (identity.email.map(|email| email.as_str().to_owned()), identity.email_verified)
        };
        let other = json!({ "email": "a@example.com", "email_verified": true });
        let (a, b) = (Some("a@example.com".to_owned()), Some("b@example.com".to_owned()));
        let own = |claims: &str| {
            let mut value: Value = serde_json::from_str(claims).unwrap();
            value["sub"] = json!("1");
            value
        };
        assert_eq!(verified(own("{}"), other.clone()), (a.clone(), true));
        assert_eq!(verified(own(r#"{"email_verified": true}"#), json!({})), (None, false));
        let only = own(r#"{"email": "a@example.com"}"#);
        assert_eq!(verified(only, other.clone()), (a.clone(), true));
        let different = own(r#"{"email": "b@example.com"}"#);
        assert_eq!(verified(different, other.clone()), (b, false));
        let denied = own(r#"{"email": "a@example.com", "email_verified": false}"#);
        assert_eq!(verified(denied, other), (a, false));
        // Only the flag: it says nothing about an address from elsewhere.
        let flag = own(r#"{"email_verified": true}"#);
        let unverified = json!({ "email": "a@example.com" });
        assert_eq!(verified(flag, unverified), (Some("a@example.com".into()), false));
    }
}
