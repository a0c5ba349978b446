//! `GET /movies/{id}`

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;
use service::problem::{Extension, Problem};

use super::Movies;
use crate::authorization::{Admitted, Decision, Reason, Verdict};
use crate::caller::{Caller, CallerKind};
use crate::catalogue::{Count, Film, Search, Section};
use crate::error::{UNAVAILABLE, WithToken, stale_header};

#[derive(ApiResponse)]
pub(crate) enum MovieResponse {
    /// The film.
    #[oai(status = 200)]
    Film(
        Json<Film>,
        /// `stale; age=<seconds>` if auth-server is unavailable and the cached guest filter was used;
        /// otherwise absent.
        #[oai(header = "X-Authorization")]
        Option<String>,
    ),
}

service::problems! {
    /// Why a film cannot be shown.
    pub(crate) enum GetMovieError includes [UNAVAILABLE] {
        FilmForbidden = 403 "film_forbidden" "The caller may not read this film."
            [.with(Extension::of::<Refusal>())],
        FilmNotFound = 404 "film_not_found" "No film has this id.",
    }
}

/// Why a film is refused, and to whom.
#[derive(Clone, Debug, Serialize, Object)]
struct Refusal {
    /// The reason.
    reason: Reason,
    /// The kind of caller.
    caller: CallerKind,
}

pub(crate) async fn get(
    movies: &Movies,
    caller: &Caller,
    id: &str,
) -> Result<MovieResponse, WithToken<GetMovieError>> {
    let Some(document) = movies.catalogue.get(id).await? else {
        // An invalid token is 401 whatever is requested with it.
        movies.authorization.verify(caller).await?;
        return Err(GetMovieError::FilmNotFound.problem().into());
    };
    match movies.authorization.check(caller, &document).await? {
        Verdict::Decided(Decision { allowed: true, .. }) => {
            Ok(MovieResponse::Film(Json(document.film), None))
        }
        Verdict::Decided(Decision { reason, .. }) => Err(forbidden(reason, caller.kind()).into()),
        Verdict::Cached(admitted) => get_by_cached_filter(movies, id, admitted).await,
    }
}

/// Shows the film if the cached guest filter admits it.
async fn get_by_cached_filter(
    movies: &Movies,
    id: &str,
    cached: Admitted,
) -> Result<MovieResponse, WithToken<GetMovieError>> {
    let search = Search::one(id, cached.query);
    let found = movies.catalogue.search(&search, &Section::first(1, Count::None)).await?;
    // What the search admitted is shown, not what was read before it: the two may differ.
    if let Some(document) = found.films.into_iter().next() {
        return Ok(MovieResponse::Film(Json(document.film), stale_header(cached.stale)));
    }
    let reason = Reason { code: "guest_filter".into(), label: None };
    let error = forbidden(reason, CallerKind::Guest).into();
    Err(WithToken::Problem { error, stale: cached.stale })
}

fn forbidden(reason: Reason, caller: CallerKind) -> Problem {
    let who = match caller {
        CallerKind::Guest => "A guest",
        CallerKind::User => "This user",
    };
    let detail = match &reason.label {
        Some(label) => format!("{who} may not read films with the label `{label}`."),
        None => format!("{who} may not read this film ({}).", reason.code),
    };
    GetMovieError::FilmForbidden.problem().detail(detail).extend(&Refusal { reason, caller })
}
