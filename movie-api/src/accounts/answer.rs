//! The answer to a forwarded operation: auth-server's, unchanged.

use std::marker::PhantomData;

use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, Registry};
use service::problem;

use super::forward::ACCOUNTS_UNAVAILABLE;
use super::operation::Operation;

/// An answer to the operation `O`, which documents it.
pub(super) struct Answer<O> {
    response: Response,
    operation: PhantomData<fn() -> O>,
}

impl<O> Answer<O> {
    pub(super) fn new(response: impl IntoResponse) -> Self {
        Self { response: response.into_response(), operation: PhantomData }
    }
}

impl<O> IntoResponse for Answer<O> {
    fn into_response(self) -> Response {
        self.response
    }
}

impl<O: Operation> ApiResponse for Answer<O> {
    fn meta() -> MetaResponses {
        let mut responses = O::Success::meta().responses;
        let problems: Vec<_> = O::PROBLEMS.iter().copied().flatten().copied().collect();
        responses.extend(problem::responses(&problems, &[&[ACCOUNTS_UNAVAILABLE]]));
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        O::Success::register(registry);
        problem::register(registry, &[], O::PROBLEMS);
    }
}
