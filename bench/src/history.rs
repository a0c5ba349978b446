//! Pages of a long login history: how long each takes, over HTTP, one after the other.

use std::time::Instant;

use anyhow::{Context, ensure};
use auth_server::clock::Clock;
use auth_server::login_history;
use clap::Args;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::auth::{self, Auth};
use crate::data::Database;
use crate::people::{self, LogIn};

/// People who share the history. Every tenth try is at the account of the first of them.
const PEOPLE: u32 = 10_000;
/// Those of them who read.
const READERS: u32 = 20;
/// Longest time that a page may take, in milliseconds, 99 times of 100.
const MOST_MS: f64 = 5.0;

#[derive(Args)]
pub(crate) struct Options {
    /// Tries to log in that there are.
    #[arg(long, default_value_t = 10_000_000)]
    rows: u32,
    /// Pages of each kind that are read.
    #[arg(long, default_value_t = 2_000)]
    pages: u32,
}

/// Somebody who reads their own history.
struct Reader {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Reader {
    /// Where the next page begins, and how long this one took in milliseconds.
    async fn page(&self, query: &str) -> anyhow::Result<(Option<String>, f64)> {
        let begin = Instant::now();
        let request = self.http.get(format!("{}?{query}", self.url)).bearer_auth(&self.token);
        let page: Value = request.send().await?.error_for_status()?.json().await?;
        let took = begin.elapsed().as_secs_f64() * 1_000.0;
        Ok((page.get("next").and_then(Value::as_str).map(str::to_owned), took))
    }
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    auth::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let auth = Auth::prepare(database).await?;
    people::write(&auth.pool, PEOPLE).await?;
    let begin = Instant::now();
    fill(&auth.pool, options.rows).await?;
    println!("{} rows in {:.0} s", options.rows, begin.elapsed().as_secs_f64());
    let server = auth.serve("0-1023").await?;
    let readers = readers(&server.address).await?;
    let first = readers.first().context("nobody reads")?;
    for reader in &readers {
        reader.page("limit=1").await?; // its token is known from now on
    }
    let mut all = json!({ "bench": "history", "rows": options.rows, "pages": options.pages });
    let mut worst: f64 = 0.0;
    for (kind, times) in [
        ("first", begins(&readers, "limit=50", options.pages).await?),
        ("outcome", begins(&readers, "limit=50&outcome=succeeded", options.pages).await?),
        ("rare", begins(&readers, "limit=50&outcome=hashing_busy", options.pages).await?),
        ("next", walk(first, options.pages).await?),
    ] {
        let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
        println!("{kind:>8}: p50 {p50:.2} ms  p99 {p99:.2} ms");
        worst = worst.max(p99);
        if let Some(all) = all.as_object_mut() {
            all.insert(format!("{kind}_p50_ms"), p50.into());
            all.insert(format!("{kind}_p99_ms"), p99.into());
        }
    }
    if let Some(all) = all.as_object_mut() {
        all.insert("reached".into(), (worst <= MOST_MS).into());
    }
    println!("{all}");
    Ok(())
}

/// A year of tries. What is older than 90 days has no address any more, as the server would have it.
async fn fill(db: &PgPool, rows: u32) -> anyhow::Result<()> {
    let now = Clock::default().now();
    for months in 0..=12 {
        let then = now - chrono::Months::new(months);
        login_history::prepare(db, then).await?;
    }
    // Indexes made afterwards are made in a tenth of the time.
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
        "WITH people AS (SELECT array_agg(id ORDER BY login) AS ids FROM users),
              tries AS (SELECT n, now() - n * (interval '355 days' / $1) AS at
                        FROM generate_series(1, $1) AS n)
         INSERT INTO login_history
         SELECT gen_random_uuid(), at, ids[CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % $2 END],
                'password', CASE WHEN n % 7 < 3 THEN 'succeeded' ELSE 'credentials_invalid' END,
                gen_random_uuid(), CASE WHEN fresh THEN '192.0.2.1' END,
                CASE WHEN fresh THEN 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101' END
         FROM tries, people, LATERAL (SELECT at > now() - interval '89 days' AS fresh) AS f",
    )
    .bind(i32::try_from(rows)?)
    .bind(i32::try_from(PEOPLE)?)
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
    for mut login in LogIn::clients(address, READERS, PEOPLE) {
        let pair = login.tokens().await?;
        let token = pair.get("access_token").and_then(Value::as_str).context("no token")?;
        let url = format!("http://{address}/api/v1/me/history");
        readers.push(Reader { http: login.http, url, token: token.to_owned() });
    }
    Ok(readers)
}

/// The first page of each reader in turn.
async fn begins(readers: &[Reader], query: &str, pages: u32) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for (reader, _) in readers.iter().cycle().zip(0..pages) {
        times.push(reader.page(query).await?.1);
    }
    Ok(times)
}

/// One page after the other, ever deeper, and from the begin again at the end.
async fn walk(reader: &Reader, pages: u32) -> anyhow::Result<Vec<f64>> {
    let (mut times, mut query) = (Vec::new(), "limit=50".to_owned());
    for _ in 0..pages {
        let (next, took) = reader.page(&query).await?;
        times.push(took);
        query = next.map_or("limit=50".to_owned(), |next| format!("limit=50&cursor={next}"));
    }
    ensure!(!times.is_empty(), "no pages were read");
    Ok(times)
}

fn percentile(times: &[f64], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
