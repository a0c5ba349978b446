//! `/api/v1/auth/oidc…`, sign-in through identity providers.

mod accounts;
mod faults;
mod flow;
mod form_post;
mod front_end;
mod id_tokens;
mod real_provider;
mod restrictions;
mod settings;
mod unavailable;
mod user_info;

use tests::TestServer;

/// Marks the e-mail address of this account as confirmed together with the account.
async fn verify(server: &TestServer, login: &str) {
    let statement = format!(
        "UPDATE users SET email_verified_at = now(), email_account_proof_at = now() WHERE login = '{login}'"
    );
    server.database.execute(&statement).await;
}
