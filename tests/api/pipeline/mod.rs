//! Properties of every request and answer.

mod cors;
mod headers;
mod unread_bodies;
