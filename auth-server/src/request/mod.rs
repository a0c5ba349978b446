//! What every request passes through on its way to a handler and back.

mod answered;
pub mod body;
mod client;
pub mod context;
mod cors;
mod direct;
mod edge;
pub mod form;
pub mod json;
mod raw;
mod refusal;
pub mod reply;
mod routes;

pub use answered::Answered;
pub use body::Body;
pub use client::ClientAddress;
pub use context::{RequestId, Shared, part};
pub use cors::Origins;
pub use direct::{Direct, Operations};
pub use edge::Edge;
pub use form::Form;
pub use reply::{Accepted, Created, Done, NoContent, Reply, SeeOther};
pub use routes::{Documented, Pages};
