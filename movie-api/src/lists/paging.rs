//! The query parameters that every list has.

use poem_openapi::Enum;
use service::problem::Problem;
use service::problem::request::FIELD;

use super::{PAGE_SIZE, PAGE_TOO_DEEP};
use crate::catalogue::{Count, MAX_COUNTED};

/// The last page that has a number.
const LAST_PAGE: u32 = MAX_COUNTED / PAGE_SIZE;

/// How the total is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(crate) enum TotalMode {
    /// All of them, however many there are.
    Exact,
}

/// Which part of a list is requested.
pub(crate) struct Paging {
    pub(super) part: Part,
    pub(super) count: Count,
}

pub(super) enum Part {
    /// All items.
    Whole,
    /// The page with this number, from 1.
    Page(u32),
    /// The page after this cursor.
    After(String),
}

impl Paging {
    /// The part that the parameters name.
    ///
    /// # Errors
    /// They contradict each other, or the page has no number: one of [`super::LISTS`].
    pub(crate) fn new(
        page: Option<u32>,
        cursor: Option<String>,
        total: Option<TotalMode>,
    ) -> Result<Self, Problem> {
        let count = if total.is_some() { Count::Exact } else { Count::Limited };
        let part = match (page, cursor) {
            (None, None) => Part::Whole,
            (Some(0), None) => return Err(invalid("page", "Pages are counted from 1.")),
            (Some(page), None) if page > LAST_PAGE => {
                let detail = format!(
                    "Page {LAST_PAGE} is the last one with a number; its `next` is the `cursor` of the page after it."
                );
                return Err(Problem::new(PAGE_TOO_DEEP).field("page").detail(detail));
            }
            (Some(page), None) => Part::Page(page),
            (None, Some(cursor)) => Part::After(cursor),
            (Some(_), Some(_)) => return Err(invalid("cursor", "Use either `page` or `cursor`.")),
        };
        Ok(Self { part, count })
    }
}

/// The number of pages that have a number.
pub(super) fn pages(total: u64) -> u32 {
    u32::try_from(total.div_ceil(PAGE_SIZE.into())).unwrap_or(LAST_PAGE).min(LAST_PAGE)
}

fn invalid(field: &str, detail: &str) -> Problem {
    Problem::new(FIELD).field(field).detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_those_that_can_be_requested() {
        assert_eq!([0, 1, 12, 13, 9_996, 9_997, u64::MAX].map(pages), [0, 1, 1, 2, 833, 833, 833]);
    }

    #[test]
    fn a_page_whose_end_is_beyond_the_limit_has_no_number() {
        let field = |page| Paging::new(page, None, None).err().and_then(|problem| problem.field);
        assert_eq!(field(Some(833)), None);
        assert_eq!(field(Some(834)).as_deref(), Some("page"));
        assert_eq!(field(Some(u32::MAX)).as_deref(), Some("page"));
        assert_eq!(field(Some(0)).as_deref(), Some("page"));
    }
}
