//! Latency of the pages of a long login history, requested over HTTP, one at a time.

use std::time::Instant;

use anyhow::{Context, ensure};
use auth_server::clock::Clock;
use auth_server::login_history;
use clap::Args;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::users::{self, LoginClient};

/// Users in the history. The first of them has every tenth login attempt.
const USERS: u32 = 10_000;
/// Users who read their history.
const READERS: u32 = 20;
/// Target for the 99th percentile of each kind of page, in milliseconds.
const MAX_P99_MS: f64 = 5.0;

#[derive(Args)]
pub(crate) struct Options {
    /// Number of login attempts in the history.
    #[arg(long, default_value_t = 10_000_000)]
    rows: u32,
    /// Number of pages of each kind to request.
    #[arg(long, default_value_t = 2_000)]
    pages: u32,
}

/// A user who reads their own history.
struct Reader {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Reader {
    /// The cursor of the next page, and the latency of this one in milliseconds.
    async fn page(&self, query: &str) -> anyhow::Result<(Option<String>, f64)> {
        let begin = Instant::now();
        let request = self.http.get(format!("{}?{query}", self.url)).bearer_auth(&self.token);
        let page: Value = request.send().await?.error_for_status()?.json().await?;
        let latency_ms = begin.elapsed().as_secs_f64() * 1_000.0;
        Ok((page.get("next").and_then(Value::as_str).map(str::to_owned), latency_ms))
    }
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    deployment::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let deployment = Deployment::prepare(database).await?;
    users::insert(&deployment.pool, USERS).await?;
    let begin = Instant::now();
    insert_history(&deployment.pool, options.rows).await?;
    println!("{} rows in {:.0} s", options.rows, begin.elapsed().as_secs_f64());
    let server = deployment.serve("0-1023").await?;
    let readers = readers(&server.address).await?;
    let first = readers.first().context("there are no readers")?;
    for reader in &readers {
        reader.page("limit=1").await?; // the server caches the token
    }
    let mut summary = json!({ "bench": "history", "rows": options.rows, "pages": options.pages });
    let mut worst: f64 = 0.0;
    for (kind, latencies) in [
        ("first", first_pages(&readers, "limit=50", options.pages).await?),
        ("outcome", first_pages(&readers, "limit=50&outcome=succeeded", options.pages).await?),
        ("rare", first_pages(&readers, "limit=50&outcome=hashing_busy", options.pages).await?),
        ("next", following_pages(first, options.pages).await?),
    ] {
        let (p50, p99) = (percentile(&latencies, 50), percentile(&latencies, 99));
        println!("{kind:>8}: p50 {p50:.2} ms  p99 {p99:.2} ms");
        worst = worst.max(p99);
        if let Some(summary) = summary.as_object_mut() {
            summary.insert(format!("{kind}_p50_ms"), p50.into());
            summary.insert(format!("{kind}_p99_ms"), p99.into());
        }
    }
    if let Some(summary) = summary.as_object_mut() {
        summary.insert("target_met".into(), (worst <= MAX_P99_MS).into());
    }
    println!("{summary}");
    Ok(())
}

/// Inserts a year of login attempts. Those older than 90 days have no address, as the server erases it.
async fn insert_history(db: &PgPool, rows: u32) -> anyhow::Result<()> {
    let now = Clock::default().now();
    for months in 0..=12 {
        let then = now - chrono::Months::new(months);
        login_history::prepare(&db.clone().into(), then).await?;
    }
    // Building the indexes afterwards takes a tenth of the time.
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "SELECT indexrelid::regclass::text, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
         FROM pg_index WHERE indrelid = 'login_history'::regclass",
    )
    .fetch_all(db)
    .await?;
    for (name, _) in &indexes {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP INDEX {name}"))).execute(db).await?;
    }
    sqlx::query(
        "WITH accounts AS (SELECT array_agg(id ORDER BY login) AS ids FROM users),
              attempts AS (SELECT n, now() - n * (interval '355 days' / $1) AS at
                           FROM generate_series(1, $1) AS n)
         INSERT INTO login_history
         SELECT gen_random_uuid(), at, ids[CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % $2 END],
                'password', CASE WHEN n % 7 < 3 THEN 'succeeded' ELSE 'credentials_invalid' END,
                gen_random_uuid(), CASE WHEN fresh THEN '192.0.2.1' END,
                CASE WHEN fresh THEN 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101' END
         FROM attempts, accounts, LATERAL (SELECT at > now() - interval '89 days' AS fresh) AS f",
    )
    .bind(i32::try_from(rows)?)
    .bind(i32::try_from(USERS)?)
    .execute(db)
    .await?;
    for (_, definition) in indexes {
        sqlx::raw_sql(AssertSqlSafe(definition)).execute(db).await?;
    }
    sqlx::raw_sql("ANALYZE login_history").execute(db).await?;
    Ok(())
}

async fn readers(address: &str) -> anyhow::Result<Vec<Reader>> {
    let mut readers = Vec::new();
    for mut client in LoginClient::several(address, READERS, USERS) {
        let tokens = client.login().await?;
        let token = tokens.get("access_token").and_then(Value::as_str);
        let token = token.context("the response holds no access token")?;
        let url = format!("http://{address}/api/v1/me/history");
        readers.push(Reader { http: client.http, url, token: token.to_owned() });
    }
    Ok(readers)
}

/// Latencies of first pages, for each reader in turn.
async fn first_pages(readers: &[Reader], query: &str, pages: u32) -> anyhow::Result<Vec<f64>> {
    let mut latencies = Vec::new();
    for (reader, _) in readers.iter().cycle().zip(0..pages) {
        latencies.push(reader.page(query).await?.1);
    }
    Ok(latencies)
}

/// Latencies of consecutive pages, starting over at the end of the history.
async fn following_pages(reader: &Reader, pages: u32) -> anyhow::Result<Vec<f64>> {
    let (mut latencies, mut query) = (Vec::new(), "limit=50".to_owned());
    for _ in 0..pages {
        let (next, latency_ms) = reader.page(&query).await?;
        latencies.push(latency_ms);
        query = next.map_or("limit=50".to_owned(), |next| format!("limit=50&cursor={next}"));
    }
    ensure!(!latencies.is_empty(), "no pages were read");
    Ok(latencies)
}

fn percentile(latencies: &[f64], percent: usize) -> f64 {
    let mut sorted = latencies.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
