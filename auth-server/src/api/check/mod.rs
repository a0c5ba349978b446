//! Decisions for enforcement points: one, many, or as a search filter.

pub(in crate::api) mod action;
pub(crate) mod decision;
pub(crate) mod fast_path;
pub(crate) mod filter;
mod filter_cache;
pub(crate) mod operations;
mod subject;

pub(crate) use fast_path::FastCheck;
