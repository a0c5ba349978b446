//! The cookies of started flows: one for each, so that several tabs can finish.

use poem::http::HeaderMap;
use poem::http::header::COOKIE;
use poem::{FromRequest, Request, RequestBody};

use super::provider_config::ResponseMode;
use super::{Oidc, Provider};

/// A browser keeps at most this many flows of a provider; the oldest end when more are started.
const MAX_FLOWS: usize = 5;

/// The cookies of a request, among them those of flows.
pub(crate) struct FlowCookies(HeaderMap);

impl FlowCookies {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.0.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.trim(), value.trim()))
    }
}

impl<'a> FromRequest<'a> for FlowCookies {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let lines = request.headers().get_all(COOKIE).iter();
        Ok(Self(lines.map(|line| (COOKIE, line.clone())).collect()))
    }
}

impl Oidc {
    /// Values of `Set-Cookie` headers that end the oldest flows of this browser, so that there is room
    /// for another.
    pub(crate) fn end_surplus(&self, provider: &Provider, cookies: &FlowCookies) -> Vec<String> {
        let prefix = provider.cookie_name("");
        let flows = cookies.pairs().filter(|(name, _)| name.starts_with(&prefix));
        let mut flows: Vec<_> = flows
            .map(|(name, value)| {
                (self.decrypt(provider, value).map(|flow| flow.expires_at()), name)
            })
            .collect();
        flows.sort_unstable();
        flows.dedup();
        let surplus = (flows.len() + 1).saturating_sub(MAX_FLOWS);
        flows.into_iter().take(surplus).map(|(_, name)| provider.cookie(name, "", 0)).collect()
    }
}

impl Provider {
    /// Name of the cookie of the flow with this `state`.
    pub(super) fn cookie_name(&self, state: &str) -> String {
        format!("oidc-{}-{state}", self.name())
    }

    /// Value of a `Set-Cookie` header.
    ///
    /// With `Lax`, browsers send the cookie with the redirect from the provider, and with no other
    /// cross-site request but top-level navigation. A form that the provider has them post comes only
    /// with cookies that are for all sites, which must be secure.
    pub(super) fn cookie(&self, name: &str, value: &str, seconds: i64) -> String {
        let path = &self.config.cookie_path;
        let attributes = match self.config.response_mode {
            ResponseMode::FormPost => "SameSite=None; Secure",
            ResponseMode::Query if self.config.cookie_secure => "SameSite=Lax; Secure",
            ResponseMode::Query => "SameSite=Lax",
        };
        format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; {attributes}")
    }
}
