//! What every request passes through on its way to a handler and back.

mod authorization;
mod body;
pub mod canonical;
mod client_address;
pub mod context;
mod cors;
mod error_response;
mod exact_query;
mod form;
mod json;
mod observe;
mod pipeline;
mod raw_body;
mod recover;
mod refuse_nul;
mod reply;
mod request_id;
mod routes;
mod unread_body;

pub use authorization::{SUBJECT_TOKEN, bearer_token};
pub use body::{Body, UnparsedBody};
pub use client_address::ClientAddress;
pub use context::RequestContext;
pub use cors::Cors;
pub use exact_query::ExactQuery;
pub use form::Form;
pub use json::parse as parse_json;
pub use observe::Observe;
pub use pipeline::pipeline;
pub use recover::Recover;
pub use refuse_nul::RefuseNul;
pub use reply::{Accepted, Created, NoContent, OkEmpty, Reply, SeeOther, WrittenReply};
pub use request_id::{REQUEST_ID, RequestId};
pub use routes::RouteTable;
pub use unread_body::UnreadBodies;
