//! What holds for every policy and every document, on a real Elasticsearch.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test ends it"
)]

mod documents;
mod filter;
mod index;
mod policy;
mod sizes;
