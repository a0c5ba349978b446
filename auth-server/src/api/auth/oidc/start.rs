//! `GET /api/v1/auth/oidc/{provider}/start`

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Response;

use crate::api::AppState;
use crate::http::SeeOther;
use crate::http::request_errors::PARAMETERS;
use crate::oidc::{FlowCookies, UNAVAILABLE};
use crate::problems;

problems! {
    /// Why no OIDC login was started.
    pub(crate) enum StartError includes [PARAMETERS, &[UNAVAILABLE]] {
        UnknownProvider = 404 "provider_not_found" "Unknown identity provider.",
    }
}

pub(crate) struct Start(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Start {
    /// Start an OIDC login.
    ///
    /// Redirects the browser to the identity provider and sets the cookie of the flow, which is
    /// valid for ten minutes. The provider redirects the browser back to `…/callback`. Several tabs
    /// can log in at a time; of more than five flows the oldest end.
    ///
    /// A front end on another site passes `page`, one of the configured pages, and `code_challenge`.
    /// The callback then sends the browser to that page, with `#code=…` for
    /// `POST /api/v1/auth/oidc/exchange`, or with `#error=…`, a problem code.
    #[oai(
        path = "/oidc/:provider/start",
        method = "get",
        operation_id = "start_oidc_login",
        response_header(
            name = "Set-Cookie",
            ty = "Option<String>",
            description = "The cookie of the flow, required by `…/callback`."
        )
    )]
    async fn start(
        &self,
        cookies: FlowCookies,
        /// Name of the provider, as in `GET /api/v1/auth/oidc`.
        provider: Path<String>,
        /// A configured page of a front end on another site.
        page: Query<Option<String>>,
        /// PKCE challenge (RFC 7636, S256) of that front end.
        code_challenge: Query<Option<String>>,
    ) -> Result<Response<SeeOther>, StartError> {
        let provider = self.0.oidc.provider(&provider.0).ok_or(StartError::UnknownProvider)?;
        let front_end = self.0.oidc.front_end(page.0, code_challenge.0)?;
        let request = self.0.oidc.start(provider, None, front_end).await?;
        let surplus = self.0.oidc.end_surplus(provider, &cookies);
        let response = Response::new(SeeOther(request.url)).header("Set-Cookie", request.cookie);
        Ok(surplus.into_iter().fold(response, |response, gone| response.header("Set-Cookie", gone)))
    }
}
