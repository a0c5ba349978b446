//! People with passwords, and what they send.

use std::time::{Duration, Instant};

use anyhow::ensure;
use argon2::password_hash::{PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use sqlx::PgPool;
use tokio::task::JoinSet;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple 17";

/// argon2id as auth-server uses it: 19 MiB, t=2, p=1.
pub(crate) fn argon2() -> anyhow::Result<Argon2<'static>> {
    let cost = Params::new(19 << 10, 2, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, cost))
}

/// `person0`, `person1`, …: made by SQL, as registering each would take as long as a login.
pub(crate) async fn write(db: &PgPool, people: u32) -> anyhow::Result<()> {
    let broken = |error| anyhow::anyhow!("{error}");
    let salt = SaltString::encode_b64(b"sixteen bytes...").map_err(broken)?;
    let hash = argon2()?.hash_password(PASSWORD.as_bytes(), &salt).map_err(broken)?.to_string();
    sqlx::query(
        "INSERT INTO users (id, login, login_key, password_hash, created_at)
         SELECT gen_random_uuid(), 'person' || n, 'person' || n, $1, now()
         FROM generate_series(0, $2::int - 1) AS n",
    )
    .bind(hash)
    .bind(i32::try_from(people)?)
    .execute(db)
    .await?;
    Ok(())
}

/// What one client sends, again and again.
pub(crate) trait Work: Send + 'static {
    fn once(&mut self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Answers a second while each client sends as soon as it has its last answer. Gives the clients
/// back.
pub(crate) async fn rate<W: Work>(
    clients: Vec<W>,
    time: Duration,
) -> anyhow::Result<(f64, Vec<W>)> {
    let begin = Instant::now();
    let mut all = JoinSet::new();
    for mut client in clients {
        all.spawn(async move {
            let mut done = 0_u32;
            while begin.elapsed() < time {
                client.once().await?;
                done += 1;
            }
            anyhow::Ok((done, client))
        });
    }
    let (mut answers, mut clients) = (0, Vec::new());
    while let Some(ended) = all.join_next().await {
        let (done, client) = ended??;
        answers += done;
        clients.push(client);
    }
    ensure!(answers > 0, "nothing was answered");
    Ok((f64::from(answers) / begin.elapsed().as_secs_f64(), clients))
}

/// Signs in again and again, each time as the next person.
pub(crate) struct LogIn {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) next: u32,
    pub(crate) step: u32,
    pub(crate) people: u32,
}

impl LogIn {
    /// Clients that share the people among them.
    pub(crate) fn clients(address: &str, clients: u32, people: u32) -> Vec<Self> {
        let (http, url) = (reqwest::Client::new(), format!("http://{address}/api/v1/auth/login"));
        let client =
            |next| Self { http: http.clone(), url: url.clone(), next, step: clients, people };
        (0..clients).map(client).collect()
    }

    /// The pair of tokens that the next person gets.
    pub(crate) async fn tokens(&mut self) -> anyhow::Result<serde_json::Value> {
        let login = format!("person{}", self.next % self.people);
        self.next += self.step;
        let body = serde_json::json!({ "login": login, "password": PASSWORD });
        let answer = self.http.post(&self.url).json(&body).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }
}

impl Work for LogIn {
    async fn once(&mut self) -> anyhow::Result<()> {
        self.tokens().await.map(drop)
    }
}
