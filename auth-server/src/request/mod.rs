//! What every request passes through on its way to a handler and back.

pub mod body;
pub mod json;
pub mod reply;

pub use body::Body;
pub use reply::{Created, NoContent, Reply};
