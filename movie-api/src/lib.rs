#![doc = include_str!("../README.md")]

mod authorization;
mod caller;
mod catalogue;
mod cli;
mod clock;
mod config;
mod http;
mod logging;
mod movies;
mod ops;
mod problem;
mod server;

pub use cli::start;
