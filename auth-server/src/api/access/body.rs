//! Bodies of AuthZEN requests: 400 for whatever is wrong with one, except for its size and encoding.

use poem::{Request, RequestBody, Result};
use poem_openapi::error::ContentTypeError;
use poem_openapi::registry::{MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;

use crate::http::UnparsedBody;
use crate::http::problem::{Problem, Spec};
use crate::http::request_errors::{ENCODING, FIELD, MALFORMED, MEDIA_TYPE, TOO_LARGE};

/// A field is missing or invalid; 422 elsewhere.
const INVALID: Spec = Spec { status: 400, ..FIELD };
/// The body's media type is not JSON; 415 elsewhere.
const NOT_JSON: Spec = Spec { status: 400, ..MEDIA_TYPE };

/// What an operation with such a body can answer before it runs.
pub(super) const ACCESS_BODY: &[Spec] = &[MALFORMED, TOO_LARGE, NOT_JSON, ENCODING, INVALID];

/// A field is invalid.
pub(super) fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Problem {
    Problem::new(INVALID).field(field).detail(detail)
}

/// The same problem with the status of a malformed request.
pub(super) fn as_bad_request(mut problem: Problem) -> Problem {
    problem.status = INVALID.status;
    problem
}

/// A JSON body that the handler parses. Otherwise as [`UnparsedBody`].
pub(super) struct AccessBody<T, const LIMIT: usize>(UnparsedBody<T, LIMIT>);

impl<T: DeserializeOwned, const LIMIT: usize> AccessBody<T, LIMIT> {
    /// Size of the body in bytes.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The content of the body.
    pub(super) fn parse(&self) -> std::result::Result<T, Problem> {
        self.0.parse().map_err(as_bad_request)
    }
}

impl<'a, T, const LIMIT: usize> ApiExtractor<'a> for AccessBody<T, LIMIT>
where
    T: DeserializeOwned + Type,
{
    const TYPES: &'static [ApiExtractorType] = UnparsedBody::<T, LIMIT>::TYPES;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        UnparsedBody::<T, LIMIT>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        UnparsedBody::<T, LIMIT>::request_meta()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        match UnparsedBody::from_request(request, body, options).await {
            Err(error) if error.is::<ContentTypeError>() => Err(Problem::new(NOT_JSON).into()),
            body => body.map(Self),
        }
    }
}
