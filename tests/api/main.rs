//! auth-server over HTTP, as its clients meet it. The folders mirror the routes; what holds for all
//! routes is in `tokens`, `escalation`, `input`, `away`, `edge` and `guests`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests end the test when something is not as expected"
)]

mod audit;
mod auth;
mod away;
mod check;
mod clients;
mod edge;
mod escalation;
mod filter;
mod guests;
mod health;
mod input;
mod jwks;
mod keys;
mod mail;
mod me;
mod oidc;
mod operations;
mod replicas;
mod roles;
mod rules;
mod tokens;
mod users;
mod wait;
