//! Benches of the running programs, each as a ratio to a baseline in the same run.
//! The last line of every bench is one line of JSON.

mod auth;
mod bare;
mod check;
mod data;
mod history;
mod login;
mod pace;
mod people;
mod process;
mod refresh;
mod stats;
mod wire;
mod wrk;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures the programs against a baseline in the same run.")]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// `/check` beside a bare poem handler that parses the same bytes.
    Check(check::Options),
    /// Logins beside bare argon2id, and `/check` in a flood of them.
    Login(login::Options),
    /// Pages of a history of ten million tries to log in.
    History(history::Options),
    /// Refreshes beside updates of a single row by pgbench.
    Refresh(refresh::Options),
    /// Bare argon2id. Started by `login`.
    #[command(hide = true)]
    Argon2 {
        /// Length of the run.
        milliseconds: u64,
    },
    /// The bare handler, on the address given. Started by `check`.
    #[command(hide = true)]
    Bare {
        /// Address to listen on.
        listen: String,
    },
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match Cli::parse().bench {
        Bench::Check(options) => runtime.block_on(check::run(&options)),
        Bench::Login(options) => runtime.block_on(login::run(&options)),
        Bench::History(options) => runtime.block_on(history::run(&options)),
        Bench::Refresh(options) => runtime.block_on(refresh::run(&options)),
        Bench::Argon2 { milliseconds } => login::hash(milliseconds),
        Bench::Bare { listen } => runtime.block_on(bare::serve(&listen)),
    }
}
