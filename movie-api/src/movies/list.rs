//! `GET /movies/`

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object};
use service::problem::request;

use super::Movies;
use super::cursor::{MAX_RESULT_WINDOW, Section};
use crate::caller::Caller;
use crate::catalogue::{Film, Order, Search, labelled_new};
use crate::error::{UNAVAILABLE, WithToken, stale_header};

/// Films per page.
const PAGE_SIZE: u32 = 12;
/// Films in a response to a request without a page.
const MAX_UNPAGED: u32 = 1_000;
/// The last page that Elasticsearch can page to.
const LAST_PAGE: u32 = MAX_RESULT_WINDOW / PAGE_SIZE;

/// Which films to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum Status {
    /// Films that carry the label `new` now.
    New,
}

/// What the total counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum TotalIs {
    /// All films that match.
    Exact,
}

/// Films, and how many there are.
#[derive(Debug, Object)]
pub(super) struct MovieList {
    /// The films of this page, or the first 1,000 if no page was requested.
    items: Vec<Film>,
    /// Pass it as `cursor` to continue after the last item; null at the end of the list.
    next: Option<String>,
    /// Films that match and that the caller may read, on all pages together.
    total: u64,
    /// What `total` counts.
    total_is: TotalIs,
    /// The requested page; null if none was requested.
    page: Option<u32>,
    /// Number of pages, at most 833; null if no page was requested.
    pages: Option<u32>,
}

#[derive(ApiResponse)]
pub(super) enum MovieListResponse {
    /// The films that the caller may read.
    #[oai(status = 200)]
    Films(
        Json<MovieList>,
        /// `stale; age=<seconds>` if auth-server is unavailable and the cached guest filter was used;
        /// otherwise absent.
        #[oai(header = "X-Authorization")]
        Option<String>,
    ),
}

service::problems! {
    /// Why films cannot be listed.
    pub(super) enum ListMoviesError includes [request::PARAMETERS, UNAVAILABLE] {
        PageTooDeep = 422 "page_too_deep" "The page is beyond the last one that can be requested.",
    }
}

/// The query parameters of the operation.
pub(super) struct MovieQuery {
    pub(super) page: Option<u32>,
    pub(super) cursor: Option<String>,
    pub(super) status: Option<Status>,
}

pub(super) async fn list(
    movies: &Movies,
    caller: &Caller,
    query: &MovieQuery,
) -> Result<MovieListResponse, WithToken<ListMoviesError>> {
    let section = section(query)?;
    let admitted = movies.authorization.filter(caller).await?;
    let mut search = Search {
        filter: vec![admitted.query],
        order: Order::BestRated,
        from: section.from,
        size: section.size,
    };
    if query.status == Some(Status::New) {
        search.filter.push(labelled_new());
        search.order = Order::Newest;
    }
    let found = movies.catalogue.search(&search).await?;
    let list = MovieList {
        items: found.films.into_iter().map(|document| document.film).collect(),
        next: section.next(found.total).map(|next| next.to_string()),
        total: found.total,
        total_is: TotalIs::Exact,
        page: query.page,
        pages: query.page.map(|_| pages(found.total)),
    };
    Ok(MovieListResponse::Films(Json(list), stale_header(admitted.stale)))
}

fn section(query: &MovieQuery) -> Result<Section, WithToken<ListMoviesError>> {
    let invalid = |detail: &str| {
        service::problem::Problem::new(request::FIELD).field("cursor").detail(detail)
    };
    match (query.page, &query.cursor) {
        (None, None) => Ok(Section { from: 0, size: MAX_UNPAGED }),
        (Some(page), None) if page > LAST_PAGE => {
            let detail = format!("The last page that can be requested is {LAST_PAGE}.");
            Err(ListMoviesError::PageTooDeep.problem().field("page").detail(detail).into())
        }
        (Some(page), None) => {
            Ok(Section { from: page.saturating_sub(1) * PAGE_SIZE, size: PAGE_SIZE })
        }
        (None, Some(cursor)) => {
            Ok(cursor.parse().map_err(|_| invalid("Use `next` of an earlier response."))?)
        }
        (Some(_), Some(_)) => Err(invalid("Use either `page` or `cursor`.").into()),
    }
}

fn pages(total: u64) -> u32 {
    u32::try_from(total.div_ceil(PAGE_SIZE.into())).unwrap_or(LAST_PAGE).min(LAST_PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_those_that_can_be_requested() {
        assert_eq!([0, 1, 12, 13, 9_996, 9_997, u64::MAX].map(pages), [0, 1, 1, 2, 833, 833, 833]);
    }
}
