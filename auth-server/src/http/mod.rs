//! What every request passes through on its way to a handler and back.

pub(crate) mod answered;
pub(crate) mod body;
pub(crate) mod client_address;
pub(crate) mod context;
pub(crate) mod cors;
pub(crate) mod documented_routes;
pub(crate) mod error_mapping;
pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod openapi;
pub(crate) mod pagination;
pub(crate) mod pipeline;
pub(crate) mod precondition;
pub(crate) mod problem;
pub(crate) mod raw;
pub(crate) mod reply;
pub(crate) mod request_errors;
pub(crate) mod static_routes;
pub(crate) mod tags;

pub use answered::Answered;
pub use body::Body;
pub use client_address::ClientAddress;
pub use context::{RequestId, Shared, part};
pub use cors::Origins;
pub use documented_routes::{Documented, Pages};
pub use form::Form;
pub use pipeline::Edge;
pub use reply::{Accepted, Created, Done, NoContent, Reply, SeeOther};
pub use static_routes::{Direct, Operations};
