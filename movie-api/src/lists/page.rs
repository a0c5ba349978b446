//! The shape of every list.

use poem_openapi::types::{ParseFromJSON, ToJSON};
use poem_openapi::{Enum, Object};
use serde::Serialize;

/// What the total counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(crate) enum TotalIs {
    /// All items.
    Exact,
    /// The first 10,000; there are more.
    AtLeast,
}

/// What a list can have as items: serde writes it, poem-openapi documents it.
pub(crate) trait Item: Serialize + ParseFromJSON + ToJSON + 'static {}

impl<T: Serialize + ParseFromJSON + ToJSON + 'static> Item for T {}

/// Items, and how many there are.
#[derive(Debug, Serialize, Object)]
pub(crate) struct List<T: Item> {
    /// The items of this page, or all if no page was requested.
    // The first field: a list that is sent while it is read ends with the others.
    pub(crate) items: Vec<T>,
    /// Pass it as `cursor` to continue after the last item, also beyond the last page that has a
    /// number; null at the end of the list.
    pub(crate) next: Option<String>,
    /// Items that match and that the caller may read, on all pages together.
    pub(crate) total: u64,
    /// What `total` counts: `exact` all items, `at_least` the first 10,000 of more.
    pub(crate) total_is: TotalIs,
    /// The requested page; null if none was requested.
    pub(crate) page: Option<u32>,
    /// Number of pages that can be requested by number, at most 833; null if no page was requested.
    pub(crate) pages: Option<u32>,
}

impl<T: Item> List<T> {
    /// A list in one piece: all items and nothing else.
    pub(super) fn whole(items: Vec<T>, total: u64) -> Self {
        Self { items, next: None, total, total_is: TotalIs::Exact, page: None, pages: None }
    }
}
