//! What holds for every request and its answer.

mod cors;
mod headers;
