//! Errors that no operation raised itself, as problems.

use poem::error::{MethodNotAllowedError, NotFoundError, ParsePathError};
use poem::{Error, IntoResponse, Response};
use poem_openapi::OperationId;
use poem_openapi::error::ParseParamError;

use crate::movies;
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
        return Some(Problem::new(Code::RouteNotFound, "`/openapi.json` lists what there is."));
    }
    if error.is::<MethodNotAllowedError>() {
        return Some(Problem::new(Code::MethodNotAllowed, "Use GET or HEAD."));
    }
    if error.is::<ParsePathError>() {
        // The only parameter in a path is the id of a film, and it is taken as text.
        return Some(Problem::new(Code::FilmNotFound, "The id is not UTF-8."));
    }
    let ParseParamError { name, reason } = error.downcast_ref()?;
    let detail = match movies::expected(name) {
        Some(expected) => format!("`{name}` must be {expected}."),
        None => format!("`{name}`: {reason}"),
    };
    Some(Problem::new(Code::FieldInvalid, detail).field(name))
}
