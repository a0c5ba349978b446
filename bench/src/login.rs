//! Logins beside bare argon2id on as many threads, and what a flood of them does to `/check`.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::auth::{self, Auth};
use crate::data::{self, Database};
use crate::pace;
use crate::people::{self, LogIn};
use crate::process::{SERVER_CORE, Server};
use crate::stats::{Pairs, Spread};

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pairs: Pairs,
    /// People who sign in, in turns.
    #[arg(long, default_value_t = 500)]
    people: u32,
    /// Connections that sign in at the same time.
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// Checks a second while the flood goes on.
    #[arg(long, default_value_t = 2_000.0)]
    checks: f64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    auth::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let auth = Auth::prepare(database).await?;
    people::write(&auth.pool, options.people).await?;
    let ours = auth.serve(SERVER_CORE).await?;
    println!(
        "{} people, {} connections, {} pairs of {} s; one hashing thread each, on a core of its own",
        options.people, options.clients, options.pairs.rounds, options.pairs.seconds
    );
    let time = Duration::from_secs(options.pairs.seconds.into());
    let clients = LogIn::clients(&ours.address, options.clients, options.people);
    let (_, mut clients) = people::rate(clients, Duration::from_secs(1)).await?;
    let (mut logins, mut hashes) = (Vec::new(), Vec::new());
    for round in 1..=options.pairs.rounds {
        let a;
        (a, clients) = people::rate(clients, time).await?;
        let b = bare(time)?;
        println!("pair {round}: logins {a:>6.1}/s  bare argon2 {b:>6.1}/s  ratio {:.3}", a / b);
        logins.push(a);
        hashes.push(b);
    }
    drop((ours, clients));
    let ratio = Spread::of(logins.iter().zip(&hashes).map(|(a, b)| a / b));
    let floods = floods(options, &auth).await?;
    let flood = Spread::of(floods.iter().map(|(quiet, flooded)| flooded / quiet));
    println!("ratio {:.3} (min {:.3}, max {:.3})", ratio.median, ratio.min, ratio.max);
    println!(
        "/check p99 in a flood of logins: {:.2} × quiet (min {:.2}, max {:.2})",
        flood.median, flood.min, flood.max
    );
    println!(
        "{}",
        json!({
            "bench": "login", "ratio": ratio.median, "ratio_min": ratio.min, "ratio_max": ratio.max,
            "logins_per_second": Spread::of(logins).median,
            "bare_per_second": Spread::of(hashes).median,
            "check_p99_flooded_to_quiet": flood.median, "check_rate": options.checks,
        })
    );
    Ok(())
}

/// Hashes a second of one thread on the server's core, in a process of its own.
fn bare(time: Duration) -> anyhow::Result<f64> {
    let output = Command::new("taskset")
        .args(["-c", SERVER_CORE])
        .arg(std::env::current_exe()?)
        .args(["argon2", &time.as_millis().to_string()])
        .output()
        .context("taskset (util-linux)")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

/// Prints how many hashes a second one thread makes, for so many milliseconds.
pub(crate) fn hash(milliseconds: u64) -> anyhow::Result<()> {
    let (argon2, begin) = (people::argon2()?, Instant::now());
    let (time, mut done, mut hash) = (Duration::from_millis(milliseconds), 0_u32, [0; 32]);
    // As the server does: the memory is taken once.
    let mut memory = vec![argon2::Block::default(); argon2.params().block_count()];
    while begin.elapsed() < time {
        argon2
            .hash_password_into_with_memory(
                people::PASSWORD.as_bytes(),
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

/// p99 of `/check` in milliseconds at a fixed rate, quiet and in a flood, by a server that has
/// all cores.
async fn floods(options: &Options, auth: &Auth) -> anyhow::Result<Vec<(f64, f64)>> {
    data::write_rules(&auth.pool, 10_000).await?;
    let server = auth.serve("0-1023").await?;
    let requests = data::requests(&auth.pool, &auth.config()?, 10_000, 1_000).await?;
    let requests: Arc<Vec<_>> =
        Arc::new(requests.iter().map(|request| request.bytes(&server.address)).collect());
    let mut rounds = Vec::new();
    for round in 0..=options.pairs.rounds {
        let quiet = paced(&server, &requests, options).await?;
        let clients = LogIn::clients(&server.address, options.clients, options.people);
        let time = Duration::from_secs_f64(f64::from(options.pairs.seconds) + 0.5);
        let flood = tokio::spawn(people::rate(clients, time));
        let flooded = paced(&server, &requests, options).await?;
        let (logins, _) = flood.await??;
        // The first one warms up.
        if round > 0 {
            println!(
                "flood {round}: /check p99 {quiet:.2} ms, at {logins:.0} logins/s {flooded:.2} ms"
            );
            rounds.push((quiet, flooded));
        }
    }
    Ok(rounds)
}

async fn paced(
    server: &Server,
    requests: &Arc<Vec<Vec<u8>>>,
    options: &Options,
) -> anyhow::Result<f64> {
    let seconds = f64::from(options.pairs.seconds);
    let (_, p99) =
        pace::run(&server.address, Arc::clone(requests), options.checks, seconds).await?;
    Ok(p99)
}
