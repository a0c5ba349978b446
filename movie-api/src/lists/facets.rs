//! Lists of genres and directors.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;
use service::problem::Problem;

use super::films::Lists;
use super::full::FullList;
use super::listed::Listed;
use super::page::{List, TotalIs};
use super::paging::{Paging, Part, pages};
use super::{BATCH, PAGE_SIZE, cursor};
use crate::catalogue::{Count, Counted, CountedId, Facet, MAX_COUNTED, all_counted};
use crate::error::WithToken;

impl Lists {
    /// The requested part of the genres or directors of the admitted films, by id.
    ///
    /// # Errors
    /// One of [`super::LISTS`], or the catalogue is unavailable.
    pub(crate) async fn facets<E: From<Problem>>(
        &self,
        facet: Facet,
        admitted: Arc<RawValue>,
        paging: &Paging,
    ) -> Result<Listed<Counted>, WithToken<E>> {
        let page = match &paging.part {
            Part::Whole => return self.all_facets(facet, admitted).await,
            Part::Page(page) => Some(*page),
            Part::After(_) => None,
        };
        let first = self.catalogue.facet_ids(facet, &admitted, None, MAX_COUNTED + 1).await?;
        let counted = MAX_COUNTED as usize;
        let (total, total_is) = match first.len() {
            all if all <= counted => (all as u64, TotalIs::Exact),
            _ if paging.count == Count::Exact => {
                (self.count(facet, &admitted, &first).await?, TotalIs::Exact)
            }
            _ => (MAX_COUNTED.into(), TotalIs::AtLeast),
        };
        let mut ids = if let Part::After(text) = &paging.part {
            self.after(facet, &admitted, first, text).await?
        } else {
            let skipped = page.unwrap_or(1).saturating_sub(1) * PAGE_SIZE;
            first.into_iter().skip(skipped as usize).take(PAGE_SIZE as usize + 1).collect()
        };
        let goes_on = ids.len() > PAGE_SIZE as usize;
        ids.truncate(PAGE_SIZE as usize);
        let last = ids.last().filter(|_| goes_on).map(|(id, _)| id.clone());
        let next = last.and_then(|id| cursor::encode(facet.field(), vec![id.into()]));
        let items = self.catalogue.with_names(facet, &admitted, ids).await?;
        let pages = page.map(|_| pages(total));
        Ok(Listed::Whole(List { items, next, total, total_is, page, pages }))
    }

    /// The ids after the cursor, one more than a page has. `first` are those that were counted.
    async fn after<E: From<Problem>>(
        &self,
        facet: Facet,
        admitted: &RawValue,
        first: Vec<CountedId>,
        text: &str,
    ) -> Result<Vec<CountedId>, WithToken<E>> {
        let is_id = |values: &[Value]| matches!(values, [Value::String(_)]);
        let position = cursor::decode(text, facet.field(), is_id)?;
        let after = position.first().and_then(Value::as_str).unwrap_or_default();
        let size = PAGE_SIZE as usize + 1;
        let skipped = first.partition_point(|(id, _)| id.as_str() <= after);
        if first.len() <= MAX_COUNTED as usize || skipped + size <= first.len() {
            return Ok(first.into_iter().skip(skipped).take(size).collect());
        }
        Ok(self.catalogue.facet_ids(facet, admitted, Some(after), PAGE_SIZE + 1).await?)
    }

    /// Counts beyond `first`. That reads all of them, so it takes a place like a complete list.
    async fn count<E: From<Problem>>(
        &self,
        facet: Facet,
        admitted: &RawValue,
        first: &[CountedId],
    ) -> Result<u64, WithToken<E>> {
        let _place = self.full.place()?;
        let mut total = first.len();
        let mut last = first.last().map(|(id, _)| id.clone());
        while let Some(after) = last {
            let more = self.catalogue.facet_ids(facet, admitted, Some(&after), MAX_COUNTED).await?;
            total += more.len();
            last = more.into_iter().next_back().map(|(id, _)| id);
        }
        Ok(total as u64)
    }

    async fn all_facets<E: From<Problem>>(
        &self,
        facet: Facet,
        admitted: Arc<RawValue>,
    ) -> Result<Listed<Counted>, WithToken<E>> {
        let ids = self.catalogue.facet_ids(facet, &admitted, None, BATCH + 1).await?;
        if ids.len() <= BATCH as usize {
            let items = self.catalogue.with_names(facet, &admitted, ids).await?;
            let total = items.len() as u64;
            return Ok(Listed::Whole(List::whole(items, total)));
        }
        let place = self.full.place()?;
        let batches = all_counted(&self.catalogue, facet, admitted, BATCH).await?;
        Ok(Listed::Streamed(FullList { batches, place }))
    }
}
