//! Errors that no operation raised itself, as problems.

use poem::error::{MethodNotAllowedError, NotFoundError};
use poem::{Error, IntoResponse, Response};
use poem_openapi::OperationId;
use poem_openapi::error::{ParseParamError, ParsePathError};

use crate::problem::{Code, Problem};

/// The answer to a request that failed with `error`.
pub async fn problem_of(error: Error) -> Response {
    let operation = error.data::<OperationId>().copied();
    let mut response = match known(&error) {
        Some(problem) => problem.into_response(),
        None => error.into_response(),
    };
    if let Some(operation) = operation {
        response.set_data(operation);
    }
    response
}

fn known(error: &Error) -> Option<Problem> {
    if error.is::<NotFoundError>() {
        return Some(Problem::new(Code::RouteNotFound, "`/docs` shows what there is."));
    }
    if error.is::<MethodNotAllowedError>() {
        return Some(Problem::new(Code::MethodNotAllowed, "Use GET or HEAD."));
    }
    let (name, reason) = if let Some(error) = error.downcast_ref::<ParseParamError>() {
        (error.name, &error.reason)
    } else {
        let error = error.downcast_ref::<ParsePathError>()?;
        (error.name, &error.reason)
    };
    Some(Problem::new(Code::FieldInvalid, format!("`{name}`: {reason}")).field(name))
}
