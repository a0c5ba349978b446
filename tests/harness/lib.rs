//! What the tests of auth-server share: real servers on databases of their own, and callers.
//!
//! `database` PostgreSQL · `server` a server in this process · `program` a server as a process ·
//! `caller` who asks · `answer` what comes back · `observed` notes every answer for the contract ·
//! `openapi` the documented contract · `token` forged tokens · `proxy` a wire that can be cut ·
//! `oidc` providers that people sign in by · `redis` a Redis that can be stopped · `second_factor` somebody's authenticator app · `mail` a mail server
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is test code: what is not as expected ends the test"
)]

mod answer;
mod authenticator;
mod caller;
mod database;
mod mail_server;
mod observed;
pub mod oidc;
pub mod openapi;
pub mod program;
mod proxy;
mod redis;
mod server;
mod settings;
pub mod token;
mod wait;

pub use answer::Answer;
pub use authenticator::App;
pub use caller::{Caller, User};
pub use database::Database;
pub use mail_server::{LINKS, Mail, MailServer};
pub use observed::folder as observed_folder;
pub use proxy::Proxy;
pub use redis::Redis;
pub use server::{PASSWORD, TestServer};
pub use settings::setting;
pub use wait::until;
