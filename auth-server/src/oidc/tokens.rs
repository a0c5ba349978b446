//! The token endpoint of a provider: an authorization code is exchanged for tokens.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openidconnect::HttpRequest;
use openidconnect::url::form_urlencoded::{Serializer, byte_serialize};
use poem::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use poem::http::{HeaderValue, Method};
use serde::Deserialize;

use super::claims::lenient;
use super::provider::{Discovery, FORM, JSON};
use super::{Flow, IdentityError, Provider};

/// The tokens of a user. Never stored, never logged.
pub(crate) struct Tokens {
    pub id_token: String,
    pub access_token: Option<String>,
}

/// What is read of the response.
#[derive(Deserialize)]
struct TokenResponse {
    #[serde(default, deserialize_with = "lenient")]
    id_token: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    access_token: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    error: Option<String>,
}

impl Provider {
    /// The tokens that this flow's authorization code stands for.
    pub(super) async fn exchange(
        &self,
        discovery: &Discovery,
        code: &str,
        flow: &Flow,
    ) -> Result<Tokens, IdentityError> {
        let request = self.token_request(discovery, code, flow)?;
        let response = self.http.send(request).await.map_err(|error| self.unavailable(error))?;
        let Ok(answer) = serde_json::from_slice::<TokenResponse>(response.body()) else {
            return Err(self.invalid_answer("the token response is unreadable"));
        };
        match answer {
            TokenResponse { error: Some(error), .. } => Err(self.code_refused(&error)),
            TokenResponse { id_token: Some(id_token), access_token, .. }
                if response.status().is_success() =>
            {
                Ok(Tokens { id_token, access_token })
            }
            _ => Err(self.invalid_answer("there is no ID token")),
        }
    }

    /// RFC 6749, section 4.1.3.
    fn token_request(
        &self,
        discovery: &Discovery,
        code: &str,
        flow: &Flow,
    ) -> Result<HttpRequest, IdentityError> {
        let url = discovery.token_endpoint();
        let url = url.ok_or_else(|| self.invalid_answer("there is no token endpoint"))?;
        let (client, secret) = (self.config.client_id.as_str(), self.config.secret.as_ref());
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code").append_pair("code", code);
        form.append_pair("redirect_uri", self.config.redirect_uri.as_str());
        form.append_pair("code_verifier", &flow.verifier);
        let mut request = HttpRequest::new(vec![]);
        match secret {
            Some(secret) if discovery.accepts_basic() => {
                // Encoded before they become user and password (section 2.3.1).
                let [client, secret] = [client, secret.secret()]
                    .map(|part| byte_serialize(part.as_bytes()).collect::<String>());
                let basic = BASE64_STANDARD.encode(format!("{client}:{secret}"));
                request
                    .headers_mut()
                    .insert(AUTHORIZATION, self.header(&format!("Basic {basic}"))?);
            }
            secret => {
                form.append_pair("client_id", client);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret.secret());
                }
            }
        }
        *request.uri_mut() = self.uri(url)?;
        *request.method_mut() = Method::POST;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(JSON));
        *request.body_mut() = form.finish().into_bytes();
        Ok(request)
    }

    /// The provider answered with this OAuth error code.
    fn code_refused(&self, error: &str) -> IdentityError {
        let error = printable(error);
        let reason = "the authorization code was refused";
        tracing::warn!(
            provider = self.name(),
            reason,
            error,
            "invalid answer of an identity provider"
        );
        // Any other code is about this server or the provider, not about what the browser brought.
        if error == "invalid_grant" {
            IdentityError::CodeRefused
        } else {
            IdentityError::AnswerInvalid
        }
    }
}

/// An error code (RFC 6749, section 5.2) for the log: what is not one could be anything.
pub(super) fn printable(error: &str) -> &str {
    let valid = error.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if valid && (1..=64).contains(&error.len()) { error } else { "unreadable" }
}
