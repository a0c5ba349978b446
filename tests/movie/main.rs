//! movie-api as a film site uses it: the real program, with a real auth-server and a real
//! Elasticsearch.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: anything unexpected ends the test"
)]

mod accounts;
mod auth_unavailable;
mod caching;
mod catalogue_unavailable;
mod catalogue_unusable;
mod early_search;
mod facets;
mod favorites;
mod film;
mod film_list;
mod film_search;
mod long_list;
mod openapi;
mod page;
mod process;
mod public_labels;
mod request_errors;
mod sample_films;
mod service_client;
mod site;
mod tokens;
mod users;
