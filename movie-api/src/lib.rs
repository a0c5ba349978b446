#![warn(clippy::print_stdout, clippy::print_stderr)]
#![doc = include_str!("../README.md")]

mod accounts;
mod app;
mod authorization;
mod caller;
mod catalogue;
mod cli;
mod config;
mod database;
mod error;
mod facets;
mod favorites;
mod health;
mod lists;
mod metrics;
mod movies;
mod page;
mod shown;

pub use cli::start;
