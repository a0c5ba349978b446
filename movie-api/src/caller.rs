//! The caller: the credentials exactly as they were sent, and the id of the request.

use poem::http::{HeaderValue, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, Enum, ExtractParamOptions};
use serde::Serialize;
use service::http::{RequestContext, RequestId, bearer_token};

const SCHEME: &str = "bearer";

/// What auth-server refuses as a malformed token.
const NO_TOKEN: HeaderValue = HeaderValue::from_static("Bearer");

/// Guest or user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(crate) enum CallerKind {
    /// Not signed in: signing in may help.
    Guest,
    /// Signed in: another role may help.
    User,
}

/// The caller of one request. Tokens are not inspected here; that is up to auth-server.
pub(crate) struct Caller {
    /// Every `Authorization` header of the request, unchanged.
    pub(crate) authorization: Vec<HeaderValue>,
    /// The request's id, for auth-server's log lines.
    pub(crate) request_id: RequestId,
}

impl Caller {
    /// A guest with a request id of its own.
    pub(crate) fn guest() -> Self {
        Self { authorization: Vec::new(), request_id: RequestId::generate() }
    }

    /// The tokens as they were sent. Credentials of other schemes are not passed on: callers must not act
    /// as service clients through movie-api.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = HeaderValue> {
        let token = |header: &HeaderValue| bearer_token(header).map(|_| header.clone());
        self.authorization.iter().map(move |header| token(header).unwrap_or(NO_TOKEN))
    }

    /// A caller that sends the header at all, however malformed, is not a guest.
    pub(crate) fn kind(&self) -> CallerKind {
        if self.authorization.is_empty() { CallerKind::Guest } else { CallerKind::User }
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
        let request_id = RequestContext::read(|context| context.id.clone());
        let request_id = request_id.unwrap_or_else(RequestId::generate);
        Ok(Self { authorization: authorization.collect(), request_id })
    }
}
