//! Refreshes beside `pgbench`: transactions that update a single row, on the same server.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::auth::{self, Auth};
use crate::data::Database;
use crate::people::{self, LogIn, Work};
use crate::stats::{Pairs, Spread};
use crate::wire::read_answer;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pairs: Pairs,
    /// Sessions that are refreshed, each over and over; connections of pgbench.
    #[arg(long, default_value_t = 8)]
    clients: u32,
}

/// One session, on a connection of its own.
struct Session {
    stream: TcpStream,
    address: String,
    token: String,
    buffer: Vec<u8>,
}

impl Work for Session {
    async fn once(&mut self) -> anyhow::Result<()> {
        let Self { stream, address, token, buffer } = self;
        let body = format!(r#"{{"refresh_token":"{token}"}}"#);
        let request = format!(
            "POST /api/v1/auth/refresh HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        stream.write_all(request.as_bytes()).await?;
        let answer = read_answer(stream, buffer).await?;
        self.token = refresh_token(&serde_json::from_str(answer)?)?;
        Ok(())
    }
}

/// What both sides reached.
struct Measured {
    ratio: Spread,
    refreshes: Spread,
    updates: Spread,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    auth::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let auth = Auth::prepare(database).await?;
    people::write(&auth.pool, options.clients).await?;
    sqlx::raw_sql(
        "CREATE TABLE bench_rows (id int PRIMARY KEY, counter int NOT NULL);
         INSERT INTO bench_rows SELECT n, 0 FROM generate_series(1, 1000) AS n;",
    )
    .execute(&auth.pool)
    .await?;
    let server = auth.serve("0-1023").await?;
    let mut sessions = sessions(&server.address, options.clients).await?;
    println!(
        "{} sessions, {} pairs of {} s, all cores",
        options.clients, options.pairs.rounds, options.pairs.seconds
    );
    let durable;
    println!("a database that keeps what it committed:");
    (durable, sessions) =
        database.durably(async || pairs(options, database, sessions).await).await?;
    let weak = database.weak_settings().await?;
    let mut not_durable = None;
    if !weak.is_empty() {
        println!("as the database is set ({} off):", weak.join(", "));
        let (measured, _) = pairs(options, database, sessions).await?;
        not_durable = Some(measured.ratio.median);
    }
    println!(
        "{}",
        json!({
            "bench": "refresh", "ratio": durable.ratio.median,
            "ratio_min": durable.ratio.min, "ratio_max": durable.ratio.max,
            "refreshes_per_second": durable.refreshes.median,
            "pgbench_per_second": durable.updates.median,
            "ratio_not_durable": not_durable,
        })
    );
    Ok(())
}

async fn pairs(
    options: &Options,
    database: &Database,
    mut sessions: Vec<Session>,
) -> anyhow::Result<(Measured, Vec<Session>)> {
    let (mut ours, mut rows) = (Vec::new(), Vec::new());
    for round in 0..=options.pairs.rounds {
        let a;
        (a, sessions) =
            people::rate(sessions, Duration::from_secs(options.pairs.seconds.into())).await?;
        let b = pgbench(&database.url, options)?;
        // The first pair warms up.
        if round > 0 {
            println!("pair {round}: refreshes {a:>6.0}/s  pgbench {b:>6.0}/s  ratio {:.3}", a / b);
            ours.push(a);
            rows.push(b);
        }
    }
    let ratio = Spread::of(ours.iter().zip(&rows).map(|(a, b)| a / b));
    println!("ratio {:.3} (min {:.3}, max {:.3})", ratio.median, ratio.min, ratio.max);
    let measured = Measured { ratio, refreshes: Spread::of(ours), updates: Spread::of(rows) };
    Ok((measured, sessions))
}

fn refresh_token(pair: &serde_json::Value) -> anyhow::Result<String> {
    let token = pair.get("refresh_token").and_then(serde_json::Value::as_str);
    Ok(token.context("the answer holds no refresh token")?.to_owned())
}

async fn sessions(address: &str, clients: u32) -> anyhow::Result<Vec<Session>> {
    let mut sessions = Vec::new();
    for mut login in LogIn::clients(address, clients, clients) {
        let token = refresh_token(&login.tokens().await?)?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (address, buffer) = (address.to_owned(), vec![0; 16 << 10]);
        sessions.push(Session { stream, address, token, buffer });
    }
    Ok(sessions)
}

/// Transactions a second that update one of 1,000 rows.
fn pgbench(url: &str, options: &Options) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("update.sql");
    let sql =
        "\\set id random(1, 1000)\nUPDATE bench_rows SET counter = counter + 1 WHERE id = :id;\n";
    std::fs::write(&script, sql)?;
    // The password goes by the environment, as arguments are seen by everybody.
    let parts = reqwest::Url::parse(url)?;
    let output = Command::new(program())
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=1"])
        .arg(format!("--client={}", options.clients))
        .arg(format!("--time={}", options.pairs.seconds))
        .arg(format!("--file={}", script.display()))
        .args(["--host", parts.host_str().context("DATABASE_URL names no host")?])
        .args(["--port", &parts.port().unwrap_or(5432).to_string()])
        .args(["--username", parts.username(), parts.path().trim_start_matches('/')])
        .env("PGPASSWORD", parts.password().unwrap_or_default())
        .output()
        .context("pgbench is needed (Debian package postgresql)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    let line =
        text.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench: no tps")?;
    Ok(line.split(' ').next().unwrap_or_default().parse()?)
}

/// Debian keeps it out of the path.
fn program() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let known = versions.map(|version| version.path().join("bin/pgbench"));
    known.filter(|path| path.exists()).max().unwrap_or_else(|| "pgbench".into())
}
