//! Benches of the running programs, each as a ratio to a baseline in the same run.
//! The last line of every bench is one line of JSON.

mod bare;
mod check;
mod data;
mod pace;
mod process;
mod stats;
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
        Bench::Bare { listen } => runtime.block_on(bare::serve(&listen)),
    }
}
