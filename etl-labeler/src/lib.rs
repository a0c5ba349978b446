//! The labeler: writes access labels on the films in Elasticsearch.
//!
//! [`pipeline::run`] is one run; [`worker::run`] repeats it on a schedule; [`preview::preview`]
//! only compares; [`import::import`] loads films.

pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod elastic;
pub mod import;
pub mod label;
pub mod load;
pub mod metrics;
pub mod pipeline;
pub mod plan;
pub mod preview;
pub mod summary;
pub mod worker;

mod access;
mod check;
mod error;
mod extract;
mod index;
mod progress;

pub use error::LabelerError;
