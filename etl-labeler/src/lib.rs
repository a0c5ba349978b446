//! The labeler: writes access labels on the films in Elasticsearch.
//!
//! A run reads films (`extract`), compares them with the label rules ([`label`]) and writes the changes
//! ([`load`]); [`pipeline::run`] connects the three. [`worker::run`] repeats runs on a schedule,
//! [`preview::preview`] compares without writing, and [`import::import`] imports films.

#![warn(clippy::print_stdout, clippy::print_stderr)]

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
pub mod rules;
pub mod status;
pub mod summary;
pub mod worker;

mod access;
mod bulk_items;
mod check;
mod error;
mod excerpt;
mod exclusive;
mod extract;
mod index;
mod loss;
mod mapping;
mod positions;
mod progress;
mod retry;
mod unreadable;
mod writers;

pub use error::LabelerError;
pub use loss::{LossLimit, Shrinking};
pub use mapping::FieldFault;
