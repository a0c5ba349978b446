//! Extractor for service clients, authenticated by HTTP Basic (RFC 6749, section 2.3.1).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use poem::http::header::AUTHORIZATION;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::extractor::{authenticator, refuse_subject_token};
use crate::client::{ClientDirectory, Scope, secret};
use crate::http::problem::{INVALID_CLIENT, Problem, Spec};

const INSUFFICIENT_SCOPE: Spec =
    Spec::new(403, "insufficient_scope", "The service client lacks the scope for this operation.");

/// Errors of an operation that accepts service clients, besides [`crate::db::DATABASE`].
pub(crate) const CLIENT: &[Spec] = &[INVALID_CLIENT, INSUFFICIENT_SCOPE];

/// An authenticated service client.
#[derive(Clone, Debug)]
pub(crate) struct ServiceClient {
    /// Client id.
    pub id: Uuid,
    scopes: Vec<Scope>,
}

impl ServiceClient {
    /// The client whose credentials the request contains.
    ///
    /// # Errors
    /// [`CLIENT`], or the database is unavailable.
    pub(super) async fn of(request: &Request, clients: &ClientDirectory) -> Result<Self, Problem> {
        let (id, secret) = credentials(request).ok_or(Problem::new(INVALID_CLIENT))?;
        let active = clients.get(id).await?.filter(|it| secret::verify(&secret, &it.secret_hash));
        let active = active.ok_or(Problem::new(INVALID_CLIENT))?;
        Ok(Self { id, scopes: active.scopes })
    }

    /// # Errors
    /// The client does not have this scope.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let detail = format!("This operation requires the scope `{}`.", scope.as_str());
        Err(Problem::new(INSUFFICIENT_SCOPE).detail(detail))
    }
}

pub(super) const SCHEME: &str = "client";

pub(super) fn register(registry: &mut Registry) {
    let scheme = MetaSecurityScheme {
        ty: "http",
        description: Some("Client id and client secret of a service client."),
        name: None,
        key_in: None,
        scheme: Some("basic"),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    };
    registry.create_security_scheme(SCHEME, scheme);
}

impl<'a> ApiExtractor<'a> for ServiceClient {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        refuse_subject_token(request)?;
        Ok(Self::of(request, authenticator(request)?.clients()).await?)
    }
}

/// Whether the request has credentials of a service client, valid or not.
pub(super) fn is_present(request: &Request) -> bool {
    let header = request.headers().get(AUTHORIZATION);
    let scheme = header.and_then(|header| header.as_bytes().get(..6));
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "))
}

/// Client id and secret of the `Authorization` header, of which there must be exactly one.
fn credentials(request: &Request) -> Option<(Uuid, Zeroizing<String>)> {
    let mut headers = request.headers().get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (headers.next(), headers.next()) else { return None };
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    let plain = |part| percent_decode_str(part).decode_utf8().ok();
    let secret = Zeroizing::new(plain(secret)?.into_owned());
    Some((Uuid::parse_str(&plain(id)?).ok()?, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[String]) -> Option<String> {
        let mut request = Request::builder();
        for header in headers {
            request = request.header(AUTHORIZATION, header);
        }
        credentials(&request.finish()).map(|(_, secret)| secret.to_string())
    }

    #[test]
    fn credentials_are_read_from_exactly_one_header() {
        let id = Uuid::nil();
        let basic = |text: String| format!("Basic {}", BASE64_STANDARD.encode(text));
        let good = basic(format!("{id}:cs_a:b"));
        assert_eq!(read(std::slice::from_ref(&good)), Some("cs_a:b".into()));
        assert_eq!(read(&[basic(format!("{id}:cs%5Fa"))]), Some("cs_a".into()));
        assert_eq!(read(&[good.replace("Basic", "bASIC")]), Some("cs_a:b".into()));
        for bad in ["", "Basic", "Basic !", &good.replace("Basic", "Bearer"), &basic("x:y".into())]
        {
            assert_eq!(read(&[bad.to_owned()]), None, "{bad}");
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[good.clone(), good]), None);
    }
}
