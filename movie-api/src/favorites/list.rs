//! `GET /favorites/movies`

use poem_openapi::Object;
use serde::Serialize;

use super::Favorites;
use super::error::{FAVORITES, database_problem};
use super::store;
use crate::caller::Caller;
use crate::catalogue::{Film, Order, Search, with_ids};
use crate::error::{UNAVAILABLE, WithToken};
use crate::lists::{LISTS, List, Paging};
use crate::movies::{self, Movies};
use crate::shown::Shown;

/// The favorites that the caller may read now.
#[derive(Debug, Serialize, Object)]
pub(super) struct FavoriteList {
    #[serde(flatten)]
    #[oai(flatten)]
    list: List<Film>,
    /// Favorites that are not listed: films that the caller may not read now, or that no longer exist.
    hidden: u64,
}

service::problems! {
    /// Why favorites cannot be listed.
    pub(super) enum ListFavoritesError includes [LISTS, UNAVAILABLE, FAVORITES] {}
}

pub(super) async fn list(
    favorites: &Favorites,
    caller: &Caller,
    among: Option<&str>,
    paging: Paging,
) -> Result<Shown<FavoriteList>, WithToken<ListFavoritesError>> {
    let among = among.map(movies::ids).transpose()?;
    let user = favorites.user(caller).await?;
    let mut ids = store::of_user(favorites.pool()?, user).await.map_err(database_problem)?;
    if let Some(among) = among {
        ids.retain(|id| among.contains(id.as_str()));
    }
    let Movies { authorization, lists, .. } = &favorites.movies;
    let all = ids.len() as u64;
    let search = |admitted| {
        let filter = vec![with_ids(&ids)];
        lists.films(Search { admitted, filter, matching: None, order: Order::BestRated }, &paging)
    };
    let listed = authorization.search(caller, search).await?;
    Ok(listed.found.respond(listed.stale, move |list| FavoriteList {
        hidden: all.saturating_sub(list.total),
        list,
    }))
}
