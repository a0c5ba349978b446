//! `GET /movies`

use super::Movies;
use super::selection::Selection;
use crate::caller::Caller;
use crate::catalogue::Film;
use crate::error::{UNAVAILABLE, WithToken};
use crate::lists::{LISTS, List, ListResponse, Paging};

service::problems! {
    /// Why films cannot be listed.
    pub(super) enum ListMoviesError includes [LISTS, UNAVAILABLE] {}
}

pub(super) async fn list(
    movies: &Movies,
    caller: &Caller,
    selection: Selection,
    paging: Paging,
) -> Result<ListResponse<List<Film>>, WithToken<ListMoviesError>> {
    let admitted = movies.authorization.filter(caller).await?;
    let search = selection.search(admitted.query);
    let listed = movies.lists.films(search, paging).await?;
    Ok(listed.respond(admitted.stale, |list| list))
}
