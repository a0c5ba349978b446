//! The `OpenID` `AuthZEN` Authorization API 1.0: decisions about subjects that the caller names, and searches
//! for what would be allowed, by the same engine as `/api/v1/check`.
//!
//! Fields that the standard does not have are ignored, and every malformed request is answered with 400,
//! as it requires.

mod body;
mod decision;
mod entities;
mod evaluation;
mod evaluations;
mod metadata;
mod properties;
mod search;

use std::sync::Arc;

use crate::api::AppState;
use crate::authn::authorized_admin::AUTHORIZATION;
use crate::authn::{CLIENT, SIGNED_IN};
use crate::db::DATABASE;
use crate::http::problem::Problem;
use crate::policy::EVALUATION;
use crate::policy::offload::Place;
use crate::problems;

use body::ACCESS_BODY;

/// Larger bodies, in bytes, are parsed and evaluated off the threads that serve requests.
const SMALL: usize = 16 << 10;

problems! {
    /// Errors of evaluations and searches.
    pub(crate) enum AccessError includes [
        CLIENT, SIGNED_IN, AUTHORIZATION, ACCESS_BODY, EVALUATION, DATABASE,
    ] {}
}

/// The operations.
pub(crate) type AccessApi = (
    evaluation::Evaluation,
    evaluations::Evaluations,
    search::subject::SubjectSearch,
    search::resource::ResourceSearch,
    search::action::ActionSearch,
    metadata::Metadata,
);

/// The operations on this state.
pub(crate) fn api(state: &Arc<AppState>) -> AccessApi {
    (
        evaluation::Evaluation(Arc::clone(state)),
        evaluations::Evaluations(Arc::clone(state)),
        search::subject::SubjectSearch(Arc::clone(state)),
        search::resource::ResourceSearch(Arc::clone(state)),
        search::action::ActionSearch(Arc::clone(state)),
        metadata::Metadata::of(state.issuer.name()),
    )
}

/// The result of `work`: in the place of a large request, or at once.
async fn run<T: Send + 'static>(
    place: Option<&Place>,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match place {
        Some(place) => place.run(work).await?,
        None => work(),
    }
}
