//! `GET /movies/{id}`

use poem_openapi::ApiResponse;
use poem_openapi::payload::Json;

use super::Movies;
use super::answer::{TokenProblem, Trouble, stale_header};
use crate::authorization::{Admitted, Decision, Verdict};
use crate::caller::Caller;
use crate::catalogue::{Film, Search};
use crate::problem::{Asker, Code, Problem, RETRY_AFTER_SECONDS, Reason};

/// Success.
#[derive(ApiResponse)]
pub enum FilmAnswer {
    /// The film.
    #[oai(status = 200)]
    Film(
        Json<Film>,
        /// `stale; age=<seconds>` when auth-server is away and a guest is answered by the last rules
        /// known; otherwise absent.
        #[oai(header = "X-Authorization")]
        Option<String>,
    ),
}

/// What can go wrong.
#[derive(ApiResponse)]
pub enum FilmError {
    /// auth-server refuses the token; its answer, unchanged.
    #[oai(status = 401)]
    Token(TokenProblem, #[oai(header = "WWW-Authenticate")] Option<String>),
    /// - `film_forbidden`: The film exists, but this caller may not read it; `reason` and `caller`
    ///   say why.
    #[oai(status = 403, content_type = "application/problem+json")]
    Forbidden(
        Json<Problem>,
        /// `stale; age=<seconds>` when auth-server is away and a guest is answered by the last rules
        /// known; otherwise absent.
        #[oai(header = "X-Authorization")]
        Option<String>,
    ),
    /// - `film_not_found`: No film has this id.
    #[oai(status = 404, content_type = "application/problem+json")]
    NotFound(Json<Problem>),
    /// - `authorization_unavailable`: auth-server is away and the caller is signed in, or no guest
    ///   rules are known.
    /// - `catalogue_unavailable`: Elasticsearch is away.
    #[oai(status = 503, content_type = "application/problem+json")]
    Away(
        Json<Problem>,
        /// Seconds to wait.
        #[oai(header = "Retry-After")]
        u32,
    ),
}

impl<E: Into<Trouble>> From<E> for FilmError {
    fn from(error: E) -> Self {
        match error.into() {
            Trouble::Token(problem, challenge) => Self::Token(problem, challenge),
            Trouble::Away(problem) => Self::Away(Json(problem), RETRY_AFTER_SECONDS),
        }
    }
}

pub async fn show(movies: &Movies, caller: &Caller, id: &str) -> Result<FilmAnswer, FilmError> {
    let Some(document) = movies.catalogue.get(id).await? else {
        // A bad token is 401 whatever is asked for with it.
        movies.authorization.verify(caller).await?;
        let problem = Problem::new(Code::FilmNotFound, "No film has this id.");
        return Err(FilmError::NotFound(Json(problem)));
    };
    match movies.authorization.check(caller, &document).await? {
        Verdict::Decided(Decision { allowed: true, .. }) => {
            Ok(FilmAnswer::Film(Json(document.film), None))
        }
        Verdict::Decided(Decision { reason, .. }) => {
            Err(FilmError::Forbidden(Json(forbidden(reason, caller.asker())), None))
        }
        Verdict::Kept(admitted) => show_kept(movies, id, admitted).await,
    }
}

/// Shows the film if the kept guest's filter admits it.
async fn show_kept(movies: &Movies, id: &str, kept: Admitted) -> Result<FilmAnswer, FilmError> {
    let stale = stale_header(kept.stale);
    let found = movies.catalogue.search(&Search::one(id, kept.query)).await?;
    // What the search admitted is shown, not what was read before it: the two may differ.
    if let Some(document) = found.films.into_iter().next() {
        return Ok(FilmAnswer::Film(Json(document.film), stale));
    }
    let reason = Reason { code: "guest_filter".into(), label: None };
    Err(FilmError::Forbidden(Json(forbidden(reason, Asker::Guest)), stale))
}

fn forbidden(reason: Reason, asker: Asker) -> Problem {
    let who = match asker {
        Asker::Guest => "A guest",
        Asker::User => "This user",
    };
    let detail = match &reason.label {
        Some(label) => format!("{who} may not read films with the label `{label}`."),
        None => format!("{who} may not read this film ({}).", reason.code),
    };
    Problem::new(Code::FilmForbidden, detail).refused(reason, asker)
}
