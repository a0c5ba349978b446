//! Properties of every request and answer.

mod cors;
mod headers;
mod refused_early;
mod unread_bodies;
