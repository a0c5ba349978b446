//! The answer to a proxy whose request may pass.

use poem::http::header::CACHE_CONTROL;
use poem::http::{HeaderName, HeaderValue, StatusCode};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponse, MetaResponses, Registry};
use policies::RoleName;
use service::docs::header;
use uuid::Uuid;

const AUTH_USER: HeaderName = HeaderName::from_static("x-auth-user");
const AUTH_ROLES: HeaderName = HeaderName::from_static("x-auth-roles");

/// 200 without a body, and for the application who sent the request. Both headers are there for guests, too, with an
/// empty value: a proxy that copies them replaces those that a client made up.
pub(crate) struct Passed {
    user: Option<Uuid>,
    roles: Vec<RoleName>,
}

impl Passed {
    /// A guest's request.
    pub(super) const fn guest() -> Self {
        Self { user: None, roles: Vec::new() }
    }

    /// The request of a user with these roles.
    pub(super) fn user(user: Uuid, mut roles: Vec<RoleName>) -> Self {
        roles.sort_unstable();
        Self { user: Some(user), roles }
    }
}

impl IntoResponse for Passed {
    fn into_response(self) -> Response {
        let user = self.user.map(|user| user.to_string()).unwrap_or_default();
        let roles: Vec<&str> = self.roles.iter().map(RoleName::as_str).collect();
        StatusCode::OK
            .with_header(CACHE_CONTROL, "no-store")
            .with_header(AUTH_USER, value(&user))
            .with_header(AUTH_ROLES, value(&roles.join(",")))
            .into_response()
    }
}

/// Ids and names of roles are ASCII.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

impl ApiResponse for Passed {
    fn meta() -> MetaResponses {
        let response = MetaResponse {
            description: "The request may pass.",
            status: Some(200),
            status_range: None,
            content: vec![],
            headers: vec![
                header("X-Auth-User", "Id of the user; empty for a guest."),
                header(
                    "X-Auth-Roles",
                    "Current roles of the user, sorted and comma-separated, without inherited ones; empty for a guest.",
                ),
            ],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(_: &mut Registry) {}
}
