//! `POST /favorites/movies/{id}`

use super::Favorites;
use super::error::{FAVORITES, database_problem};
use super::store::{self, Added};
use crate::caller::Caller;
use crate::error::{UNAVAILABLE, WithToken};
use crate::movies::{self, GetMovieError};

service::problems! {
    /// Why a film does not become a favorite.
    pub(super) enum AddError includes [GetMovieError::SPECS, UNAVAILABLE, FAVORITES] {
        TooMany = 409 "too_many_favorites" "A user has at most 10,000 favorites; remove one first.",
    }
}

pub(super) async fn add(
    favorites: &Favorites,
    caller: &Caller,
    id: &str,
) -> Result<(), WithToken<AddError>> {
    let user = favorites.user(caller).await?;
    let pool = favorites.pool()?;
    movies::get(&favorites.movies, caller, id).await.map_err(WithToken::convert)?;
    if id.contains('\0') {
        // PostgreSQL cannot store it.
        return Err(GetMovieError::FilmNotFound.problem().into());
    }
    match store::add(pool, user, id, favorites.clock.now()).await.map_err(database_problem)? {
        Added::Added => Ok(()),
        Added::LimitReached => Err(AddError::TooMany.problem().into()),
    }
}
