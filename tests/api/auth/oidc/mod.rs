//! `/api/v1/auth/oidc…` and `/api/v1/me/identities…`: signing in by accounts elsewhere.

mod accounts;
mod flow;
mod id_tokens;
mod real_provider;
mod restrictions;
mod settings;
mod unavailable;

use tests::TestServer;

/// Makes the address of this account one that it has shown to be its own.
async fn verify(server: &TestServer, login: &str) {
    let statement = format!("UPDATE users SET email_verified_at = now() WHERE login = '{login}'");
    server.database.execute(&statement).await;
}
