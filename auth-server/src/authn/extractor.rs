//! Extractors for the caller, so that a handler names the caller in its signature.

use std::sync::Arc;

use poem::http::header::AUTHORIZATION;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use service::http::{RequestContext, SUBJECT_TOKEN, bearer_token};

use super::{Authenticator, Principal, TokenError};
use crate::http::problem::{INTERNAL, Problem};
use crate::token::Claims;

/// A guest without an access token, or a user. An invalid token is an error, never a guest. Errors:
/// [`crate::authn::TOKEN`].
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// No token.
    Guest,
    /// A valid token.
    User(Arc<Principal>),
}

/// A user with a valid access token. Errors: [`crate::authn::SIGNED_IN`].
#[derive(Clone, Debug)]
pub(crate) struct SignedIn(pub Arc<Principal>);

/// The claims of an access token, even if it is expired or revoked: enough for logging out. Errors:
/// [`crate::authn::SIGNED_CLAIMS`].
#[derive(Clone, Debug)]
pub(crate) struct SignedClaims(pub Claims);

pub(super) const SCHEME: &str = "bearer";

pub(super) fn register(registry: &mut Registry) {
    let scheme = MetaSecurityScheme {
        ty: "http",
        description: Some("An access token from `POST /api/v1/auth/login`."),
        name: None,
        key_in: None,
        scheme: Some(SCHEME),
        bearer_format: Some("JWT"),
        flows: None,
        openid_connect_url: None,
    };
    registry.create_security_scheme(SCHEME, scheme);
}

macro_rules! bearer_scheme {
    ($type:ty, optional: $optional:literal, |$request:ident| $extract:expr) => {
        impl<'a> ApiExtractor<'a> for $type {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                register(registry);
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![SCHEME]
            }

            fn has_security_fallback() -> bool {
                $optional
            }

            async fn from_request(
                $request: &'a Request,
                _: &mut RequestBody,
                _: ExtractParamOptions<()>,
            ) -> Result<Self> {
                $extract
            }
        }
    };
}

bearer_scheme!(Caller, optional: true, |request| {
    Ok(Self::of(request, authenticator(request)?).await?)
});

bearer_scheme!(SignedIn, optional: false, |request| Ok(Self(signed_in(request).await?)));

bearer_scheme!(SignedClaims, optional: false, |request| {
    let token = bearer(request)?.ok_or(TokenError::Missing)?;
    Ok(Self(authenticator(request)?.verify_signature(token).await?))
});

impl Caller {
    /// The bearer of this request.
    ///
    /// # Errors
    /// The token is invalid, or its revocation unknown.
    pub(crate) async fn of(
        request: &Request,
        authenticator: &Authenticator,
    ) -> Result<Self, TokenError> {
        match bearer(request)? {
            None => Ok(Self::Guest),
            Some(token) => Self::user(token, authenticator).await,
        }
    }

    /// The user of this token.
    ///
    /// # Errors
    /// The token is invalid, or its revocation unknown.
    pub(super) async fn user(
        token: &[u8],
        authenticator: &Authenticator,
    ) -> Result<Self, TokenError> {
        let principal = authenticator.verify(token).await?;
        note(&principal);
        Ok(Self::User(principal))
    }
}

/// Names the user in the access log.
fn note(principal: &Principal) {
    RequestContext::read(|context| context.set_user(principal.user));
}

async fn signed_in(request: &Request) -> Result<Arc<Principal>> {
    let token = bearer(request)?.ok_or(TokenError::Missing)?;
    let principal = authenticator(request)?.verify(token).await?;
    note(&principal);
    Ok(principal)
}

/// [`crate::app::routes`] puts it into every request.
pub(super) fn authenticator(request: &Request) -> Result<&Arc<Authenticator>> {
    request.data().ok_or_else(|| {
        tracing::error!("the routes were built without an authenticator");
        Problem::new(INTERNAL).into()
    })
}

/// The token of the `Authorization` header, if there is one. It is parsed only if it is not cached.
fn bearer(request: &Request) -> Result<Option<&[u8]>, TokenError> {
    refuse_subject_token(request)?;
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(TokenError::Malformed);
    }
    bearer_token(header).map(Some).ok_or(TokenError::Malformed)
}

/// Refuses a subject token where nobody may send one: it must not be ignored.
pub(super) fn refuse_subject_token(request: &Request) -> Result<(), TokenError> {
    if request.headers().contains_key(SUBJECT_TOKEN) {
        return Err(TokenError::UnexpectedSubject);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&'static str]) -> Result<Option<String>, TokenError> {
        let mut request = Request::builder();
        for header in headers {
            request = request.header(AUTHORIZATION, *header);
        }
        let token = bearer(&request.finish())?.map(<[u8]>::to_vec);
        Ok(token.map(|token| String::from_utf8_lossy(&token).into_owned()))
    }

    #[test]
    fn only_a_request_without_the_header_is_a_guest() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["Bearer a.b.c"]), Ok(Some("a.b.c".into())));
        assert_eq!(read(&["bEARER  a.b.c "]), Ok(Some("a.b.c".into())));
        for bad in ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c", "Bearera.b.c", "é.b.c"] {
            assert_eq!(read(&[bad]), Err(TokenError::Malformed), "{bad}");
        }
        assert_eq!(read(&["Bearer a", "Bearer a"]), Err(TokenError::Malformed));
    }
}
