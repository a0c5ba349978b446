//! `GET /movies/`

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object};

use super::Movies;
use super::answer::{TokenProblem, Trouble, stale_header};
use crate::caller::Caller;
use crate::catalogue::{Film, Order, Search, labelled_new};
use crate::problem::{Code, Problem, RETRY_AFTER_SECONDS};

/// Films on a page.
const PAGE_SIZE: u32 = 12;
/// Films in an answer that wasn't asked for by page.
const LONGEST_LIST: u32 = 1_000;
/// Elasticsearch counts off no more than 10,000 films to find a page (`index.max_result_window`).
const LAST_PAGE: u32 = 10_000 / PAGE_SIZE;

/// Which films to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Status {
    /// Films that carry the label `new` now.
    New,
}

/// Films, and how many there are.
#[derive(Debug, Object)]
pub struct FilmList {
    /// The films of this page, or the first 1,000 when no page was asked for.
    pub items: Vec<Film>,
    /// How many films match and are open to the caller, on all pages together.
    pub total: u64,
    /// The page that was asked for; null when none was.
    pub page: Option<u32>,
    /// How many pages can be asked for, at most 833; null when no page was asked for.
    pub pages: Option<u32>,
}

/// Success.
#[derive(ApiResponse)]
pub enum ListAnswer {
    /// The films that the caller may read.
    #[oai(status = 200)]
    Films(
        Json<FilmList>,
        /// `stale; age=<seconds>` when auth-server is away and a guest is answered by the last rules
        /// known; otherwise absent.
        #[oai(header = "X-Authorization")]
        Option<String>,
    ),
}

/// What can go wrong.
#[derive(ApiResponse)]
pub enum ListError {
    /// auth-server refuses the token; its answer, unchanged.
    #[oai(status = 401)]
    Token(TokenProblem, #[oai(header = "WWW-Authenticate")] Option<String>),
    /// - `field_invalid`: `page` is no whole number from 1, or `status` is not `new`.
    /// - `page_too_deep`: `page` is above 833.
    #[oai(status = 422, content_type = "application/problem+json")]
    Invalid(Json<Problem>),
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

impl<E: Into<Trouble>> From<E> for ListError {
    fn from(error: E) -> Self {
        match error.into() {
            Trouble::Token(problem, challenge) => Self::Token(problem, challenge),
            Trouble::Away(problem) => Self::Away(Json(problem), RETRY_AFTER_SECONDS),
        }
    }
}

pub async fn list(
    movies: &Movies,
    caller: &Caller,
    page: Option<u32>,
    status: Option<Status>,
) -> Result<ListAnswer, ListError> {
    if page.is_some_and(|page| page > LAST_PAGE) {
        let detail = format!("The last page that can be asked for is {LAST_PAGE}.");
        return Err(ListError::Invalid(Json(
            Problem::new(Code::PageTooDeep, detail).field("page"),
        )));
    }
    let admitted = movies.authorization.filter(caller).await?;
    let mut search = Search {
        filter: vec![admitted.query],
        order: Order::BestRated,
        from: page.map_or(0, |page| page.saturating_sub(1) * PAGE_SIZE),
        size: page.map_or(LONGEST_LIST, |_| PAGE_SIZE),
    };
    if status == Some(Status::New) {
        search.filter.push(labelled_new());
        search.order = Order::Newest;
    }
    let found = movies.catalogue.search(&search).await?;
    let list = FilmList {
        total: found.total,
        items: found.films.into_iter().map(|document| document.film).collect(),
        page,
        pages: page.map(|_| pages(found.total)),
    };
    Ok(ListAnswer::Films(Json(list), stale_header(admitted.stale)))
}

fn pages(total: u64) -> u32 {
    u32::try_from(total.div_ceil(PAGE_SIZE.into())).unwrap_or(LAST_PAGE).min(LAST_PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_those_that_can_be_asked_for() {
        assert_eq!([0, 1, 12, 13, 9_996, 9_997, u64::MAX].map(pages), [0, 1, 1, 2, 833, 833, 833]);
    }
}
