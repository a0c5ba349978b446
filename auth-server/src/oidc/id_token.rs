//! Who somebody is by the provider's word: the code becomes an ID token, which is not believed before
//! everything about it is as it has to be.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreTokenResponse};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, LocalizedClaim,
    Nonce, OAuth2TokenResponse, PkceCodeVerifier, RequestTokenError, SignatureVerificationError,
    TokenResponse,
};

use super::provider::{Client, Known};
use super::{ANSWER, Flow, Provider, UNAVAILABLE};
use crate::email::EmailAddress;
use crate::http::problem::Problem;
use crate::token::LEEWAY;
use crate::user::{Login, ProfileName};

/// Somebody, by a provider's word.
pub(crate) struct Who {
    /// The provider as it calls itself.
    pub issuer: String,
    /// Whom it means; never somebody else's.
    pub subject: String,
    /// E-mail address, if it told one that can be one.
    pub email: Option<EmailAddress>,
    /// True where it made sure of the address.
    pub email_verified: bool,
    /// What they would like to sign in with.
    pub login: Option<Login>,
    /// First name.
    pub first_name: Option<ProfileName>,
    /// Last name.
    pub last_name: Option<ProfileName>,
}

/// Why an answer is not believed. Says nothing that the provider said.
enum Wrong {
    /// No key that we know signed it: it may have a new one.
    Key,
    Other(&'static str),
}

impl Provider {
    /// Who the code stands for that this flow's browser brought.
    ///
    /// # Errors
    /// [`ANSWER`] or [`UNAVAILABLE`].
    pub(crate) async fn identify(
        self: &Arc<Self>,
        code: String,
        flow: &Flow,
    ) -> Result<Who, Problem> {
        let busy = || Problem::new(UNAVAILABLE).retry_after(5);
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let known = self.known().await?;
        let answer = self.exchange(&known, code, flow).await?;
        let mut checked = self.check(&known, &answer, &flow.nonce);
        if matches!(checked, Err(Wrong::Key))
            && let Some(newer) = self.other_keys(&known).await
        {
            checked = self.check(&newer, &answer, &flow.nonce);
        }
        checked.map_err(|wrong| match wrong {
            Wrong::Key => self.invalid("no key of the provider signed it"),
            Wrong::Other(why) => self.invalid(why),
        })
    }

    fn invalid(&self, why: &'static str) -> Problem {
        tracing::warn!(provider = self.name(), why, "a provider's answer was not believed");
        Problem::new(ANSWER)
    }

    async fn exchange(
        &self,
        known: &Known,
        code: String,
        flow: &Flow,
    ) -> Result<CoreTokenResponse, Problem> {
        let client = self.client(known);
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|_| self.invalid("it has no token endpoint"))?;
        let verifier = PkceCodeVerifier::new(flow.verifier.clone());
        match request.set_pkce_verifier(verifier).request_async(&self.web).await {
            Ok(answer) => Ok(answer),
            Err(RequestTokenError::Request(error)) => {
                let why = error.to_string();
                tracing::warn!(provider = self.name(), why, "a provider can't be asked");
                Err(Problem::new(UNAVAILABLE).retry_after(5))
            }
            Err(RequestTokenError::ServerResponse(_)) => Err(self.invalid("the code was refused")),
            Err(_) => Err(self.invalid("the answer to the code can't be read")),
        }
    }

    fn check(
        &self,
        known: &Known,
        answer: &CoreTokenResponse,
        nonce: &Nonce,
    ) -> Result<Who, Wrong> {
        let token = answer.id_token().ok_or(Wrong::Other("there is no ID token"))?;
        let client = self.client(known);
        let verifier = self.verifier(&client);
        let claims = token.claims(&verifier, nonce).map_err(|error| wrong(&error))?;
        check_hash(token, &verifier, claims, answer.access_token())?;
        // Another audience than us was refused by the verifier.
        if claims.authorized_party().is_some_and(|party| *party != self.config.client_id) {
            return Err(Wrong::Other("the ID token was made for another party"));
        }
        who(claims, self.issuer()).ok_or(Wrong::Other("its subject can't be one"))
    }

    fn verifier<'a>(&self, client: &'a Client) -> CoreIdTokenVerifier<'a> {
        let now = self.clock.now();
        client
            .id_token_verifier()
            .set_allowed_algs(self.config.algorithms.iter().cloned())
            .set_time_fn(move || now - LEEWAY)
            .set_issue_time_verifier_fn(move |at| is_past(at, now))
    }
}

fn is_past(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), String> {
    const OLDEST: TimeDelta = TimeDelta::hours(1);
    let believed = at <= now + LEEWAY && at >= now - OLDEST;
    if believed { Ok(()) } else { Err(String::new()) }
}

/// The access token beside the ID token was given out together with it.
fn check_hash(
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    claims: &CoreIdTokenClaims,
    access: &AccessToken,
) -> Result<(), Wrong> {
    let Some(told) = claims.access_token_hash() else { return Ok(()) };
    let algorithm = token.signing_alg().map_err(|_| Wrong::Key)?;
    let key = token.signing_key(verifier).map_err(|_| Wrong::Key)?;
    let own = AccessTokenHash::from_token(access, algorithm, key);
    if own.is_ok_and(|own| own == *told) {
        return Ok(());
    }
    Err(Wrong::Other("its `at_hash` is that of another access token"))
}

fn who(claims: &CoreIdTokenClaims, issuer: &str) -> Option<Who> {
    let subject = claims.subject().as_str();
    let fits = (1..=255).contains(&subject.chars().count()) && !subject.contains(char::is_control);
    let email = claims.email().and_then(|email| EmailAddress::parse(email.as_str()).ok());
    let login = claims.preferred_username().and_then(|name| Login::parse(name.as_str()).ok());
    fits.then(|| Who {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        email_verified: email.is_some() && claims.email_verified() == Some(true),
        email,
        // What looks like an address could be taken for somebody's whose it is not.
        login: login.filter(|login| !login.as_str().contains('@')),
        first_name: name(claims.given_name(), |name| name.as_str()),
        last_name: name(claims.family_name(), |name| name.as_str()),
    })
}

fn name<T>(claim: Option<&LocalizedClaim<T>>, text: fn(&T) -> &str) -> Option<ProfileName> {
    ProfileName::parse(text(claim?.get(None)?)).ok()
}

fn wrong(error: &ClaimsVerificationError) -> Wrong {
    Wrong::Other(match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => return Wrong::Key,
        ClaimsVerificationError::SignatureVerification(_) => "its signature is none that counts",
        ClaimsVerificationError::Expired(_) => "the ID token is not of now",
        ClaimsVerificationError::InvalidIssuer(_) => "the ID token is another issuer's",
        ClaimsVerificationError::InvalidAudience(_) => "the ID token is for somebody else",
        ClaimsVerificationError::InvalidNonce(_) => "the ID token is of another sign-in",
        _ => "the ID token can't be read",
    })
}
