//! A list that was found, on its way to a response.

use serde::Serialize;

use super::full::FullList;
use super::page::{Item, List};
use crate::shown::Shown;

/// A list that was found.
pub(crate) enum Listed<T: Item> {
    /// In one piece.
    Whole(List<T>),
    /// Sent while it is read.
    Streamed(FullList<T>),
}

impl<T: Item> Listed<T> {
    /// The response: what `shape` makes of the list, whose first field must be `items`. `stale` is the
    /// age of the cached filter, if one was used.
    ///
    /// `shape` is called once, when `total` is known; the `items` may have been sent before.
    pub(crate) fn respond<L: Serialize>(
        self,
        stale: Option<u32>,
        shape: impl FnOnce(List<T>) -> L + Send + 'static,
    ) -> Shown<L> {
        match self {
            Self::Whole(list) => Shown::whole(&shape(list), stale),
            Self::Streamed(list) => Shown::streamed(list.body(shape), stale),
        }
    }
}
