//! Logins compared with bare argon2id on as many threads, and the effect of a flood of logins on `/check`.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::closed_loop;
use crate::database::Database;
use crate::deployment::{self, Deployment};
use crate::open_loop::{self, Load};
use crate::process::{SERVER_CORE, Server};
use crate::stats::{Pairs, Spread};
use crate::users::{self, LoginClient};
use crate::workload;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pairs: Pairs,
    /// Number of users, who log in by turns.
    #[arg(long, default_value_t = 500)]
    users: u32,
    /// Number of concurrent logins.
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// `/check` requests per second during the flood.
    #[arg(long, default_value_t = 2_000.0)]
    checks: f64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    deployment::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let deployment = Deployment::prepare(database).await?;
    users::insert(&deployment.pool, options.users).await?;
    let server = deployment.serve(SERVER_CORE).await?;
    println!(
        "{} users, {} clients, {} pairs of {} s; one hashing thread each, on a core of its own",
        options.users, options.clients, options.pairs.rounds, options.pairs.seconds
    );
    let time = Duration::from_secs(options.pairs.seconds.into());
    let clients = LoginClient::several(&server.address, options.clients, options.users);
    let (_, mut clients) = closed_loop::run(clients, Duration::from_secs(1)).await?;
    let (mut logins, mut hashes) = (Vec::new(), Vec::new());
    for round in 1..=options.pairs.rounds {
        let login_rate;
        (login_rate, clients) = closed_loop::run(clients, time).await?;
        let hash_rate = hash_rate(time)?;
        println!(
            "pair {round}: logins {login_rate:>6.1}/s  bare argon2 {hash_rate:>6.1}/s  ratio {:.3}",
            login_rate / hash_rate
        );
        logins.push(login_rate);
        hashes.push(hash_rate);
    }
    drop((server, clients));
    let ratio = Spread::of(logins.iter().zip(&hashes).map(|(login, hash)| login / hash));
    let flood = flood(options, &deployment).await?;
    println!("ratio {:.3} (min {:.3}, max {:.3})", ratio.median, ratio.min, ratio.max);
    println!(
        "/check p99 during a flood of logins: {:.2} × idle (min {:.2}, max {:.2})",
        flood.median, flood.min, flood.max
    );
    println!(
        "{}",
        json!({
            "bench": "login", "ratio": ratio.median, "ratio_min": ratio.min, "ratio_max": ratio.max,
            "logins_per_second": Spread::of(logins).median,
            "bare_per_second": Spread::of(hashes).median,
            "check_p99_flood_to_idle": flood.median, "check_rate": options.checks,
        })
    );
    Ok(())
}

/// Hashes per second of one thread on the server's core, in a process of its own.
fn hash_rate(time: Duration) -> anyhow::Result<f64> {
    let output = Command::new("taskset")
        .args(["-c", SERVER_CORE])
        .arg(std::env::current_exe()?)
        .args(["argon2", &time.as_millis().to_string()])
        .output()
        .context("taskset (util-linux)")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// Hashes on one thread for this long, then prints the hashes per second.
pub(crate) fn print_hash_rate(milliseconds: u64) -> anyhow::Result<()> {
    let (argon2, begin) = (users::argon2()?, Instant::now());
    let (time, mut done, mut hash) = (Duration::from_millis(milliseconds), 0_u32, [0; 32]);
    // As in the server, the memory is allocated once.
    let mut memory = vec![argon2::Block::default(); argon2.params().block_count()];
    while begin.elapsed() < time {
        argon2
            .hash_password_into_with_memory(
                users::PASSWORD.as_bytes(),
                b"sixteen bytes...",
                &mut hash,
                &mut memory,
            )
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        done += 1;
    }
    println!("{}", f64::from(done) / begin.elapsed().as_secs_f64());
    Ok(())
}

/// p99 of `/check` at a fixed rate during a flood of logins, as a multiple of p99 without the flood.
/// The server has all cores.
async fn flood(options: &Options, deployment: &Deployment) -> anyhow::Result<Spread> {
    workload::insert_rules(&deployment.pool, 10_000).await?;
    let server = deployment.serve("0-1023").await?;
    let config = deployment.config()?;
    let requests = workload::requests(&deployment.pool, &config, 10_000, 1_000).await?;
    let requests: Arc<Vec<_>> =
        Arc::new(requests.iter().map(|request| request.to_http(&server.address)).collect());
    let mut ratios = Vec::new();
    for round in 0..=options.pairs.rounds {
        let idle = check_p99_ms(&server, &requests, options).await?;
        let clients = LoginClient::several(&server.address, options.clients, options.users);
        let time = Duration::from_secs_f64(f64::from(options.pairs.seconds) + 0.5);
        let logins = tokio::spawn(closed_loop::run(clients, time));
        let flooded = check_p99_ms(&server, &requests, options).await?;
        let (logins, _) = logins.await??;
        // The first round is the warm-up.
        if round > 0 {
            println!(
                "flood {round}: /check p99 {idle:.2} ms, at {logins:.0} logins/s {flooded:.2} ms"
            );
            ratios.push(flooded / idle);
        }
    }
    Ok(Spread::of(ratios))
}

async fn check_p99_ms(
    server: &Server,
    requests: &Arc<Vec<Vec<u8>>>,
    options: &Options,
) -> anyhow::Result<f64> {
    let load = Load { rate: options.checks, seconds: options.pairs.seconds.into() };
    Ok(open_loop::run(&server.address, Arc::clone(requests), load).await?.p99_ms)
}
