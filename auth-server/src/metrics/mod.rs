//! For operators: health, and what is counted.

pub(crate) mod registry;

pub(crate) use registry::{
    Decisions, EmailOutcome, Emails, HttpMetrics, Logins, Metrics, OperationMetrics,
};
