//! Benchmarks of the running programs, each as a ratio to a baseline measured in the same run.
//! The last line of output of each benchmark is one line of JSON.

mod bare;
mod check;
mod closed_loop;
mod database;
mod deployment;
mod etl;
mod films;
mod flood;
mod history;
mod json_answer;
mod labeler;
mod login;
mod message;
mod movies;
mod open_loop;
mod peers;
mod process;
mod refresh;
mod response;
mod stats;
mod users;
mod workload;
mod write;
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
    /// Compare `/check` with a bare poem handler that parses the same bytes.
    Check(check::Options),
    /// Compare logins with bare argon2id, and measure `/check` during a flood of logins.
    Login(login::Options),
    /// Measure pages of a history of ten million login attempts.
    History(history::Options),
    /// Measure other users' logins and `/check` during floods of every kind.
    Flood(flood::Options),
    /// Compare refreshes with single-row updates by pgbench.
    Refresh(refresh::Options),
    /// Compare import and labelling of many films with bare loops over the same Elasticsearch.
    Etl(etl::Options),
    /// Compare lists, pages, searches and films of movie-api with bare searches.
    Movies(movies::Options),
    /// Compare auth-server and its library with OPA, `OpenFGA`, Cerbos and Casbin.
    Peers(peers::Options),
    /// Measure writes of rules under load: when they are in force, and what `/check` notices.
    Write(write::Options),
    /// Hash with argon2id on one thread. Started by `login`.
    #[command(hide = true)]
    Argon2 {
        /// Duration in milliseconds.
        milliseconds: u64,
    },
    /// Decide with the library, in process. Started by `peers`.
    #[command(hide = true)]
    Library {
        /// Folder with the rules and questions.
        folder: std::path::PathBuf,
    },
    /// Serve the bare handler. Started by `check`.
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
        Bench::Flood(options) => runtime.block_on(flood::run(&options)),
        Bench::Refresh(options) => runtime.block_on(refresh::run(&options)),
        Bench::Etl(options) => runtime.block_on(etl::run(&options)),
        Bench::Movies(options) => runtime.block_on(movies::run(&options)),
        Bench::Peers(options) => runtime.block_on(peers::run(&options)),
        Bench::Write(options) => runtime.block_on(write::run(&options)),
        Bench::Library { folder } => peers::library::serve(&folder),
        Bench::Argon2 { milliseconds } => login::print_hash_rate(milliseconds),
        Bench::Bare { listen } => runtime.block_on(bare::serve(&listen)),
    }
}
