//! Properties of every policy and every document, on a real Elasticsearch.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failure ends the test"
)]

mod comparison;
mod documents;
mod explanation;
mod filter;
mod index;
mod limits;
mod policy;
