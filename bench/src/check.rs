//! `/check` beside a bare handler: requests a second as fast as they go, in alternating pairs, and
//! latency at half the maximum.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use crate::auth::{self, Auth};
use crate::data::{self, Database, Request};
use crate::process::{SERVER_CORE, Server};
use crate::stats::{Pairs, Spread};
use crate::{pace, wrk};

#[derive(Args)]
pub(crate) struct Options {
    /// Rules in the policy.
    #[arg(long, default_value_t = 10_000)]
    rules: u32,
    /// People who ask, each with a token of their own.
    #[arg(long, default_value_t = 10_000)]
    tokens: u32,
    #[command(flatten)]
    pairs: Pairs,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    auth::with_database(async |database| measure(options, database).await).await
}

async fn measure(options: &Options, database: &Database) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let auth = Auth::prepare(database).await?;
    data::write_rules(&auth.pool, options.rules).await?;
    let ours = auth.serve(SERVER_CORE).await?;
    let bare = Server::start(&std::env::current_exe()?, SERVER_CORE, |command, address| {
        command.args(["bare", address]);
    })
    .await?;
    let requests =
        data::requests(&auth.pool, &auth.config()?, options.rules, options.tokens).await?;
    let file = write_requests(folder.path(), &requests)?;
    compare(options, &ours, &bare, &file, &requests).await
}

fn write_requests(folder: &Path, requests: &[Request]) -> anyhow::Result<PathBuf> {
    let file = folder.join("requests");
    let lines = requests.iter().map(|request| format!("{}\t{}\n", request.token, request.body));
    std::fs::write(&file, lines.collect::<String>())?;
    Ok(file)
}

async fn compare(
    options: &Options,
    ours: &Server,
    bare: &Server,
    file: &Path,
    requests: &[Request],
) -> anyhow::Result<()> {
    println!(
        "{} rules, {} tokens, 2 labels a film, {} pairs of {} s; wrk -t1 -c32, a core each",
        options.rules, options.tokens, options.pairs.rounds, options.pairs.seconds
    );
    // Every token and class is seen once before anything counts.
    wrk::run(ours, file, options.pairs.seconds)?;
    wrk::run(bare, file, 1)?;
    let (mut runs, mut bases) = (Vec::new(), Vec::new());
    for round in 1..=options.pairs.rounds {
        let (a, b) = (
            wrk::run(ours, file, options.pairs.seconds)?,
            wrk::run(bare, file, options.pairs.seconds)?,
        );
        println!(
            "pair {round}: /check {:>7.0}/s {:>5.1} µs  bare {:>7.0}/s {:>5.1} µs  ratio {:.3}",
            a.per_second,
            a.cpu_us,
            b.per_second,
            b.cpu_us,
            a.per_second / b.per_second
        );
        runs.push(a);
        bases.push(b);
    }
    let ratio = Spread::of(runs.iter().zip(&bases).map(|(a, b)| a.per_second / b.per_second));
    let rate = Spread::of(bases.iter().map(|run| run.per_second))
        .median
        .min(Spread::of(runs.iter().map(|run| run.per_second)).median)
        / 2.0;
    let paced = [paced(ours, requests, rate).await?, paced(bare, requests, rate).await?];
    report("/check", &runs, paced[0]);
    report("bare", &bases, paced[1]);
    let cpu = Spread::of(runs.iter().zip(&bases).map(|(a, b)| b.cpu_us / a.cpu_us));
    println!(
        "processor time of bare / of /check: {:.3} (min {:.3}, max {:.3})",
        cpu.median, cpu.min, cpu.max
    );
    println!("ratio {:.3} (min {:.3}, max {:.3})", ratio.median, ratio.min, ratio.max);
    println!(
        "{}",
        json!({
            "bench": "check", "rules": options.rules, "tokens": options.tokens,
            "ratio": ratio.median, "ratio_min": ratio.min, "ratio_max": ratio.max,
            "cpu_ratio": cpu.median,
            "rps": Spread::of(runs.iter().map(|run| run.per_second)).median,
            "bare_rps": Spread::of(bases.iter().map(|run| run.per_second)).median,
            "paced_rate": rate, "paced_p99_ms": paced[0].1, "bare_paced_p99_ms": paced[1].1,
            "resident_mib": ours.resident_mib()?,
        })
    );
    Ok(())
}

async fn paced(server: &Server, requests: &[Request], rate: f64) -> anyhow::Result<(f64, f64)> {
    let bytes = requests.iter().map(|request| request.bytes(&server.address)).collect();
    pace::run(&server.address, Arc::new(bytes), rate, 3.0).await
}

fn report(name: &str, runs: &[wrk::Run], paced: (f64, f64)) {
    let rate = Spread::of(runs.iter().map(|run| run.per_second));
    let p50 = Spread::of(runs.iter().map(|run| run.p50_ms));
    let p99 = Spread::of(runs.iter().map(|run| run.p99_ms));
    println!(
        "{name:>7}: {:>7.0}/s (min {:.0}, max {:.0}); full load p50 {:.2} ms p99 {:.2} ms; \
         at half the maximum p50 {:.2} ms p99 {:.2} ms",
        rate.median, rate.min, rate.max, p50.median, p99.median, paced.0, paced.1
    );
}
