//! The identity of a user at a provider: the authorization code is exchanged for an ID token, which is
//! validated in full.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreTokenResponse};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, LocalizedClaim,
    Nonce, OAuth2TokenResponse, PkceCodeVerifier, RequestTokenError, SignatureVerificationError,
    TokenResponse,
};

use super::provider::{Client, Discovery};
use super::{Flow, Provider, UNAVAILABLE};
use crate::email::EmailAddress;
use crate::http::problem::Problem;
use crate::token::LEEWAY;
use crate::user::{Login, ProfileName};

/// A user's identity as stated by a provider.
pub(crate) struct ExternalIdentity {
    /// Issuer identifier of the provider.
    pub issuer: String,
    /// Subject identifier: unique at the provider and never reassigned.
    pub subject: String,
    /// E-mail address, if the provider states a valid one.
    pub email: Option<EmailAddress>,
    /// True if the provider has verified the address.
    pub email_verified: bool,
    /// Preferred login.
    pub login: Option<Login>,
    pub first_name: Option<ProfileName>,
    pub last_name: Option<ProfileName>,
}

/// Why there is no identity.
pub(crate) enum IdentityError {
    /// The provider's answer is invalid, or belongs to another login. The log has the reason.
    AnswerInvalid,
    /// [`UNAVAILABLE`], or an internal error.
    Problem(Problem),
}

impl From<Problem> for IdentityError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Why an ID token is invalid. Contains nothing from the provider's response.
enum IdTokenError {
    /// It is signed with an unknown key: the provider may have a new one.
    UnknownKey,
    Other(&'static str),
}

impl Provider {
    /// The identity that this flow's authorization code stands for.
    pub(crate) async fn identify(
        self: &Arc<Self>,
        code: String,
        flow: &Flow,
    ) -> Result<ExternalIdentity, IdentityError> {
        let busy = || Problem::new(UNAVAILABLE).retry_after(5);
        let _permit = self.concurrent_logins.try_acquire().map_err(|_| busy())?;
        let discovery = self.discovery().await?;
        let response = self.exchange(&discovery, code, flow).await?;
        let mut validated = self.validate(&discovery, &response, &flow.nonce);
        if matches!(validated, Err(IdTokenError::UnknownKey))
            && let Some(newer) = self.newer_keys(&discovery).await?
        {
            validated = self.validate(&newer, &response, &flow.nonce);
        }
        validated.map_err(|error| match error {
            IdTokenError::UnknownKey => self.invalid_answer("it is signed with an unknown key"),
            IdTokenError::Other(reason) => self.invalid_answer(reason),
        })
    }

    pub(crate) fn invalid_answer(&self, reason: &'static str) -> IdentityError {
        tracing::warn!(provider = self.name(), reason, "invalid answer of an identity provider");
        IdentityError::AnswerInvalid
    }

    async fn exchange(
        &self,
        discovery: &Discovery,
        code: String,
        flow: &Flow,
    ) -> Result<CoreTokenResponse, IdentityError> {
        let client = self.client(discovery);
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|_| self.invalid_answer("there is no token endpoint"))?;
        let verifier = PkceCodeVerifier::new(flow.verifier.clone());
        match request.set_pkce_verifier(verifier).request_async(&self.http).await {
            Ok(response) => Ok(response),
            Err(RequestTokenError::Request(error)) => {
                let reason = error.to_string();
                tracing::warn!(provider = self.name(), reason, "identity provider unavailable");
                Err(Problem::new(UNAVAILABLE).retry_after(5).into())
            }
            Err(RequestTokenError::ServerResponse(_)) => {
                Err(self.invalid_answer("the authorization code was refused"))
            }
            Err(_) => Err(self.invalid_answer("the token response is unreadable")),
        }
    }

    fn validate(
        &self,
        discovery: &Discovery,
        response: &CoreTokenResponse,
        nonce: &Nonce,
    ) -> Result<ExternalIdentity, IdTokenError> {
        let token = response.id_token().ok_or(IdTokenError::Other("there is no ID token"))?;
        let client = self.client(discovery);
        let verifier = self.verifier(&client);
        let claims = token.claims(&verifier, nonce).map_err(|error| id_token_error(&error))?;
        check_access_token_hash(token, &verifier, claims, response.access_token())?;
        // The verifier has checked the audience.
        if claims.authorized_party().is_some_and(|party| *party != self.config.client_id) {
            return Err(IdTokenError::Other("the ID token was issued to another party"));
        }
        identity(claims, self.issuer()).ok_or(IdTokenError::Other("the subject is invalid"))
    }

    fn verifier<'a>(&self, client: &'a Client) -> CoreIdTokenVerifier<'a> {
        let now = self.clock.now();
        client
            .id_token_verifier()
            .set_allowed_algs(self.config.algorithms.iter().cloned())
            .set_time_fn(move || now - LEEWAY)
            .set_issue_time_verifier_fn(move |at| check_issue_time(at, now))
    }
}

fn check_issue_time(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), String> {
    const MAX_AGE: TimeDelta = TimeDelta::hours(1);
    let valid = at <= now + LEEWAY && at >= now - MAX_AGE;
    if valid { Ok(()) } else { Err(String::new()) }
}

/// Checks that the access token was issued together with the ID token.
fn check_access_token_hash(
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    claims: &CoreIdTokenClaims,
    access_token: &AccessToken,
) -> Result<(), IdTokenError> {
    let Some(stated) = claims.access_token_hash() else { return Ok(()) };
    let algorithm = token.signing_alg().map_err(|_| IdTokenError::UnknownKey)?;
    let key = token.signing_key(verifier).map_err(|_| IdTokenError::UnknownKey)?;
    let actual = AccessTokenHash::from_token(access_token, algorithm, key);
    if actual.is_ok_and(|actual| actual == *stated) {
        return Ok(());
    }
    Err(IdTokenError::Other("`at_hash` belongs to another access token"))
}

fn identity(claims: &CoreIdTokenClaims, issuer: &str) -> Option<ExternalIdentity> {
    let subject = claims.subject().as_str();
    let valid = (1..=255).contains(&subject.chars().count()) && !subject.contains(char::is_control);
    let email = claims.email().and_then(|email| EmailAddress::parse(email.as_str()).ok());
    let login = claims.preferred_username().and_then(|name| Login::parse(name.as_str()).ok());
    valid.then(|| ExternalIdentity {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        email_verified: email.is_some() && claims.email_verified() == Some(true),
        email,
        // A login that looks like an e-mail address could be mistaken for another user's.
        login: login.filter(|login| !login.as_str().contains('@')),
        first_name: name(claims.given_name(), |name| name.as_str()),
        last_name: name(claims.family_name(), |name| name.as_str()),
    })
}

fn name<T>(claim: Option<&LocalizedClaim<T>>, text: fn(&T) -> &str) -> Option<ProfileName> {
    ProfileName::parse(text(claim?.get(None)?)).ok()
}

fn id_token_error(error: &ClaimsVerificationError) -> IdTokenError {
    IdTokenError::Other(match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => return IdTokenError::UnknownKey,
        ClaimsVerificationError::SignatureVerification(_) => "the signature is invalid",
        ClaimsVerificationError::Expired(_) => "the ID token is expired, or from the future",
        ClaimsVerificationError::InvalidIssuer(_) => "the ID token is from another issuer",
        ClaimsVerificationError::InvalidAudience(_) => "the ID token is for another audience",
        ClaimsVerificationError::InvalidNonce(_) => "the ID token belongs to another login",
        _ => "the ID token is unreadable",
    })
}

/// For the fuzz targets: validation without a provider.
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzed {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::oidc::provider_config;

    const ISSUER: &str = "https://accounts.example";

    pub(crate) fn identity(metadata: &str, keys: &str, response: &str) -> Option<ExternalIdentity> {
        let provider = provider();
        let discovery = Discovery::parse(metadata, keys, provider.clock.now())?;
        let response: CoreTokenResponse = serde_json::from_str(response).ok()?;
        provider.validate(&discovery, &response, &Nonce::new("nonce".into())).ok()
    }

    pub(crate) fn identity_of(claims: &CoreIdTokenClaims) -> Option<ExternalIdentity> {
        super::identity(claims, ISSUER)
    }

    fn provider() -> Provider {
        let entry = json!({ "name": "films", "issuer": ISSUER, "client_id": "films" });
        let entry = serde_json::from_value(entry).expect("a configuration");
        let mut configs = provider_config::validate(&[entry], "https://films.example")
            .expect("a valid configuration");
        Provider::new(configs.remove(0), Clock::default()).expect("a provider")
    }
}
