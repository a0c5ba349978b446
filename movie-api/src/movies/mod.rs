//! The operations on films.

mod get;
mod list;
mod selection;

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{OpenApi, Tags};

use crate::authorization::Authorization;
use crate::caller::Caller;
use crate::catalogue::{Catalogue, Film};
use crate::error::WithToken;
use crate::lists::{List, Lists, Paging, TotalMode};
use crate::shown::Shown;
pub(crate) use get::{GetMovieError, get};
use list::ListMoviesError;
pub(crate) use selection::ids;
use selection::{Parameters, Selection, Sort};

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
    pub(crate) lists: Arc<Lists>,
}

#[OpenApi(tag = "Tag::Films")]
impl Movies {
    /// List the films that the caller may read.
    ///
    /// Best rated first unless `sort`, `status` or `query` says otherwise; ties are listed by id. A film
    /// is listed if it meets every parameter. `total` and `pages` count only films that the caller may
    /// read. Without `page` and `cursor`, all films are returned. `/movies/` is the same path.
    #[oai(path = "/movies", method = "get", operation_id = "list_movies")]
    #[expect(clippy::too_many_arguments, reason = "each is a query parameter")]
    async fn list(
        &self,
        caller: Caller,
        /// Page of 12 films, from 1. A page past the end is empty; the maximum is 833.
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u32>>,
        /// `next` of an earlier response with the same parameters, to continue after its last film.
        /// Excludes `page`. A list that changes meanwhile may repeat or leave out the films that moved.
        cursor: Query<Option<String>>,
        /// `exact`: count all films, not only the first 10,000.
        total: Query<Option<TotalMode>>,
        /// `new`: latest release first, films without a date at the end. Any other text: the default
        /// order.
        status: Query<Option<String>>,
        /// Words that the title, the description or a director's name must contain, at most 16: each as
        /// it is, as the start of a word, or with a typo. The best matches come first.
        #[oai(validator(max_length = 200))]
        query: Query<Option<String>>,
        /// Id of a genre, as in `/genres`.
        #[oai(validator(max_length = 512))]
        genre: Query<Option<String>>,
        /// Id of a director, as in `/directors`.
        #[oai(validator(max_length = 512))]
        director: Query<Option<String>>,
        /// Year of the first release.
        #[oai(validator(minimum(value = "1"), maximum(value = "9999")))]
        year: Query<Option<u16>>,
        /// First year of release, inclusive.
        #[oai(validator(minimum(value = "1"), maximum(value = "9999")))]
        year_from: Query<Option<u16>>,
        /// Last year of release, inclusive.
        #[oai(validator(minimum(value = "1"), maximum(value = "9999")))]
        year_to: Query<Option<u16>>,
        /// Lowest rating, 0 to 10, inclusive. Films without a rating have none.
        #[oai(validator(minimum(value = "0"), maximum(value = "10")))]
        min_rating: Query<Option<f64>>,
        /// Ids of films, comma-separated, at most 100. Unknown ones, and those of films that the caller
        /// may not read, are left out.
        ids: Query<Option<String>>,
        /// Order of the films; goes before `status`.
        sort: Query<Option<Sort>>,
    ) -> Result<Shown<List<Film>>, WithToken<ListMoviesError>> {
        let paging = Paging::new(page.0, cursor.0, total.0)?;
        let parameters = Parameters {
            status: status.0,
            query: query.0,
            genre: genre.0,
            director: director.0,
            year: year.0,
            year_from: year_from.0,
            year_to: year_to.0,
            min_rating: min_rating.0,
            ids: ids.0,
            sort: sort.0,
        };
        list::list(self, &caller, Selection::of(&parameters)?, paging).await
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
    ) -> Result<Shown<Film>, WithToken<GetMovieError>> {
        get::get(self, &caller, &id.0).await
    }
}
