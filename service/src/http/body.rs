//! JSON bodies of requests, parsed by serde straight from the bytes.

use std::marker::PhantomData;
use std::ops::Deref;

use bytes::Bytes;
use poem::web::RequestBody;
use poem::{Request, Result};
use poem_openapi::error::ContentTypeError;
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;

use super::json;
use super::raw_body::{essence, limit, read, refuse_encoded};
use crate::problem::Problem;

/// A JSON body. `T` needs `serde::Deserialize` (which parses it) and `poem_openapi::Object` (which
/// documents it):
///
/// ```ignore
/// #[derive(Deserialize, Object)]
/// #[serde(deny_unknown_fields)]
/// struct Login { login: String, password: String }
///
/// #[oai(path = "/auth/login", method = "post")]
/// async fn login(&self, Body(form): Body<Login>) -> Result<Reply<Tokens>, LoginError> { … }
/// ```
///
/// A body that is not a `T` never reaches the handler: the response is one of
/// [`BODY`](crate::problem::request::BODY) with the invalid field (`resources[3].id`). An `Option`
/// field may be left out or be `null`. The validators of `#[oai(validator(…))]` are documentation
/// only: check values in the handler, or in the `Deserialize` of a type of their own. No string in a
/// `T` contains U+0000, which PostgreSQL rejects.
///
/// `LIMIT` is the maximum size in bytes; 0 stands for the configured limit.
#[derive(Clone, Debug)]
pub struct Body<T, const LIMIT: usize = 0>(pub T);

impl<T, const LIMIT: usize> Deref for Body<T, LIMIT> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A JSON body that the handler parses, for example on another thread if it is large. Otherwise as
/// [`Body`].
#[derive(Clone, Debug)]
pub struct UnparsedBody<T, const LIMIT: usize = 0> {
    bytes: Bytes,
    content: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned, const LIMIT: usize> UnparsedBody<T, LIMIT> {
    /// Size of the body in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an empty body is not JSON")]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The content of the body.
    ///
    /// # Errors
    /// The body is not a `T`.
    pub fn parse(&self) -> std::result::Result<T, Problem> {
        json::parse(&self.bytes)
    }

    /// The content of the body of an operation that passes no text on to PostgreSQL.
    ///
    /// # Errors
    /// The body is not a `T`.
    pub fn parse_any_text(&self) -> std::result::Result<T, Problem> {
        json::parse_any_text(&self.bytes)
    }
}

impl<'a, T, const LIMIT: usize> ApiExtractor<'a> for UnparsedBody<T, LIMIT>
where
    T: DeserializeOwned + Type,
{
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let schema: MetaSchemaRef = T::schema_ref();
        let content = vec![MetaMediaType { content_type: "application/json", schema }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        check_media_type(request.content_type())?;
        refuse_encoded(request.headers())?;
        Ok(Self { bytes: read(body, limit::<LIMIT>()).await?, content: PhantomData })
    }
}

impl<'a, T, const LIMIT: usize> ApiExtractor<'a> for Body<T, LIMIT>
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
        let body = UnparsedBody::<T, LIMIT>::from_request(request, body, options).await?;
        Ok(Self(body.parse()?))
    }
}

fn check_media_type(content_type: Option<&str>) -> Result<()> {
    let Some(content_type) = content_type else {
        return Err(ContentTypeError::ExpectContentType.into());
    };
    let essence = essence(content_type);
    let is_json = essence.get(..12).is_some_and(|head| head.eq_ignore_ascii_case("application/"))
        && essence.get(12..).is_some_and(|tail| {
            tail.eq_ignore_ascii_case("json") || tail.to_ascii_lowercase().ends_with("+json")
        });
    if is_json {
        return Ok(());
    }
    Err(ContentTypeError::NotSupported { content_type: content_type.to_owned() }.into())
}

#[cfg(test)]
mod tests {
    use super::check_media_type;

    #[test]
    fn json_is_accepted_under_each_of_its_media_types() {
        for name in ["application/json", "Application/JSON; charset=utf-8", "application/a+json"] {
            assert!(check_media_type(Some(name)).is_ok(), "{name}");
        }
    }

    #[test]
    fn other_media_types_are_refused() {
        for name in [None, Some("text/plain"), Some("application/jsonp"), Some(""), Some("é")] {
            assert!(check_media_type(name).is_err(), "{name:?}");
        }
    }
}
