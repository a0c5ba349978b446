//! Lists of films.

use std::sync::Arc;

use service::problem::Problem;

use super::full::{FullList, FullLists};
use super::listed::Listed;
use super::page::{List, TotalIs};
use super::paging::{Paging, Part, pages};
use super::{BATCH, PAGE_SIZE, cursor};
use crate::catalogue::{Catalogue, Count, Film, Search, Section, Start, all_films};
use crate::error::WithToken;

/// Makes lists of what is in the catalogue.
pub(crate) struct Lists {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) full: FullLists,
}

impl Lists {
    /// The requested part of the films that match.
    ///
    /// # Errors
    /// One of [`super::LISTS`], or the catalogue is unavailable.
    pub(crate) async fn films<E: From<Problem>>(
        &self,
        search: Search,
        paging: &Paging,
    ) -> Result<Listed<Film>, WithToken<E>> {
        match &paging.part {
            Part::Whole => self.all_films(search).await,
            &Part::Page(page) => {
                let list = self
                    .page_of_films(&search, Start::At((page - 1) * PAGE_SIZE), paging.count)
                    .await?;
                let (page, pages) = (Some(page), Some(pages(list.total)));
                Ok(Listed::Whole(List { page, pages, ..list }))
            }
            Part::After(text) => {
                let order = search.order;
                let position =
                    cursor::decode(text, order.name(), |values| order.has_position(values))?;
                let list =
                    self.page_of_films(&search, Start::After(position), paging.count).await?;
                Ok(Listed::Whole(list))
            }
        }
    }

    async fn page_of_films<E: From<Problem>>(
        &self,
        search: &Search,
        start: Start,
        count: Count,
    ) -> Result<List<Film>, WithToken<E>> {
        let found =
            self.catalogue.search(search, &Section { start, size: PAGE_SIZE, count }).await?;
        let next = found.next.and_then(|position| cursor::encode(search.order.name(), position));
        let total_is = if found.total.is_exact { TotalIs::Exact } else { TotalIs::AtLeast };
        Ok(List {
            items: found.films,
            next,
            total: found.total.counted,
            total_is,
            page: None,
            pages: None,
        })
    }

    /// A short list needs neither a place nor a point in time: it is found by a single search.
    async fn all_films<E: From<Problem>>(
        &self,
        search: Search,
    ) -> Result<Listed<Film>, WithToken<E>> {
        let found = self.catalogue.search(&search, &Section::first(BATCH, Count::Exact)).await?;
        if found.next.is_none() {
            return Ok(Listed::Whole(List::whole(found.films, found.total.counted)));
        }
        let place = self.full.place()?;
        let batches = all_films(&self.catalogue, search, BATCH).await?;
        Ok(Listed::Streamed(FullList { batches, place }))
    }
}
