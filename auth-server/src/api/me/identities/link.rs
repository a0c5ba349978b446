//! `POST /api/v1/me/identities`

use std::sync::Arc;

use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use crate::api::AppState;
use crate::api::current_password::CURRENT_PASSWORD;
use crate::api::reauthentication::{PROOF, Proof};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::oidc::{Link, UNAVAILABLE};
use crate::password::Password;
use crate::problems;
use crate::throttle::THROTTLE;

/// What is to be linked, and proof of who asks: the password or a code; neither, where the account
/// has no password and no second factor: then the session has to be at most five minutes old.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LinkForm {
    /// Name of the provider.
    provider: String,
    /// The current password.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// In its place a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

/// Where it goes on.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct LinkBegun {
    /// The provider's page: send the browser there that got this answer. It comes back to
    /// `GET /api/v1/auth/oidc/{provider}/callback`.
    authorization_url: String,
}

problems! {
    /// What can go wrong with beginning to link an identity.
    pub(crate) enum LinkError includes
        [SIGNED_IN, BODY, CURRENT_PASSWORD, THROTTLE, PROOF, &[UNAVAILABLE], DATABASE]
    {
        Unknown = 404 "provider_not_found" "Nobody signs in here by a provider of this name.",
    }
}

/// The operation.
pub(crate) struct LinkOne(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl LinkOne {
    /// Begin to link an account elsewhere, to sign in by it from then on, too.
    ///
    /// The browser keeps a cookie of it for ten minutes. A front end on another origin has to send
    /// the request through its own, or the browser drops the cookie.
    #[oai(
        path = "/identities",
        method = "post",
        operation_id = "link_identity",
        response_header(
            name = "Set-Cookie",
            ty = "Option<String>",
            description = "What the callback needs."
        )
    )]
    async fn begin(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<LinkForm>,
    ) -> Result<Response<Reply<LinkBegun>>, LinkError> {
        let proof = Proof::new(form.current_password, form.code);
        self.0.prove(&caller, proof).await?;
        let provider = self.0.oidc.provider(&form.provider).ok_or(LinkError::Unknown)?;
        let link = Link { user: caller.user, session: caller.session };
        let begun = self.0.oidc.begin(provider, Some(link)).await?;
        let answer = LinkBegun { authorization_url: begun.url };
        Ok(Response::new(Reply(answer)).header("Set-Cookie", begun.cookie))
    }
}
