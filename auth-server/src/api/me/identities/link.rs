//! `POST /api/v1/me/identities`

use std::sync::Arc;

use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use crate::api::AppState;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE_WRITE;
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply};
use crate::oidc::{LinkRequest, UNAVAILABLE};
use crate::password::Password;
use crate::problems;
use crate::throttle::THROTTLE;

/// The provider to link, with a reauthentication: the password or a code; neither, if the account
/// has no password and no second factor and the session is at most five minutes old.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct LinkForm {
    /// Name of the identity provider.
    provider: String,
    /// The current password.
    #[oai(write_only)]
    current_password: Option<Password>,
    /// Instead of the password: a code of the authenticator app, or a recovery code.
    #[oai(write_only)]
    code: Option<String>,
}

/// A started link.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct LinkStarted {
    /// The authorization page of the provider. Send the browser there that received this response;
    /// the provider redirects it to `GET /api/v1/auth/oidc/{provider}/callback`.
    authorization_url: String,
}

problems! {
    /// Why no link was started.
    pub(crate) enum LinkError includes
        [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, &[UNAVAILABLE], DATABASE_WRITE]
    {
        UnknownProvider = 404 "provider_not_found" "Unknown identity provider.",
    }
}

pub(crate) struct LinkIdentity(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl LinkIdentity {
    /// Start linking an external identity to your account.
    ///
    /// Sets a cookie that is valid for ten minutes. A front end on another origin of the same site must
    /// send the request with credentials, one on another site through its own origin, or the browser
    /// drops the cookie.
    #[oai(
        path = "/identities",
        method = "post",
        operation_id = "link_identity",
        response_header(
            name = "Set-Cookie",
            ty = "Option<String>",
            description = "The cookie of the flow, required by the callback."
        )
    )]
    async fn link(
        &self,
        SignedIn(caller): SignedIn,
        Body(form): Body<LinkForm>,
    ) -> Result<Response<Reply<LinkStarted>>, LinkError> {
        let LinkForm { provider, current_password, code } = form;
        let sent = Reauthentication { current_password, code };
        self.0.reauthenticate(&caller, sent).await?;
        let provider = self.0.oidc.provider(&provider).ok_or(LinkError::UnknownProvider)?;
        let request = LinkRequest { user: caller.user, session: caller.session };
        let started = self.0.oidc.start(provider, Some(request), None).await?;
        let response = Reply(LinkStarted { authorization_url: started.url });
        Ok(Response::new(response).header("Set-Cookie", started.cookie))
    }
}
