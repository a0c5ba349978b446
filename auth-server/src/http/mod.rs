//! What every request passes through on its way to a handler and back; most of it is from
//! [`service::http`].

pub(crate) mod network;
pub(crate) mod pagination;
pub(crate) mod precondition;
pub(crate) mod problem;
pub(crate) mod published_path;
pub(crate) mod refuse_head;
pub(crate) mod tags;

pub(crate) use service::http::{
    Accepted, Body, ClientAddress, Created, Form, NoContent, OkEmpty, Reply, SeeOther,
    UnparsedBody, WrittenReply, canonical, object, objects, optional_object, parse_json, read_body,
};
pub(crate) use service::problem::request as request_errors;
