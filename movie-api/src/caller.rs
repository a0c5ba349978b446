//! Who asks: the caller's credentials exactly as they came, and the id of the request.

use poem::http::{HeaderValue, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::http::RequestId;
use crate::problem::Asker;

const SCHEME: &str = "bearer";

/// The caller of one request. Nothing here looks into a token: that is auth-server's part.
pub struct Caller {
    /// Every `Authorization` header of the request, untouched.
    pub authorization: Vec<HeaderValue>,
    /// The request's id, for auth-server's log lines.
    pub request_id: RequestId,
}

impl Caller {
    /// A guest who asks under this request id.
    pub fn guest(request_id: RequestId) -> Self {
        Self { authorization: Vec::new(), request_id }
    }

    /// Guest or user. Whoever sends the header at all, however broken, is not a guest.
    pub fn asker(&self) -> Asker {
        if self.authorization.is_empty() { Asker::Guest } else { Asker::User }
    }
}

impl<'a> ApiExtractor<'a> for Caller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "http",
            description: Some("Access token of auth-server. Without one, the caller is a guest."),
            name: None,
            key_in: None,
            scheme: Some("bearer"),
            bearer_format: Some("JWT"),
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme(SCHEME, scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let authorization = request.headers().get_all(header::AUTHORIZATION).iter().cloned();
        let request_id = request.data::<RequestId>().cloned().unwrap_or_default();
        Ok(Self { authorization: authorization.collect(), request_id })
    }
}
