//! Rejected access tokens: each kind has its own code, and none is treated like a missing token.

mod forged;
mod forgeries;
mod lifetime;
mod malformed;

use tests::openapi::Operation;
use tests::{TestServer, User};

use crate::samples::{Sample, samples};

/// Valid requests for every operation that accepts a token.
async fn with_token(server: &TestServer, user: &User) -> Vec<Sample> {
    let all = samples(server, user).await;
    all.into_iter().filter(|sample| sample.operation.accepts_token()).collect()
}

/// Logout only gives up rights, so it accepts expired tokens.
fn is_logout(operation: &Operation) -> bool {
    operation.path == "/api/v1/auth/logout"
}
