//! For operators: health, and what is counted.

pub(crate) mod registry;

pub(crate) use registry::{Decisions, HttpMetrics, Logins, Mails, Metrics, OperationMetrics};
