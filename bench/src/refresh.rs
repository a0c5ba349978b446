//! Refreshes compared with `pgbench` transactions that update a single row, on the same PostgreSQL.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::closed_loop::{self, Client};
use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::response::read_response;
use crate::stats::{Pairs, Spread};
use crate::users::{self, LoginClient};

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pairs: Pairs,
    /// Number of sessions that are refreshed repeatedly, and of pgbench clients.
    #[arg(long, default_value_t = 8)]
    clients: u32,
}

/// A session on a connection of its own.
struct Session {
    stream: TcpStream,
    address: String,
    token: String,
    buffer: Vec<u8>,
}

impl Client for Session {
    async fn request(&mut self) -> anyhow::Result<()> {
        let Self { stream, address, token, buffer } = self;
        let body = format!(r#"{{"refresh_token":"{token}"}}"#);
        let request = format!(
            "POST /api/v1/auth/refresh HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        stream.write_all(request.as_bytes()).await?;
        let response = read_response(stream, buffer).await?;
        self.token = refresh_token(&serde_json::from_str(&response)?)?;
        Ok(())
    }
}

/// The rates of both sides, per second.
struct Rates {
    ratio: Spread,
    refreshes: Spread,
    updates: Spread,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    deployment::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let deployment = Deployment::prepare(database).await?;
    users::insert(&deployment.pool, options.clients).await?;
    sqlx::raw_sql(
        "CREATE TABLE bench_rows (id int PRIMARY KEY, counter int NOT NULL);
         INSERT INTO bench_rows SELECT n, 0 FROM generate_series(1, 1000) AS n;",
    )
    .execute(&deployment.pool)
    .await?;
    let server = deployment.serve("0-1023").await?;
    let mut sessions = sessions(&server.address, options.clients).await?;
    println!(
        "{} sessions, {} pairs of {} s, all cores",
        options.clients, options.pairs.rounds, options.pairs.seconds
    );
    let durable;
    println!("with a durable database:");
    (durable, sessions) =
        database.durably(async || pairs(options, database, sessions).await).await?;
    let disabled = database.disabled_durability().await?;
    let mut not_durable = None;
    if !disabled.is_empty() {
        println!("with the database as configured ({} off):", disabled.join(", "));
        let (rates, _) = pairs(options, database, sessions).await?;
        not_durable = Some(rates.ratio.median);
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
) -> anyhow::Result<(Rates, Vec<Session>)> {
    let time = Duration::from_secs(options.pairs.seconds.into());
    let (mut refreshes, mut updates) = (Vec::new(), Vec::new());
    for round in 0..=options.pairs.rounds {
        let refresh;
        (refresh, sessions) = closed_loop::run(sessions, time).await?;
        let update = pgbench(&database.url, options)?;
        // The first pair is the warm-up.
        if round > 0 {
            println!(
                "pair {round}: refreshes {refresh:>6.0}/s  pgbench {update:>6.0}/s  ratio {:.3}",
                refresh / update
            );
            refreshes.push(refresh);
            updates.push(update);
        }
    }
    let ratio =
        Spread::of(refreshes.iter().zip(&updates).map(|(refresh, update)| refresh / update));
    println!("ratio {:.3} (min {:.3}, max {:.3})", ratio.median, ratio.min, ratio.max);
    let rates = Rates { ratio, refreshes: Spread::of(refreshes), updates: Spread::of(updates) };
    Ok((rates, sessions))
}

fn refresh_token(tokens: &serde_json::Value) -> anyhow::Result<String> {
    let token = tokens.get("refresh_token").and_then(serde_json::Value::as_str);
    Ok(token.context("the response holds no refresh token")?.to_owned())
}

async fn sessions(address: &str, clients: u32) -> anyhow::Result<Vec<Session>> {
    let mut sessions = Vec::new();
    for mut client in LoginClient::several(address, clients, clients) {
        let token = refresh_token(&client.login().await?)?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (address, buffer) = (address.to_owned(), vec![0; 16 << 10]);
        sessions.push(Session { stream, address, token, buffer });
    }
    Ok(sessions)
}

/// Transactions per second that update one of 1,000 rows.
fn pgbench(url: &str, options: &Options) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("update.sql");
    let sql =
        "\\set id random(1, 1000)\nUPDATE bench_rows SET counter = counter + 1 WHERE id = :id;\n";
    std::fs::write(&script, sql)?;
    // The password is passed in the environment, as every user can read a process's arguments.
    let parts = reqwest::Url::parse(url)?;
    let output = Command::new(pgbench_program())
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=1"])
        .arg(format!("--client={}", options.clients))
        .arg(format!("--time={}", options.pairs.seconds))
        .arg(format!("--file={}", script.display()))
        .args(["--host", parts.host_str().context("DATABASE_URL names no host")?])
        .args(["--port", &parts.port().unwrap_or(5432).to_string()])
        .args(["--username", parts.username(), parts.path().trim_start_matches('/')])
        .env("PGPASSWORD", parts.password().unwrap_or_default())
        .output()
        .context("cannot run pgbench (Debian package postgresql)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = "))
        .context("pgbench printed no tps")?;
    Ok(line.split(' ').next().unwrap_or_default().parse()?)
}

/// pgbench of the newest PostgreSQL; Debian installs it outside of `PATH`.
fn pgbench_program() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin/pgbench"));
    installed.filter(|path| path.exists()).max().unwrap_or_else(|| "pgbench".into())
}
