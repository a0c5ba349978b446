//! Lists: pages, cursors, and whole lists that are sent while they are read.

mod cursor;
mod facets;
mod films;
mod full;
mod listed;
mod page;
mod paging;

use service::problem::{Spec, request};

pub(crate) use films::Lists;
pub(crate) use full::FullLists;
pub(crate) use page::List;
pub(crate) use paging::{Paging, TotalMode};

/// Items per page.
const PAGE_SIZE: u32 = 12;
/// Items that are read at a time to send a whole list. A list with no more of them is sent at once.
const BATCH: u32 = 500;

/// The page is beyond the last one that has a number.
const PAGE_TOO_DEEP: Spec = Spec::new(
    422,
    "page_too_deep",
    "Only the first 10,000 items have page numbers. To go on, pass `next` of the last page as `cursor`.",
);

/// Too many whole lists are being sent.
const FULL_LISTS_BUSY: Spec = Spec::new(
    503,
    "full_lists_busy",
    "Too many complete lists are being sent. Try again later, or request pages.",
);

/// What every list can answer before it is read.
pub(crate) const LISTS: &[Spec] = &[request::FIELD, PAGE_TOO_DEEP, FULL_LISTS_BUSY];
