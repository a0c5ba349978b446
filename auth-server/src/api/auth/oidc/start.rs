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
    /// What can go wrong with beginning to sign in by a provider.
    pub(crate) enum StartError includes [PARAMETERS, &[UNAVAILABLE]] {
        Unknown = 404 "provider_not_found" "Nobody signs in here by a provider of this name.",
    }
}

/// The operation.
pub(crate) struct Start(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl Start {
    /// Begin to sign in by an account elsewhere.
    ///
    /// A browser is sent there, and keeps a cookie of this sign-in for ten minutes. It comes back to
    /// `…/callback`.
    #[oai(
        path = "/oidc/:provider/start",
        method = "get",
        operation_id = "sign_in_by_provider",
        response_header(
            name = "Set-Cookie",
            ty = "Option<String>",
            description = "What `…/callback` needs."
        )
    )]
    async fn start(&self, provider: Path<String>) -> Result<Response<SeeOther>, StartError> {
        let provider = self.0.oidc.provider(&provider.0).ok_or(StartError::Unknown)?;
        let begun = self.0.oidc.begin(provider, None).await?;
        Ok(Response::new(SeeOther(begun.url)).header("Set-Cookie", begun.cookie))
    }
}
