//! Where the services are.

use std::env;

/// A variable that `./dev env` prints.
///
/// # Panics
/// It is not set.
#[must_use]
pub fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `./dev test`"))
}
