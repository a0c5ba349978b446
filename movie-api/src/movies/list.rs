//! `GET /movies`

use super::Movies;
use super::selection::Selection;
use crate::caller::Caller;
use crate::catalogue::Film;
use crate::error::{UNAVAILABLE, WithToken};
use crate::lists::{LISTS, List, Paging};
use crate::shown::Shown;

service::problems! {
    /// Why films cannot be listed.
    pub(super) enum ListMoviesError includes [LISTS, UNAVAILABLE] {}
}

pub(super) async fn list(
    movies: &Movies,
    caller: &Caller,
    selection: Selection,
    paging: Paging,
) -> Result<Shown<List<Film>>, WithToken<ListMoviesError>> {
    let search = |admitted| movies.lists.films(selection.clone().search(admitted), &paging);
    let listed = movies.authorization.search(caller, search).await?;
    Ok(listed.found.respond(listed.stale, |list| list))
}
