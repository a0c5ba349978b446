//! Which browser front ends may read answers.

use std::collections::HashSet;

use poem::http::{HeaderValue, Method, header};
use poem::middleware::Cors;
use poem::{Endpoint, EndpointExt, Response};

use super::{REQUEST_ID, X_AUTHORIZATION};
use crate::config::Origins;

/// Answers preflights and marks answers for the configured origins.
///
/// A request from any other origin is served without a mark, so that a browser keeps the answer
/// from the page; the bare middleware would refuse it and everything else that sends `Origin`.
pub fn cors<E: Endpoint>(
    endpoint: E,
    origins: &Origins,
) -> impl Endpoint<Output = Response> + use<E> {
    let allowed: HashSet<HeaderValue> = origins.as_slice().iter().cloned().collect();
    let cors = Cors::new()
        .allow_origins(origins.as_slice())
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([header::AUTHORIZATION, REQUEST_ID])
        .expose_headers([
            X_AUTHORIZATION,
            REQUEST_ID,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
        ]);
    endpoint.with(cors).map_to_response().before(move |mut request| {
        let known = request.headers().get(header::ORIGIN).is_some_and(|o| allowed.contains(o));
        async move {
            if !known {
                request.headers_mut().remove(header::ORIGIN);
            }
            Ok(request)
        }
    })
}
