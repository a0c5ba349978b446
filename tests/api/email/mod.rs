//! E-mail addresses and delivery, with a real mail server. The operations that need a message are
//! in `auth::email_verification`, `auth::password_reset` and `auth::login_by_email`.

mod claims;
mod delivery;
mod queue;

use auth_server::account_admin::create_reset_token;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Answer, MailServer, PASSWORD, TestServer, User};
use uuid::Uuid;

pub(crate) fn account(login: &str, email: &str) -> Value {
    json!({ "login": login, "email": email, "password": PASSWORD })
}

/// A new account with this unverified address.
pub(crate) async fn register_with_email(server: &TestServer, login: &str, email: &str) -> User {
    server.guest().post("auth/register", &account(login, email)).await.expect(201, "");
    server.log_in(login).await
}

/// A new account that has verified this address.
pub(crate) async fn confirmed(
    server: &TestServer,
    mail: &MailServer,
    login: &str,
    email: &str,
) -> User {
    let user = register_with_email(server, login, email).await;
    let token = mail.mail(email, 0).await.token();
    verify(server, &token).await.expect(204, "");
    user
}

pub(crate) async fn verify(server: &TestServer, token: &str) -> Answer {
    server.guest().post("auth/email/verify", &json!({ "token": token })).await
}

/// Changes the address of the account, with the password.
pub(crate) async fn change_email(user: &User, email: Option<&str>) -> Answer {
    user.patch("me", &json!({ "email": email, "current_password": PASSWORD })).await
}

pub(crate) async fn is_verified(user: &User) -> bool {
    user.get("me").await.ok()["email_verified"] == true
}

/// The token of a reset link created by an operator.
pub(crate) async fn reset_token(server: &TestServer, user: &User) -> String {
    let (pool, now) = (server.database.pool().await, server.clock.now());
    let id: Uuid = user.id.parse().unwrap();
    let until = now + TimeDelta::minutes(30);
    create_reset_token(&pool, id, now, until).await.unwrap().unwrap().text.to_string()
}
