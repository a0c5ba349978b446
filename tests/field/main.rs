//! auth-server, etl-labeler and movie-api beside real neighbours, as they are installed elsewhere.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: anything unexpected ends the test"
)]

mod certificates;
mod echo;
mod elasticsearch;
mod keycloak;
mod oauth_libraries;
mod own_postgres;
mod path_prefix;
mod pgbouncer;
mod postgres;
mod proxies;
mod proxy;
mod redis;
mod redis_cluster;
mod redis_sentinel;
mod sign_in;
mod standby;
mod zitadel;
