//! What the test suites share: real servers on databases of their own, and callers.
//!
//! | module | contents |
//! | --- | --- |
//! | `database`, `redis`, `elasticsearch`, `mail_server` | the services behind a server |
//! | `film_database` | the tables that `etl-labeler sync` reads |
//! | `server` | an auth-server in this process |
//! | `program` | a program as a process |
//! | `caller`, `answer`, `kept_connection` | requests and their answers |
//! | `openapi`, `contract` | the documented contract, checked at every answer |
//! | `browser` | headless Chromium |
//! | `authenticator`, `oidc`, `token` | second factors, identity providers, forged tokens |
//! | `proxy`, `ports`, `wait` | a connection that can be cut, free ports, waiting for a condition |
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: anything unexpected ends the test"
)]

mod answer;
mod authenticator;
mod browser;
mod caller;
pub mod contract;
mod database;
mod elasticsearch;
pub mod faketime;
mod faulty_elasticsearch;
mod film_database;
mod kept_connection;
mod mail_server;
pub mod oidc;
pub mod openapi;
mod ports;
pub mod program;
mod proxy;
pub mod redis;
mod server;
mod settings;
pub mod token;
mod wait;

pub use answer::Answer;
pub use authenticator::AuthenticatorApp;
pub use browser::{Browser, DESKTOP, PHONE};
pub use caller::{Caller, User};
pub use database::Database;
pub use elasticsearch::{Index, elastic};
pub use faulty_elasticsearch::{Fault, FaultyElasticsearch};
pub use film_database::FilmDatabase;
pub use kept_connection::KeptConnection;
pub use mail_server::{EMAIL_SETTINGS, Mail, MailServer};
pub use ports::{free_address, free_port};
pub use proxy::{Commit, Proxy};
pub use redis::Redis;
pub use server::{NEW_PASSWORD, PASSWORD, TestServer, UNKNOWN_ID, current_password};
pub use settings::setting;
pub use wait::{until, until_within};
