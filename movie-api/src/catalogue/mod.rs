//! The films in Elasticsearch.

mod client;
mod facet;
mod film;
mod mapping;
mod order;
mod point_in_time;
mod public_labels;
mod query;
mod text;

pub(crate) use client::{CATALOGUE_UNAVAILABLE, Catalogue, CatalogueError};
pub(crate) use facet::{Counted, CountedId, Facet, all_counted};
pub(crate) use film::{Document, Film};
pub(crate) use mapping::CATALOGUE_UNUSABLE;
pub(crate) use order::Order;
pub(crate) use point_in_time::{Batches, all_films};
pub(crate) use query::{Count, MAX_COUNTED, Search, Section, Start, with_ids};
pub(crate) use text::{MAX_WORDS, matching, words};
