//! `DELETE /favorites/movies/{id}`

use super::Favorites;
use super::error::{FAVORITES, database_problem};
use super::store;
use crate::authorization::AUTHORIZATION_UNAVAILABLE;
use crate::caller::Caller;
use crate::error::WithToken;

service::problems! {
    /// Why a favorite cannot be removed.
    pub(super) enum RemoveError includes [&[AUTHORIZATION_UNAVAILABLE], FAVORITES] {}
}

/// Needs no catalogue: films that no longer exist can be removed.
pub(super) async fn remove(
    favorites: &Favorites,
    caller: &Caller,
    id: &str,
) -> Result<(), WithToken<RemoveError>> {
    let user = favorites.user(caller).await?;
    let pool = favorites.pool()?;
    if id.contains('\0') {
        // PostgreSQL cannot store it, so nobody has such a favorite.
        return Ok(());
    }
    Ok(store::remove(pool, user, id).await.map_err(database_problem)?)
}
