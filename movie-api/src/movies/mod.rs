//! The operations on films.

mod cursor;
mod get;
mod list;

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{OpenApi, Tags};

use crate::authorization::Authorization;
use crate::caller::Caller;
use crate::catalogue::Catalogue;
use crate::error::WithToken;
use get::MovieResponse;
pub(crate) use get::{GetMovieError, get};
use list::{ListMoviesError, MovieListResponse, MovieQuery, Status};

#[derive(Tags)]
enum Tag {
    /// Films, as far as the rules let the caller see them.
    Films,
}

/// The part of the API that is about films.
#[derive(Clone)]
pub(crate) struct Movies {
    pub(crate) authorization: Arc<Authorization>,
    pub(crate) catalogue: Arc<Catalogue>,
}

#[OpenApi(tag = "Tag::Films")]
impl Movies {
    /// List the films that the caller may read.
    ///
    /// Best rated first; `total` and `pages` count only films that the caller may read. Without `page`
    /// or `cursor`, the first 1,000 films are returned. `/movies/` is the same path.
    #[oai(path = "/movies", method = "get", operation_id = "list_movies")]
    async fn list(
        &self,
        caller: Caller,
        /// Page of 12 films, from 1. A page past the end is empty; the maximum is 833.
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u32>>,
        /// `next` of an earlier response, to continue after its last film. Excludes `page`.
        cursor: Query<Option<String>>,
        /// `new`: only films that carry the label `new` now, latest release first.
        status: Query<Option<Status>>,
    ) -> Result<MovieListResponse, WithToken<ListMoviesError>> {
        let query = MovieQuery { page: page.0, cursor: cursor.0, status: status.0 };
        list::list(self, &caller, &query).await
    }

    /// Get a film.
    ///
    /// A film that exists but that the caller may not read is 403, with the reason.
    #[oai(path = "/movies/:id", method = "get", operation_id = "get_movie")]
    async fn get(
        &self,
        caller: Caller,
        /// Id of the film.
        id: Path<String>,
    ) -> Result<MovieResponse, WithToken<GetMovieError>> {
        get::get(self, &caller, &id.0).await
    }
}
