//! Users with passwords, and clients that log in as them.

use argon2::password_hash::{PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use sqlx::PgPool;

use crate::closed_loop::Client;

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery staple 17";

/// argon2id with auth-server's parameters: 19 MiB, t=2, p=1.
pub(crate) fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(19 << 10, 2, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Inserts `user0`, `user1`, … by SQL: registering each would hash a password for each.
pub(crate) async fn insert(db: &PgPool, users: u32) -> anyhow::Result<()> {
    let hash_error = |error| anyhow::anyhow!("{error}");
    let salt = SaltString::encode_b64(b"sixteen bytes...").map_err(hash_error)?;
    let hash = argon2()?.hash_password(PASSWORD.as_bytes(), &salt).map_err(hash_error)?.to_string();
    sqlx::query(
        "INSERT INTO users (id, login, login_key, password_hash, created_at)
         SELECT gen_random_uuid(), 'user' || n, 'user' || n, $1, now()
         FROM generate_series(0, $2::int - 1) AS n",
    )
    .bind(hash)
    .bind(i32::try_from(users)?)
    .execute(db)
    .await?;
    Ok(())
}

/// A client that logs in as a different user each time.
pub(crate) struct LoginClient {
    pub(crate) http: reqwest::Client,
    url: String,
    next: u32,
    step: u32,
    users: u32,
}

impl LoginClient {
    /// Clients that take turns with the users: no user logs in twice before all have.
    pub(crate) fn several(address: &str, clients: u32, users: u32) -> Vec<Self> {
        let (http, url) = (reqwest::Client::new(), format!("http://{address}/api/v1/auth/login"));
        let client =
            |next| Self { http: http.clone(), url: url.clone(), next, step: clients, users };
        (0..clients).map(client).collect()
    }

    /// Logs in as the next user and returns the response, which holds both tokens.
    pub(crate) async fn login(&mut self) -> anyhow::Result<serde_json::Value> {
        let login = format!("user{}", self.next % self.users);
        self.next += self.step;
        let body = serde_json::json!({ "login": login, "password": PASSWORD });
        let response = self.http.post(&self.url).json(&body).send().await?.error_for_status()?;
        Ok(response.json().await?)
    }
}

impl Client for LoginClient {
    async fn request(&mut self) -> anyhow::Result<()> {
        self.login().await.map(drop)
    }
}
