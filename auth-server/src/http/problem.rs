//! Problems, as [`service::problem`] has them, and those that several features share.

use poem_openapi::Object;
use serde::Serialize;

pub(crate) use service::problem::{Challenge, Extension, INTERNAL, Problem, RateLimit, Spec};

/// The service client is unknown or its secret is wrong. The code is that of RFC 6749.
pub(crate) const INVALID_CLIENT: Spec = Spec::new(
    401,
    "invalid_client",
    "The request requires id and secret of a service client, by HTTP Basic.",
)
.challenge(Challenge::Basic);

/// The caller lacks a right; made by [`forbidden`].
pub(crate) const FORBIDDEN: Spec =
    Spec::new(403, "forbidden", "You are not authorized to do this.")
        .with(Extension::of::<ForbiddenDetails>());

/// The caller may not perform this action on this resource.
pub(crate) fn forbidden(action: &str, resource: String) -> Problem {
    let missing = MissingRight { action: action.to_owned(), resource };
    Problem::new(FORBIDDEN).extend(&ForbiddenDetails { missing })
}

/// What `forbidden` adds to a problem.
#[derive(Clone, Debug, Serialize, Object)]
pub(crate) struct ForbiddenDetails {
    /// The right that the caller would need; only with the code `forbidden`.
    pub(crate) missing: MissingRight,
}

/// The right that the caller would need.
#[derive(Clone, Debug, Serialize, Object)]
pub(crate) struct MissingRight {
    /// The action that was refused, an HTTP method for routes.
    pub(crate) action: String,
    /// The resource that it was refused on.
    pub(crate) resource: String,
}
