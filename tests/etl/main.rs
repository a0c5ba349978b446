//! The labeler as a program, on a real Elasticsearch and a real PostgreSQL.

mod conflicts;
mod hostile;
mod import;
mod preview;
mod rules;
mod run;
mod settings;
mod support;
mod windows;
