//! For operators: health, and what is counted.

mod health;
mod listener;
mod metrics;

pub use health::{Health, HealthApi};
pub use listener::endpoint;
pub use metrics::{Decisions, HttpMetrics, Logins, Mails, Metrics, OperationMetrics};
