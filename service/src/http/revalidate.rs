//! Responses that a client may keep and revalidate: `ETag` and `If-None-Match`.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use poem::error::InternalServerError;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};
use sha2::{Digest, Sha256};

/// Gives successful responses to GET an `ETag` made of their body, and answers 304 without a body if the
/// client has it already. The operation is carried out in any case, so that a client learns nothing that
/// it may no longer read. A body of unknown length is a stream, and is passed on as it comes.
#[derive(Clone, Copy, Debug)]
pub struct Revalidate;

impl<E: Endpoint> Middleware<E> for Revalidate {
    type Output = Revalidated<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Revalidated(inner)
    }
}

/// The endpoint that [`Revalidate`] makes.
pub struct Revalidated<E>(E);

impl<E: Endpoint> Endpoint for Revalidated<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        // The same headers as for GET need the same body.
        let is_head = request.method() == Method::HEAD;
        if is_head {
            request.set_method(Method::GET);
        }
        let is_get = request.method() == Method::GET;
        let known: Vec<HeaderValue> =
            request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
        let response = self.0.call(request).await?.into_response();
        let mut response = match response.status() {
            StatusCode::OK if is_get => tagged(response, &known).await?,
            _ => response,
        };
        if is_head {
            response.set_body(());
        }
        Ok(response)
    }
}

async fn tagged(mut response: Response, known: &[HeaderValue]) -> Result<Response> {
    let body: BoxBody<Bytes, _> = response.take_body().into();
    if body.size_hint().exact().is_none() {
        response.set_body(body);
        return Ok(response);
    }
    let body = body.collect().await.map_err(InternalServerError)?.to_bytes();
    let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&body)));
    if is_known(&tag, known) {
        response.set_status(StatusCode::NOT_MODIFIED);
        response.headers_mut().remove(header::CONTENT_TYPE);
    } else {
        response.set_body(body);
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.insert(header::ETAG, HeaderValue::try_from(tag).map_err(InternalServerError)?);
    Ok(response)
}

/// Whether the client has a response with this tag (RFC 9110, 13.1.2).
fn is_known(tag: &str, known: &[HeaderValue]) -> bool {
    let tags = known.iter().filter_map(|value| value.to_str().ok());
    let mut tags = tags.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_any_list_of_tags() {
        let known = |values: &[&'static str]| {
            let values: Vec<_> = values.iter().map(|text| HeaderValue::from_static(text)).collect();
            is_known("\"a\"", &values)
        };
        assert!(known(&["\"a\""]) && known(&["*"]) && known(&["\"b\", W/\"a\""]));
        assert!(known(&["\"b\"", "\"a\""]));
        assert!(!known(&[]) && !known(&["a"]) && !known(&["\"ab\"", ""]));
    }
}
