//! movie-api as a film site meets it: the real program, in front of a real auth-server and a real
//! Elasticsearch.

mod account;
mod away;
mod catalogue;
mod films;
mod input;
mod lists;
mod openapi;
mod process;
mod program;
mod show;
mod site;
mod store;
mod tokens;
