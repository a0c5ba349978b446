//! The `UserInfo` endpoint of a provider (OpenID Connect Core 1.0, section 5.3): many providers state the
//! claims of the scopes `email` and `profile` only there.

use openidconnect::HttpRequest;
use poem::http::HeaderValue;
use poem::http::header::{ACCEPT, AUTHORIZATION};

use super::claims::Claims;
use super::provider::{Discovery, JSON};
use super::{IdentityError, Provider};

impl Provider {
    /// Adds to the claims of an ID token what they lack.
    pub(super) async fn complete(
        &self,
        discovery: &Discovery,
        claims: &mut Claims,
        access_token: Option<&str>,
    ) -> Result<(), IdentityError> {
        let (Some(url), Some(token)) = (discovery.user_info_endpoint(), access_token) else {
            return Ok(());
        };
        let asked = |name: &str| self.config.scopes.iter().any(|scope| scope.as_str() == name);
        let lacks_email = asked("email") && claims.lacks_email();
        let lacks_profile = asked("profile") && claims.lacks_profile();
        if !(lacks_email || lacks_profile) {
            return Ok(());
        }
        let mut request = HttpRequest::new(vec![]);
        *request.uri_mut() = self.uri(url)?;
        request.headers_mut().insert(AUTHORIZATION, self.header(&format!("Bearer {token}"))?);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static(JSON));
        let response = self.http.send(request).await.map_err(|error| self.unavailable(error))?;
        if !response.status().is_success() {
            return Err(self.invalid_answer("UserInfo was refused"));
        }
        let Ok(more) = serde_json::from_slice::<Claims>(response.body()) else {
            return Err(self.invalid_answer("UserInfo is unreadable"));
        };
        // Otherwise it is about another user: an access token could have been exchanged.
        if more.subject().is_none() || more.subject() != claims.subject() {
            return Err(self.invalid_claim("UserInfo is about another subject", "sub"));
        }
        claims.complete(more);
        Ok(())
    }
}
