//! The films in Elasticsearch.

mod client;
mod film;
mod query;

pub(crate) use client::{CATALOGUE_UNAVAILABLE, Catalogue, CatalogueError};
pub(crate) use film::{Document, Film};
pub(crate) use query::{Order, Search, labelled_new};
