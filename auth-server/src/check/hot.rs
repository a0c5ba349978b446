//! `POST /api/v1/check` without the layers that poem-openapi puts around every operation. It is
//! asked a hundred thousand times a second, and they would take a tenth of its time.

use poem::{Endpoint, IntoResponse, Request, Response, Result};
use poem_openapi::{ApiExtractor, ExtractParamOptions};

use super::api::CheckApi;
use crate::identity::Caller;
use crate::request::Body;

const UNNAMED: ExtractParamOptions<()> = ExtractParamOptions {
    name: "",
    ignore_case: false,
    default_value: None,
    example_value: None,
    explode: true,
    style: None,
};

/// Extracts what the documented operation extracts, and calls it.
pub struct Hot(pub CheckApi);

impl Endpoint for Hot {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let (request, mut body) = request.split();
        let caller = Caller::from_request(&request, &mut body, UNNAMED).await?;
        let body = Body::from_request(&request, &mut body, UNNAMED).await?;
        Ok(self.0.check(caller, body).await?.into_response())
    }
}
