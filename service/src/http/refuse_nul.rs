//! U+0000 in URLs.

use std::future::ready;

use futures::future::Either;
use poem::http::Uri;
use poem::{Endpoint, Middleware, Request, Result};

use crate::problem::Problem;
use crate::problem::request::FIELD;

/// Refuses URLs that contain `%00`, for APIs whose parameters reach PostgreSQL: it rejects U+0000 in
/// any text.
#[derive(Clone, Copy, Debug)]
pub struct RefuseNul;

impl<E: Endpoint> Middleware<E> for RefuseNul {
    type Output = WithoutNul<E>;

    fn transform(&self, inner: E) -> Self::Output {
        WithoutNul(inner)
    }
}

/// The endpoint that [`RefuseNul`] makes.
pub struct WithoutNul<E>(E);

impl<E: Endpoint> Endpoint for WithoutNul<E> {
    type Output = E::Output;

    // Not `async`: an async function would hold the request, 500 bytes, once more.
    fn call(&self, request: Request) -> impl Future<Output = Result<Self::Output>> + Send {
        if has_nul(request.uri()) {
            let problem = Problem::new(FIELD).detail("The URL contains U+0000 (%00).");
            return Either::Left(ready(Err(problem.into())));
        }
        Either::Right(self.0.call(request))
    }
}

fn has_nul(uri: &Uri) -> bool {
    uri.path_and_query().is_some_and(|text| {
        let bytes = text.as_str().as_bytes();
        bytes.contains(&b'%') && bytes.windows(3).any(|window| window == b"%00")
    })
}
