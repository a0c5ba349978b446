//! Answers for whoever enforces them: one decision, many, or a search filter.
//!
//! `api` the operations · `ask` what is asked and how it is answered · `filters` filters kept per
//! revision and role set.

pub(crate) mod decision;
pub(crate) mod fast_path;
pub(crate) mod filter_cache;
pub(crate) mod operations;

pub(crate) use fast_path::FastCheck;
pub(crate) use filter_cache::FilterCache;
