//! What is fixed about one kind of problem.

use poem::http::HeaderValue;
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;

/// One kind of problem.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// HTTP status.
    pub status: u16,
    /// Stable code that clients may match on.
    pub code: &'static str,
    /// One sentence for humans, the same for every occurrence.
    pub title: &'static str,
    /// What to do, if that is the same every time.
    pub detail: Option<&'static str>,
    /// The `WWW-Authenticate` header.
    pub challenge: Challenge,
    /// Members that only this kind of problem has.
    pub extension: Option<Extension>,
}

impl Spec {
    /// A kind of problem. RFC 9110 requires a challenge on every 401; without a call of
    /// [`Spec::challenge`] that is the plain `Bearer`.
    #[must_use]
    pub const fn new(status: u16, code: &'static str, title: &'static str) -> Self {
        let challenge = if status == 401 { Challenge::Bearer } else { Challenge::None };
        Self { status, code, title, detail: None, challenge, extension: None }
    }

    /// The same with this detail.
    #[must_use]
    pub const fn detail(self, detail: &'static str) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// The same with this challenge.
    #[must_use]
    pub const fn challenge(self, challenge: Challenge) -> Self {
        Self { challenge, ..self }
    }

    /// The same with these members.
    #[must_use]
    pub const fn with(self, extension: Extension) -> Self {
        Self { extension: Some(extension), ..self }
    }
}

/// What `WWW-Authenticate` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Challenge {
    /// No header.
    #[default]
    None,
    /// An access token, where none was sent or none was the problem.
    Bearer,
    /// Another access token: the one that was sent is invalid (RFC 6750, section 3.1).
    InvalidToken,
    /// Id and secret of a service client.
    Basic,
}

impl Challenge {
    pub(super) fn header(self, code: &'static str) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Bearer => Some(HeaderValue::from_static("Bearer")),
            Self::Basic => {
                Some(HeaderValue::from_static("Basic realm=\"service clients\", charset=\"UTF-8\""))
            }
            Self::InvalidToken => HeaderValue::from_str(&format!(
                "Bearer error=\"invalid_token\", error_description=\"{code}\""
            ))
            .ok(),
        }
    }
}

/// The members of one kind of problem, documented by a `poem_openapi::Object`.
#[derive(Clone, Copy, Debug)]
pub struct Extension {
    pub(super) schema: fn() -> MetaSchemaRef,
    pub(super) register: fn(&mut Registry),
}

impl Extension {
    /// The members of `T`.
    #[must_use]
    pub const fn of<T: Type>() -> Self {
        Self { schema: T::schema_ref, register: T::register }
    }
}
