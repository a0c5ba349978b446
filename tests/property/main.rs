//! What holds for every policy and every document, on a real Elasticsearch.

mod documents;
mod filter;
mod index;
mod policy;
mod sizes;
