//! The films as they stand in Elasticsearch.

mod client;
mod film;
mod query;

pub use client::{Catalogue, CatalogueError};
pub use film::{Document, Film};
pub use query::{Order, Search, labelled_new};
