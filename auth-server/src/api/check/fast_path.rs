//! `POST /api/v1/check` without the layers that poem-openapi adds to every operation: at a hundred
//! thousand requests per second they would take a tenth of the time.

use poem::{Endpoint, IntoResponse, Request, Response, Result};
use poem_openapi::{ApiExtractor, ExtractParamOptions};

use super::operations::CheckApi;
use crate::authn::Caller;
use crate::http::Body;

const UNNAMED: ExtractParamOptions<()> = ExtractParamOptions {
    name: "",
    ignore_case: false,
    default_value: None,
    example_value: None,
    explode: true,
    style: None,
};

/// Extracts the arguments of the documented operation and calls it.
pub(crate) struct FastCheck(pub CheckApi);

impl Endpoint for FastCheck {
    type Output = Response;

    // Not `async`: the future would hold the request twice.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let (request, mut body) = request.split();
        async move {
            let caller = Caller::of(&request, self.0.authenticator()).await?;
            let body = Body::from_request(&request, &mut body, UNNAMED).await?;
            Ok(self.0.check(caller, body).await?.into_response())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The future is moved into a box for every request.
    #[test]
    fn the_future_stays_small() {
        fn call(check: &FastCheck, request: Request) -> impl Future + '_ {
            check.call(request)
        }
        fn size<A, B, F>(_: fn(A, B) -> F) -> usize {
            size_of::<F>()
        }
        assert!(size(call) <= 1_024, "{}", size(call));
    }
}
