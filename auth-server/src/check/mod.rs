//! Answers for whoever enforces them: one decision, many, or a search filter.
//!
//! `api` the operations · `ask` what is asked and how it is answered · `filters` filters kept per
//! revision and role set.

pub mod api;
mod ask;
mod filters;
mod hot;

pub use filters::Filters;
pub use hot::Hot;
