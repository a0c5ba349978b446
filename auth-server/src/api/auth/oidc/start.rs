//! `GET /api/v1/auth/oidc/{provider}/start`

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Response;

use crate::api::AppState;
use crate::http::SeeOther;
use crate::http::request_errors::PARAMETERS;
use crate::oidc::UNAVAILABLE;
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
    /// valid for ten minutes. The provider redirects the browser back to `…/callback`.
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
    async fn start(&self, provider: Path<String>) -> Result<Response<SeeOther>, StartError> {
        let provider = self.0.oidc.provider(&provider.0).ok_or(StartError::UnknownProvider)?;
        let request = self.0.oidc.start(provider, None).await?;
        Ok(Response::new(SeeOther(request.url)).header("Set-Cookie", request.cookie))
    }
}
