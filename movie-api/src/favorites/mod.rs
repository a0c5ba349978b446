//! The operations on favorites.

mod add;
mod deletions;
mod error;
mod list;
mod remove;
mod store;

use poem_openapi::param::{Path, Query};
use poem_openapi::{OpenApi, Tags};
use service::clock::Clock;
use service::database::PgPool;
use service::http::NoContent;
use service::problem::Problem;
use uuid::Uuid;

use crate::caller::{Caller, CallerKind};
use crate::error::WithToken;
use crate::lists::{Paging, TotalMode};
use crate::movies::Movies;
use crate::shown::Shown;
use add::AddError;
pub(crate) use deletions::DeletionFollower;
use list::{FavoriteList, ListFavoritesError};
use remove::RemoveError;

#[derive(Tags)]
enum Tag {
    /// The films that a user has marked.
    Favorites,
}

/// The part of the API that is about favorites.
pub(crate) struct Favorites {
    /// The films, as the caller may see them.
    pub(crate) movies: Movies,
    /// `None` if this server has no favorites.
    pub(crate) pool: Option<PgPool>,
    pub(crate) clock: Clock,
}

#[OpenApi(prefix_path = "/favorites/movies", tag = "Tag::Favorites")]
impl Favorites {
    /// List your favorites.
    ///
    /// The films that you may read now, best rated first; `hidden` is the number of the others.
    /// Without `page` and `cursor`, all films are returned. `/favorites/movies/` is the same path.
    #[oai(path = "/", method = "get", operation_id = "list_favorites")]
    async fn list(
        &self,
        caller: Caller,
        /// Page of 12 films, from 1. A page past the end is empty; the maximum is 833.
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u32>>,
        /// `next` of an earlier response, to continue after its last film. Excludes `page`.
        cursor: Query<Option<String>>,
        /// `exact`: as in other lists; a user has at most 10,000 favorites, which are always all counted.
        total: Query<Option<TotalMode>>,
        /// Only favorites with these ids, comma-separated, at most 100: which of the films in view are
        /// among them.
        ids: Query<Option<String>>,
    ) -> Result<Shown<FavoriteList>, WithToken<ListFavoritesError>> {
        let paging = Paging::new(page.0, cursor.0, total.0)?;
        list::list(self, &caller, ids.0.as_deref(), paging).await
    }

    /// Add a film to your favorites.
    ///
    /// Only a film that you may read. Adding it again changes nothing.
    #[oai(path = "/:id", method = "post", operation_id = "add_favorite")]
    async fn add(
        &self,
        caller: Caller,
        /// Id of the film.
        id: Path<String>,
    ) -> Result<NoContent, WithToken<AddError>> {
        add::add(self, &caller, &id.0).await?;
        Ok(NoContent)
    }

    /// Remove a film from your favorites.
    ///
    /// Also a film that you may no longer read or that no longer exists, and one that is not among
    /// them.
    #[oai(path = "/:id", method = "delete", operation_id = "remove_favorite")]
    async fn remove(
        &self,
        caller: Caller,
        /// Id of the film.
        id: Path<String>,
    ) -> Result<NoContent, WithToken<RemoveError>> {
        remove::remove(self, &caller, &id.0).await?;
        Ok(NoContent)
    }
}

impl Favorites {
    /// The id of the caller, who must be a user.
    ///
    /// # Errors
    /// The caller is a guest, the token is refused, or auth-server is unavailable.
    async fn user<E: From<Problem>>(&self, caller: &Caller) -> Result<Uuid, WithToken<E>> {
        match caller.kind() {
            CallerKind::Guest => Err(error::token_missing().into()),
            CallerKind::User => Ok(self.movies.authorization.user(caller).await?),
        }
    }

    /// The database.
    ///
    /// # Errors
    /// This server has none.
    fn pool(&self) -> Result<&PgPool, Problem> {
        self.pool.as_ref().ok_or_else(error::disabled)
    }
}
