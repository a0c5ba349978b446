//! The operation, and how it decides.

use std::sync::Arc;

use poem::Request;
use poem_openapi::OpenApi;
use policies::{Facts, PolicyError, Resource, RoleSet};
use service::http::peer_address;

use super::original_request::{OriginalRequest, OriginalRequestError};
use super::passed::Passed;
use crate::api::AppState;
use crate::authn::{Authenticator, Caller, SIGNED_IN, TokenError};
use crate::http::problem::{FORBIDDEN, Problem, forbidden};
use crate::policy::policy_problem;

/// The type of resource that rules on other applications name. Never `route`: such rules must not reach the API of
/// this server.
const WEB: &str = "web";

service::problems! {
    from [OriginalRequestError => unclear, PolicyError => policy_problem];
    /// Why a request does not pass.
    pub(crate) enum ForwardAuthError includes [SIGNED_IN, &[FORBIDDEN]] {
        ProxyNotTrusted = 403 "proxy_not_trusted" "Only the proxies in AUTH_TRUSTED_PROXIES may ask about requests.",
        OriginalRequestInvalid = 403 "original_request_invalid"
            "Method, host or path of the original request is missing, repeated, contradictory or invalid.",
        PathAmbiguous = 403 "path_ambiguous" "Applications may read the path of the original request differently.",
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that `From` needs")]
fn unclear(error: OriginalRequestError) -> Problem {
    let kind = match error {
        OriginalRequestError::Path(_) => ForwardAuthError::PathAmbiguous,
        _ => ForwardAuthError::OriginalRequestInvalid,
    };
    kind.problem().detail(error.to_string())
}

/// The operation.
#[derive(Clone)]
pub(crate) struct ForwardAuthApi(pub(crate) Arc<AppState>);

#[OpenApi(tag = "crate::http::tags::Tag::Check")]
impl ForwardAuthApi {
    /// Authorize a request to another application, for the proxy in front of it.
    ///
    /// The proxy must be one of `AUTH_TRUSTED_PROXIES` and pass on the `Authorization` header. It describes the original
    /// request in `X-Original-Method`, `X-Original-URI` and `Host` (nginx), or in `X-Forwarded-Method`,
    /// `X-Forwarded-Host` and `X-Forwarded-Uri` (Caddy, Traefik), or sends it as it is to
    /// `/forward-auth/envoy/<original path>` (Envoy); any method and query are accepted. The resource is `web:<host>/<path>`, with
    /// the host in lower case without its port and the path decoded once without its query; the action is the
    /// method, `GET` for `HEAD`. Examples are in `docs/proxies`.
    #[oai(path = "/forward-auth", method = "get", operation_id = "authorize_request")]
    #[expect(clippy::unused_async, reason = "poem-openapi takes async functions only")]
    pub(crate) async fn authorize_request(
        &self,
        caller: Caller,
        request: &Request,
    ) -> Result<Passed, ForwardAuthError> {
        if !self.0.trusted_proxies.contains(peer_address(request)) {
            return Err(ForwardAuthError::ProxyNotTrusted);
        }
        let original = OriginalRequest::of(request)?;
        let allowed = self.allows(&caller, &original)?;
        match caller {
            Caller::Guest if allowed => Ok(Passed::guest()),
            Caller::Guest => Err(Problem::from(TokenError::Missing).into()),
            Caller::User(user) if allowed => {
                Ok(Passed::user(user.user, self.0.policy.roles(user.user, &user.roles)))
            }
            Caller::User(_) => {
                Err(forbidden(&original.action, format!("{WEB}:{}", original.id)).into())
            }
        }
    }
}

impl ForwardAuthApi {
    /// Turns tokens into callers.
    pub(super) fn authenticator(&self) -> &Authenticator {
        &self.0.authenticator
    }

    fn allows(&self, caller: &Caller, original: &OriginalRequest) -> Result<bool, PolicyError> {
        let live = &self.0.policy;
        let policy = live.snapshot();
        let resource = Resource::new(WEB, Some(&original.id));
        let decide =
            |roles: &RoleSet| policy.decide(roles, &original.action, &resource, &Facts::missing());
        let decision = match caller {
            Caller::Guest => decide(&policy.role_set([])),
            Caller::User(user) => live
                .effective_roles(&policy, user.user, &user.roles)
                .and_then(|effective| decide(&effective.roles)),
        };
        let allowed = decision?.allowed;
        self.0.decisions.count(allowed);
        Ok(allowed)
    }
}
