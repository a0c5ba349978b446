//! The caller in a handler's signature.

use std::sync::Arc;

use poem::http::header::AUTHORIZATION;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use service::http::RequestContext;

use super::{Authenticator, Principal, TokenError};
use crate::http::problem::{INTERNAL, Problem};
use crate::token::Claims;

/// Whoever calls: a guest who holds out no token, or a user. A bad token is an error, never a
/// guest. Problems: [`crate::authn::TOKEN`].
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// No token.
    Guest,
    /// A valid token.
    User(Arc<Principal>),
}

/// A caller with a valid token. Problems: [`crate::authn::SIGNED_IN`].
#[derive(Clone, Debug)]
pub(crate) struct SignedIn(pub Arc<Principal>);

/// What a token of ours says, even one that has expired or was revoked: enough for logging out.
/// Problems: [`crate::authn::SIGNED_CLAIMS`].
#[derive(Clone, Debug)]
pub(crate) struct SignedClaims(pub Claims);

const SCHEME: &str = "bearer";

fn register(registry: &mut Registry) {
    let scheme = MetaSecurityScheme {
        ty: "http",
        description: Some("An access token, as `POST /api/v1/auth/login` gives it."),
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
    /// The caller of this request, for an endpoint outside the OpenAPI service.
    ///
    /// # Errors
    /// The token is invalid, or its revocation unknown.
    pub(crate) async fn of(
        request: &Request,
        authenticator: &Authenticator,
    ) -> Result<Self, TokenError> {
        match bearer(request)? {
            None => Ok(Self::Guest),
            Some(token) => {
                let principal = authenticator.verify(token).await?;
                note(request, &principal);
                Ok(Self::User(principal))
            }
        }
    }
}

/// Names the user in the access log.
fn note(request: &Request, principal: &Principal) {
    if let Some(context) = RequestContext::of(request) {
        context.set_user(principal.user);
    }
}

async fn signed_in(request: &Request) -> Result<Arc<Principal>> {
    let token = bearer(request)?.ok_or(TokenError::Missing)?;
    let principal = authenticator(request)?.verify(token).await?;
    note(request, &principal);
    Ok(principal)
}

/// [`crate::app::routes`] puts it into every request.
fn authenticator(request: &Request) -> Result<&Arc<Authenticator>> {
    request.data().ok_or_else(|| {
        tracing::error!("the routes were built without an Authenticator");
        Problem::new(INTERNAL).into()
    })
}

/// The token in the header `Authorization`, if there is such a header. What it is made of is looked
/// at only where it is not known yet.
fn bearer(request: &Request) -> Result<Option<&[u8]>, TokenError> {
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(TokenError::Malformed);
    }
    let (scheme, token) =
        header.as_bytes().split_at_checked(SCHEME.len()).ok_or(TokenError::Malformed)?;
    let token = token.strip_prefix(b" ").map(<[u8]>::trim_ascii).unwrap_or_default();
    if scheme.eq_ignore_ascii_case(SCHEME.as_bytes()) && !token.is_empty() {
        Ok(Some(token))
    } else {
        Err(TokenError::Malformed)
    }
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
    fn only_a_missing_header_makes_a_guest() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["Bearer a.b.c"]), Ok(Some("a.b.c".into())));
        assert_eq!(read(&["bEARER  a.b.c "]), Ok(Some("a.b.c".into())));
        for bad in ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c", "Bearera.b.c", "é.b.c"] {
            assert_eq!(read(&[bad]), Err(TokenError::Malformed), "{bad}");
        }
        assert_eq!(read(&["Bearer a", "Bearer a"]), Err(TokenError::Malformed));
    }
}
