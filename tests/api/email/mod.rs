//! E-mail addresses and delivery, with a real mail server. The operations that need a message are
//! in `auth::email_verification`, `auth::password_reset` and `auth::login_by_email`.

mod claims;
mod delivery;
mod notices;
mod queue;

use auth_server::account_admin::create_reset_token;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tests::{Answer, MailServer, PASSWORD, TestServer, User};
use uuid::Uuid;

pub(crate) fn account(login: &str, email: &str) -> Value {
    json!({ "login": login, "email": email, "password": PASSWORD })
}

/// A new account with this unconfirmed address.
pub(crate) async fn register_with_email(server: &TestServer, login: &str, email: &str) -> User {
    server.guest().post("auth/register", &account(login, email)).await.expect(201, "");
    server.log_in(login).await
}

/// A new account that has confirmed this address.
pub(crate) async fn confirmed(
    server: &TestServer,
    mail: &MailServer,
    login: &str,
    email: &str,
) -> User {
    let user = register_with_email(server, login, email).await;
    let token = mail.mail(email, 0).await.token();
    verify(&user, &token).await.expect(204, "");
    user
}

/// Confirms an address, with the session of the account that claims it.
pub(crate) async fn verify(user: &User, token: &str) -> Answer {
    user.post("auth/email/verify", &json!({ "token": token })).await
}

/// Changes the address of the account, with the password.
pub(crate) async fn change_email(user: &User, email: Option<&str>) -> Answer {
    user.patch("me", &json!({ "email": email, "current_password": PASSWORD })).await
}

pub(crate) async fn is_verified(user: &User) -> bool {
    user.get("me").await.ok()["email_verified"] == true
}

/// A token for this address of the account that no message had to bring: mailboxes get few messages.
pub(crate) async fn verification_token(server: &TestServer, user: &User, email: &str) -> String {
    let (token, id) = (Uuid::new_v4().to_string(), &user.id);
    let insert = format!(
        "INSERT INTO mail_tokens (hash, purpose, user_id, email_key, expires_at)
         VALUES (sha256('{token}'), 'verify_email', '{id}', '{email}', now() + interval '1 day')"
    );
    server.database.execute(&insert).await;
    token
}

/// The token of a reset link created by an operator.
pub(crate) async fn reset_token(server: &TestServer, user: &User) -> String {
    let (pool, now) = (server.database.pool().await, server.clock.now());
    let id: Uuid = user.id.parse().unwrap();
    let until = now + TimeDelta::minutes(30);
    let mut database = pool.acquire().await.unwrap();
    let token = create_reset_token(&mut database, id, now, until).await;
    token.unwrap().unwrap().text.to_string()
}
