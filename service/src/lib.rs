#![doc = include_str!("../README.md")]
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod build;
#[cfg(feature = "http-client")]
pub mod client_credentials;
pub mod clock;
#[cfg(feature = "command-line")]
pub mod command_line;
pub mod config;
mod connection;
#[cfg(feature = "database")]
pub mod database;
pub mod docs;
#[cfg(feature = "elasticsearch")]
pub mod elasticsearch;
pub mod exit;
pub mod health;
pub mod http;
pub mod lifecycle;
pub mod log;
pub mod metrics;
pub mod ops;
#[cfg(feature = "http-client")]
pub mod outbound;
pub mod output;
pub mod problem;
mod proxy_protocol;
mod resettable;
pub mod server;
pub mod shutdown;
pub mod similar;
