//! auth-server over HTTP, as its clients see it. Folders and files mirror the URLs. What holds for
//! all operations is in `access_tokens`, `escalation`, `guests`, `pipeline`, `request_errors` and
//! `unavailable`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: anything unexpected ends the test"
)]

mod access_tokens;
mod audit;
mod auth;
mod authzen;
mod check;
mod clients;
mod clock_skew;
mod docs_page;
mod email;
mod escalation;
mod explain;
mod films;
mod filter;
mod forward_auth;
mod guests;
mod health;
mod idempotency;
mod key_revocation;
mod key_rotation;
mod me;
mod names;
mod oauth;
mod offload;
mod openapi;
mod pipeline;
mod policy;
mod policy_changes;
mod policy_revisions;
mod replicas;
mod request_errors;
mod roles;
mod rules;
mod samples;
mod secret_replacement;
mod unavailable;
mod users;
mod well_known;
