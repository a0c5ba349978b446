//! The header of a request.

use bytes::Bytes;
use poem::http::HeaderMap;
use poem::http::header::IF_MATCH;
use poem::{Body, Request, RequestBody, Result};
use poem_openapi::registry::{MetaParamIn, MetaSchema, MetaSchemaRef};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use sha2::{Digest, Sha256};

use crate::http::problem::Problem;
use crate::http::read_body;
use crate::http::request_errors::FIELD;

const NAME: &str = "Idempotency-Key";

const MAX_LENGTH: usize = 128;

/// The key of a request, if it has one, and what tells the request from others. Name it after the caller in
/// an operation's signature, so that nobody else's body is read for it, and before the body.
pub(crate) struct IdempotencyKey(pub(super) Option<Keyed>);

#[derive(Clone)]
pub(super) struct Keyed {
    pub(super) key: String,
    /// SHA-256 of method, path, precondition and body.
    pub(super) request: [u8; 32],
}

impl<'a> ApiExtractor<'a> for IdempotencyKey {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = false;

    type ParamType = Option<String>;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        let length =
            MetaSchema { min_length: Some(1), max_length: Some(MAX_LENGTH), ..MetaSchema::ANY };
        Some(String::schema_ref().merge(length))
    }

    fn param_raw_type(&self) -> Option<&String> {
        self.0.as_ref().map(|keyed| &keyed.key)
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<Option<String>>,
    ) -> Result<Self> {
        let Some(key) = key(request.headers())? else { return Ok(Self(None)) };
        let bytes = if body.is_some() { read_body(body).await? } else { Bytes::new() };
        let mut hash = Sha256::new();
        let target = request.original_uri().to_string();
        let precondition = request.headers().get(IF_MATCH).map_or(&[][..], |tag| tag.as_bytes());
        for part in [request.method().as_str().as_bytes(), target.as_bytes(), precondition] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        hash.update(&bytes);
        *body = RequestBody::new(Body::from(bytes));
        Ok(Self(Some(Keyed { key, request: hash.finalize().into() })))
    }
}

/// The key: 1–128 visible characters of ASCII.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(NAME).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.as_bytes();
    let is_visible = key.iter().all(u8::is_ascii_graphic);
    if values.next().is_none() && is_visible && (1..=MAX_LENGTH).contains(&key.len()) {
        return Ok(Some(String::from_utf8_lossy(key).into_owned()));
    }
    let detail = "Send it once, as 1–128 visible characters of ASCII without spaces.";
    Err(Problem::new(FIELD).field(NAME).detail(detail))
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    fn of(values: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_str(value).expect("a header value"));
        }
        key(&headers)
    }

    #[test]
    fn a_key_has_at_most_128_visible_characters_and_comes_once() {
        let longest = "k".repeat(MAX_LENGTH);
        for good in ["1", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &longest] {
            assert_eq!(of(&[good]).ok().flatten().as_deref(), Some(good));
        }
        assert!(of(&[]).is_ok_and(|key| key.is_none()));
        for bad in [&[""][..], &["a b"], &["é"], &["a", "a"], &[&format!("{longest}k")]] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
    }
}
