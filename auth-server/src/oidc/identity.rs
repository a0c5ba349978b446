//! The identity of a user at a provider: an authorization code is exchanged for an ID token, which is
//! validated in full and completed from `UserInfo`.

use std::sync::Arc;

use openidconnect::url::Url;
use poem::http::{HeaderValue, Uri};

use super::claims::Claims;
use super::http_client::HttpError;
use super::id_token::{Expected, IdTokenError};
use super::provider::Discovery;
use super::tokens::{Tokens, printable};
use super::{Flow, Provider, UNAVAILABLE};
use crate::email::EmailAddress;
use crate::http::problem::Problem;
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
    /// The provider does not know the authorization code that the browser brought.
    CodeRefused,
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

impl Provider {
    /// The identity that this flow's authorization code stands for.
    pub(crate) async fn identify(
        self: &Arc<Self>,
        code: &str,
        flow: &Flow,
    ) -> Result<ExternalIdentity, IdentityError> {
        let busy = || Problem::new(UNAVAILABLE).retry_after(5);
        let _permit = self.concurrent_logins.try_acquire().map_err(|_| busy())?;
        let discovery = self.discovery().await?;
        let tokens = self.exchange(&discovery, code, flow).await?;
        let mut claims = self.validated(&discovery, &tokens, flow).await?;
        self.complete(&discovery, &mut claims, tokens.access_token.as_deref()).await?;
        claims.identity(self.issuer()).ok_or(IdentityError::AnswerInvalid)
    }

    /// The claims of the ID token, with newer keys if the known ones do not verify it.
    async fn validated(
        self: &Arc<Self>,
        discovery: &Arc<Discovery>,
        tokens: &Tokens,
        flow: &Flow,
    ) -> Result<Claims, IdentityError> {
        let validate = |discovery: &Discovery| {
            let (config, keys, now) = (&self.config, discovery.keys(), self.clock.now());
            let access_token = tokens.access_token.as_deref();
            Expected { config, keys, nonce: &flow.nonce, access_token, now }
                .validate(&tokens.id_token)
        };
        let mut claims = validate(discovery);
        if matches!(claims, Err(IdTokenError::Signature(_)))
            && let Some(newer) = self.newer_keys(discovery).await?
        {
            claims = validate(&newer);
        }
        claims.map_err(|error| match error {
            IdTokenError::Claim(name) => self.invalid_claim("a claim is missing or wrong", name),
            IdTokenError::Signature(reason) | IdTokenError::Other(reason) => {
                self.invalid_answer(reason)
            }
        })
    }

    /// The provider sent the browser back with this error code instead of an authorization code.
    pub(crate) fn refused(&self, error: Option<&str>) {
        let error = error.map(printable);
        tracing::info!(provider = self.name(), error, "login refused by an identity provider");
    }

    pub(super) fn invalid_answer(&self, reason: &'static str) -> IdentityError {
        tracing::warn!(provider = self.name(), reason, "invalid answer of an identity provider");
        IdentityError::AnswerInvalid
    }

    pub(super) fn invalid_claim(&self, reason: &'static str, claim: &'static str) -> IdentityError {
        let provider = self.name();
        tracing::warn!(provider, reason, claim, "invalid answer of an identity provider");
        IdentityError::AnswerInvalid
    }

    pub(super) fn unavailable(&self, error: HttpError) -> IdentityError {
        let reason = error.to_string();
        tracing::warn!(provider = self.name(), reason, "identity provider unavailable");
        Problem::new(UNAVAILABLE).retry_after(5).into()
    }

    pub(super) fn uri(&self, url: &Url) -> Result<Uri, IdentityError> {
        url.as_str().parse().map_err(|_| self.invalid_answer("a URL is unreadable"))
    }

    /// A header value that is not printed.
    pub(super) fn header(&self, text: &str) -> Result<HeaderValue, IdentityError> {
        let value = HeaderValue::from_str(text);
        let mut value = value.map_err(|_| self.invalid_answer("a token is unreadable"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}
