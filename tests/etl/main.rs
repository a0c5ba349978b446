//! The labeler as a program, on a real Elasticsearch and a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: anything unexpected ends the test"
)]

mod clock_skew;
mod conflicts;
mod films;
mod import;
mod label_rules;
mod loss_limit;
mod odd_documents;
mod preview;
mod rules_command;
mod runs;
mod settings;
mod sync;
mod validity_periods;
mod worker;
