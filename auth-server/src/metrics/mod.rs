//! For operators: health, and what is counted.

pub(crate) mod registry;

pub(crate) use registry::{
    Anonymization, Decisions, EmailOutcome, Emails, Metrics, OffloadedEvaluations, Outcomes,
};
