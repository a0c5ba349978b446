//! `GET /movies/{id}`

use std::sync::Arc;

use poem_openapi::Object;
use serde::Serialize;
use serde_json::value::RawValue;
use service::problem::{Extension, Problem};

use super::Movies;
use crate::authorization::{AuthError, Decision, Reason, Searched};
use crate::caller::{Caller, CallerKind};
use crate::catalogue::{Document, Film};
use crate::error::{UNAVAILABLE, WithToken};
use crate::shown::Shown;

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
    /// The reason; only with the code `film_forbidden`.
    reason: Reason,
    /// The kind of caller; only with the code `film_forbidden`.
    caller: CallerKind,
}

pub(crate) async fn get(
    movies: &Movies,
    caller: &Caller,
    id: &str,
) -> Result<Shown<Film>, WithToken<GetMovieError>> {
    let find =
        |admitted: Arc<RawValue>| async move { Ok(movies.catalogue.find(id, &admitted).await?) };
    // An invalid token is 401 whatever is requested with it.
    let found: Result<_, WithToken<GetMovieError>> =
        movies.authorization.search(caller, find).await;
    let Searched { found, stale } = found?;
    let Some(film) = found else {
        return Err(WithToken::Problem { error: GetMovieError::FilmNotFound, stale });
    };
    if film.admitted {
        return Ok(Shown::whole(&film.document.film, stale));
    }
    let reason = match stale {
        Some(_) => Reason::of_code("guest_filter"),
        None => reason(movies, caller, &film.document).await?,
    };
    let error = forbidden(reason, caller.kind()).into();
    Err(WithToken::Problem { error, stale })
}

/// Why the film is refused. The filter has decided already, so that no answer of auth-server shows it.
async fn reason(
    movies: &Movies,
    caller: &Caller,
    film: &Document,
) -> Result<Reason, WithToken<GetMovieError>> {
    match movies.authorization.check(caller, film).await {
        Ok(Decision { allowed: false, reason }) => Ok(reason),
        Ok(Decision { allowed: true, .. }) => {
            tracing::error!(film = film.id, "auth-server's filter refuses a film that it allows");
            Ok(Reason::of_code("filter"))
        }
        Err(error @ (AuthError::TokenRefused(_) | AuthError::ClientRefused(_))) => {
            Err(error.into())
        }
        Err(error) => {
            tracing::warn!(%error, "no reason for a refusal");
            Ok(Reason::of_code("filter"))
        }
    }
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
