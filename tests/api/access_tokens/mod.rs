//! Access tokens that are not taken: each with a code of its own, and never as if there were none.

mod forged;
mod forgeries;
mod lifetime;
mod malformed;

use tests::openapi::Operation;
use tests::{TestServer, User};

use crate::samples::{Sample, samples};

/// Good requests for every operation that looks at a token.
async fn with_token(server: &TestServer, user: &User) -> Vec<Sample> {
    let all = samples(server, user).await;
    all.into_iter().filter(|sample| sample.operation.accepts_token()).collect()
}

/// Signing out gives something up, so it takes tokens that are over.
fn is_logout(operation: &Operation) -> bool {
    operation.path == "/api/v1/auth/logout"
}
