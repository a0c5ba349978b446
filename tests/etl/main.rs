//! The labeler as a program, on a real Elasticsearch and a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test ends it"
)]

mod conflicts;
mod films;
mod import;
mod label_rules;
mod odd_documents;
mod preview;
mod settings;
mod validity_periods;
mod worker;
