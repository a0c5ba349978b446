//! The operations on films.

mod answer;
mod list;
mod show;

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{OpenApi, Tags};

use crate::authorization::Authorization;
use crate::caller::Caller;
use crate::catalogue::Catalogue;
use list::{ListAnswer, ListError, Status};
use show::{FilmAnswer, FilmError};

#[derive(Tags)]
enum Tag {
    /// Films, as far as the rules let the caller see them.
    Films,
}

/// What a query parameter has to be, for people.
pub fn expected(parameter: &str) -> Option<&'static str> {
    match parameter {
        "page" => Some("a whole number from 1 to 833"),
        "status" => Some("`new`"),
        _ => None,
    }
}

/// The part of the API that is about films.
pub struct Movies {
    pub authorization: Arc<Authorization>,
    pub catalogue: Arc<Catalogue>,
}

#[OpenApi(tag = "Tag::Films")]
impl Movies {
    /// List films
    ///
    /// Lists the films that the caller may read, best rated first; `total` and `pages` count only
    /// those. Without `page`, the first 1,000 come in one answer. `/movies/` is the same path.
    #[oai(path = "/movies", method = "get", operation_id = "listFilms")]
    async fn list(
        &self,
        caller: Caller,
        /// Page of 12 films, from 1. A page past the end is empty; the last one that can be asked
        /// for is 833.
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u32>>,
        /// `new`: only films that carry the label `new` now, latest release first.
        status: Query<Option<Status>>,
    ) -> Result<ListAnswer, ListError> {
        list::list(self, &caller, page.0, status.0).await
    }

    /// Show a film
    ///
    /// A film that exists but isn't open to the caller is 403, with the reason.
    #[oai(path = "/movies/:id", method = "get", operation_id = "showFilm")]
    async fn show(
        &self,
        caller: Caller,
        /// Id of the film.
        id: Path<String>,
    ) -> Result<FilmAnswer, FilmError> {
        show::show(self, &caller, &id.0).await
    }
}
