//! Form bodies of requests, as the OAuth standards require.

use poem::web::RequestBody;
use poem::{Request, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;

use super::raw_body::{essence, limit, read, refuse_encoded};
use crate::problem::Problem;
use crate::problem::request::{FORM_INVALID, FORM_MEDIA_TYPE};

const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A form of up to the configured limit. Parameters that `T` does not know are ignored (RFC 6749,
/// section 3.2); one that it knows must not be repeated. Responds with one of
/// [`FORM`](crate::problem::request::FORM) otherwise.
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
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let announced = request.content_type().unwrap_or_default();
        if !essence(announced).eq_ignore_ascii_case(FORM_TYPE) {
            return Err(Problem::new(FORM_MEDIA_TYPE).into());
        }
        refuse_encoded(request.headers())?;
        let bytes = read(body, limit::<0>()).await?;
        // The error may quote a secret.
        let form = serde_urlencoded::from_bytes(&bytes).map_err(|_| Problem::new(FORM_INVALID))?;
        Ok(Self(form))
    }
}
