#![doc = include_str!("../README.md")]

pub mod build;
pub mod clock;
pub mod config;
mod connection;
#[cfg(feature = "database")]
pub mod database;
pub mod docs;
pub mod exit;
pub mod health;
pub mod http;
pub mod lifecycle;
pub mod log;
pub mod metrics;
pub mod ops;
pub mod problem;
pub mod server;
pub mod shutdown;
pub mod similar;
