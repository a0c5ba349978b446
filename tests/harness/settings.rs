//! The addresses of the services.

use std::env;

/// A variable that `./dev env` prints.
///
/// # Panics
/// If it is not set.
#[must_use]
pub fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: eval \"$(./dev env)\""))
}
