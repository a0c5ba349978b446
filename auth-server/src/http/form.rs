//! Form bodies of requests, as the OAuth standards have them.

use poem::web::RequestBody as Incoming;
use poem::{Request, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;

use super::problem::{Problem, Spec};
use super::raw::{essence, limit, read};
use super::request_errors::TOO_LARGE;

const fn spec(status: u16, code: &'static str, title: &'static str) -> Spec {
    Spec { status, code, title }
}

const INVALID: Spec =
    spec(400, "invalid_request", "A parameter of the form is missing or given twice.");
const MEDIA_TYPE: Spec = spec(
    415,
    "media_type_unsupported",
    "The body must be sent as application/x-www-form-urlencoded.",
);

/// What an operation with a form can answer before it runs. The codes are those of RFC 6749.
pub(crate) const FORM: &[Spec] = &[INVALID, TOO_LARGE, MEDIA_TYPE];

const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A form of up to the configured limit. Parameters that `T` doesn't know mean nothing (RFC 6749,
/// section 3.2); one that it knows must not be given twice.
#[derive(Clone, Debug)]
pub struct Form<T>(pub T);

impl<'a, T: DeserializeOwned + Type> ApiExtractor<'a> for Form<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: FORM_TYPE, schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut Incoming,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let announced = request.content_type().unwrap_or_default();
        if !essence(announced).eq_ignore_ascii_case(FORM_TYPE) {
            return Err(Problem::new(MEDIA_TYPE).into());
        }
        let bytes = read(body, limit::<0>()).await?;
        // The error may quote a secret.
        let form = serde_urlencoded::from_bytes(&bytes).map_err(|_| Problem::new(INVALID))?;
        Ok(Self(form))
    }
}
