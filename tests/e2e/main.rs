//! The program auth-server, as its operators see it.
#![expect(clippy::unwrap_used, reason = "test code: anything unexpected ends the test")]

mod about;
mod accounts;
mod arguments;
mod backup;
mod client;
mod clock_skew;
mod descriptors;
mod doctor;
mod email;
mod environment;
mod explain;
mod json;
mod keys;
mod logging;
mod login_flood;
mod login_history;
mod migrate;
mod oidc;
mod output;
mod published_revocations;
mod redis_outage;
mod revocations;
mod rules;
mod rules_test;
mod secret;
mod sessions;
mod settings;
mod shutdown;
mod superuser;
mod user;

use tests::program::{Server, Settings};
use tests::{Caller, Database, setting};

/// Settings of a server on this database.
fn settings(database: &Database) -> Settings {
    [
        ("DATABASE_URL", database.url.as_str()),
        ("REDIS_URL", &setting("REDIS_URL")),
        ("AUTH_SECRET", &database.secret_text()),
        ("AUTH_LISTEN", "127.0.0.1:0"),
        ("AUTH_OPS_LISTEN", "127.0.0.1:0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The same settings with one added or replaced.
fn with(settings: &Settings, name: &str, value: &str) -> Settings {
    let mut settings: Settings =
        settings.iter().filter(|(other, _)| other != name).cloned().collect();
    settings.push((name.to_owned(), value.to_owned()));
    settings
}

/// A guest of this server.
fn guest(server: &mut Server) -> Caller {
    Caller::guest(reqwest::Client::new(), &server.url("api"))
}
