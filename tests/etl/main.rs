//! The labeler as a program, on a real Elasticsearch and a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test ends it"
)]

mod conflicts;
mod hostile;
mod import;
mod preview;
mod rules;
mod run;
mod settings;
mod support;
mod windows;
