//! `POST /access/v1/search/subject`, `/search/resource` and `/search/action`

pub(super) mod action;
mod page;
pub(super) mod resource;
pub(super) mod subject;

/// Body limit in bytes.
const LIMIT: usize = 1 << 20;
